"""To whom is one thing said at once, in which words, and how fast?

At first only a few are told. Then it rests, so that somebody can see what came of it and stop it;
only then all others are told, so many a second.
"""

import math
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from services.booking.rules.admission import CODES_MAX, Code
from shared.messages import AnnouncementWords, Instant, Text

PEOPLE_MAX = 200_000
"""The most people one announcement is for; a larger city is told by districts."""

WINDOW = timedelta(days=92)
"""The longest time whose visits one announcement concerns."""

LIFE = timedelta(days=14)
"""How long after it was written an announcement may still be told."""

BITE_SECONDS = 2.0
"""After a pause of ours no more are told at once than otherwise in so many seconds."""


class AtClinic(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="of",
    tag="clinic",
):
    """Whoever has a visit at a clinic that begins from `from` on, before `to`."""

    clinic_id: UUID
    since: Instant = msgspec.field(name="from")
    until: Instant = msgspec.field(name="to")
    service: Text | None = None


class InCampaign(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="of",
    tag="campaign",
):
    """Whoever has something booked in a campaign that is yet to begin."""

    campaign_id: UUID


class Residents(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="of",
    tag="residents",
):
    """Whoever is known to live in these districts, born from one month to another."""

    districts: Annotated[tuple[Code, ...], Meta(min_length=1, max_length=CODES_MAX)]
    born_from: date | None = None
    born_to: date | None = None


Audience = AtClinic | InCampaign | Residents


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How many are told first, how long it rests then, how many are told a second after that."""

    people_first: int
    rest_seconds: float
    people_per_second: float


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one. `people` is how many it is for, once it has begun."""

    id: UUID
    body_hash: bytes
    audience: Audience
    words: AnnouncementWords
    expires_at: datetime
    made_by: UUID
    made_at: datetime
    people: int | None = None
    begun_at: datetime | None = None
    released: int = 0
    released_at: datetime | None = None
    stopped_at: datetime | None = None
    stopped_by: UUID | None = None


Status = Literal["written", "few", "resting", "telling", "told", "stopped", "expired"]


def wrong_with(audience: Audience, expires_at: datetime, now: datetime) -> str | None:
    """What to do about an announcement that cannot be made; None for a good one."""
    if not now < expires_at <= now + LIFE:
        return f"expires_at lies ahead, by at most {LIFE.days} days."
    match audience:
        case AtClinic(since=since, until=until) if not since < until <= since + WINDOW:
            return f"to is later than from, by at most {WINDOW.days} days."
        case Residents(born_from=since, born_to=until) if since and until and until < since:
            return "born_to is not before born_from."
        case _:
            return None


def status_of(announcement: Announcement, now: datetime, pace: Pace) -> Status:
    """How it stands now. Nothing is stored that time alone would change."""
    if announcement.stopped_at is not None:
        return "stopped"
    if announcement.people is not None and announcement.released >= announcement.people:
        return "told"
    if now >= announcement.expires_at:
        return "expired"
    if announcement.begun_at is None:
        return "written"
    if announcement.released < pace.people_first:
        return "few"
    if (now - announcement.begun_at).total_seconds() < pace.rest_seconds:
        return "resting"
    return "telling"


def to_release(announcement: Announcement, now: datetime, pace: Pace) -> int:
    """How many more may be told now."""
    if announcement.begun_at is None or announcement.people is None:
        return 0
    match status_of(announcement, now, pace):
        case "few":
            return min(announcement.people, pace.people_first) - announcement.released
        case "telling":
            rest_ends = announcement.begun_at + timedelta(seconds=pace.rest_seconds)
            since = max(announcement.released_at or rest_ends, rest_ends)
            seconds = min(BITE_SECONDS, (now - since).total_seconds())
            left = announcement.people - announcement.released
            return min(left, math.floor(pace.people_per_second * max(0.0, seconds)))
        case _:
            return 0
