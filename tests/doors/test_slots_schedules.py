"""How does a clinic open the same hours every week, and what if that breaks off in the middle?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from services.slots.api.desk import ASKED_AT_ONCE_MAX, Desk
from services.slots.api.opening import REFUSED_SHOWN_MAX
from services.slots.rules.schedules import Schedule
from services.slots.store import reads
from services.slots.store.schedules import OfClinic
from shared.clock import DatabaseClock
from tests.booking_doors import problem
from tests.slots_doors import A_CLINIC, MOSCOW, ONE_DAY, TODAY, Door, a_door, a_week


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


async def test_a_week_of_slots_is_opened_at_the_clinic_s_own_hours(door: Door) -> None:
    clinic_id = await door.a_clinic()

    answer = await door.hours(clinic_id, a_week(product="Gam-1", dose=2))

    body = await answer.json()
    rows = await door.log.referee.connection.fetch("SELECT * FROM slot ORDER BY starts_at")
    assert answer.status == 201
    assert (body["slots"], body["opened"], body["past"], body["refused"]) == (56, 56, 0, [])
    assert (body["starts"], body["ends"], body["time_zone"]) == ("09:00", "11:00", "Europe/Moscow")
    assert await door.everything() == (1, 56, 112)
    first, last = rows[0], rows[-1]
    assert first["starts_at"].astimezone(MOSCOW).strftime("%H:%M") == "09:00"
    assert last["ends_at"].astimezone(MOSCOW).strftime("%H:%M") == "11:00"
    assert first["starts_at"].astimezone(MOSCOW).date() == TODAY + ONE_DAY
    assert {(row["service"], row["product"], row["dose"], row["capacity"]) for row in rows} == {
        ("vaccination", "Gam-1", 2, 2)
    }


async def test_the_same_request_gets_the_same_answer_and_opens_nothing_twice(door: Door) -> None:
    clinic_id = await door.a_clinic()

    first = await door.hours(clinic_id, key="one")
    again = await door.hours(clinic_id, key="one")

    assert (first.status, await first.json()) == (again.status, await again.json())
    assert await door.everything() == (1, 56, 112)


async def test_the_same_request_twice_at_once_is_one_schedule(door: Door) -> None:
    clinic_id = await door.a_clinic()

    both = await asyncio.gather(*(door.hours(clinic_id, key="one") for _ in range(3)))

    bodies = [await answer.json() for answer in both]
    assert [answer.status for answer in both] == [201, 201, 201]
    assert bodies[0] == bodies[1] == bodies[2]
    assert await door.everything() == (1, 56, 112)


@pytest.mark.parametrize("taken", [0, 1, 130])
async def test_what_broke_off_in_the_middle_is_finished_by_asking_again(
    door: Door, taken: int
) -> None:
    clinic_id = await door.a_clinic()
    week = a_week(slot_minutes=5)
    before = len(door.log.taken)
    door.log.takes = before + taken

    with door.in_a_hurry():
        lost = await door.hours(clinic_id, week, key="one")
    await door.log.finish()
    unfinished = (await door.schedules(clinic_id))["schedules"][0]
    in_between = await door.everything()
    door.log.takes = before + 10_000
    again = await door.hours(clinic_id, week, key="one")

    body = await again.json()
    assert await problem(lost) == (504, "outcome_unknown")
    assert (unfinished["opened"], in_between[1]) == (None, taken)
    assert (again.status, body["id"]) == (201, unfinished["id"])
    assert (body["slots"], body["opened"], body["refused"]) == (168, 168, [])
    assert await door.everything() == (1, 168, 336)
    assert (await door.schedules(clinic_id))["schedules"][0]["opened"] == 168


async def test_answers_that_are_lost_are_asked_for_again(door: Door) -> None:
    clinic_id = await door.a_clinic()
    door.log.silent = True

    with door.in_a_hurry():
        lost = await door.hours(clinic_id, key="one")
    await door.log.finish()
    door.log.silent = False
    again = await door.hours(clinic_id, key="one")

    assert await problem(lost) == (504, "outcome_unknown")
    assert (again.status, (await again.json())["opened"]) == (201, 56)
    assert await door.everything() == (1, 56, 112)


async def test_no_more_seats_are_taken_at_a_time_than_one_record_has_commands(door: Door) -> None:
    clinic_id = await door.a_clinic()

    answer = await door.hours(clinic_id, a_week(slot_minutes=1))

    assert (await answer.json())["opened"] == 7 * 120
    assert door.log.seated_most == ASKED_AT_ONCE_MAX


async def test_while_the_log_is_away_nothing_is_remembered(door: Door) -> None:
    clinic_id = await door.a_clinic()
    door.log.away = True

    answer = await door.hours(clinic_id)

    assert await problem(answer) == (503, "unavailable")
    assert (await door.schedules(clinic_id))["schedules"] == []


async def test_a_log_that_goes_away_when_the_schedule_is_remembered_is_an_unknown_outcome(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id = await door.a_clinic()
    monkeypatch.setattr(Desk, "need_log", lambda desk: None)
    door.log.away = True

    lost = await door.hours(clinic_id, key="one")
    door.log.away = False
    again = await door.hours(clinic_id, key="one")

    # Not 503, which says that nothing was changed: the schedule is there, its slots are not.
    assert await problem(lost) == (504, "outcome_unknown")
    assert (again.status, (await again.json())["opened"]) == (201, 56)


async def test_slots_that_were_not_decided_in_time_are_asked_for_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id = await door.a_clinic()
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseClock, "after", lambda clock, seconds: clock.now() - ONE_DAY)
        late = await door.hours(clinic_id, key="one")

    again = await door.hours(clinic_id, key="one")

    assert await problem(late) == (409, "expired")
    assert (again.status, (await again.json())["opened"]) == (201, 56)


async def test_another_body_or_another_clinic_under_the_same_key_is_refused(door: Door) -> None:
    clinic_id, other_id = await door.a_clinic(), await door.a_clinic()
    await door.hours(clinic_id, key="one")

    other_body = await door.hours(clinic_id, a_week(capacity=9), key="one")
    other_clinic = await door.hours(other_id, key="one")

    assert await problem(other_body) == (422, "key_reused")
    assert await problem(other_clinic) == (422, "key_reused")
    assert await door.everything() == (2, 56, 112)


async def test_slots_that_have_begun_are_not_opened_and_the_answer_says_how_many(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    hours = {"starts": "00:00", "ends": "24:00", "slot_minutes": 60}
    week = a_week(valid_from=(TODAY - 3 * ONE_DAY).isoformat(), **hours)

    answer = await door.hours(clinic_id, week, key="one")
    again = await door.hours(clinic_id, week, key="one")

    body = await answer.json()
    began = await door.log.referee.connection.fetchval(
        "SELECT count(*) FROM slot WHERE starts_at <= now()"
    )
    assert (answer.status, body["slots"], began) == (201, 11 * 24, 0)
    assert 72 <= body["past"] <= 97
    assert body["opened"] == body["slots"] - body["past"]
    assert await again.json() == body


async def test_what_the_referee_refuses_is_told_slot_by_slot(door: Door) -> None:
    clinic_id = await door.a_clinic()
    first = await (await door.hours(clinic_id, key="one")).json()
    connection = door.log.referee.connection
    # As if somebody had used these slots' ids before the schedule did.
    await connection.execute("DELETE FROM answer WHERE outcome = 'done'")

    answer = await door.hours(clinic_id, key="one")

    body = await answer.json()
    assert (answer.status, body["id"], body["opened"]) == (201, first["id"], 0)
    assert len(body["refused"]) == REFUSED_SHOWN_MAX
    assert {refused["code"] for refused in body["refused"]} == {"already_exists"}
    starts = [refused["starts_at"] for refused in body["refused"]]
    assert starts == sorted(starts)


async def test_slots_are_not_there_twice(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    made = await (await door.hours(clinic_id)).json()

    doubled = await door.hours(clinic_id, a_week(weekdays=["monday"], starts="10:45", ends="12:00"))
    later = await door.hours(clinic_id, a_week(starts="11:00", ends="12:00"))
    another = await door.hours(clinic_id, a_week(service="clinic-visit"))
    at_another_clinic = await door.hours(elsewhere)

    body = await doubled.json()
    assert (doubled.status, body["code"]) == (409, "schedule_overlaps")
    assert body["schedule_id"] == made["id"]
    assert [answer.status for answer in (later, another, at_another_clinic)] == [201, 201, 201]
    assert await door.everything() == (2, 56 + 28 + 56 + 56, 2 * (56 + 28 + 56 + 56))


async def test_a_schedule_that_is_withdrawn_makes_room_for_another(door: Door) -> None:
    clinic_id = await door.a_clinic()
    made = await (await door.hours(clinic_id, key="one")).json()
    path = f"/clinics/{clinic_id}/schedules/{made['id']}"

    gone = await door.ask("DELETE", path)
    again = await door.ask("DELETE", path)
    repeated = await door.hours(clinic_id, key="one")
    instead = await door.hours(clinic_id, a_week(capacity=5))

    shown = await door.schedules(clinic_id)
    assert (gone.status, again.status) == (204, 204)
    assert await problem(repeated) == (409, "schedule_withdrawn")
    assert instead.status == 201
    assert [schedule["withdrawn_at"] is None for schedule in shown["schedules"]] == [False, True]
    # Its slots stay until somebody shuts them.
    assert await door.everything() == (1, 112, 112 + 280)


async def test_a_schedule_is_withdrawn_by_its_own_clinic_only(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    made = await (await door.hours(clinic_id)).json()

    unknown = await door.ask("DELETE", f"/clinics/{clinic_id}/schedules/{uuid4()}")
    nothing = await door.ask("DELETE", f"/clinics/{clinic_id}/schedules/nothing")
    there = await door.ask("DELETE", f"/clinics/{elsewhere}/schedules/{made['id']}")

    for answer in (unknown, nothing, there):
        assert await problem(answer) == (404, "not_found")
    assert (await door.schedules(clinic_id))["schedules"][0]["withdrawn_at"] is None


async def test_schedules_are_listed_page_by_page(door: Door) -> None:
    clinic_id = await door.a_clinic()
    empty = await door.schedules(clinic_id)
    for hour in (9, 10, 11):
        week = a_week(weekdays=["monday"], starts=f"{hour:02}:00", ends=f"{hour:02}:30")
        assert (await door.hours(clinic_id, week)).status == 201

    first = await door.schedules(clinic_id, "?limit=2")
    rest = await door.schedules(clinic_id, f"?limit=2&cursor={first['cursor']}")

    shown = [schedule["starts"] for schedule in first["schedules"] + rest["schedules"]]
    assert empty == {"schedules": [], "cursor": None}
    assert shown == ["09:00", "10:00", "11:00"]
    assert rest["cursor"] is None


async def test_two_who_open_the_same_hours_at_once_open_them_once(door: Door) -> None:
    clinic_id = await door.a_clinic()

    answers = await asyncio.gather(*(door.hours(clinic_id) for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert await door.everything() == (1, 56, 112)


async def test_without_the_lock_the_same_hours_are_opened_by_each_of_them(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_id = await door.a_clinic()
    monkeypatch.setitem(reads.SQL, "lock_schedules", "SELECT $1::uuid")
    standing = OfClinic.standing

    async def looks_long(clinic: OfClinic, *what: Any) -> list[Schedule]:
        found = await standing(clinic, *what)
        await asyncio.sleep(0.1)
        return found

    monkeypatch.setattr(OfClinic, "standing", looks_long)

    answers = await asyncio.gather(*(door.hours(clinic_id) for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [201, 201, 201, 201]
    assert await door.everything() == (1, 4 * 56, 4 * 112)


async def test_hours_of_a_night_on_which_the_clocks_change_follow_the_clock_on_the_wall(
    door: Door,
) -> None:
    answer = await door.ask("POST", "/clinics", A_CLINIC | {"time_zone": "Europe/Berlin"})
    clinic_id = UUID((await answer.json())["id"])
    berlin = ZoneInfo("Europe/Berlin")
    # The last Sunday of the next March: 02:00 becomes 03:00.
    march = date(TODAY.year + (date(TODAY.year, 3, 24) <= TODAY), 3, 31)
    sunday = march - (march.isoweekday() % 7) * ONE_DAY
    one_night = {"valid_from": sunday.isoformat(), "valid_to": sunday.isoformat()}

    answer = await door.hours(
        clinic_id, a_week(starts="01:00", ends="04:00", slot_minutes=60, **one_night)
    )

    rows = await door.log.referee.connection.fetch(
        "SELECT starts_at, ends_at - starts_at AS long FROM slot ORDER BY starts_at"
    )
    shown = [row["starts_at"].astimezone(berlin).strftime("%H:%M") for row in rows]
    assert (answer.status, shown) == (201, ["01:00", "03:00"])
    assert {row["long"] for row in rows} == {timedelta(hours=1)}
