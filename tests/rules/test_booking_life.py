"""What becomes of a booking when things are told about it?"""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.life import LEADS_TO, NEXT, Booking, change_of, evolve, fold
from tests.booking_stories import (
    ALICE,
    FRIDAY,
    MONDAY,
    TUESDAY,
    booked,
    cancelled,
    held,
    lapsed,
    moved,
    released,
    renewed,
)
from tests.stories import an_id

JOURNEY = Path(__file__).resolve().parents[2] / "docs/journeys/booking.md"
ID, OTHER = an_id("a booking"), an_id("another booking")


def a_life(booking_id: UUID = ID) -> list[Any]:
    """A hold that became a booking, was moved and cancelled."""
    return [
        held(booking_id, MONDAY),
        renewed(booking_id, 2),
        booked(booking_id, MONDAY, version=3, cause=an_id("confirm")),
        moved(booking_id, 4, TUESDAY),
        moved(booking_id, 5, FRIDAY),
        cancelled(booking_id, 6),
    ]


def after(*events: Any) -> Booking:
    booking: Booking | None = None
    for event in events:
        booking = evolve(booking, change_of(event))
    assert booking is not None
    return booking


def test_the_diagram_in_the_docs_is_the_table() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (.+)$", JOURNEY.read_text("utf-8"), re.MULTILINE)

    assert drawn == [(of, to, event) for of, row in NEXT.items() for event, to in row.items()]


def test_every_event_leads_to_one_status_wherever_it_is_told() -> None:
    for row in NEXT.values():
        for event, status in row.items():
            assert LEADS_TO[event] == status


def test_every_status_that_is_reached_says_what_comes_next() -> None:
    assert set(LEADS_TO.values()) <= set(NEXT)


def test_a_hold_becomes_a_booking_of_the_same_id_and_keeps_its_age() -> None:
    booking = after(*a_life()[:3])

    assert (booking.id, booking.kind, booking.status, booking.version) == (
        ID,
        "booking",
        "booked",
        3,
    )
    assert booking.made_at == held(ID, MONDAY).at
    assert [place.patient_id for place in booking.places] == [ALICE]


def test_a_cancelled_booking_still_says_what_it_had() -> None:
    booking = after(*a_life())

    assert booking.status == "cancelled"
    assert [place.slot_id for place in booking.places] == [FRIDAY]


@pytest.mark.parametrize(("event", "status"), [(released, "released"), (lapsed, "expired")])
def test_a_hold_ends_given_back_or_run_out(event: Any, status: str) -> None:
    assert after(held(ID, MONDAY), event(ID, 2)).status == status


@given(st.integers(1, 6), st.data())
def test_a_batch_changes_a_booking_as_its_events_one_by_one_do(
    size: int, data: st.DataObject
) -> None:
    events = a_life()[:size]
    cut = data.draw(st.integers(0, size - 1))
    shuffled = data.draw(st.permutations(events[cut:]))

    [change] = fold(change_of(event) for event in shuffled)
    in_one = evolve(after(*events[:cut]) if cut else None, change)

    assert in_one.status == after(*events).status
    assert in_one.version == size
    assert in_one.places == after(*events).places
    assert in_one.expires_at == after(*events).expires_at


def test_changes_of_a_batch_come_sorted_so_that_nobody_waits_in_a_circle() -> None:
    changes = fold(change_of(event) for event in (booked(ID, MONDAY), booked(OTHER, MONDAY)))

    assert [change.id.bytes for change in changes] == sorted([ID.bytes, OTHER.bytes])


@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [
        ("pending", None, "pending"),
        ("held", None, "pending"),
        ("held", "claim_taken", "refused"),
        ("booked", None, "booked"),
        ("released", None, "expired"),
        ("expired", None, "expired"),
    ],
)
def test_a_hold_being_confirmed_is_shown_as_a_pending_booking(
    status: Any, reason: Any, shown: str
) -> None:
    booking = Booking(
        id=ID,
        owner_id=ALICE,
        kind="booking",
        status=status,
        version=0,
        home=0,
        made_at=held(ID, MONDAY).at,
        reason=reason,
    )

    assert booking.shown == shown
