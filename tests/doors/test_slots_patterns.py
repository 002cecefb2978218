"""How does a clinic open by a rule, with breaks, buffers and doses, and what are its holidays?"""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.booking_doors import problem
from tests.slots_doors import MOSCOW, ONE_DAY, TODAY, Door, a_door, a_week, slot

TOMORROW = TODAY + ONE_DAY


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


def by_rule(rrule: str = "FREQ=DAILY", **about: Any) -> dict[str, Any]:
    """As `a_week`, on the days of a rule."""
    week = a_week(rrule=rrule, **about)
    del week["weekdays"]
    return week


async def shown(door: Door) -> list[tuple[str, int | None, int]]:
    """When each slot begins on the clinic's wall, for which dose, and for how many."""
    rows = await door.log.referee.connection.fetch("SELECT * FROM slot ORDER BY starts_at, dose")
    return [
        (f"{row['starts_at'].astimezone(MOSCOW):%a %H:%M}", row["dose"], row["capacity"])
        for row in rows
    ]


async def test_a_rule_with_a_break_a_buffer_and_two_doses_opens_what_it_says(door: Door) -> None:
    clinic_id = await door.a_clinic()
    monday = TOMORROW + (7 - TOMORROW.weekday()) % 7 * ONE_DAY
    doses = [
        {"dose": 1, "product": "", "capacity": 8},
        {"dose": 2, "product": "Gam-2", "capacity": 4},
    ]
    body = by_rule(
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH;COUNT=3",
        doses=doses,
        breaks=[{"starts": "09:45", "ends": "10:30"}],
        buffer_minutes=5,
        valid_from=monday.isoformat(),
        valid_to=(monday + 60 * ONE_DAY).isoformat(),
    )
    del body["capacity"]

    answer = await door.hours(clinic_id, body, key="one")
    again = await door.hours(clinic_id, body, key="one")

    said = await answer.json()
    assert (answer.status, said["opened"], said["capacity"], said["doses"]) == (201, 18, 12, doses)
    assert (said["weekdays"], said["rrule"]) == ([], body["rrule"])
    times = {f"{day} {time}" for day in ("Mon", "Thu") for time in ("09:00", "09:20", "10:30")}
    assert {row[0] for row in await shown(door)} == times
    assert {row[1:] for row in await shown(door)} == {(1, 8), (2, 4)}
    assert await again.json() == said
    assert await door.everything() == (1, 18, 9 * 12)


async def test_days_are_left_out_and_added_one_by_one(door: Door) -> None:
    clinic_id = await door.a_clinic()
    out, extra = TOMORROW, TOMORROW + 3 * ONE_DAY
    body = by_rule("FREQ=DAILY;COUNT=2", slot_minutes=120)

    answer = await door.hours(
        clinic_id,
        body | {"except_dates": [out.isoformat()], "extra_dates": [extra.isoformat()]},
    )

    assert (await answer.json())["opened"] == 2
    days = [when[:3] for when, _, _ in await shown(door)]
    assert days == [f"{out + ONE_DAY:%a}", f"{extra:%a}"]


async def holiday(door: Door, day: date, clinic: UUID | None = None, **about: Any) -> Any:
    path = "/holidays" if clinic is None else f"/clinics/{clinic}/holidays"
    answer = await door.ask("PUT", path, {"date": day.isoformat(), "name": "Holiday"} | about)
    assert answer.status == 200, await answer.text()
    return await answer.json()


async def test_on_a_holiday_only_that_clinic_is_open_that_says_so(door: Door) -> None:
    closed, open_then, own = await door.a_clinic(), await door.a_clinic(), await door.a_clinic()
    await holiday(door, TOMORROW)
    await holiday(door, TOMORROW, open_then, closed=False)
    await holiday(door, TOMORROW + ONE_DAY, own)
    day = by_rule(slot_minutes=120)

    plain = [await (await door.hours(clinic, day)).json() for clinic in (closed, open_then, own)]
    regardless = await door.hours(closed, day | {"service": "clinic-visit", "on_holidays": "open"})
    added = await door.hours(
        closed, day | {"service": "another", "extra_dates": [TOMORROW.isoformat()]}
    )

    first, second = TOMORROW.isoformat(), (TOMORROW + ONE_DAY).isoformat()
    assert [said["holidays"] for said in plain] == [[first], [], [first, second]]
    assert [said["opened"] for said in plain] == [6, 7, 5]
    assert (await regardless.json())["opened"] == 7
    assert (await added.json())["opened"] == 7


async def test_a_holiday_that_is_said_later_moves_nobody_and_tells_who_is_there(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    made = await door.hours(clinic_id, key="one")
    await door.log.referee.connection.execute(
        "UPDATE slot SET booked = 2 WHERE id = (SELECT id FROM slot ORDER BY starts_at LIMIT 1)"
    )

    said = await holiday(door, TOMORROW, clinic_id)
    again = await door.hours(clinic_id, key="one")

    assert (said["slots"], said["people"], said["everywhere"]) == (8, 2, False)
    assert await again.json() == await made.json()
    assert await door.everything() == (1, 56, 112)


async def test_the_last_word_about_a_day_counts_and_a_clinic_sees_its_calendar(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    await holiday(door, TOMORROW - 2 * ONE_DAY)
    await holiday(door, TOMORROW, name="A mistake")
    await holiday(door, TOMORROW, name="City day")
    await holiday(door, TOMORROW + ONE_DAY, clinic_id)
    await holiday(door, TOMORROW + ONE_DAY, await door.a_clinic())

    path = f"/clinics/{clinic_id}/holidays?from={TODAY}"
    listed = await (await door.ask("GET", path)).json()

    names = [(said["name"], said["everywhere"]) for said in listed["holidays"]]
    assert names == [("City day", True), ("Holiday", False)]


async def test_a_clinic_that_nobody_knows_has_no_holidays(door: Door) -> None:
    body = {"date": TOMORROW.isoformat(), "name": "Holiday"}

    answer = await door.ask("PUT", f"/clinics/{uuid4()}/holidays", body)

    assert await problem(answer) == (404, "not_found")


A_BREAK = {"starts": "09:30", "ends": "10:00"}
A_DOSE = {"dose": 1, "capacity": 8}
OUTSIDE = (TODAY + timedelta(days=30)).isoformat()


NONSENSE: list[dict[str, Any]] = [
    {"weekdays": ["monday"]},
    {"rrule": None},
    {"rrule": ""},
    {"rrule": "FREQ=SECONDLY"},
    {"rrule": "FREQ=WEEKLY;BYDAY=MO,1TU"},
    {"rrule": "FREQ=DAILY" + ";COUNT=1" * 40},
    {"breaks": [{"starts": "08:30", "ends": "09:30"}]},
    {"breaks": [{"starts": "10:30", "ends": "11:30"}]},
    {"breaks": [{"starts": "10:00", "ends": "10:00"}]},
    {"breaks": [A_BREAK, {"starts": "09:45", "ends": "10:15"}]},
    {"breaks": [A_BREAK] * 9},
    {"buffer_minutes": -1},
    {"buffer_minutes": 1_441},
    {"capacity": None, "doses": []},
    {"doses": [A_DOSE]},
    {"capacity": None, "doses": [A_DOSE, A_DOSE]},
    {"capacity": None, "doses": [A_DOSE], "dose": 1},
    {"capacity": None, "doses": [A_DOSE], "product": "Gam-1"},
    {"capacity": None, "doses": [{"dose": 5, "capacity": 1}]},
    {"capacity": None},
    {"extra_dates": [OUTSIDE]},
    {"extra_dates": [TOMORROW.isoformat()] * 2},
    {"extra_dates": [TOMORROW.isoformat()], "except_dates": [TOMORROW.isoformat()]},
    {"on_holidays": "perhaps"},
]


async def test_what_makes_no_sense_is_refused_and_changes_nothing(door: Door) -> None:
    clinic_id = await door.a_clinic()

    for about in NONSENSE:
        body = {name: said for name, said in (by_rule() | about).items() if said is not None}
        answer = await door.hours(clinic_id, body)

        assert await problem(answer) == (422, "invalid_body"), about

    assert await door.everything() == (1, 0, 0)
    assert (await door.schedules(clinic_id))["schedules"] == []


async def test_a_rule_that_has_no_day_in_time_has_no_slots(door: Door) -> None:
    clinic_id = await door.a_clinic()
    over = by_rule(f"FREQ=DAILY;UNTIL={TODAY - ONE_DAY:%Y%m%d}")

    answer = await door.hours(clinic_id, over)

    assert await problem(answer) == (422, "no_slots")


async def test_a_capacity_of_each_dose_counts_among_the_most_slots_of_a_schedule(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    doses = [A_DOSE, {"dose": 2, "capacity": 4}]
    body = by_rule(starts="00:00", ends="24:00", slot_minutes=10, doses=doses)
    del body["capacity"]

    answer = await door.hours(clinic_id, body)

    assert (await answer.json())["slots"] == 2 * 7 * 144
    assert answer.status == 422


async def test_slots_opened_by_hand_are_among_those_of_a_holiday(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, slot(), slot())

    said = await holiday(door, TOMORROW, clinic_id)

    assert said["slots"] == 2
