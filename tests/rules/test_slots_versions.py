"""Does another version of a schedule ever move somebody, or leave something undone?"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.slots.rules import versions
from services.slots.rules.schedules import Schedule, Seats, Wanted, slot_id_of, slots_of
from services.slots.rules.versions import Plan, There, plan
from tests.rules.test_slots_schedules import a_schedule
from tests.stories import an_id

NOON = datetime(2030, 5, 14, 12, tzinfo=UTC)
IDS = [an_id(f"slot {nth}") for nth in range(8)]


def wanted_slot(nth: int, capacity: int) -> Wanted:
    starts_at = NOON + timedelta(hours=nth)
    return Wanted(starts_at, starts_at + timedelta(minutes=30), Seats(capacity=capacity))


@st.composite
def meant(draw: st.DrawFn) -> dict[UUID, Wanted]:
    """Which of the slots a version means, and for how many."""
    chosen = draw(st.sets(st.integers(0, len(IDS) - 1)))
    return {IDS[nth]: wanted_slot(nth, draw(st.integers(0, 4))) for nth in sorted(chosen)}


@st.composite
def found(draw: st.DrawFn) -> dict[UUID, There]:
    """Which of them are there, with whom."""
    there = {}
    for nth in sorted(draw(st.sets(st.integers(0, len(IDS) - 1)))):
        held, booked = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        there[IDS[nth]] = There(
            id=IDS[nth],
            starts_at=NOON + timedelta(hours=nth),
            open=draw(st.booleans()),
            held=held,
            booked=booked,
            capacity=held + booked + draw(st.integers(0, 2)),
        )
    return there


def carried_out(there: dict[UUID, There], done: Plan) -> dict[UUID, There]:
    """The slots afterwards, as a referee leaves them."""
    after = dict(there)
    for change in done.opens:
        assert change.slot_id not in after
        after[change.slot_id] = There(change.slot_id, change.starts_at, True, 0, 0, change.capacity)
    for change in done.closes:
        after[change.slot_id] = after[change.slot_id]._replace(open=False)
    for change in done.reopens:
        slot = after[change.slot_id]
        after[change.slot_id] = slot._replace(open=True, capacity=change.capacity)
    for change in done.resizes:
        after[change.slot_id] = after[change.slot_id]._replace(capacity=change.capacity)
    return after


def check(wanted: dict[UUID, Wanted], before: dict[UUID, Wanted], there: dict[UUID, There]) -> None:
    done = plan(wanted, before, there.values())
    after = carried_out(there, done)
    kept = {slot.slot_id for slot in done.keeps}

    assert set(after) == set(there) | set(wanted)
    for slot_id, slot in after.items():
        old = there.get(slot_id)
        assert slot.capacity >= slot.taken
        if old is not None and old.taken and slot_id not in wanted:
            assert slot == old
            assert not slot.open or slot_id in kept
        elif slot_id not in wanted:
            assert not slot.open
        elif old is None:
            assert (slot.open, slot.capacity) == (True, wanted[slot_id].seats.capacity)
        elif slot_id in before:
            # What staff did with it by hand stays, but for a capacity that the version changes.
            assert slot.open == old.open
            same = before[slot_id].seats.capacity == wanted[slot_id].seats.capacity
            assert not same or slot.capacity == old.capacity
        if old is not None and slot_id in wanted and slot != old:
            assert slot.capacity == wanted[slot_id].seats.capacity
        if old is not None and slot_id in kept:
            assert slot == old

    # Done is done: what was meant before is now what is meant.
    again = plan(wanted, wanted, after.values())
    assert (again.opens, again.reopens, again.resizes, again.closes) == ((), (), (), ())


@settings(max_examples=300, deadline=None)
@given(meant(), meant(), found())
def test_a_version_shuts_only_what_is_empty_and_leaves_nothing_undone(
    wanted: dict[UUID, Wanted], before: dict[UUID, Wanted], there: dict[UUID, There]
):
    check(wanted, before, there)


def whoever_is_there_is_shut_out(slot: There, meant: Wanted | None, before: Wanted | None) -> Any:
    return "closes" if meant is None and slot.open else RIGHTLY(slot, meant, before)


def what_staff_shut_is_reopened(slot: There, meant: Wanted | None, before: Wanted | None) -> Any:
    return RIGHTLY(slot, meant, None)


def holds_are_not_people(slot: There, meant: Wanted | None, before: Wanted | None) -> Any:
    return RIGHTLY(slot._replace(held=0), meant, before)


RIGHTLY = versions._verb


@pytest.mark.parametrize(
    "broken",
    [whoever_is_there_is_shut_out, what_staff_shut_is_reopened, holds_are_not_people],
    ids=lambda broken: broken.__name__,
)
def test_a_plan_that_moves_somebody_is_found(
    broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(versions, "_verb", broken)

    @settings(
        max_examples=300, deadline=None, database=None, derandomize=True, report_multiple_bugs=False
    )
    @given(meant(), meant(), found())
    def somewhere_it_is_wrong(
        wanted: dict[UUID, Wanted], before: dict[UUID, Wanted], there: dict[UUID, There]
    ) -> None:
        check(wanted, before, there)

    with pytest.raises(AssertionError):
        somewhere_it_is_wrong()


def ids_of(first: Schedule, version: Schedule) -> dict[UUID, datetime]:
    slots = slots_of(version, ZoneInfo("UTC"))
    return {slot_id_of(first, version, slot): slot.starts_at for slot in slots}


def another(first: Schedule, **about: Any) -> Schedule:
    said = {"id": an_id("version"), "series_id": first.id, "version": 2} | about
    return msgspec.structs.replace(first, **said)


def test_what_is_at_the_same_time_for_the_same_thing_is_the_same_slot_in_every_version():
    first = a_schedule()
    kept = ids_of(first, first)

    assert ids_of(first, another(first, capacity=9, on_holidays="open")) == kept
    assert ids_of(first, another(first, rrule="FREQ=DAILY", weekdays=())) == kept
    later = ids_of(first, another(first, starts_minute=10 * 60))
    assert later.items() <= kept.items()
    for about in (
        {"slot_minutes": 20},
        {"dose": 2},
        {"product": "Gam-1"},
        {"modality": "virtual"},
        {"practitioner_id": an_id("doctor")},
        {"resource": "room"},
        {"asks_for": "referral"},
        {"doses": (Seats(dose=1, capacity=8),)},
    ):
        assert kept.keys().isdisjoint(ids_of(first, another(first, **about))), about


def test_a_version_that_goes_back_to_doses_finds_their_slots_again():
    first = a_schedule(doses=(Seats(dose=1, capacity=8), Seats(dose=2, capacity=4)))
    only_one = another(first, doses=(), dose=1, capacity=3)

    assert ids_of(first, only_one).items() <= ids_of(first, first).items()


@pytest.mark.parametrize(
    ("about", "last"),
    [
        ({}, date(2026, 5, 10)),
        ({"replaced_from": date(2026, 5, 8)}, date(2026, 5, 7)),
        ({"replaced_from": date(2026, 6, 1)}, date(2026, 5, 10)),
    ],
)
def test_a_version_counts_until_the_next_one_does(about: dict[str, Any], last: date):
    assert a_schedule(**about).last == last
