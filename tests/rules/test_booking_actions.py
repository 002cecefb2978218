"""Has a patient something to do in every state, and is what is over in nobody's way?"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.rules.actions import (
    OF_A_BOOKING,
    OF_A_HOLD,
    Action,
    actions,
    hold_actions,
)
from services.booking.rules.life import (
    NEXT,
    UNKNOWN,
    Booking,
    Shown,
    Status,
    change_of,
    evolve,
    fold,
)
from services.slots.rules import Inventory, decide, expire_dead, sweep
from services.slots.rules import evolve as make_so
from shared.messages import CancelBooking, Refused
from tests import stories
from tests.stories import CLINIC, NOON, TOMORROW, a_claim, an_id

PAGE = Path(__file__).resolve().parents[2] / "docs" / "journeys" / "limits.md"
MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
ONE_WEEK = timedelta(days=7)
DOSE = (a_claim("a dose of somebody"),)
OVER: set[Status] = {"cancelled", "noshow", "refused", "expired", "released"}


class Desk:
    """The referee's rules over one slot on Monday and one a week later, and the front desk's."""

    def __init__(self) -> None:
        self.inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
        self.booking: Booking | None = None
        self.ask(stories.open_clinic(CLINIC))
        self.ask(stories.open_slot(MONDAY, 1, cancel_until_minutes_before=120))
        self.ask(stories.open_slot(TUESDAY, 1, starts_at=TOMORROW + ONE_WEEK))

    def ask(self, wish: Any, at: datetime = NOON) -> Any:
        reply = decide(self.inventory, wish, at=at, home=0)
        if not isinstance(reply, Refused):
            make_so(self.inventory, reply)
        return reply

    def do(self, wish: Any, at: datetime = NOON) -> Any:
        """Ask, and keep what it makes of the booking."""
        reply = self.ask(wish, at)
        assert not isinstance(reply, Refused), reply
        self.booking = evolve(self.booking, change_of(reply))
        return reply


def late(at: datetime) -> dict[str, datetime]:
    return {"deadline": at + timedelta(minutes=1)}


def a_booking(status: Status, **about: Any) -> Booking:
    said: dict[str, Any] = {
        "id": an_id("booking"),
        "owner_id": an_id("owner"),
        "kind": "booking",
        "status": status,
        "version": 1,
        "home": 0,
        "made_at": NOON,
    }
    return Booking(**said | about)


def test_in_every_state_there_is_something_to_do() -> None:
    assert OF_A_BOOKING.keys() == {*get_args(Shown)}
    assert OF_A_HOLD.keys() == {*get_args(Status)} == NEXT.keys() - {UNKNOWN}
    assert all(OF_A_BOOKING.values())
    assert all(OF_A_HOLD.values())
    assert {a for row in (*OF_A_BOOKING.values(), *OF_A_HOLD.values()) for a in row} == {
        *get_args(Action)
    } - {"attend"}


@pytest.mark.parametrize("status", sorted(OVER))
def test_what_is_over_leads_nowhere_but_to_a_new_booking(status: Status) -> None:
    # A refusal under a key used twice may still turn out to be a yes.
    # A clinic may have been wrong.
    assert status in ("refused", "noshow") or not NEXT[status]
    assert OF_A_HOLD[status] == ("book",)


@pytest.mark.parametrize(
    "how", ["cancelled", "cancelled late", "by the clinic", "noshow", "released", "expired"]
)
def test_after_every_end_the_same_person_books_the_same_dose_again(how: str) -> None:
    desk = Desk()
    if how in ("released", "expired"):
        made = desk.do(stories.hold(MONDAY, ttl_seconds=60))
    else:
        made = desk.do(stories.book(MONDAY, claims=DOSE))
    at = TOMORROW - timedelta(minutes=1) if how == "cancelled late" else NOON
    if how == "released":
        desk.do(stories.release(made.booking_id))
    elif how == "noshow":
        at = TOMORROW + timedelta(minutes=15)
        early = stories.cancel(made.booking_id, missed=True, **late(TOMORROW))
        assert desk.ask(early, TOMORROW).reason == "not_over"
        desk.do(stories.cancel(made.booking_id, missed=True, **late(at)), at)
    elif how == "expired":
        at = NOON + timedelta(minutes=2)
        expire(desk, made.booking_id, at)
    else:
        reason = "clinic" if how == "by the clinic" else "patient"
        head = stories.a_head(**late(at))
        desk.do(CancelBooking(booking_id=made.booking_id, reason=reason, **head), at)

    where = TUESDAY if how == "noshow" else MONDAY
    again = desk.ask(stories.book(where, claims=DOSE, **late(at)), at)

    assert desk.booking is not None
    assert hold_actions(desk.booking, at) == ("book",)
    assert not isinstance(again, Refused), again


def test_that_nobody_came_is_taken_back_unless_the_dose_is_booked_anew() -> None:
    desk, other = Desk(), Desk()
    at = TOMORROW + timedelta(minutes=15)
    missed = {}
    for one in (desk, other):
        made = one.do(stories.book(MONDAY, claims=DOSE))
        one.do(stories.cancel(made.booking_id, missed=True, **late(at)), at)
        missed[one] = made.booking_id
    other.ask(stories.book(TUESDAY, claims=DOSE, **late(at)), at)

    back = [stories.restore(missed[one], MONDAY, claims=DOSE, **late(at)) for one in missed]
    desk.do(back[0], at)
    refused = other.ask(back[1], at)
    in_the_way = desk.ask(stories.book(TUESDAY, claims=DOSE, **late(at)), at)
    twice = stories.restore(missed[desk], MONDAY, claims=DOSE, **late(at))

    assert desk.booking is not None
    assert (desk.booking.status, actions(desk.booking, at)) == ("booked", ("attend",))
    assert refused.reason == in_the_way.reason == "claim_taken"
    assert desk.ask(twice, at).reason == "unknown"


def expire(desk: Desk, booking_id: UUID, at: datetime) -> None:
    assert list(expire_dead(desk.inventory, at))
    [gone] = sweep(desk.inventory, [booking_id], at)
    desk.booking = evolve(desk.booking, change_of(gone))


def test_who_was_refused_has_nothing_and_books_another() -> None:
    desk = Desk()
    desk.ask(stories.book(MONDAY))

    refused = desk.ask(stories.book(MONDAY, claims=DOSE))
    other = desk.ask(stories.book(TUESDAY, claims=DOSE))

    assert isinstance(refused, Refused)
    assert not isinstance(other, Refused)


def test_what_is_to_come_is_moved_or_given_up_when_a_part_is_past() -> None:
    desk = Desk()
    second = (a_claim("dose 2"),)
    made = desk.do(stories.book(MONDAY, TUESDAY, claims=(*DOSE, *second)))
    at = TOMORROW + timedelta(days=1)
    assert desk.booking is not None
    before = actions(desk.booking, at)

    whole = desk.ask(stories.cancel(made.booking_id, **late(at)), at)
    gone = desk.do(stories.move(made.booking_id, MONDAY, **late(at)), at)
    again = desk.ask(stories.book(TUESDAY, claims=second, **late(at)), at)

    assert before == ("reschedule", "cancel")
    assert whole.reason == "started"
    [stays] = gone.places
    # It stays the place that it was: who came to it, came.
    assert (stays.id, stays.slot_id, stays.claim) == (made.places[0].id, MONDAY, DOSE[0])
    assert not isinstance(again, Refused), again
    assert actions(desk.booking, at) == ("attend",)


def test_what_has_begun_is_neither_given_up_nor_doubled() -> None:
    desk = Desk()
    made = desk.do(stories.book(MONDAY, TUESDAY))
    at = TOMORROW + timedelta(days=1)

    without = desk.ask(stories.move(made.booking_id, TUESDAY, **late(at)), at)
    twice = desk.ask(stories.move(made.booking_id, MONDAY, MONDAY, **late(at)), at)

    assert (without.reason, twice.reason) == ("started", "started")


@pytest.mark.parametrize(("minutes", "is_late"), [(120, False), (119, True)])
def test_a_booking_keeps_that_it_was_cancelled_late_and_by_whom(
    minutes: int, is_late: bool
) -> None:
    desk = Desk()
    made = desk.do(stories.book(MONDAY))
    at = TOMORROW - timedelta(minutes=minutes)

    desk.do(stories.cancel(made.booking_id, **late(at)), at)

    assert desk.booking is not None
    assert (desk.booking.late, desk.booking.cancelled_by) == (is_late, "patient")


def test_who_moved_away_late_stays_late_when_they_cancel_in_time_afterwards() -> None:
    desk = Desk()
    made = desk.do(stories.book(MONDAY))
    at = TOMORROW - timedelta(minutes=5)

    moved = desk.do(stories.move(made.booking_id, TUESDAY, **late(at)), at)
    gone = desk.do(stories.cancel(made.booking_id, **late(at)), at)

    assert (moved.late, gone.late) == (True, False)
    assert desk.booking is not None
    assert desk.booking.late
    [folded] = fold([change_of(moved), change_of(gone)])
    assert (folded.late, folded.cancelled_by) == (True, "patient")


@settings(max_examples=200, deadline=None)
@given(
    notice=st.integers(0, 600),
    before=st.integers(1, 1_200),
    by=st.sampled_from(["patient", "clinic"]),
)
def test_late_is_what_a_watch_says(notice: int, before: int, by: Any) -> None:
    desk = Desk()
    desk.ask(stories.open_slot(an_id("other"), 1, cancel_until_minutes_before=notice))
    made = desk.do(stories.book(an_id("other")))
    at = TOMORROW - timedelta(minutes=before)

    head = stories.a_head(**late(at))
    desk.do(CancelBooking(booking_id=made.booking_id, reason=by, **head), at)

    # Somebody with a watch: fewer minutes were left than were asked for, and it was their doing.
    assert desk.booking is not None
    assert desk.booking.late == (by == "patient" and before < notice)


def test_a_hold_whose_time_is_over_is_over_though_nobody_said_so() -> None:
    hold = a_booking("held", kind="hold", expires_at=NOON)

    assert hold_actions(hold, NOON - timedelta(seconds=1)) == ("confirm", "renew", "release")
    assert hold_actions(hold, NOON) == ("book",)


def test_a_hold_that_was_renewed_is_not_renewed_again() -> None:
    hold = a_booking("held", kind="hold", expires_at=NOON, version=2)

    assert hold_actions(hold, NOON - timedelta(seconds=1)) == ("confirm", "release")


def test_the_page_has_the_same_table() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]
    told = {row.split(" | ")[0].strip("| `"): row.split(" | ")[1] for row in rows}

    for status in get_args(Status):
        said = ", ".join(f"`{action}`" for action in OF_A_HOLD[status])
        assert told[status].startswith(said), status
