"""What is in the calendars of others after a booking was made, moved and cancelled?"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from services.notify.channels.email.mail import compose
from tests.notify_bookings import BOOKING, NOON, a_place, cancelled, confirmed, moved
from tests.notify_calendar import Kept, by_ical_js, by_icalendar

READERS = pytest.mark.parametrize("read", [by_ical_js, by_icalendar], ids=["ical.js", "icalendar"])
Read = Callable[[Sequence[bytes]], Kept]
LATER = NOON + timedelta(days=1)


def mail(event: Any, language: Any = "en") -> bytes:
    return compose(
        event, sender="no-reply@talon.example", recipient="a@b.cd", at=NOON, language=language
    )


def uid(nth: int) -> str:
    return f"{BOOKING}-{nth}@talon.example"


@READERS
def test_a_booking_that_is_moved_and_cancelled_is_one_entry_that_is_gone(read: Read) -> None:
    first, second = a_place(), a_place(LATER)
    mails = [
        mail(confirmed(first)),
        mail(moved(to=[second], away_from=[first], version=2)),
        mail(cancelled(second, version=3)),
    ]

    kept = [read(mails[:count]) for count in (1, 2, 3)]

    assert [one.known for one in kept] == [[uid(0)]] * 3
    assert kept[2].told == [("REQUEST", uid(0), 0), ("REQUEST", uid(0), 1), ("CANCEL", uid(0), 2)]
    assert [[entry.starts_at for entry in one.left] for one in kept] == [[NOON], [LATER], []]


@READERS
def test_in_whatever_order_mails_arrive_the_last_word_holds(read: Read) -> None:
    first, second = a_place(), a_place(LATER)
    mails = [
        mail(confirmed(first)),
        mail(moved(to=[second], away_from=[first], version=2)),
        mail(cancelled(second, version=3)),
    ]

    for some in permutations(mails):
        assert read(some).left == []


@READERS
def test_a_move_to_fewer_places_leaves_those_alone(read: Read) -> None:
    before = [a_place(), a_place(NOON + timedelta(hours=1))]

    kept = read([mail(confirmed(*before)), mail(moved(to=[a_place(LATER)], away_from=before))])

    assert kept.known == [uid(0), uid(1)]
    assert [(entry.uid, entry.starts_at) for entry in kept.left] == [(uid(0), LATER)]


@READERS
@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("Europe/Moscow", NOON),
        # The night in which Berlin's clocks are set back, and the day after New York's were set on.
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("Europe/Berlin", datetime(2026, 10, 25, 5, 0, tzinfo=UTC)),
        ("America/New_York", datetime(2027, 3, 15, 13, 0, tzinfo=UTC)),
        ("Asia/Kolkata", datetime(2026, 12, 31, 20, 0, tzinfo=UTC)),
    ],
)
def test_an_entry_is_at_the_very_moment_and_place(read: Read, zone: str, at: datetime) -> None:
    place = msgspec.structs.replace(
        a_place(at, time_zone=zone), clinic_name="Клиника; №\\12, «Ёж»", clinic_address="x\ty" * 60
    )

    [entry] = read([mail(confirmed(place), "ru")]).left

    assert (entry.starts_at, entry.ends_at) == (place.starts_at, place.ends_at)
    assert entry.summary == "Визит"
    assert entry.location == f"{place.clinic_name}, {place.clinic_address}"
