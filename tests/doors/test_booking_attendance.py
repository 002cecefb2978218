"""Does a clinic say who has come and whose visit is done, and does the patient see it?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.booking.store.database import SQL
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import BORIS
from tests.stories import CLINIC
from tests.visiting import STAFF, names, told


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def booked(door: Door, *, hours: float = 1, **about: Any) -> dict[str, Any]:
    """Somebody comes in so many hours."""
    starts_at = datetime.now(UTC) + timedelta(hours=hours)
    slot_id = await door.open_slot(uuid4(), 2, starts_at=starts_at)
    made: dict[str, Any] = await (await door.book(slot_id, **about)).json()
    return made


async def says(door: Door, made: dict[str, Any], step: str, **more: Any) -> Any:
    places = more.pop("places", [place["id"] for place in made["places"]])
    path = f"/clinics/{CLINIC}/bookings/{made['id']}/attendance"
    return await door.ask("POST", path, {"step": step, "places": places}, **STAFF | more)


async def noshow(door: Door, made: dict[str, Any], method: str = "POST", **more: Any) -> Any:
    path = f"/clinics/{CLINIC}/bookings/{made['id']}/noshow"
    return await door.ask(method, path, {}, **STAFF | more)


async def stands(door: Door, made: dict[str, Any]) -> tuple[str, int]:
    row = await door.pool.fetchrow(
        "SELECT status, version FROM visit WHERE booking_id = $1", UUID(made["id"])
    )
    return row["status"], row["version"]


async def test_who_comes_is_done_and_back_again_and_each_step_is_told_once(door: Door) -> None:
    made = await booked(door)

    steps = ("arrive", "fulfil", "not_fulfilled", "not_arrived", "fulfil")
    answers = [await says(door, made, step) for step in steps]

    said = [(await answer.json())["places"][0] for answer in answers]
    assert [answer.status for answer in answers] == [200] * 5
    assert [(one["appointment"], one["version"]) for one in said] == [
        ("arrived", 1),
        ("fulfilled", 2),
        ("arrived", 3),
        ("booked", 4),
        ("fulfilled", 5),
    ]
    events = await told(door)
    assert names(events) == [
        "VisitArrived",
        "VisitEnded",
        "VisitSetBack",
        "VisitSetBack",
        "VisitEnded",
    ]
    assert {event.place.modality for event in events} == {"physical"}
    assert await told(door) == []


async def test_the_clinic_s_day_and_the_patient_see_it_and_nobody_else(door: Door) -> None:
    made = await booked(door)
    await says(door, made, "arrive")
    day = datetime.fromisoformat(made["places"][0]["starts_at"]).astimezone(
        ZoneInfo("Europe/Moscow")
    )

    listed = await door.ask("GET", f"/clinics/{CLINIC}/bookings?date={day.date()}", **STAFF)
    mine = await door.ask("GET", f"/bookings/{made['id']}/visits")
    another = await door.ask("GET", f"/bookings/{made['id']}/visits", who=BORIS)
    kept = await (await door.ask("GET", "/me/export")).json()

    [line] = (await listed.json())["bookings"]
    assert (line["place_id"], line["appointment"]) == (made["places"][0]["id"], "arrived")
    assert line["arrived_at"] is not None
    [attended] = (await mine.json())["attended"]
    assert (attended["appointment"], attended["visit_id"]) == ("arrived", line["place_id"])
    assert [visit["visit_id"] for visit in kept["visits"]] == [line["place_id"]]
    assert await problem(another) == (404, "not_found")


async def test_the_same_click_twice_is_one_step_and_another_key_finds_it_done(door: Door) -> None:
    made = await booked(door)

    answers = await asyncio.gather(*(says(door, made, "arrive", key="one") for _ in range(3)))
    other = await says(door, made, "arrive")
    reused = await says(door, made, "fulfil", key="one")

    bodies = [await answer.json() for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]
    assert await problem(other) == (409, "visit_step_impossible")
    assert await problem(reused) == (422, "key_reused")
    assert await stands(door, made) == ("arrived", 1)


async def test_a_family_comes_together_or_not_at_all(door: Door) -> None:
    starts_at = datetime.now(UTC) + timedelta(hours=1)
    one, two = [await door.open_slot(uuid4(), starts_at=starts_at) for _ in range(2)]
    made = await (await door.book(one, two)).json()
    first, second = (place["id"] for place in made["places"])
    await says(door, made, "arrive", places=[second])

    both = await says(door, made, "arrive")
    rest = await says(door, made, "arrive", places=[first])

    rows = await door.pool.fetch("SELECT status, version FROM visit")
    assert await problem(both) == (409, "visit_step_impossible")
    assert rest.status == 200
    assert [tuple(row) for row in rows] == [("arrived", 1)] * 2


async def test_nobody_has_come_who_is_not_booked_or_comes_tomorrow(door: Door) -> None:
    tomorrow, gone, own = await booked(door, hours=20), await booked(door), await booked(door)
    await door.ask("POST", f"/bookings/{gone['id']}/cancel", {})

    nothing = await says(door, own, "not_arrived")
    early = await says(door, tomorrow, "arrive")
    off = await says(door, gone, "arrive")
    stranger = await says(door, own, "arrive", places=[str(uuid4())])
    elsewhere = await says(door, own, "arrive", clinics=[str(uuid4())])

    assert await problem(nothing) == (409, "visit_step_impossible")
    assert await problem(early) == (409, "visit_not_open")
    assert "since" in await early.json(content_type=None)
    assert await problem(off) == (409, "visit_off")
    assert await problem(stranger) == (404, "not_found")
    assert await problem(elsewhere) == (404, "not_found")
    assert await told(door) == []


async def test_who_has_come_is_not_missed_until_that_is_taken_back(door: Door) -> None:
    made = await booked(door)
    await says(door, made, "arrive")
    slot = UUID(made["places"][0]["slot_id"])
    await door.is_over(slot, UUID(made["id"]))
    await door.pool.execute(
        "UPDATE visit SET starts_at = starts_at - interval '3 days', "
        "ends_at = ends_at - interval '3 days'"
    )

    in_the_way = await noshow(door, made)
    await says(door, made, "not_arrived")
    missed = await noshow(door, made)
    too_late = await says(door, made, "arrive")
    back = await noshow(door, made, "DELETE")
    came = await says(door, made, "fulfil")

    assert await problem(in_the_way) == (409, "visit_attended")
    assert (missed.status, (await missed.json())["status"]) == (200, "noshow")
    assert await problem(too_late) == (409, "visit_off")
    assert (back.status, (await back.json())["status"]) == (200, "booked")
    assert came.status == 200
    assert await stands(door, made) == ("ended", 5)


async def test_where_the_referee_says_no_nobody_was_missed(door: Door) -> None:
    made = await booked(door)
    # The front desk has it that it is over, and the referee does not.
    slot = door.referee.inventory.slots[UUID(made["places"][0]["slot_id"])]
    starts_at, ends_at = slot.starts_at, slot.ends_at
    await door.is_over(slot.id, UUID(made["id"]))
    slot.starts_at, slot.ends_at = starts_at, ends_at

    refused = await noshow(door, made)

    assert await problem(refused) == (409, "visit_not_over")
    assert await stands(door, made) == ("booked", 2)
    assert await told(door) == []


async def test_of_a_family_those_who_did_not_come_may_book_again_and_the_others_stay(
    door: Door,
) -> None:
    starts_at = datetime.now(UTC) + timedelta(hours=1)
    one, two = [await door.open_slot(uuid4(), 2, starts_at=starts_at) for _ in range(2)]
    made = await (await door.book(one, two)).json()
    came, absent = (place["id"] for place in made["places"])
    await says(door, made, "fulfil", places=[came])
    for slot in (one, two):
        await door.is_over(slot, UUID(made["id"]))
    path = f"/clinics/{CLINIC}/bookings/{made['id']}/noshow"

    all_of_them = await door.ask("POST", path, {}, **STAFF)
    one_came = await door.ask("POST", path, {"places": [came]}, **STAFF)
    some = await door.ask("POST", path, {"places": [absent]}, key="one", **STAFF)
    again = await door.ask("POST", path, {"places": [absent]}, key="one", **STAFF)
    twice = await door.ask("POST", path, {"places": [absent]}, **STAFF)

    body = await some.json()
    assert await problem(all_of_them) == await problem(one_came) == (409, "visit_attended")
    assert (some.status, body["status"], body["version"]) == (200, "booked", 2)
    assert [place["id"] for place in body["places"]] == [came]
    assert (again.status, await again.json()) == (200, body)
    assert await problem(twice) == (409, "booking_changed")
    rows = await door.pool.fetch("SELECT id, status FROM visit")
    assert {(str(row["id"]), row["status"]) for row in rows} == {
        (came, "ended"),
        (absent, "noshow"),
    }
    claims = door.referee.inventory.claims
    assert len(claims) == 1
    assert [door.referee.inventory.slots[slot].booked for slot in (one, two)] == [1, 0]


@pytest.mark.parametrize("then", ["POST", "DELETE"])
async def test_whoever_died_in_between_is_put_right_by_either_request(
    door: Door, then: str
) -> None:
    made = await booked(door)
    await door.is_over(UUID(made["places"][0]["slot_id"]), UUID(made["id"]))
    door.referee.silent = True
    unanswered = await noshow(door, made)
    written = await stands(door, made)
    # What was handed over was never decided.
    door.referee.silent = False
    await door.pool.execute("DELETE FROM pending_command")

    answer = await noshow(door, made, then)

    assert (unanswered.status, written) == (202, ("noshow", 1))
    status = (await (await door.ask("GET", f"/bookings/{made['id']}")).json())["status"]
    assert (answer.status, status) == (200, "noshow" if then == "POST" else "booked")
    assert (await stands(door, made))[0] == ("noshow" if then == "POST" else "booked")


async def at_once(door: Door) -> list[int]:
    """One says that somebody has come, another that nobody did."""
    made = await booked(door)
    await door.is_over(UUID(made["places"][0]["slot_id"]), UUID(made["id"]))
    came, missed = await asyncio.gather(says(door, made, "fulfil"), noshow(door, made))
    status = (await (await door.ask("GET", f"/bookings/{made['id']}")).json())["status"]
    told_of = {"ended": "booked", "noshow": "noshow"}
    assert told_of[(await stands(door, made))[0]] == status
    return sorted((came.status, missed.status))


async def test_of_having_come_and_having_been_missed_at_once_one_is_so(door: Door) -> None:
    for _ in range(5):
        assert await at_once(door) == [200, 409]


async def test_without_the_lock_and_the_version_the_constraint_stops_the_other(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = "SELECT id, pg_sleep(0.05) FROM visit WHERE id = ANY ($1::uuid[]) ORDER BY id"
    monkeypatch.setitem(SQL, "lock_visits", blind)
    unversioned = SQL["write_visits"].replace("AND v.version = c.before", "AND c.before >= 0")
    monkeypatch.setitem(SQL, "write_visits", unversioned)
    at = "clock_timestamp() AS at"
    slow = SQL["load_visits"].replace(at, f"{at}, pg_sleep(0.05)")
    monkeypatch.setitem(SQL, "load_visits", slow)
    statuses: list[int] = []

    for _ in range(3):
        made = await booked(door)
        await door.is_over(UUID(made["places"][0]["slot_id"]), UUID(made["id"]))
        # The first to say anything makes the row, and whoever comes with them waits for that.
        for step in ("arrive", "not_arrived"):
            await says(door, made, step)
        came, missed = await asyncio.gather(says(door, made, "fulfil"), noshow(door, made))
        statuses += [came.status, missed.status]

    assert 500 in statuses


async def test_the_constraint_lets_nobody_both_come_and_be_missed(door: Door) -> None:
    made = await booked(door)
    await says(door, made, "fulfil")

    with pytest.raises(Exception, match="nobody_both_came_and_was_missed"):
        await door.pool.execute("UPDATE visit SET status = 'noshow', noshow_by = 'patient'")
    with pytest.raises(Exception, match="nobody_comes_a_day_before"):
        await door.pool.execute("UPDATE visit SET arrived_at = starts_at - interval '2 days'")
