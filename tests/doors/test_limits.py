"""Does a limit hold from the clinic that sets it to the patient who meets it?"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from shared.messages import CUT_OFF_MINUTES_MAX, EXTRA_MAX
from tests import booking_doors, slots_doors, stories
from tests.booking_doors import problem
from tests.booking_stories import BORIS
from tests.copies import a_town
from tests.doors.test_booking_journeys import a_campaign
from tests.doors.test_slots_availability import Door, at_the_door
from tests.slots_doors import MOSCOW, OPERATOR, slot
from tests.stories import CLINIC, TOMORROW, an_id

DAY, MONDAY = "2030-05-15", an_id("Monday")
HOUR = timedelta(hours=1)


@pytest.fixture
async def clinic(slots_dsn: str, tmp_path: Path) -> AsyncIterator[slots_doors.Door]:
    """Where staff set limits, and everybody looks."""
    async with slots_doors.a_door(slots_dsn, tmp_path) as door:
        yield door


@pytest.fixture
async def desk(booking_dsn: str, tmp_path: Path) -> AsyncIterator[booking_doors.Door]:
    """Where patients meet them."""
    async with booking_doors.a_door(booking_dsn, tmp_path) as door:
        yield door


@pytest.fixture
async def readers(slots_dsn: str) -> AsyncIterator[Door]:
    """Where everybody looks, at a copy that hears of what is decided."""
    async with a_town(slots_dsn, 0) as town:
        await town.referee.decide(stories.open_clinic(), stories.open_slot(MONDAY, 1))
        async with town.a_copy() as memory, at_the_door(town, memory) as client:
            yield Door(client, memory, town)


async def free_on(door: Door) -> list[tuple[int, int, int]]:
    """What a patient sees of the day: places, extra people, free."""
    path = f"/availability?service=vaccination&clinic={CLINIC}&from={DAY}&to={DAY}"
    clinics = (await door.body(path))["clinics"]
    return [(d["capacity"], d["extra"], d["free"]) for c in clinics for d in c["days"]]


async def numbers_of(door: slots_doors.Door, slot_id: UUID) -> tuple[int, ...]:
    """What the referee has of a slot, and how often it was changed."""
    row = await door.log.referee.connection.fetchrow(
        """SELECT version, extra, closes_minutes_before, cancel_until_minutes_before
             FROM slot WHERE id = $1""",
        slot_id,
    )
    return tuple(row)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_a_manager_lets_more_people_in_and_it_is_noted_who_did(
    clinic: slots_doors.Door,
) -> None:
    clinic_id = await clinic.a_clinic()
    [slot_id] = await clinic.opens(clinic_id, slot(1))
    await clinic.log.referee.decide(stories.book(slot_id))

    said = {"roles": ["clinic_manager"], "clinics": [str(clinic_id)]}
    changed = await clinic.ask("PATCH", f"/slots/{slot_id}", {"extra": 2}, **said)

    body = await changed.json()
    assert (body["capacity"], body["extra"], body["free"], body["booked"]) == (1, 2, 2, 1)
    [noted] = await clinic.log.referee.connection.fetch(
        "SELECT slot_id, version, extra, by_id, at > now() - interval '1 minute' FROM overbooking"
    )
    assert tuple(noted) == (slot_id, body["version"], 2, OPERATOR, True)


async def test_who_is_let_in_already_is_not_put_out_again(clinic: slots_doors.Door) -> None:
    slot_id = await clinic.a_slot(1)
    await clinic.ask("PATCH", f"/slots/{slot_id}", {"extra": 1})
    await clinic.log.referee.decide(stories.book(slot_id), stories.book(slot_id))
    before = await numbers_of(clinic, slot_id)

    lowered = await clinic.ask("PATCH", f"/slots/{slot_id}", {"extra": 0})

    assert await problem(lowered) == (409, "slot_in_use")
    assert await numbers_of(clinic, slot_id) == before


async def test_everybody_sees_how_many_are_let_in_beyond_the_places(readers: Door) -> None:
    await readers.decide(stories.book(MONDAY), stories.change_slot(MONDAY, extra=2, by=OPERATOR))

    body = await readers.body(f"/slots/{MONDAY}")
    assert (body["capacity"], body["extra"], body["free"], body["booked"]) == (1, 2, 2, 1)
    assert await free_on(readers) == [(1, 2, 2)]


async def test_a_slot_past_its_cut_off_is_not_counted_as_free_and_says_since_when(
    readers: Door,
) -> None:
    before = await free_on(readers)
    # The world of these tests is years before the slot: a longer time than staff may say.
    years = 60 * 24 * 365 * 10
    await readers.decide(stories.change_slot(MONDAY, closes_minutes_before=years))

    body = await readers.body(f"/slots/{MONDAY}")
    assert (before, await free_on(readers)) == ([(1, 0, 1)], [])
    assert instant(body["bookable_until"]) == TOMORROW - timedelta(minutes=years)
    assert body["cancel_until"] == body["starts_at"]


@pytest.mark.parametrize(
    "body",
    [
        {"extra": -1},
        {"extra": EXTRA_MAX + 1},
        {"closes_minutes_before": -1},
        {"cancel_until_minutes_before": CUT_OFF_MINUTES_MAX + 1},
    ],
    ids=str,
)
async def test_a_number_out_of_its_limits_changes_nothing(
    clinic: slots_doors.Door, body: dict[str, int]
) -> None:
    slot_id = await clinic.a_slot(1)
    before = await numbers_of(clinic, slot_id)

    answer = await clinic.ask("PATCH", f"/slots/{slot_id}", body)

    assert await problem(answer) == (422, "invalid_body")
    assert await numbers_of(clinic, slot_id) == before


async def test_a_schedule_gives_its_limits_to_all_its_slots(clinic: slots_doors.Door) -> None:
    clinic_id = await clinic.a_clinic()
    limits = {"closes_minutes_before": 60, "cancel_until_minutes_before": 120}

    made = await clinic.hours(clinic_id, slots_doors.a_week(**limits))
    rows = await clinic.log.referee.connection.fetch(
        "SELECT DISTINCT closes_minutes_before, cancel_until_minutes_before FROM slot"
    )

    body = await made.json()
    [listed] = (await clinic.schedules(clinic_id))["schedules"]
    assert (
        {name: body[name] for name in limits} == {name: listed[name] for name in limits} == limits
    )
    assert [tuple(row) for row in rows] == [(60, 120)]


async def test_who_comes_past_the_cut_off_is_told_since_when_and_keeps_what_they_hold(
    desk: booking_doors.Door,
) -> None:
    slot_id = await desk.open_slot("Monday", capacity=3, closes_minutes_before=60)
    held = await (await desk.ask("POST", "/holds", {"places": [{"slot_id": str(slot_id)}]})).json()
    day = desk.referee.inventory.slots[slot_id]
    day.closes_minutes_before = 25 * 60

    late = await desk.book(slot_id, who=BORIS)
    mine = await desk.book(slot_id, hold_id=held["id"])

    body = await late.json(content_type=None)
    assert (late.status, body["code"], body["slot_id"]) == (409, "slot_cut_off", str(slot_id))
    assert instant(body["until"]) == day.starts_at - 25 * HOUR
    assert mine.status == 201


async def test_a_booking_says_until_when_it_is_given_back_in_time(
    desk: booking_doors.Door,
) -> None:
    slot_id = await desk.open_slot("Monday", cancel_until_minutes_before=120)

    body = await (await desk.book(slot_id)).json()

    [place] = body["places"]
    assert instant(place["cancel_until"]) == instant(place["starts_at"]) - 2 * HOUR


async def test_who_cancels_late_is_told_so_and_the_place_is_free_and_booked_again(
    desk: booking_doors.Door,
) -> None:
    slot_id = await desk.open_slot("Monday", cancel_until_minutes_before=25 * 60)
    made = await (await desk.book(slot_id)).json()

    answer = await desk.ask("POST", f"/bookings/{made['id']}/cancel", {})
    kept = await (await desk.ask("GET", f"/bookings/{made['id']}")).json()
    again = await desk.book(slot_id)

    body = await answer.json()
    assert (made["actions"], "late" in made) == (["reschedule", "cancel"], False)
    assert (body["late"], body["cancelled_by"], body["actions"]) == (True, "patient", ["book"])
    assert kept == body
    assert again.status == 201


async def test_staff_see_in_their_day_who_cancelled_and_who_did_so_late(
    desk: booking_doors.Door,
) -> None:
    late = await desk.open_slot("Monday", cancel_until_minutes_before=25 * 60)
    in_time = await desk.open_slot("Tuesday", cancel_until_minutes_before=60)
    day = desk.referee.inventory.slots[late].starts_at.astimezone(MOSCOW).date()
    for slot_id in (late, in_time):
        made = await (await desk.book(slot_id)).json()
        await desk.ask("POST", f"/bookings/{made['id']}/cancel", {})

    said = {"roles": ["front_desk"], "clinics": [str(CLINIC)]}
    path = f"/clinics/{CLINIC}/bookings?date={day}&status=cancelled"
    answer = await desk.ask("GET", path, **said)

    listed = {line["slot_id"]: line for line in (await answer.json())["bookings"]}
    told = {slot: (line["late"], line["cancelled_by"]) for slot, line in listed.items()}
    assert told == {str(late): (True, "patient"), str(in_time): (False, "patient")}


async def test_of_a_series_whose_first_dose_is_past_the_second_is_given_up(
    desk: booking_doors.Door,
) -> None:
    first, second = await desk.open_slot("Monday"), await desk.open_slot("Tuesday")
    made = await (await desk.book(first, second)).json()
    await desk.is_over(first, UUID(made["id"]))

    answer = await desk.ask("POST", f"/bookings/{made['id']}/cancel", {})
    again = await desk.book(second)

    body = await answer.json()
    assert (body["status"], [p["slot_id"] for p in body["places"]]) == ("booked", [str(first)])
    assert body["actions"] == ["attend"]
    assert body["places"][0]["patient_id"] == made["places"][0]["patient_id"]
    assert again.status == 201


AT_THE_CLINIC = {"roles": ["front_desk"], "clinics": [str(CLINIC)]}


async def test_who_did_not_come_may_book_the_same_again_once_the_clinic_says_so(
    desk: booking_doors.Door,
) -> None:
    slot_id, later = await desk.open_slot("Monday"), await desk.open_slot("Tuesday")
    campaign = await a_campaign(desk, doses=1)
    made = await (await desk.book(slot_id, campaign_id=campaign)).json()
    path = f"/clinics/{CLINIC}/bookings/{made['id']}/noshow"
    early = await desk.ask("POST", path, {}, **AT_THE_CLINIC)
    await desk.is_over(slot_id, UUID(made["id"]))
    in_the_way = await desk.book(later, campaign_id=campaign)

    missed = await desk.ask("POST", path, {}, key="one", **AT_THE_CLINIC)
    again = await desk.ask("POST", path, {}, key="one", **AT_THE_CLINIC)
    twice = await desk.ask("POST", path, {}, **AT_THE_CLINIC)
    anew = await desk.book(later, campaign_id=campaign)

    body = await missed.json()
    assert await problem(early) == (409, "visit_not_over")
    assert await problem(in_the_way) == (409, "already_booked")
    assert (missed.status, body["status"], body["actions"]) == (200, "noshow", ["book"])
    assert (again.status, await again.json()) == (200, body)
    assert await problem(twice) == (409, "booking_unknown")
    assert anew.status == 201


async def test_a_clinic_takes_back_that_nobody_came_and_the_dose_is_had_again(
    desk: booking_doors.Door,
) -> None:
    slot_id, later = await desk.open_slot("Monday"), await desk.open_slot("Tuesday", capacity=2)
    campaign = await a_campaign(desk, doses=1)
    made = await (await desk.book(slot_id, campaign_id=campaign)).json()
    path = f"/clinics/{CLINIC}/bookings/{made['id']}/noshow"
    not_yet = await desk.ask("DELETE", path, {}, **AT_THE_CLINIC)
    await desk.is_over(slot_id, UUID(made["id"]))
    await desk.ask("POST", path, {}, **AT_THE_CLINIC)
    anew = await (await desk.book(later, campaign_id=campaign)).json()
    in_the_way = await desk.ask("DELETE", path, {}, **AT_THE_CLINIC)
    await desk.ask("POST", f"/bookings/{anew['id']}/cancel", {})

    back = await desk.ask("DELETE", path, {}, key="one", **AT_THE_CLINIC)
    again = await desk.ask("DELETE", path, {}, key="one", **AT_THE_CLINIC)
    twice = await desk.ask("DELETE", path, {}, **AT_THE_CLINIC)
    second = await desk.book(later, campaign_id=campaign)

    body = await back.json()
    assert await problem(not_yet) == (409, "booking_not_missed")
    assert await problem(in_the_way) == (409, "already_booked")
    assert (back.status, body["status"], body["version"]) == (200, "booked", 3)
    assert [place["id"] for place in body["places"]] == [place["id"] for place in made["places"]]
    assert (again.status, await again.json()) == (200, body)
    assert await problem(twice) == (409, "booking_not_missed")
    assert await problem(second) == (409, "already_booked")


async def test_only_the_clinic_where_it_was_says_so(desk: booking_doors.Door) -> None:
    slot_id = await desk.open_slot("Monday")
    made = await (await desk.book(slot_id)).json()
    await desk.is_over(slot_id, UUID(made["id"]))
    other = str(an_id("another clinic"))
    said = {"roles": ["front_desk"], "clinics": [other]}

    answers = [
        await desk.ask("POST", f"/clinics/{place}/bookings/{made['id']}/noshow", {}, **said)
        for place in (other, CLINIC)
    ]

    assert [await problem(answer) for answer in answers] == [(404, "not_found")] * 2
    kept = await (await desk.ask("GET", f"/bookings/{made['id']}")).json()
    assert (kept["status"], kept["actions"]) == ("booked", ["attend"])
