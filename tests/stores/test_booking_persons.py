"""Is what is known of a person theirs alone, though they had two ids, and gone when they say so?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.booking.inbox import Inbox
from services.booking.memory import Kept
from services.booking.rules.profiles import Profile
from services.booking.store import BookingsAhead, Database, Merge, Patients, People, Profiles
from services.booking.store import profiles as profile_store
from shared import database
from shared.auditor import promises_of
from shared.batch import Head
from shared.messages import PersonErased
from shared.topics import HOMES, home_of
from shared.vault import BrokenSealError
from shared.vault.persons import SQL
from tests.booking_stories import ALICE, BORIS, MONDAY, as_told, booked
from tests.stories import an_id
from tests.vaults import a_vault

VAULT = a_vault("booking")
CHILD = an_id("a child")
ASKED = b"a" * 16
WHOLE = Profile(
    name="Patient 1",
    birth_date=date(1980, 1, 2),
    phone="+7 999 000-00-01",
    email="patient-1@example.org",
    notes="Ground floor.",
)


@pytest.fixture
async def store(booking_dsn: str) -> AsyncIterator[Database]:
    pool = await database.open_pool(booking_dsn, size_max=8, name="booking-test")
    yield Database(pool, 2.0)
    await pool.close()


@pytest.fixture
def profiles(store: Database) -> Profiles:
    return Profiles(store, VAULT)


@pytest.fixture
def people(store: Database) -> People:
    return People(store, VAULT)


async def run(store: Database, text: str, *arguments: Any) -> None:
    async with store.connection() as connection:
        await connection.execute(text, *arguments)


async def count(store: Database, table: str) -> int:
    async with store.connection() as connection:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608


async def broken(store: Database) -> list[str]:
    """The promises that an audit would find broken."""
    async with store.connection() as connection:
        return [
            promise
            for promise, text in promises_of("services.booking").items()
            if await connection.fetch(text, 10)
        ]


# ---- sealed --------------------------------------------------------------------------------------


async def test_what_is_kept_is_what_is_read_and_the_last_word_counts(profiles: Profiles) -> None:
    await profiles.keep(ALICE, Profile(name="Patient 0", notes="Wrong."))
    await profiles.keep(ALICE, WHOLE)
    await profiles.keep(BORIS, Profile())

    assert await profiles.load([ALICE, BORIS, CHILD]) == {ALICE: WHOLE, BORIS: Profile()}
    assert await profiles.of(CHILD) == Profile()


@pytest.mark.parametrize(
    "swap",
    [
        "UPDATE profile AS p SET sealed_name = o.sealed_name FROM profile AS o"
        " WHERE p.person_id = $1 AND o.person_id = $2",
        "UPDATE profile SET sealed_name = sealed_notes WHERE person_id IN ($1, $2)",
        "UPDATE profile SET version = version + 1 WHERE person_id IN ($1, $2)",
        "UPDATE profile SET sealed_name = set_byte(sealed_name, 20, 0) || '\\x00'::bytea"
        " WHERE person_id IN ($1, $2)",
    ],
    ids=["another person's", "another column", "another version", "other bytes"],
)
async def test_what_was_moved_or_changed_in_the_database_does_not_open(
    store: Database, profiles: Profiles, swap: str
) -> None:
    await profiles.keep(ALICE, WHOLE)
    await profiles.keep(BORIS, WHOLE)

    await run(store, swap, ALICE, BORIS)

    with pytest.raises(BrokenSealError):
        await profiles.load([ALICE])


async def test_a_person_is_found_by_exactly_their_phone_or_address(profiles: Profiles) -> None:
    await profiles.keep(ALICE, WHOLE)

    assert await profiles.find("phone", "+79990000001") == [ALICE]
    assert await profiles.find("email", "patient-1@example.org") == [ALICE]
    assert await profiles.find("phone", "+7999000000") == []
    assert await profiles.find("email", "patient-1@example.or") == []


async def test_who_has_another_phone_is_not_found_by_the_old_one(profiles: Profiles) -> None:
    await profiles.keep(ALICE, WHOLE)
    await profiles.keep(ALICE, Profile(phone="+7 999 000-00-02"))

    assert await profiles.find("phone", "+79990000001") == []
    assert await profiles.find("email", "patient-1@example.org") == []
    assert await profiles.find("phone", "+79990000002") == [ALICE]


async def test_a_family_with_one_phone_is_no_pair_of_twins(profiles: Profiles) -> None:
    await profiles.keep(ALICE, WHOLE)
    await profiles.keep(CHILD, Profile(phone=WHOLE.phone, birth_date=date(2015, 6, 7)))
    await profiles.keep(BORIS, Profile(phone="+79990000001", birth_date=WHOLE.birth_date))

    assert await profiles.twins(ALICE) == [BORIS]
    assert await profiles.twins(CHILD) == []


# ---- erased --------------------------------------------------------------------------------------


async def test_an_erased_person_is_unreadable_with_their_dependants_and_nobody_else(
    store: Database, profiles: Profiles, people: People
) -> None:
    await Patients(store).make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=5)
    for person in (ALICE, CHILD, BORIS):
        await profiles.keep(person, WHOLE)
    async with store.connection() as connection:
        copy = await connection.fetchrow("SELECT * FROM profile WHERE person_id = $1", ALICE)
    assert copy is not None

    done = await people.erase(uuid4(), ALICE, ASKED)

    assert not isinstance(done, BookingsAhead)
    assert await profiles.load([ALICE, CHILD, BORIS]) == {BORIS: WHOLE}
    assert await profiles.find("phone", "+79990000001") == [BORIS]
    # Not even with a copy of the row, put back where it was, under whatever key comes next.
    await profiles.keep(ALICE, Profile())
    names = [name for name in dict(copy) if name.startswith("sealed_")]
    sets = ", ".join(f"{name} = ${n}" for n, name in enumerate(names, start=2))
    await run(
        store,
        f"UPDATE profile SET {sets}, version = {copy['version']} WHERE person_id = $1",  # noqa: S608
        ALICE,
        *(copy[name] for name in names),
    )
    with pytest.raises(BrokenSealError):
        await profiles.load([ALICE])
    assert await broken(store) == []


async def test_who_has_a_visit_to_come_is_not_erased_until_it_is_cancelled(
    store: Database, profiles: Profiles, people: People
) -> None:
    wish = uuid4()
    await profiles.keep(ALICE, WHOLE)
    await with_a_booking(store, "Monday's")

    refused = await people.erase(wish, ALICE, ASKED)
    before = await profiles.of(ALICE)
    await run(store, "UPDATE booking SET status = 'cancelled'")
    done = await people.erase(wish, ALICE, ASKED)

    assert refused == BookingsAhead(1)
    assert before == WHOLE
    assert not isinstance(done, BookingsAhead)
    assert await count(store, "booking") == 1
    assert await count(store, "profile") == 0


async def test_a_visit_that_is_over_stays_on_record_and_stands_in_nobody_s_way(
    store: Database, people: People
) -> None:
    await with_a_booking(store, "past")
    await run(
        store,
        "UPDATE booking SET places = replace(places::text, '2030-05-15', '2020-05-15')::json",
    )

    done = await people.erase(uuid4(), ALICE, ASKED)

    assert not isinstance(done, BookingsAhead)
    assert await count(store, "booking") == 1


async def test_the_same_wish_asked_many_times_at_once_erases_once(
    store: Database, profiles: Profiles, people: People
) -> None:
    wish = uuid4()
    await profiles.keep(ALICE, WHOLE)

    done = await asyncio.gather(*(people.erase(wish, ALICE, ASKED) for _ in range(6)))

    assert len({getattr(one, "at", None) for one in done}) == 1
    assert await count(store, "erased_person") == 1


async def an_erasure_beside_a_change(store: Database, people: People) -> int:
    """Somebody is erased while their profile is being changed; how many profiles are left."""
    async with store.connection() as connection:
        changing = connection.transaction()
        await changing.start()
        await VAULT.keys.hold(connection, ALICE)
        erasing = asyncio.create_task(people.erase(uuid4(), ALICE, ASKED))
        await asyncio.wait([erasing], timeout=0.3)
        await profile_store.keep(connection, VAULT, ALICE, WHOLE)
        await changing.commit()
    await erasing
    return await count(store, "profile")


async def test_who_is_erased_while_they_are_changed_is_erased(
    store: Database, profiles: Profiles, people: People
) -> None:
    await profiles.keep(ALICE, WHOLE)

    assert await an_erasure_beside_a_change(store, people) == 0


async def test_without_holding_the_key_what_is_sealed_would_outlive_its_erasure(
    store: Database, profiles: Profiles, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    await profiles.keep(ALICE, WHOLE)
    monkeypatch.setitem(SQL, "hold_key", SQL["hold_key"].replace("FOR UPDATE", ""))

    assert await an_erasure_beside_a_change(store, people) == 1


async def test_whoever_is_erased_is_told_of_once_at_their_home_with_its_numbers(
    store: Database, people: People
) -> None:
    await people.erase(uuid4(), ALICE, ASKED)
    homes = list(range(HOMES))
    heads = {home: Head(home, 0, 0, 0, 7, 0) for home in homes}
    inbox = Inbox(Kept(10))

    async with store.connection() as connection, connection.transaction():
        assert await inbox.has_due(connection, homes)
        told = await inbox.handle(connection, heads, [])
        assert not await inbox.has_due(connection, homes)
        again = await inbox.handle(connection, heads, [])

    ((home, (record,)),) = told.items()
    assert (home, again) == (home_of(ALICE), {})
    assert dict(record.headers)["ce_type"] == PersonErased.__name__.encode()
    assert dict(record.headers)["ce_sequence"] == b"8"
    assert str(ALICE).encode() in record.value
    assert await broken(store) == []


async def test_what_was_told_in_a_batch_that_was_rolled_back_is_told_again(
    store: Database, people: People
) -> None:
    await people.erase(uuid4(), ALICE, ASKED)
    homes = list(range(HOMES))
    inbox = Inbox(Kept(10))

    async with store.connection() as connection:
        batch = connection.transaction()
        await batch.start()
        await inbox.has_due(connection, homes)
        lost = await inbox.handle(connection, heads_of(homes), [])
        await batch.rollback()
        async with connection.transaction():
            await inbox.has_due(connection, homes)
            told = await inbox.handle(connection, heads_of(homes), [])

    assert lost == told != {}


def heads_of(homes: list[int]) -> dict[int, Head]:
    return {home: Head(home, 0, 0, 0, 0, 0) for home in homes}


# ---- by rule -------------------------------------------------------------------------------------


async def test_of_whom_nothing_was_heard_for_long_nothing_is_kept(
    store: Database, profiles: Profiles, people: People
) -> None:
    clara = an_id("Clara")
    for person in (ALICE, BORIS, clara):
        await profiles.keep(person, WHOLE)
    await with_a_booking(store, "Alice's")
    await run(
        store,
        "UPDATE profile SET used_at = used_at - interval '9 days' WHERE person_id <> $1",
        clara,
    )

    found = await profiles.out_of_use(days=7, people_max=10)
    erased = [await people.erase_unused(one, days=7) for one in found]
    again = await profiles.out_of_use(days=7, people_max=10)

    assert (found, erased, again) == ([BORIS], [True], [])
    assert set(await profiles.load([ALICE, BORIS, clara])) == {ALICE, clara}


async def test_who_is_heard_of_just_then_is_kept(profiles: Profiles, people: People) -> None:
    await profiles.keep(ALICE, WHOLE)

    assert not await people.erase_unused(ALICE, days=7)
    assert await profiles.of(ALICE) == WHOLE


# ---- one person ----------------------------------------------------------------------------------


def a_merge(from_id: UUID, into_id: UUID, **more: Any) -> Merge:
    about = {"wish_id": uuid4(), "body_hash": ASKED, "by_id": an_id("an operator")}
    return Merge(**about | {"from_id": from_id, "into_id": into_id} | more)


async def with_a_booking(store: Database, name: str) -> None:
    """A booking of Alice's in May 2030, as the projection keeps it."""
    async with store.connection() as connection:
        heads = {0: Head(0, 0, 0, 0, 0, 0)}
        event = booked(an_id(name), MONDAY)
        await Inbox(Kept(10)).handle(connection, heads, as_told([event]))


async def test_two_ids_become_one_person_who_knows_what_both_knew(
    profiles: Profiles, people: People
) -> None:
    await profiles.keep(ALICE, Profile(name="Patient 1", birth_date=WHOLE.birth_date, notes="One."))
    await profiles.keep(BORIS, Profile(name="Patient One", phone="+79990000002", notes="Two."))

    merged = await people.merge(a_merge(BORIS, ALICE))

    assert merged == "merged"
    assert await people.merged() == {BORIS: ALICE}
    assert await profiles.of(ALICE) == Profile(
        name="Patient 1", birth_date=WHOLE.birth_date, phone="+79990000002", notes="One.\nTwo."
    )
    assert (await profiles.of(BORIS)).name == "Patient One"
    assert await profiles.find("phone", "+79990000002") == [ALICE]
    assert await profiles.twins(ALICE) == []


async def test_whoever_led_to_the_one_leads_to_the_other(
    store: Database, profiles: Profiles, people: People
) -> None:
    clara = an_id("Clara")
    for person in (ALICE, BORIS, clara):
        await profiles.keep(person, WHOLE)

    await people.merge(a_merge(clara, BORIS))
    await people.merge(a_merge(BORIS, ALICE))

    assert await people.merged() == {clara: ALICE, BORIS: ALICE}
    assert await broken(store) == []


async def test_a_merge_asked_twice_is_done_once_and_another_under_its_key_is_refused(
    profiles: Profiles, people: People
) -> None:
    merge = a_merge(BORIS, ALICE)
    for person in (ALICE, BORIS):
        await profiles.keep(person, WHOLE)

    said = await asyncio.gather(*(people.merge(merge) for _ in range(4)))
    reused = await people.merge(a_merge(BORIS, ALICE, wish_id=merge.wish_id, body_hash=b"b" * 16))

    assert set(said) == {"merged"}
    assert reused == "key_reused"


async def test_two_merges_against_each_other_leave_one_person_and_not_a_ring(
    store: Database, profiles: Profiles, people: People
) -> None:
    for person in (ALICE, BORIS):
        await profiles.keep(person, WHOLE)

    said = await asyncio.gather(
        people.merge(a_merge(BORIS, ALICE)), people.merge(a_merge(ALICE, BORIS))
    )

    assert sorted(said) == ["merged", "merged_elsewhere"]
    assert await broken(store) == []


async def test_a_guardian_and_their_dependant_are_two_persons(
    store: Database, profiles: Profiles, people: People
) -> None:
    await profiles.keep(ALICE, WHOLE)
    await Patients(store).make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=5)

    assert await people.merge(a_merge(CHILD, ALICE)) == "kin"
    assert await people.merge(a_merge(uuid4(), ALICE)) == "unknown"
    assert await people.merged() == {}


async def test_the_table_refuses_to_merge_somebody_into_themselves(store: Database) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="nobody_merges_into_themselves"):
        await run(
            store,
            "INSERT INTO merged_person VALUES ($1, $1, $2, $3, $1)",
            ALICE,
            uuid4(),
            ASKED,
        )


async def test_erasing_a_person_erases_every_id_that_leads_to_them(
    profiles: Profiles, people: People
) -> None:
    for person in (ALICE, BORIS):
        await profiles.keep(person, WHOLE)
    await people.merge(a_merge(BORIS, ALICE))

    await people.erase(uuid4(), BORIS, ASKED)

    assert await profiles.load([ALICE, BORIS]) == {}
