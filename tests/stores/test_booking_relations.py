"""Is there one relation of two and none without consent, whoever asks at once, whoever is gone?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from deploy.local.stack import person_of
from services.booking.families import Families
from services.booking.memory import Memory
from services.booking.rules.profiles import Profile
from services.booking.store import (
    BookingsAhead,
    Campaigns,
    Database,
    Patients,
    People,
    Profiles,
    Proposal,
    Relations,
    Slots,
)
from services.booking.store.database import SQL
from services.booking.store.people import Merge
from services.booking.store.relations import Said
from shared import database
from tests.booking_stories import ALICE, BORIS
from tests.conftest import MakeDatabase
from tests.stories import an_id
from tests.vaults import a_vault
from tests.walled import as_role, walled

CHILD, STRANGER, NURSE = an_id("a child"), an_id("a stranger"), an_id("a nurse")
ASKED = b"a" * 16
AGREED = Said(saying="agree", by_id=BORIS)
TAKEN_BACK = Said(saying="refuse", by_id=BORIS)


@pytest.fixture
async def dsn(fresh_database: MakeDatabase) -> str:
    return await walled(fresh_database, "booking")


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Database]:
    pools = [
        await database.open_pool(as_role(dsn, role, "booking"), size_max=4, name="relations")
        for role in ("booking", person_of("booking"))
    ]
    yield Database(pools[0], 5.0, persons=pools[1])
    for pool in pools:
        pool.terminate()


def would_act(proxy: UUID = ALICE, person: UUID = BORIS, **about: Any) -> Proposal:
    facts = {"id": uuid4(), "body_hash": ASKED, "made_person": False} | about
    return Proposal(proxy_ids=[proxy], person_ids=[person], **facts)


async def accepted(store: Database, **about: Any) -> Proposal:
    relations, proposal = Relations(store), would_act(**about)
    assert await relations.propose(proposal, dependants_max=9) == "made"
    assert await relations.say(proposal.id, AGREED) is not None
    return proposal


# ---- at once -------------------------------------------------------------------------------------


async def test_who_proposes_twice_at_once_has_proposed_once(store: Database) -> None:
    relations = Relations(store)

    said = await asyncio.gather(
        *(relations.propose(would_act(), dependants_max=9) for _ in range(6))
    )

    assert sorted(said) == ["exists"] * 5 + ["made"]


async def test_without_the_look_before_two_would_be_there_and_the_database_says_no(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    relations = Relations(store)
    never = "SELECT id FROM relation WHERE $1::uuid[] IS NULL AND $2::uuid[] IS NULL"
    monkeypatch.setitem(SQL, "relation_of_two", never)

    await relations.propose(would_act(), dependants_max=9)

    with pytest.raises(asyncpg.UniqueViolationError, match="one_relation_of_two"):
        await relations.propose(would_act(), dependants_max=9)


async def test_who_agrees_twice_at_once_has_agreed_once(store: Database) -> None:
    relations, proposal = Relations(store), would_act()
    await relations.propose(proposal, dependants_max=9)

    said = await asyncio.gather(*(relations.say(proposal.id, AGREED) for _ in range(6)))

    assert {one.consented_at for one in said if one is not None} == {
        said[0] and said[0].consented_at
    }
    assert await relations.agreed([ALICE], [BORIS]) == [BORIS]


async def test_who_agrees_and_takes_it_back_at_once_has_taken_it_back_or_declined(
    store: Database,
) -> None:
    relations = Relations(store)
    for _ in range(5):
        person = uuid4()
        proposal = would_act(person=person)
        await relations.propose(proposal, dependants_max=99)

        yes, no = await asyncio.gather(
            relations.say(proposal.id, AGREED), relations.say(proposal.id, TAKEN_BACK)
        )

        assert yes is not None
        assert no is not None
        # The one or the other came first: a no before the yes is overruled, one after it is not.
        last = max(yes, no, key=lambda one: one.changed_at)
        assert (await relations.agreed([ALICE], [person]) == [person]) == (last.state == "accepted")


async def test_nobody_has_more_dependants_than_may_be_children_or_adults(store: Database) -> None:
    relations, patients = Relations(store), Patients(store)

    said = await asyncio.gather(
        *(relations.propose(would_act(person=uuid4()), dependants_max=3) for _ in range(4)),
        *(
            patients.make_dependant(ALICE, uuid4(), body_hash=ASKED, dependants_max=3)
            for _ in range(4)
        ),
    )

    assert sorted(said) == ["made"] * 3 + ["too_many"] * 5


# ---- the second guard ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "guard"),
    [
        ("state = 'accepted'", "nobody_acts_without_consent"),
        ("consent_version = 1", "consent_has_version_and_time"),
        ("proxy_id = person_id", "nobody_is_their_own_proxy"),
        ("witness_id = $1", "a_witness_is_a_third_person"),
        (
            "witness_id = proxy_id, consent_version = 1, consented_at = now()",
            "a_witness_is_a_third_person",
        ),
        ("state = 'outgrown'", "known_state"),
    ],
)
async def test_what_no_rule_would_keep_the_database_refuses(
    store: Database, change: str, guard: str
) -> None:
    await Relations(store).propose(would_act(), dependants_max=9)

    async with store.connection() as connection:
        with pytest.raises(asyncpg.CheckViolationError, match=guard):
            await connection.execute(
                f"UPDATE relation SET {change} WHERE $1::uuid IS NOT NULL",  # noqa: S608
                NURSE,
            )


# ---- the wall ------------------------------------------------------------------------------------


async def test_behind_the_wall_a_profile_is_seen_by_who_acts_for_the_person_now(
    store: Database,
) -> None:
    relations, profiles = Relations(store), Profiles(store, a_vault("booking"))
    for one in (ALICE, BORIS, STRANGER):
        await profiles.keep(one, Profile(name=f"Patient {one}"))
    everybody = [ALICE, BORIS, STRANGER]
    proposal = would_act()
    await relations.propose(proposal, dependants_max=9)

    proposed = set(await profiles.own([ALICE], everybody))
    await relations.say(proposal.id, AGREED)
    agreed = [set(await profiles.own([one], everybody)) for one in everybody]
    seen = [len(await relations.of_proxy([one])) for one in everybody]
    await relations.say(proposal.id, TAKEN_BACK)

    assert proposed == {ALICE}
    assert agreed == [{ALICE, BORIS}, {BORIS}, {STRANGER}]
    assert seen == [1, 0, 0]
    assert set(await profiles.own([ALICE], everybody)) == {ALICE}


async def test_who_came_of_age_is_behind_the_wall_for_who_was_their_guardian(
    store: Database,
) -> None:
    patients, profiles = Patients(store), Profiles(store, a_vault("booking"))
    await patients.make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=9)
    await profiles.keep(CHILD, Profile(name="Patient 8", birth_date=date(2005, 1, 2)))
    before = set(await profiles.own([ALICE], [CHILD]))

    await patients.note_outgrown([CHILD])

    assert before == {CHILD}
    assert await profiles.own([ALICE], [CHILD]) == {}
    assert await patients.children([ALICE]) == []


async def test_in_memory_a_child_is_one_no_longer_than_it_is(store: Database) -> None:
    patients, profiles = Patients(store), Profiles(store, a_vault("booking"))
    memory = Memory(Slots(store), Campaigns(store), facts_max=10)
    families = Families(memory, patients, profiles, Relations(store))
    await patients.make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=9)
    await profiles.keep(CHILD, Profile(name="Patient 8", birth_date=date(2012, 1, 2)))
    eve, day = datetime(2030, 1, 1, 23, 59, 59, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)

    assert await families.wards(ALICE, [CHILD], eve) == {CHILD}
    assert await families.wards(ALICE, [CHILD], day) == set()
    # Only now is it looked up anew, and noted.
    later = day.replace(minute=2)
    assert await families.wards(ALICE, [CHILD], later) == set()
    assert not await patients.is_child(CHILD)


# ---- merged, erased, forgotten -------------------------------------------------------------------


async def test_who_acts_for_somebody_is_not_merged_with_them(store: Database) -> None:
    profiles, people = Profiles(store, a_vault("booking")), People(store, a_vault("booking"))
    for one in (ALICE, BORIS):
        await profiles.keep(one, Profile(name=f"Patient {one}"))
    await accepted(store)

    for one, other in ((ALICE, BORIS), (BORIS, ALICE)):
        merge = Merge(wish_id=uuid4(), body_hash=ASKED, from_id=one, into_id=other, by_id=NURSE)
        assert await people.merge(merge) == "kin"


async def test_with_a_proxy_no_adult_is_erased_and_no_child_who_came_of_age(
    store: Database,
) -> None:
    patients, profiles = Patients(store), Profiles(store, a_vault("booking"))
    young, grown = an_id("a young one"), an_id("a grown one")
    for child in (young, grown):
        await patients.make_dependant(ALICE, child, body_hash=ASKED, dependants_max=9)
    everybody = [ALICE, BORIS, young, grown]
    for one in everybody:
        await profiles.keep(one, Profile(name=f"Patient {one}"))
    await patients.note_outgrown([grown])
    await accepted(store)

    done = await People(store, a_vault("booking")).erase(uuid4(), ALICE, ASKED)

    assert not isinstance(done, BookingsAhead)
    assert set(await profiles.load(everybody)) == {BORIS, grown}
    assert await Relations(store).agreed([ALICE], [BORIS]) == []
    [relation] = await Relations(store).of_person([BORIS])
    assert (relation.state, relation.consent_version) == ("withdrawn", 1)


async def test_what_ended_is_forgotten_after_its_time_and_what_stands_is_not(
    store: Database,
) -> None:
    relations = Relations(store)
    await accepted(store)
    over = await accepted(store, person=CHILD)
    await relations.say(over.id, TAKEN_BACK)
    async with store.connection() as connection:
        await connection.execute("UPDATE relation SET changed_at = now() - interval '3 days'")

    assert await relations.forget_old(days=4, rows_max=9) == 0
    assert await relations.forget_old(days=2, rows_max=9) == 1
    assert await relations.agreed([ALICE], [BORIS, CHILD]) == [BORIS]
