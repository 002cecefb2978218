"""How does a person wish to be told: by which channel first, in which language, at what hours?"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import blake2b
from typing import Literal, assert_never, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from services.notify.rules.addresses import Channel, Language
from services.notify.rules.messages import Announced, ReplyAnswer, Told, freed_by, places_of
from services.notify.rules.reminders import VisitReminder
from shared.links.rules import Link
from shared.messages import (
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    VisitAdmitted,
    VisitByPhone,
    VisitMissed,
    VisitTold,
)

Kind = Literal["booking", "change", "reminder", "visit", "attendance", "announcement"]
"""What a message is about, as far as somebody may not want to hear of it."""

DUE: tuple[Kind, ...] = ("change",)
"""What the clinic changed is told whether one likes it or not."""

DECLINABLE: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind not in DUE)

BY_LINK: Mapping[Kind, UUID] = {
    "reminder": UUID("d3c11e00-0000-4000-8000-000000000001"),
    "announcement": UUID("d3c11e00-0000-4000-8000-000000000002"),
}
"""What can be declined by a link in the message, and as which object the link names it. A program
may press it: of what it stops, nobody comes in vain who does not hear of it."""

LINK_LIVES = timedelta(days=90)
"""How long after a message its link is good: who finds it later has got newer ones, or none."""

CHANNELS: tuple[Channel, ...] = ("email", "sms", "web_push", "mobile_push", "list")
"""In which order people are told who have not said."""

CONSENT_VERSION = "2026-12"
"""Of the words by which one agrees to hear of more than one's own visits."""

CONSENTED: tuple[Kind, ...] = ("announcement",)
"""What is more than one's own visits. Where a consent is asked for, it is told to who gave one."""

VERSION_BYTES = 8
"""Of the name of what somebody wishes; it only has to differ from the one before."""

ON_THE_WAY = timedelta(hours=2)
"""So long before a visit it is too late to hear that it is not held: nobody is left to sleep."""


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when one is left in peace, by one's own clock; over midnight or not."""

    begins: time
    ends: time
    time_zone: str

    def until(self, now: datetime) -> datetime | None:
        """When the quiet ends in which `now` lies; None outside of it."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        clock, day = local.time(), local.date()
        if self.begins <= self.ends:
            is_quiet = self.begins <= clock < self.ends
        else:
            is_quiet = clock >= self.begins or clock < self.ends
            day += timedelta(days=1 if clock >= self.begins else 0)
        if not is_quiet:
            return None
        # Where a clock is put back an hour comes twice, and the quiet ends with the second.
        ends = [
            datetime.combine(day, self.ends.replace(fold=fold), local.tzinfo).astimezone(UTC)
            for fold in (0, 1)
        ]
        return next((end for end in ends if end > now), None)


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has said of how they wish to be told; nothing is said at first."""

    language: Language | None = None
    channels: tuple[Channel, ...] = ()
    quiet: QuietHours | None = None
    declined: tuple[Kind, ...] = ()
    consent_version: str | None = None


def version_of(wishes: Wishes) -> str:
    """What names these wishes: whoever changes them says which they have seen."""
    return blake2b(msgspec.json.encode(wishes), digest_size=VERSION_BYTES).hexdigest()


def kind_of(event: Told) -> Kind:
    """What it is about. Who moved a booking nobody says, so a move counts as the clinic's."""
    match event:
        case BookingConfirmed():
            return "booking"
        case BookingRescheduled():
            return "change"
        case BookingRevoked():
            return "change" if event.reason == "clinic" else "booking"
        case BookingMissed() | BookingReinstated():
            return "attendance"
        case VisitReminder() | ReplyAnswer():
            return "reminder"
        case Announced():
            return "announcement"
        case VisitTold():
            return "visit"
        case _:
            assert_never(event)


def link_to_decline(event: Told) -> Link | None:
    """What lets its reader hear no more of such messages; an answer is one that they asked for."""
    kind = BY_LINK.get(kind_of(event))
    if kind is None or isinstance(event, ReplyAnswer):
        return None
    return Link(
        purpose="decline",
        person_id=event.owner_id,
        object_id=kind,
        until=(event.at + LINK_LIVES).replace(microsecond=0),
    )


def declined_by(link: Link) -> Kind | None:
    """Which kind a link is for; None where it is for something else."""
    if link.purpose != "decline":
        return None
    return next((kind for kind, named in BY_LINK.items() if named == link.object_id), None)


def told_from(event: Told, quiet: QuietHours | None, now: datetime, until: datetime) -> datetime:
    """From when on it may be told that is to be told before `until`: now, or when quiet is over."""
    end = quiet.until(now) if quiet is not None else None
    if end is None or end >= until or _is_told_at_once(event):
        return now
    places = (*places_of(event), *freed_by(event))
    first = min((place.starts_at for place in places if place.starts_at > now), default=None)
    if first is not None and end + ON_THE_WAY > first:
        return now
    return end


def _is_told_at_once(event: Told) -> bool:
    """Who has just done something is awake; and a doctor who waits, waits now."""
    match event:
        case BookingConfirmed():
            return event.by is UNSET
        case BookingRevoked():
            return event.reason == "patient"
        case BookingRescheduled() | VisitAdmitted() | VisitByPhone() | ReplyAnswer():
            return True
        case BookingMissed() | BookingReinstated() | VisitReminder() | VisitMissed() | Announced():
            return False
        case _:
            return True


def wrong_with_wishes(wishes: Wishes) -> str | None:
    """What to do about wishes that cannot be kept; None for good ones."""
    if len(set(wishes.channels)) != len(wishes.channels):
        return "Name each channel once."
    due = [kind for kind in wishes.declined if kind in DUE]
    if due:
        return f"{due[0]!r} is told to everybody: leave it out of what is declined."
    if len(set(wishes.declined)) != len(wishes.declined):
        return "Name each kind once."
    if wishes.quiet is not None:
        if wishes.quiet.begins == wishes.quiet.ends:
            return "Let the quiet begin and end at different times, or send null for none."
        if not _is_time_zone(wishes.quiet.time_zone):
            return "Name the time zone as Europe/Moscow is named."
    if wishes.consent_version not in (None, CONSENT_VERSION):
        return f"Only version {CONSENT_VERSION} can be agreed to."
    return None


def route_of(reachable: Collection[Channel], ordered: Sequence[Channel]) -> list[Channel]:
    """By which channels one is told, the first one first; a list only where one asked for it."""
    named = [each for each in ordered if each in reachable or each == "list"]
    return named + [each for each in CHANNELS if each in reachable and each not in named]


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
