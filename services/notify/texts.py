"""In what words is a person told? Short, without names or reasons for care, in clinic time."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from services.notify.rules import Told, came_to
from services.notify.rules.messages import Announced
from services.notify.rules.reminders import VisitReminder
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    VisitAdmitted,
    VisitByPhone,
    VisitMissed,
)

VISIT = "Visit"
"""What a calendar shows on a screen that others may see."""

_CLOSING = "This message was sent automatically; replies to it are not read."
_CANCELLING = (
    "If you cannot come, cancel here, without signing in; the page asks once more:\n{address}\n"
    "Whoever has this address can cancel your visit, so keep it to yourself."
)
_JOINING = (
    "The visit is held from afar. Come to its page by this address; it says when it opens:\n"
    "{addresses}\n"
    "The address is for one person, who may use it again after a lost connection."
)
_JOINING_ALL = (
    "The visits are held from afar, each by an address of its own, in the order of the places. The "
    "page says when it opens:\n{addresses}\n"
    "Each address is for one person, who may use it again after a lost connection."
)
_AGAIN = "Come to the page again by this address:\n{addresses}"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Wording(msgspec.Struct, frozen=True):
    """A message in words."""

    subject: str
    text: str


def wording(event: Told, cancel_at: str = "", join_at: Sequence[str] = ()) -> Wording:
    """What a person reads about this, and at which addresses they may cancel it and come to it."""
    match event:
        case BookingConfirmed():
            subject = f"Your visit on {_first_day(event.places)} is booked"
            by_whom = "The clinic booked your visit for you." if event.by == "clinic" else ""
            paragraphs = [by_whom or "Your visit is booked.", *_in_order(event.places)]
        case BookingRescheduled():
            subject = f"Your visit was moved to {_first_day(event.places)}"
            paragraphs = [
                "Your visit was moved. It is now:",
                *_in_order(event.places),
                "It is no longer:",
                *_in_order(event.freed),
            ]
        case BookingRevoked():
            subject = f"Your visit on {_first_day(event.freed)} is cancelled"
            by_whom = "The clinic cancelled your visit." if event.reason == "clinic" else ""
            paragraphs = [by_whom or "Your visit is cancelled.", *_in_order(event.freed)]
        case BookingMissed() | BookingReinstated():
            subject, paragraphs = _of_who_came(event)
        case VisitReminder():
            subject = f"A reminder of your visit on {_first_day(event.places)}"
            paragraphs = ["Please remember your visit.", *_in_order(event.places)]
        case Announced():
            subject, paragraphs = event.words.en.subject, [event.words.en.text]
        case VisitAdmitted() | VisitByPhone() | VisitMissed():
            subject, paragraphs = _of_a_visit(event)
        case _:
            raise ValueError(f"nothing is written of {type(event).__name__}")
    told = [*paragraphs, *_joining(event, join_at)]
    told += [_CANCELLING.format(address=cancel_at)] if cancel_at else []
    told.append(_CLOSING)
    return Wording(subject, "\n\n".join(told) + "\n")


def _of_who_came(event: BookingMissed | BookingReinstated) -> tuple[str, list[str]]:
    """What the clinic says of who came: the subject, and what is said."""
    places = came_to(event)
    when = _in_order(places)
    match event:
        case BookingMissed():
            said = "The clinic says that nobody came to this visit."
            then = (
                "If you still need it, book another: nothing stands in the way of that. If you "
                "were there, tell the clinic: it can take this back."
            )
            return f"You missed your visit on {_first_day(places)}", [said, *when, then]
        case BookingReinstated():
            said = "The clinic has corrected its records: your visit does not count as missed."
            then = "There is nothing that you need to do."
            return f"Your visit on {_first_day(places)} was not missed", [said, *when, then]
        case _:
            assert_never(event)


def _of_a_visit(event: VisitAdmitted | VisitByPhone | VisitMissed) -> tuple[str, list[str]]:
    """A telemedicine visit: the subject, and what is said."""
    when = [_when_and_where(event.place)]
    match event:
        case VisitAdmitted():
            return "The doctor is ready for you", ["The doctor is ready for your visit now.", *when]
        case VisitByPhone():
            said = "Your visit is held by phone: the clinic calls you."
            return "Your visit is held by phone", [said, *when]
        case VisitMissed(noshow_by="practitioner"):
            said = "You had come, and were not called in. We are sorry. Please book another visit."
            return f"Your visit on {_first_day([event.place])} was not held", [said, *when]
        case VisitMissed():
            said = "You had not come to your visit in time. If you still need it, book another."
            return f"You missed your visit on {_first_day([event.place])}", [said, *when]
        case _:
            assert_never(event)


def _joining(event: Told, join_at: Sequence[str]) -> list[str]:
    if not join_at:
        return []
    text = _JOINING if len(join_at) == 1 else _JOINING_ALL
    if isinstance(event, VisitAdmitted):
        text = _AGAIN
    return [text.format(addresses="\n".join(join_at))]


def where(place: BookedPlace) -> str:
    """The place on one line."""
    return ", ".join(part for part in (place.clinic_name, place.clinic_address) if part)


def _in_order(places: Sequence[BookedPlace]) -> list[str]:
    """One paragraph per time and place; two people at the same are one visit for two."""
    ordered = sorted(places, key=lambda place: (place.starts_at, place.clinic_name))
    told = [_when_and_where(place) for place in ordered]
    return [_counted(paragraph, told.count(paragraph)) for paragraph in dict.fromkeys(told)]


def _counted(paragraph: str, people: int) -> str:
    return paragraph if people == 1 else f"{paragraph}\nPlaces: {people}"


def _when_and_where(place: BookedPlace) -> str:
    zone = ZoneInfo(place.time_zone)
    begin, end = place.starts_at.astimezone(zone), place.ends_at.astimezone(zone)
    to = f"{end:%H:%M}" if end.date() == begin.date() else f"{_day(end)}, {end:%H:%M}"
    lines = [f"{_day(begin)}, {begin:%H:%M} to {to} ({place.time_zone})"]
    return "\n".join([*lines, *filter(None, (place.clinic_name, place.clinic_address))])


def _first_day(places: Sequence[BookedPlace]) -> str:
    first = min(places, key=lambda place: place.starts_at)
    begin = first.starts_at.astimezone(ZoneInfo(first.time_zone))
    return f"{begin.day} {_MONTHS[begin.month - 1]} at {begin:%H:%M}"


def _day(moment: datetime) -> str:
    """Spelled here, since strftime speaks the language of whoever started the process."""
    return f"{_DAYS[moment.weekday()]} {moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
