"""What does a person's calendar get? For each place one iCalendar object of its own (RFC 5546).

An object has one METHOD and, in a request or a cancellation, one UID; so a booking of three places
is three objects, and a move to fewer places asks for some and cancels the rest in one message.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from services.notify.rules import Language, Told, freed_by, places_of
from services.notify.rules.messages import Announced, ReplyAnswer
from services.notify.rules.reminders import VisitReminder
from services.notify.texts import FALLBACK, calendar_entry, where
from shared.messages import PLACES_MAX, BookedPlace, BookingMissed, BookingReinstated

PRODUCT = "-//Talon//Talon//EN"
CALENDAR_ENDS = b"END:VCALENDAR\r\n"
TIME_ZONES_REMEMBERED_MAX = 256

Method = Literal["REQUEST", "CANCEL"]

WITHOUT_ENTRY = (BookingMissed, BookingReinstated, VisitReminder, Announced, ReplyAnswer)
"""These change no calendar."""


class Invitation(msgspec.Struct, frozen=True):
    """One iCalendar object and its method, which the message part repeats in its type."""

    method: Method
    text: str


def invitations(
    event: Told, *, organizer: str, attendee: str, language: Language = FALLBACK
) -> list[Invitation]:
    """What to put into the calendar and what to take out of it.

    The place with the same number keeps its UID over all moves, and SEQUENCE grows with the
    booking's version, so a calendar changes its entry and never adds a second one. Who has heard
    of more places before than they are told of now has whatever else there may be taken out.
    """
    if isinstance(event, WITHOUT_ENTRY):
        return []
    asked, freed = places_of(event), freed_by(event)
    gone = freed
    if event.part == "rest":
        gone = (*freed, *asked)[:1] * PLACES_MAX
    placed: list[tuple[Method, int, BookedPlace]] = [
        *(("REQUEST", nth, place) for nth, place in enumerate(asked)),
        *(("CANCEL", nth, place) for nth, place in enumerate(gone) if nth >= len(asked)),
    ]
    made = []
    for method, nth, place in placed:
        entry = _entry(event, nth, place, method)
        entry.add("summary", calendar_entry(language))
        entry.add("organizer", vCalAddress(f"mailto:{organizer}"))
        entry.add("attendee", _attendee(attendee))
        made.append(Invitation(method, _calendar(method, entry, place)))
    return made


def _calendar(method: Method, entry: Event, place: BookedPlace) -> str:
    zone = _time_zone(place.time_zone, place.starts_at.year)
    text: bytes = _calendar_begins(method) + zone + entry.to_ical() + CALENDAR_ENDS
    return text.decode()


def _entry(event: Told, nth: int, place: BookedPlace, method: Method) -> Event:
    zone = ZoneInfo(place.time_zone)
    entry = Event()
    # A place in another's booking has an entry of its own, though both read one mailbox.
    whose = f"{event.owner_id}-" if event.part == "own" else ""
    entry.add("uid", f"{event.booking_id}-{whose}{nth}@talon.example")
    entry.add("sequence", event.version - 1)
    entry.add("dtstamp", event.at.astimezone(UTC))
    entry.add("dtstart", _told(place.starts_at, zone))
    entry.add("dtend", _told(place.ends_at, zone))
    entry.add("location", where(place))
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    entry.add("class", "PRIVATE")
    return entry


def _told(at: datetime, zone: ZoneInfo) -> datetime:
    """By the clinic's clock; where that shows the same hour twice, by the one that never does."""
    local = at.astimezone(zone)
    twice = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    return at.astimezone(UTC) if twice else local


def _attendee(address: str) -> vCalAddress:
    """They booked it themselves: nothing is left to answer."""
    attendee = vCalAddress(f"mailto:{address}")
    attendee.params["partstat"] = vText("ACCEPTED")
    attendee.params["rsvp"] = vText("FALSE")
    return attendee


@lru_cache
def _calendar_begins(method: Method) -> bytes:
    """What stands in every calendar of this method before its time zone."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    text: bytes = calendar.to_ical()
    return text.removesuffix(CALENDAR_ENDS)


@lru_cache(TIME_ZONES_REMEMBERED_MAX)
def _time_zone(name: str, year: int) -> bytes:
    """The zone's rules around a year, written out: nine tenths of a calendar's lines are these."""
    first, last = date(year - 1, 1, 1), date(year + 2, 1, 1)
    text: bytes = Timezone.from_tzid(name, first_date=first, last_date=last).to_ical()
    return text
