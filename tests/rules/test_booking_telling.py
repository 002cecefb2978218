"""What is told about a booking, and what a refusal means to a person?"""

from typing import Any, get_args

import msgspec
import pytest
from msgspec import UNSET

from services.booking.rules.life import places_of
from services.booking.rules.refusals import TOLD, told
from services.booking.rules.telling import Known, needs_known, tell
from shared.messages import (
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    Refusal,
)
from tests import stories
from tests.booking_stories import (
    ALICE,
    FRIDAY,
    MONDAY,
    TUESDAY,
    a_place,
    booked,
    cancelled,
    held,
    lapsed,
    missed,
    moved,
    opened,
    refused,
    restored,
)
from tests.stories import an_id

ID = an_id("a booking")


def slots_in(places: Any) -> list[Any]:
    return [place.slot_id for place in places]


def test_each_change_is_told_once_with_the_places_before_it() -> None:
    told_of = tell([booked(ID, MONDAY), moved(ID, 2, TUESDAY), cancelled(ID, 3)], {})

    confirmed, rescheduled, revoked = told_of
    assert isinstance(confirmed, BookingConfirmed)
    assert isinstance(rescheduled, BookingRescheduled)
    assert isinstance(revoked, BookingRevoked)
    assert slots_in(confirmed.places) == [MONDAY]
    assert (slots_in(rescheduled.freed), slots_in(rescheduled.places)) == ([MONDAY], [TUESDAY])
    assert slots_in(revoked.freed) == [TUESDAY]
    assert revoked.owner_id == ALICE


def test_how_long_before_one_is_reminded_is_said_where_the_service_says_so() -> None:
    events = [booked(ID, MONDAY), moved(ID, 2, TUESDAY), cancelled(ID, 3)]
    service = events[0].places[0].service

    confirmed, rescheduled, revoked = tell(events, {}, {service: ("P14D",)})
    other, *_ = tell(events, {}, {"something else": ("P14D",)})

    assert isinstance(confirmed, BookingConfirmed)
    assert isinstance(rescheduled, BookingRescheduled)
    assert isinstance(revoked, BookingRevoked)
    assert isinstance(other, BookingConfirmed)
    said = [place.remind for place in (*confirmed.places, *rescheduled.places)]
    assert said == [("P14D",), ("P14D",)]
    assert [place.remind for place in (*revoked.freed, *other.places)] == [UNSET, UNSET]


def test_that_nobody_came_is_told_and_so_is_that_it_was_a_mistake() -> None:
    told_of = tell([booked(ID, MONDAY), missed(ID, 2), restored(ID, 3, MONDAY)], {})

    _, nobody, came = told_of
    assert isinstance(nobody, BookingMissed)
    assert isinstance(came, BookingReinstated)
    assert slots_in(nobody.freed) == slots_in(came.places) == [MONDAY]
    assert (nobody.version, came.version, came.owner_id) == (2, 3, ALICE)
    assert needs_known([restored(ID, 3, MONDAY)]) == [ID]


def test_to_whoever_was_there_nothing_happened_as_others_did_not_come() -> None:
    both = booked(ID, MONDAY, TUESDAY)
    here = msgspec.structs.replace(moved(ID, 2), places=both.places[:1], missed=True)

    _, told_so = tell([both, here], {})

    assert isinstance(told_so, BookingMissed)
    assert slots_in(told_so.freed) == [TUESDAY]


def test_what_was_booked_in_an_earlier_batch_must_be_known() -> None:
    known = {ID: Known(ALICE, places_of([a_place(MONDAY)]))}

    needed = needs_known([moved(ID, 2, FRIDAY), cancelled(ID, 3)])
    [rescheduled, revoked] = tell([moved(ID, 2, FRIDAY), cancelled(ID, 3)], known)

    assert needed == [ID]
    assert isinstance(rescheduled, BookingRescheduled)
    assert isinstance(revoked, BookingRevoked)
    assert slots_in(rescheduled.freed) == [MONDAY]
    assert slots_in(revoked.freed) == [FRIDAY]


def test_what_the_batch_itself_says_need_not_be_known() -> None:
    assert needs_known([booked(ID, MONDAY), moved(ID, 2, FRIDAY), cancelled(ID, 3)]) == []


def test_holds_and_slots_are_nobody_s_news() -> None:
    assert tell([held(ID, MONDAY), lapsed(ID, 2), opened(MONDAY)], {}) == [None, None, None]


def test_a_replay_tells_the_same_under_the_same_id() -> None:
    assert tell([booked(ID, MONDAY)], {}) == tell([booked(ID, MONDAY)], {})


def test_a_place_without_a_person_is_its_owner_s() -> None:
    known = {ID: Known(ALICE, places_of([a_place(MONDAY, patient_id=None)]))}

    [revoked] = tell([cancelled(ID, 2)], known)

    assert isinstance(revoked, BookingRevoked)
    assert [place.patient_id for place in revoked.freed] == [ALICE]


def test_every_refusal_has_words() -> None:
    assert set(TOLD) == set(get_args(Refusal))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (stories.book(MONDAY), "slot_unknown"),
        (stories.hold(MONDAY), "slot_unknown"),
        (stories.move(ID, MONDAY), "booking_unknown"),
        (stories.cancel(ID), "booking_unknown"),
        (stories.confirm(ID, MONDAY), "hold_gone"),
        (stories.renew(ID), "hold_gone"),
        (stories.release(ID), "hold_gone"),
    ],
)
def test_what_is_unknown_depends_on_what_was_asked_about(asked: Any, code: str) -> None:
    assert told(refused(asked.id, "unknown"), asked, None).code == code
