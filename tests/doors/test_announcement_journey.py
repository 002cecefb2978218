"""How is one thing said to many people? Seen by two, told to a few, then to all; or stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.announcing import Announcer
from services.booking.api.desk import DESK
from services.booking.rules.admission import Facts
from services.booking.store import announcements as store
from shared.messages import AnnouncementMade, AnnouncementStopped, AnnouncementWorded
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.runner import Runner
from shared.topics import HOMES
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE
from tests.stories import CLINIC, an_id

ANNA, BORIS = an_id("Anna of the city"), an_id("Boris of the city")
PEOPLE = [an_id(f"resident {n}") for n in range(7)]
FIRST = 3
REST_SECONDS = 0.3
TEXT = {"subject": "Closed", "text": "We are closed\ntomorrow.", "short": "Closed tomorrow."}
WORDS = {"en": TEXT, "ru": TEXT | {"short": "Завтра закрыто."}}
NORTH = {"of": "residents", "districts": ["north"]}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    settings = {
        "proposal_window_seconds": 1,
        "announcement_people_first": FIRST,
        "announcement_rest_seconds": REST_SECONDS,
        "announcement_people_per_second": 1_000.0,
    }
    async with a_door(booking_dsn, tmp_path, **settings) as opened:
        for person in PEOPLE:
            await opened.client.app[DESK].facts.keep(person, Facts(district="north"))
        yield opened


async def asked(door: Door, method: str, path: str, body: Any = None, who: UUID = ANNA) -> Any:
    """What an operator asks for, and gets."""
    answer = await door.ask(method, path, body, who=who, roles=["operator"])
    assert answer.status in (200, 201), await answer.text()
    return await answer.json()


async def written(door: Door, **more: Any) -> Any:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"audience": NORTH, "words": WORDS, "expires_at": soon} | more
    return await asked(door, "POST", "/announcements", body)


async def proposed(door: Door, said: Any) -> Any:
    act = {"kind": "send_announcement", "announcement_id": said["id"]}
    return await asked(door, "POST", "/campaigns/proposals", {"act": act, "reason": "No heating."})


async def agreed(door: Door, proposal: Any) -> Any:
    path = f"/campaigns/proposals/{proposal['id']}"
    return await asked(door, "POST", f"{path}/approve", {"digest": proposal["digest"]}, BORIS)


async def carried_out(door: Door) -> None:
    """The window in which it might have been withdrawn is over."""
    await asyncio.sleep(1.05)
    desk = door.client.app[PROPOSALS]
    while await Runner(desk.proposals, desk.acts).turn():
        pass


async def released(door: Door) -> int:
    desk = door.client.app[DESK]
    return await desk.announcements.release(Announcer(desk.announcements, desk.pace)._how_many)


async def told(door: Door) -> list[store.Untold]:
    """What the projector tells in one batch."""
    async with door.pool.acquire() as connection, connection.transaction():
        return await store.take_untold(connection, range(HOMES))  # type: ignore[arg-type]


def to_whom(untold: list[store.Untold]) -> list[UUID]:
    return [one.event.owner_id for one in untold if isinstance(one.event, AnnouncementMade)]


async def shown(door: Door, said: Any) -> Any:
    return await asked(door, "GET", f"/announcements/{said['id']}")


async def test_written_agreed_on_told_to_a_few_and_then_to_all_each_once(door: Door) -> None:
    said = await written(door)
    assert (said["status"], said["people"], said["released"]) == ("written", len(PEOPLE), 0)

    proposal = await proposed(door, said)
    assert proposal["counts"] == {"people": len(PEOPLE)}
    await agreed(door, proposal)
    assert (await released(door), await told(door)) == (0, [])  # it may still be withdrawn

    await carried_out(door)
    assert await released(door) == FIRST
    first = await told(door)
    worded = [one for one in first if isinstance(one.event, AnnouncementWorded)]
    assert [one.home for one in worded] == list(range(HOMES))
    assert first[:HOMES] == worded
    assert len(to_whom(first)) == FIRST
    assert await released(door) == 0
    assert (await shown(door, said))["status"] == "resting"

    await asyncio.sleep(REST_SECONDS + 0.05)
    assert await released(door) == len(PEOPLE) - FIRST
    rest = await told(door)
    assert sorted([*to_whom(first), *to_whom(rest)]) == sorted(PEOPLE)
    assert (await released(door), await told(door)) == (0, [])
    now = await shown(door, said)
    assert (now["status"], now["told"]) == ("told", len(PEOPLE))


async def test_stopped_while_it_rests_nobody_else_is_told(door: Door) -> None:
    said = await written(door)
    await agreed(door, await proposed(door, said))
    await carried_out(door)
    await released(door)
    first = await told(door)

    stopped = await asked(door, "POST", f"/announcements/{said['id']}/stop")
    again = await asked(door, "POST", f"/announcements/{said['id']}/stop")
    await asyncio.sleep(REST_SECONDS + 0.05)

    assert await released(door) == 0
    over = await told(door)
    assert [type(one.event) for one in over] == [AnnouncementStopped] * HOMES
    assert len(to_whom(first)) == FIRST
    assert stopped == again
    assert (stopped["status"], stopped["stopped_by"]) == ("stopped", str(ANNA))


async def test_carried_out_twice_it_begins_once(door: Door) -> None:
    said = await written(door)
    await agreed(door, await proposed(door, said))
    await carried_out(door)

    # A process died after it had begun it, and before that was noted.
    await door.pool.execute("UPDATE proposal SET done_at = NULL, position = 0")
    await carried_out(door)

    assert await door.pool.fetchval("SELECT count(*) FROM announced_person") == len(PEOPLE)
    anew = await door.ask(
        "POST",
        "/campaigns/proposals",
        {"act": {"kind": "send_announcement", "announcement_id": said["id"]}, "reason": "Again."},
        roles=["operator"],
    )
    assert await problem(anew) == (422, "nothing_to_do")


async def test_a_city_that_grew_since_is_looked_at_again(door: Door) -> None:
    proposal = await proposed(door, await written(door))
    await agreed(door, proposal)
    await door.client.app[DESK].facts.keep(an_id("resident new"), Facts(district="north"))
    await carried_out(door)

    now = await asked(door, "GET", f"/campaigns/proposals/{proposal['id']}")

    assert (now["status"], now["revision"], now["counts"]) == ("proposed", 2, {"people": 8})
    assert await released(door) == 0


async def test_whoever_has_a_visit_there_hears_and_a_child_s_guardian_for_it(door: Door) -> None:
    monday, friday = await door.open_slot("Monday", 50), await door.open_slot("Friday", 50)
    child = (await (await door.ask("POST", "/me/dependants", {"kind": "child"})).json())["id"]
    for who, places in (
        (ALICE, [{"slot_id": str(monday), "patient_id": child}]),
        (BORIS, [{"slot_id": str(monday)}, {"slot_id": str(friday)}]),
    ):
        answer = await door.ask("POST", "/bookings", {"places": places}, who=who)
        assert answer.status == 201, await answer.text()
    now = datetime.now(UTC)
    window = {"from": now.isoformat(), "to": (now + timedelta(days=2)).isoformat()}

    here = await written(door, audience={"of": "clinic", "clinic_id": str(CLINIC)} | window)
    service = {"service": "no such"}
    other = await written(
        door, audience={"of": "clinic", "clinic_id": str(CLINIC)} | window | service
    )
    desk = door.client.app[DESK]
    seen = await desk.announcements.load(UUID(here["id"]))
    assert seen is not None
    heard = await desk.announcements.audience(seen.announcement.audience, desk.identities.who)

    assert (here["people"], other["people"]) == (2, 0)
    assert heard == sorted([ALICE, BORIS])


WRONG: list[dict[str, Any]] = [
    {"expires_at": "2020-01-01T00:00:00Z"},
    {"words": {"en": TEXT}},
    {"words": WORDS | {"de": TEXT}},
    {"words": WORDS | {"ru": TEXT | {"short": "x" * 281}}},
    {"audience": {"of": "residents", "districts": []}},
    {"audience": {"of": "everybody"}},
]


async def test_what_cannot_be_meant_is_not_written(door: Door) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    for wrong in WRONG:
        body = {"audience": NORTH, "words": WORDS, "expires_at": soon} | wrong

        answer = await door.ask("POST", "/announcements", body, roles=["operator"])

        assert await problem(answer) == (422, "invalid_body"), wrong
    assert await door.pool.fetchval("SELECT count(*) FROM announcement") == 0


async def test_the_same_wish_is_one_announcement_and_another_under_its_key_is_none(
    door: Door,
) -> None:
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    body = {"audience": NORTH, "words": WORDS, "expires_at": soon}
    same = {"key": str(uuid4()), "roles": ["operator"]}

    first = await door.ask("POST", "/announcements", body, **same)
    again = await door.ask("POST", "/announcements", body, **same)
    other = await door.ask(
        "POST", "/announcements", body | {"audience": NORTH | {"districts": ["south"]}}, **same
    )

    assert await first.json() == await again.json()
    assert await problem(other) == (422, "key_reused")


async def test_who_is_erased_is_not_told(door: Door) -> None:
    said = await written(door)
    await agreed(door, await proposed(door, said))
    await carried_out(door)
    people = door.client.app[DESK].people
    await people.erase(uuid4(), PEOPLE[0], b"erase me")
    await released(door)
    await asyncio.sleep(REST_SECONDS + 0.05)
    await released(door)

    assert PEOPLE[0] not in to_whom(await told(door))
    assert (await shown(door, said))["status"] == "told"
