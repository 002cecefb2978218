"""What does a schedule look like before it counts, and what a version of it afterwards?"""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from services.slots.api.weekly import NewSchedule, OpenedSchedule
from services.slots.rules.versions import KeptSlot, Plan, PlannedChange

PREVIEW_SHOWN_MAX = 200
"""How many slots of each kind are shown one by one; all are counted."""

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}(?![\s\S])", max_length=32)]


class PreviewWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST …/schedules/preview`; `replaces` is a schedule of which it is a version."""

    schedule: NewSchedule
    replaces: UUID | None = None


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST …/schedules/{schedule}/versions`; `digest` is that of what was seen."""

    schedule: NewSchedule
    digest: Digest


class SlotShown(msgspec.Struct, frozen=True, kw_only=True):
    """A slot that changes; its id where it has one already."""

    slot_id: UUID | None
    starts_at: datetime
    capacity: int


class SlotsShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many change so, and the first of them."""

    slots: int
    first: tuple[SlotShown, ...]


class KeptShown(msgspec.Struct, frozen=True, kw_only=True):
    """The slots that stay as they are since people are in them, how many people, and the first."""

    slots: int
    people: int
    first: tuple[KeptSlot, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What would be, from the schedule's first day to `until`, of slots that are to come.

    Of all its `slots` some would be opened, reopened, or get another capacity, and some are there
    and stay. Slots of the versions before would be shut where they are empty; with people they are
    kept, open and as they are: `not_meant` any more, or with a capacity that is to be `smaller`.
    """

    digest: str
    until: date
    slots: int
    stays: int
    opens: SlotsShown
    reopens: SlotsShown
    resizes: SlotsShown
    closes: SlotsShown
    keeps: KeptShown
    holidays: tuple[date, ...]


class OpenedVersion(OpenedSchedule, frozen=True, kw_only=True):
    """What became of a version. Of the slots before it so many were shut, reopened, resized.

    `keeps` were so in the preview; in those `taken_meanwhile` somebody was quicker, and they were
    kept as well.
    """

    closed: int
    reopened: int
    resized: int
    keeps: KeptShown
    taken_meanwhile: tuple[UUID, ...]


def shown(changes: tuple[PlannedChange, ...], *, named: bool = True) -> SlotsShown:
    """The first of them, and how many there are."""
    first = tuple(
        SlotShown(
            slot_id=change.slot_id if named else None,
            starts_at=change.starts_at,
            capacity=change.capacity,
        )
        for change in changes[:PREVIEW_SHOWN_MAX]
    )
    return SlotsShown(slots=len(changes), first=first)


def kept_shown(plan: Plan) -> KeptShown:
    """Those with people in them."""
    return KeptShown(
        slots=len(plan.keeps),
        people=sum(slot.held + slot.booked for slot in plan.keeps),
        first=plan.keeps[:PREVIEW_SHOWN_MAX],
    )
