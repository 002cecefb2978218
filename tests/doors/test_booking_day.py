"""What do those who work at a clinic see of a day, and who sees nothing of it?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from shared.web import cursor_after
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id

MOSCOW = ZoneInfo("Europe/Moscow")
TOMORROW = datetime.now(MOSCOW).date() + timedelta(days=1)
NOON = datetime.combine(TOMORROW, time(12), MOSCOW).astimezone(UTC)
STAFF: dict[str, Any] = {
    "who": an_id("a nurse"),
    "roles": ["front_desk"],
    "clinics": [str(CLINIC)],
}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk with nothing in it."""
    async with a_door(booking_dsn, tmp_path) as door:
        yield door


async def day(door: Door, more: str = "", clinic_id: UUID = CLINIC, **said: Any) -> dict[str, Any]:
    """The day list of tomorrow."""
    path = f"/clinics/{clinic_id}/bookings?date={TOMORROW}{more}"
    answer = await door.ask("GET", path, **STAFF | said)
    assert answer.status == 200, await answer.text()
    assert answer.headers["Cache-Control"] == "private, no-store"
    shown: dict[str, Any] = await answer.json()
    return shown


async def a_slot(door: Door, name: str, hours: float, **about: Any) -> UUID:
    """A slot so many hours from noon tomorrow."""
    return await door.open_slot(name, 5, starts_at=NOON + timedelta(hours=hours), **about)


async def test_a_day_shows_who_comes_when_in_order_of_time(door: Door) -> None:
    late, early = await a_slot(door, "late", 2), await a_slot(door, "early", -2)
    boris = await (await door.book(late, who=BORIS)).json()
    alice = await (await door.book(early)).json()

    shown = await day(door)

    assert [line["booking_id"] for line in shown["bookings"]] == [alice["id"], boris["id"]]
    assert shown["bookings"][0] == {
        "place_id": alice["places"][0]["id"],
        "appointment": "booked",
        "coming_at": None,
        "arrived_at": None,
        "ended_at": None,
        "booking_id": alice["id"],
        "status": "booked",
        "slot_id": str(early),
        "service": "vaccination",
        "starts_at": alice["places"][0]["starts_at"],
        "ends_at": alice["places"][0]["ends_at"],
        "patient_id": str(ALICE),
        "dose": None,
        "modality": "physical",
        "practitioner_id": None,
        "late": False,
        "cancelled_by": None,
        "booked_by": None,
    }
    assert shown["cursor"] is None


async def test_a_booking_is_shown_as_soon_as_it_is_answered_and_as_it_is_now(door: Door) -> None:
    morning, evening = await a_slot(door, "morning", -3), await a_slot(door, "evening", 5)
    moved = (await (await door.book(morning)).json())["id"]
    gone = (await (await door.book(morning, who=BORIS)).json())["id"]

    both = await day(door)
    await door.ask("POST", f"/bookings/{moved}/reschedule", {"places": [{"slot_id": str(evening)}]})
    await door.ask("POST", f"/bookings/{gone}/cancel", who=BORIS)
    now, cancelled = await day(door), await day(door, "&status=cancelled")

    assert {line["booking_id"] for line in both["bookings"]} == {moved, gone}
    assert [(line["booking_id"], line["slot_id"]) for line in now["bookings"]] == [
        (moved, str(evening))
    ]
    assert [(line["booking_id"], line["status"]) for line in cancelled["bookings"]] == [
        (gone, "cancelled")
    ]


async def test_a_family_has_a_line_for_each_and_only_the_places_of_that_day(door: Door) -> None:
    today, next_week = await a_slot(door, "today", 1), await a_slot(door, "next week", 24 * 7)
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    places = [
        {"slot_id": str(today), "dose": 1},
        {"slot_id": str(today), "patient_id": child},
        {"slot_id": str(next_week), "dose": 2},
    ]
    made = await door.ask("POST", "/bookings", {"places": places})
    assert made.status == 201, await made.text()

    shown = (await day(door))["bookings"]

    assert {(line["patient_id"], line["dose"]) for line in shown} == {
        (str(ALICE), 1),
        (child, None),
    }


async def test_holds_are_nobody_s_yet_and_are_not_shown(door: Door) -> None:
    slot_id = await a_slot(door, "a slot", 0)
    await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot_id)}]})

    assert await day(door) == {"bookings": [], "cursor": None}


async def test_one_service_may_be_asked_for(door: Door) -> None:
    slot_id = await a_slot(door, "a slot", 0)
    await door.book(slot_id)

    same = await day(door, "&service=vaccination")
    other = await day(door, "&service=clinic-visit")

    assert (len(same["bookings"]), len(other["bookings"])) == (1, 0)


async def test_a_long_day_is_read_page_by_page(door: Door) -> None:
    slots = [await a_slot(door, f"slot {n}", n // 2) for n in range(5)]
    made = [await (await door.book(slot_id)).json() for slot_id in slots]

    lines: list[dict[str, Any]] = []
    more, pages = "", 0
    while pages == 0 or more:
        page = await day(door, f"&limit=2{more}")
        lines += page["bookings"]
        more, pages = page["cursor"] and f"&cursor={page['cursor']}", pages + 1

    assert pages == 3
    assert {line["booking_id"] for line in lines} == {booking["id"] for booking in made}
    starts = [line["starts_at"] for line in lines]
    assert (len(lines), starts) == (5, sorted(starts))


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "invalid_query"),
        ("?date=tomorrow", "invalid_query"),
        ("?date=2030-02-30", "invalid_query"),
        ("?date=2030-01-01&status=held", "invalid_query"),
        ("?date=2030-01-01&limit=0", "invalid_query"),
        ("?date=2030-01-01&limit=101", "invalid_query"),
        ("?date=2030-01-01&service=%00", "invalid_query"),
        ("?date=2030-01-01&cursor=zz", "invalid_query"),
        (f"?date=2030-01-01&cursor={cursor_after('2030-01-01T09:00', uuid4())}", "invalid_query"),
    ],
)
async def test_what_is_not_asked_rightly_is_refused_by_name(
    door: Door, query: str, code: str
) -> None:
    answer = await door.ask("GET", f"/clinics/{CLINIC}/bookings{query}", **STAFF)

    assert await problem(answer) == (422, code)


@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "2030-01-01"])
async def test_a_day_on_which_nobody_comes_is_an_answer(door: Door, date: str) -> None:
    answer = await door.ask("GET", f"/clinics/{CLINIC}/bookings?date={date}", **STAFF)

    assert (answer.status, await answer.json()) == (200, {"bookings": [], "cursor": None})


async def test_a_day_is_for_those_who_work_at_the_clinic_alone(door: Door) -> None:
    await door.book(await a_slot(door, "a slot", 0))
    path = f"/clinics/{CLINIC}/bookings?date={TOMORROW}"
    elsewhere = [str(an_id("another clinic"))]

    patient = await door.ask("GET", path, who=ALICE)
    stranger = await door.ask("GET", path, **STAFF | {"clinics": elsewhere})
    homeless = await door.ask("GET", path, **STAFF | {"clinics": []})
    nobody = await door.client.get(f"/api/v1{path}")
    nowhere = await door.ask("GET", "/clinics/nobody/bookings?date=2030-01-01", **STAFF)

    assert await problem(patient) == (403, "forbidden")
    assert await problem(stranger) == (404, "not_found")
    assert await problem(nobody) == (401, "token_missing")
    assert await problem(nowhere) == (404, "not_found")
    assert await problem(homeless) == (404, "not_found")
    for role in ("practitioner", "clinic_manager"):
        assert len((await day(door, roles=[role]))["bookings"]) == 1
