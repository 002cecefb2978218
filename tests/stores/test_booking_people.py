"""Who may book for whom, and which campaigns are there?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import msgspec
import pytest

from services.booking.families import Families
from services.booking.memory import Memory, Recent
from services.booking.rules.eligibility import Campaign
from services.booking.store import Campaigns, Database, Patients, Profiles, Relations, Slots
from shared import database
from tests.booking_stories import ALICE, BORIS
from tests.stories import NOON, an_id
from tests.vaults import a_vault

CHILD, WISH = an_id("a child"), an_id("a wish")
ASKED, OTHERWISE = b"a" * 16, b"b" * 16
CAMPAIGN = Campaign(
    id=an_id("a campaign"),
    name="Autumn",
    service="vaccination",
    opens_at=datetime(2030, 5, 1, tzinfo=UTC),
    doses=2,
    min_days=21,
    max_days=28,
)


@pytest.fixture
async def store(booking_dsn: str) -> AsyncIterator[Database]:
    pool = await database.open_pool(booking_dsn, size_max=4, name="booking-test")
    yield Database(pool, 2.0)
    await pool.close()


async def test_a_dependant_is_made_once_however_often_it_is_asked(store: Database) -> None:
    patients = Patients(store)

    made = await asyncio.gather(
        *(
            patients.make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=5)
            for _ in range(4)
        )
    )
    reused = await patients.make_dependant(ALICE, CHILD, body_hash=OTHERWISE, dependants_max=5)

    assert set(made) == {"made"}
    assert reused == "key_reused"
    [child] = await patients.children([ALICE])
    assert (child.id, child.guardian_id) == (CHILD, ALICE)


async def test_nobody_gets_more_dependants_than_may_be_though_they_ask_at_once(
    store: Database,
) -> None:
    patients = Patients(store)

    made = await asyncio.gather(
        *(
            patients.make_dependant(ALICE, an_id(f"{n}"), body_hash=ASKED, dependants_max=3)
            for n in range(8)
        )
    )

    assert sorted(made) == ["made"] * 3 + ["too_many"] * 5
    assert len(await patients.children([ALICE])) == 3


async def test_a_campaign_is_made_once_and_its_id_is_taken(store: Database) -> None:
    campaigns = Campaigns(store)

    made = await campaigns.make(CAMPAIGN, WISH, ASKED)
    again = await campaigns.make(CAMPAIGN, WISH, ASKED)
    by_another = await campaigns.make(CAMPAIGN, an_id("another wish"), ASKED)

    assert (made, again, by_another) == (True, False, False)
    assert await campaigns.made_by(WISH) == (CAMPAIGN.id, ASKED)
    assert await campaigns.load(CAMPAIGN.id) == CAMPAIGN


async def test_a_campaign_no_rule_would_make_the_database_refuses(store: Database) -> None:
    backwards = msgspec.structs.replace(CAMPAIGN, min_days=29)

    with pytest.raises(asyncpg.CheckViolationError, match="days_in_order"):
        await Campaigns(store).make(backwards, WISH, ASKED)


async def test_what_is_remembered_is_asked_once_and_what_is_missing_each_time(
    store: Database,
) -> None:
    campaigns, patients = Campaigns(store), Patients(store)
    memory = Memory(Slots(store), campaigns, facts_max=10)
    profiles = Profiles(store, a_vault("booking"))
    families = Families(memory, patients, profiles, Relations(store))

    before = (await memory.campaign(CAMPAIGN.id), await families.wards(ALICE, [CHILD], NOON))
    await campaigns.make(CAMPAIGN, WISH, ASKED)
    await patients.make_dependant(ALICE, CHILD, body_hash=ASKED, dependants_max=5)
    after = (await memory.campaign(CAMPAIGN.id), await families.wards(ALICE, [CHILD], NOON))

    assert before == (None, set())
    assert after == (CAMPAIGN, {CHILD})
    assert await families.wards(BORIS, [CHILD], NOON) == set()
    assert memory.kin.found == 1


def test_memory_forgets_what_was_not_looked_for_longest() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")
    recent.put("c", 3)

    assert [recent.get(key) for key in "abc"] == [1, None, 3]
