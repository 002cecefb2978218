"""What is told to whom, until when, and what becomes of a message after each attempt?"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET

from services.notify.rules.reminders import VisitReminder
from shared.links.rules import Link
from shared.messages import (
    BookedPlace,
    BookingConfirmed,
    BookingEvent,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    VisitAdmitted,
    VisitByPhone,
    VisitEvent,
    VisitMissed,
    VisitTold,
)

Channel = Literal["email"]
Heard = BookingEvent | VisitEvent
"""What the log says of bookings."""

Told = Heard | VisitReminder
"""Of what people are told."""

State = Literal["waiting", "claimed", "sent", "failed", "unknown", "expired", "no_address"]
Happening = Literal[
    "taken",
    "visit_passed",
    "no_contact",
    "accepted",
    "refused",
    "deferred",
    "unanswered",
    "sender_lost",
]

NEXT: Mapping[State, Mapping[Happening, State]] = {
    "waiting": {"taken": "claimed", "visit_passed": "expired", "no_contact": "no_address"},
    "claimed": {
        "accepted": "sent",
        "refused": "failed",
        "deferred": "waiting",
        "unanswered": "unknown",
        "sender_lost": "unknown",
    },
    # Never back among the waiting: nobody may be told twice. A sender that was only slow, or could
    # not reach the database, still says what it knows.
    "unknown": {"accepted": "sent", "refused": "failed"},
    "sent": {},
    "failed": {},
    "expired": {},
    "no_address": {},
}
"""What a message becomes, by what happens to it. Without an entry it does not happen."""


# ---- what is told -------------------------------------------------------------------------------


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell one person over one channel, no later than `expires_at`."""

    event: Told
    owner_id: UUID
    channel: Channel
    expires_at: datetime


MAILED_SECONDS: Mapping[type[VisitTold], float] = {
    VisitAdmitted: 600.0,
    VisitByPhone: 3_600.0,
    VisitMissed: 7 * 86_400.0,
}
"""Of which steps of a visit it is written to somebody who may not sit before the page, and how long
that is still news. Of the others their open pages hear."""

MISSED_SECONDS = 7 * 86_400.0
"""How long it is news that a clinic says that nobody came, or takes that back."""

LINK_LIVES = timedelta(days=1)
"""How long after its beginning a visit's link is signed for; when it leads in, booking says."""


def messages_for(event: Heard) -> list[Message]:
    """The booking's owner is told by e-mail, every version in its turn.

    A later version does not make an earlier one unsaid: sent in order, each is true as of its
    version, and a cancellation never speaks of a booking that its reader has not heard of.
    """
    if isinstance(event, VisitTold):
        seconds = MAILED_SECONDS.get(type(event))
        if seconds is None:
            return []
        last = event.at + timedelta(seconds=seconds)
        return [Message(event=event, owner_id=event.owner_id, channel="email", expires_at=last)]
    if isinstance(event, BookingMissed | BookingReinstated):
        if not came_to(event):
            return []
        last = event.at + timedelta(seconds=MISSED_SECONDS)
        return [Message(event=event, owner_id=event.owner_id, channel="email", expires_at=last)]
    latest = max(place.starts_at for place in (*places_of(event), *freed_by(event)))
    return [Message(event=event, owner_id=event.owner_id, channel="email", expires_at=latest)]


def places_of(event: Told) -> tuple[BookedPlace, ...]:
    """The places the booking has after this; a step of a visit changes none."""
    match event:
        case BookingConfirmed() | BookingRescheduled() | BookingReinstated() | VisitReminder():
            return event.places
        case _:
            return ()


def freed_by(event: Told) -> tuple[BookedPlace, ...]:
    """The places the booking had before this and was moved or cancelled away from."""
    match event:
        case BookingRescheduled() | BookingRevoked() | BookingMissed():
            return event.freed
        case _:
            return ()


def came_to(event: BookingMissed | BookingReinstated) -> tuple[BookedPlace, ...]:
    """The visits of it that one goes to; of one from afar its own steps have told by themselves."""
    places = (*places_of(event), *freed_by(event))
    return tuple(place for place in places if place.modality == "physical")


def link_to_cancel(event: Told) -> Link | None:
    """What lets its owner cancel the booking without signing in, until the first visit begins."""
    places = places_of(event)
    # What is a part of a booking is changed by who has signed in.
    if not places or isinstance(event, BookingReinstated) or event.part is not UNSET:
        return None
    first = min(place.starts_at for place in places)
    return Link(
        purpose="cancel_booking",
        person_id=event.owner_id,
        object_id=event.booking_id,
        until=first.replace(microsecond=0),
    )


def links_to_visits(event: Told) -> list[Link]:
    """What lets each person into their telemedicine visit, in the order of their places."""
    if isinstance(event, BookingReinstated):
        return []
    places = (event.place,) if isinstance(event, VisitAdmitted) else places_of(event)
    return [
        Link(
            purpose="visit" if place.patient_id == event.owner_id else "visit_for_another",
            person_id=place.patient_id,
            object_id=event.booking_id,
            until=(place.starts_at + LINK_LIVES).replace(microsecond=0),
        )
        for place in places
        if place.modality == "virtual"
    ]


# ---- what becomes of it -------------------------------------------------------------------------


class Accepted(msgspec.Struct, frozen=True):
    """The server said that it has the message."""


class Refused(msgspec.Struct, frozen=True):
    """The server said that it does not: `code` is its reply, `stage` what was asked."""

    code: int
    stage: str


class NotHandedOver(msgspec.Struct, frozen=True):
    """The connection was lost before a word of the content was sent: certainly not told."""

    stage: str


class Unanswered(msgspec.Struct, frozen=True):
    """The content was sent, wholly or in part, and no reply came: perhaps told, perhaps not."""


class Unwritable(msgspec.Struct, frozen=True):
    """The message could not even be put into words: our mistake."""

    error: str


class Untried(msgspec.Struct, frozen=True):
    """Claimed and given back: the line was lost, the time ran out, or the process stops."""


Outcome = Accepted | Refused | NotHandedOver | Unanswered | Unwritable | Untried


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How often a message is tried, and how long between."""

    attempts_max: int
    backoff_seconds_min: float
    backoff_seconds_max: float


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted of one claimed message; it waits again for so many seconds, if at all."""

    state: State
    tried: int = 1
    wait_seconds: float = 0.0
    note: str = ""


def settle(outcome: Outcome, attempts: int, patience: Patience, chance: float) -> Mark:
    """What a claimed message becomes; `attempts` were made before, `chance` is from 0 to 1."""
    match outcome:
        case Accepted():
            return _mark("accepted")
        case Unanswered():
            return _mark("unanswered", note="no reply after the content")
        case Unwritable():
            return _mark("refused", note=f"not written: {outcome.error}")
        case Untried():
            return Mark(state=NEXT["claimed"]["deferred"], tried=0)
        case Refused():
            note = f"{outcome.code} at {outcome.stage}"
            if outcome.code >= 500:
                return _mark("refused", note=note)
            return _again(note, attempts + 1, patience, chance)
        case NotHandedOver():
            return _again(f"lost at {outcome.stage}", attempts + 1, patience, chance)
        case _:
            assert_never(outcome)


def _again(note: str, attempts: int, patience: Patience, chance: float) -> Mark:
    if attempts >= patience.attempts_max:
        return _mark("refused", note=f"{note}, attempt {attempts}")
    # The exponent is bounded only so that a large number of attempts cannot overflow a float.
    longest = patience.backoff_seconds_min * 2.0 ** min(attempts - 1, 60)
    seconds = min(longest, patience.backoff_seconds_max) * (1 + chance) / 2
    return Mark(state=NEXT["claimed"]["deferred"], wait_seconds=seconds, note=note)


def _mark(happening: Happening, note: str = "") -> Mark:
    return Mark(state=NEXT["claimed"][happening], note=note)


# ---- where a person can be reached -------------------------------------------------------------

ADDRESS_LENGTH_MAX = 254
LOCAL_LENGTH_MAX = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def wrong_with_address(email: str) -> str | None:
    """What to do about an address that mail cannot be sent to; None for a good one.

    Nothing that passes can break out of a header or an SMTP command.
    """
    if len(email) > ADDRESS_LENGTH_MAX:
        return f"An e-mail address has at most {ADDRESS_LENGTH_MAX} characters."
    if not email.isascii():
        return (
            "Write the e-mail address in plain ASCII; a domain in another script has a form "
            "that begins with xn--."
        )
    local, _, domain = email.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > LOCAL_LENGTH_MAX:
        return "Write the e-mail address as name@domain, without spaces, quotes or brackets."
    if not _DOMAIN.fullmatch(domain):
        return "The part after the @ must be a domain with a dot, such as example.org."
    return None
