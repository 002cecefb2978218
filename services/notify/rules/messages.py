"""What is told to whom, and until when?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import UNSET

from services.notify.rules.addresses import Channel
from services.notify.rules.reminders import VisitReminder
from shared.links.rules import Link, Purpose
from shared.messages import (
    AnnouncementWords,
    BookedPlace,
    BookingConfirmed,
    BookingEvent,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    BookingTold,
    VisitAdmitted,
    VisitByPhone,
    VisitEvent,
    VisitMissed,
    VisitTold,
)
from shared.naming import named

Heard = BookingEvent | VisitEvent
"""What the log says of bookings."""


class Announced(BookingTold, frozen=True, kw_only=True):
    """What is announced to many, to one of them. It is the messenger's own, and is no booking's:

    `booking_id` is the announcement's.
    """

    words: AnnouncementWords


Says = Literal["other_time", "not_by_reply", "ambiguous", "not_understood", "nothing"]
"""What somebody is answered: where they choose another time, or why nothing was done."""

Offer = Literal["all", "cancel", "move", "coming"]
"""Which answers a reminder takes beside that one comes: both others, one of them, or none."""


class ReplyAnswer(BookingTold, frozen=True, kw_only=True):
    """What whoever answered a reminder by text message is answered. It is the messenger's own.

    `places` are of the visit that was meant; where it is of none, `booking_id` is the answer's own.
    """

    says: Says
    offer: Offer = "coming"
    places: tuple[BookedPlace, ...] = ()


Told = Heard | VisitReminder | Announced | ReplyAnswer
"""Of what people are told."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell one person, no later than `expires_at`; by what is theirs to say."""

    event: Told
    owner_id: UUID
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
    """The booking's owner is told, every version in its turn.

    A later version does not make an earlier one unsaid: sent in order, each is true as of its
    version, and a cancellation never speaks of a booking that its reader has not heard of.
    """
    if isinstance(event, VisitTold):
        seconds = MAILED_SECONDS.get(type(event))
        if seconds is None:
            return []
        last = event.at + timedelta(seconds=seconds)
        return [Message(event=event, owner_id=event.owner_id, expires_at=last)]
    if isinstance(event, BookingMissed | BookingReinstated):
        if not came_to(event):
            return []
        last = event.at + timedelta(seconds=MISSED_SECONDS)
        return [Message(event=event, owner_id=event.owner_id, expires_at=last)]
    latest = max(place.starts_at for place in (*places_of(event), *freed_by(event)))
    return [Message(event=event, owner_id=event.owner_id, expires_at=latest)]


def key_of(event: Told, channel: Channel) -> UUID:
    """The message's name for a provider that asks for one: the same at each attempt."""
    return named(event.id, f"{event.owner_id}/{channel}")


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


def link_to_confirm(event: Told) -> Link | None:
    """What lets whoever is reminded say that they come: of the time of which they are reminded.

    Who hears of their own place in another's booking answers for nobody else in it.
    """
    if not isinstance(event, VisitReminder) or event.part == "own":
        return None
    return _link_of_time("confirm_visit", event)


def link_to_move(event: Told) -> Link | None:
    """What lets whoever is reminded of a visit for one, or answered, take another time for it."""
    is_answer = isinstance(event, ReplyAnswer) and event.says == "other_time"
    if not is_answer and link_to_confirm(event) is None:
        return None
    if not isinstance(event, VisitReminder | ReplyAnswer) or len(event.places) != 1:
        return None
    return _link_of_time("move_visit", event)


def offer_of(event: Told) -> Offer | None:
    """What may be answered to it by a text message: what its links do; None for nothing at all."""
    if link_to_confirm(event) is None:
        return None
    can_cancel, can_move = link_to_cancel(event) is not None, link_to_move(event) is not None
    if can_cancel and can_move:
        return "all"
    return "cancel" if can_cancel else "move" if can_move else "coming"


def _link_of_time(purpose: Purpose, event: VisitReminder | ReplyAnswer) -> Link:
    """Of the very time of which its reader was told."""
    first = min(place.starts_at for place in event.places)
    return Link(
        purpose=purpose,
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
