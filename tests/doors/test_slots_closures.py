"""How are a clinic's slots shut when a doctor falls ill, and reopened when another one comes?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.slots.api import closures
from tests import stories
from tests.booking_doors import problem
from tests.slots_doors import ONE_DAY, SOON, Door, a_door, slot

ILL = {"status": "busy-unavailable"}


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


def at(hours: int, **about: Any) -> dict[str, Any]:
    """A slot so many hours from this time tomorrow."""
    starts_at = SOON + timedelta(hours=hours)
    ends_at = starts_at + timedelta(minutes=15)
    return slot(2, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat(), **about)


def window(hours: int = 24, **about: Any) -> dict[str, Any]:
    """From this time tomorrow, so many hours."""
    until = SOON + timedelta(hours=hours)
    return {"from": SOON.isoformat(), "to": until.isoformat(), "status": "busy-unavailable"} | about


async def closes(door: Door, clinic_id: UUID, body: dict[str, Any] | None = None, **said: Any):  # type: ignore[no-untyped-def]
    """Ask for a closure of a clinic's slots."""
    return await door.ask("POST", f"/clinics/{clinic_id}/closures", body or window(), **said)


async def open_slots(door: Door) -> set[UUID]:
    """The slots that are open."""
    rows = await door.log.referee.connection.fetch("SELECT id FROM slot WHERE open")
    return {row["id"] for row in rows}


async def test_the_slots_of_a_window_are_shut_and_no_others(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    early, first, last, late = await door.opens(clinic_id, at(-1), at(0), at(23), at(24))
    [other] = await door.opens(clinic_id, at(1, service="clinic-visit"))
    [theirs] = await door.opens(elsewhere, at(1))

    answer = await closes(door, clinic_id, window(service="vaccination"))

    body = await answer.json()
    assert answer.status == 200
    assert (body["changed"], body["unchanged"], body["refused"]) == (2, 0, [])
    assert await open_slots(door) == {early, late, other, theirs}
    assert {first, last}.isdisjoint(await open_slots(door))


async def test_a_shut_window_is_opened_again(door: Door) -> None:
    clinic_id = await door.a_clinic()
    slots = await door.opens(clinic_id, at(0), at(1), at(2))
    await closes(door, clinic_id, window(2))

    answer = await closes(door, clinic_id, window(status="free"))

    body = await answer.json()
    assert (body["changed"], body["unchanged"]) == (2, 1)
    assert await open_slots(door) == {*slots}


async def test_what_is_shut_already_is_left_alone_unless_its_bookings_are_to_be_cancelled(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))
    await closes(door, clinic_id)
    told = len(door.log.referee.events)

    again = await (await closes(door, clinic_id)).json()
    cancelling = await (await closes(door, clinic_id, window(cancel_bookings=True))).json()

    assert (again["changed"], again["unchanged"]) == (0, 2)
    assert (cancelling["changed"], cancelling["unchanged"]) == (2, 0)
    events = door.log.referee.events[told:]
    assert [event.cancel_bookings for event in events] == [True, True]


async def test_who_is_booked_stays_booked_until_the_front_desk_cancels(door: Door) -> None:
    clinic_id = await door.a_clinic()
    [slot_id] = await door.opens(clinic_id, at(0))
    await door.log.referee.decide(stories.book(slot_id))

    answer = await closes(door, clinic_id, window(cancel_bookings=True))
    [refused] = await door.log.referee.decide(stories.book(slot_id))

    told = door.log.referee.events[-1]
    assert (await answer.json())["changed"] == 1
    assert (told.count.booked, told.count.open, told.cancel_bookings) == (1, False, True)
    assert refused.reason == "closed"


async def test_a_slot_that_has_begun_is_left_alone(door: Door) -> None:
    clinic_id = await door.a_clinic()
    [begun] = await door.opens(clinic_id, at(-48))
    two_days = window(**{"from": (SOON - 3 * ONE_DAY).isoformat()})

    answer = await closes(door, clinic_id, two_days)

    body = await answer.json()
    assert (answer.status, body["changed"], body["unchanged"]) == (200, 0, 0)
    assert await open_slots(door) == {begun}


@pytest.mark.parametrize("taken", [0, 1, 7])
async def test_what_broke_off_in_the_middle_is_finished_by_asking_again(
    door: Door, taken: int
) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, *(at(hour) for hour in range(10)))
    before = len(door.log.taken)
    door.log.takes = before + taken

    with door.in_a_hurry():
        lost = await closes(door, clinic_id, key="one")
    await door.log.finish()
    in_between = len(await open_slots(door))
    door.log.takes = before + 1_000
    again = await closes(door, clinic_id, key="one")

    assert await problem(lost) == (504, "outcome_unknown")
    assert in_between == 10 - taken
    assert (await again.json())["changed"] == 10
    assert await open_slots(door) == set()


async def test_asked_again_it_means_the_same_slots_and_not_those_opened_since(door: Door) -> None:
    clinic_id = await door.a_clinic()
    [ill, reopened] = await door.opens(clinic_id, at(0), at(1))
    first = await closes(door, clinic_id, key="one")
    [deputy] = await door.opens(clinic_id, at(0))
    await door.ask("PATCH", f"/slots/{reopened}", {"status": "free"})

    again = await closes(door, clinic_id, key="one")

    assert await again.json() == await first.json()
    assert await open_slots(door) == {deputy, reopened}
    assert ill not in await open_slots(door)


async def test_the_same_request_twice_at_once_is_one_closure(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))
    told = len(door.log.referee.events)

    answers = await asyncio.gather(*(closes(door, clinic_id, key="one") for _ in range(3)))

    bodies = [await answer.json() for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert len(door.log.referee.events) - told == 2


async def test_another_body_under_the_same_key_is_refused(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    await door.opens(clinic_id, at(0))
    await closes(door, clinic_id, window(status="free"), key="one")

    other_body = await closes(door, clinic_id, key="one")
    other_clinic = await closes(door, elsewhere, window(status="free"), key="one")

    assert await problem(other_body) == (422, "key_reused")
    assert await problem(other_clinic) == (422, "key_reused")
    assert len(await open_slots(door)) == 1


async def test_more_slots_than_one_request_may_shut_stay_open(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closures, "CLOSURE_SLOTS_MAX", 3)
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1), at(2), at(3))

    too_many = await closes(door, clinic_id, key="one")
    enough = await closes(door, clinic_id, window(3))

    assert await problem(too_many) == (422, "too_many_slots")
    assert (await enough.json())["changed"] == 3


@pytest.mark.parametrize(
    "about",
    [
        {"from": "2030-01-01T09:00:00"},
        {"from": "0001-01-01T00:00:00+05:00"},
        {"to": "9999-12-31T23:59:59-05:00"},
        {"to": SOON.isoformat()},
        {"status": "busy"},
        {"status": None},
        {"status": "free", "cancel_bookings": True},
        {"service": ""},
        {"colour": "red"},
    ],
)
async def test_what_makes_no_sense_shuts_nothing(door: Door, about: dict[str, Any]) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))

    answer = await closes(door, clinic_id, window(**about))

    assert await problem(answer) == (422, "invalid_body")
    assert len(await open_slots(door)) == 1


async def test_any_window_that_can_be_written_down_may_be_asked_for(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))
    always = {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}

    answer = await closes(door, clinic_id, window(**always))

    assert (await answer.json())["changed"] == 1


async def test_who_may_not_is_turned_away_and_a_clinic_nobody_knows_is_not_there(
    door: Door,
) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    await door.opens(clinic_id, at(0))

    patient = await closes(door, clinic_id, roles=["patient"])
    stranger = await closes(door, clinic_id, roles=["clinic_manager"], clinics=[str(elsewhere)])
    nowhere = await closes(door, uuid4())

    assert await problem(patient) == (403, "forbidden")
    assert await problem(stranger) == (404, "not_found")
    assert await problem(nowhere) == (404, "not_found")
    assert len(await open_slots(door)) == 1


async def test_while_the_log_is_away_nothing_is_remembered(door: Door) -> None:
    clinic_id = await door.a_clinic()
    door.log.away = True

    answer = await closes(door, clinic_id)

    remembered = await door.log.referee.connection.fetchval("SELECT count(*) FROM closure")
    assert await problem(answer) == (503, "unavailable")
    assert remembered == 0
