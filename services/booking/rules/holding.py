"""May somebody hold a slot again that they hold, or let run out, a moment ago?

Nobody is kept from booking by it, nor from holding another slot. So a slot is kept for one person
for no longer at a stretch than by a hold that is renewed, and by one that was asked for soon after.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from services.booking.rules.offers import is_offer


class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that is there, or ran out and was not given back."""

    id: UUID
    slot_ids: tuple[UUID, ...]
    made_at: datetime
    expires_at: datetime


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot is not held again before when; and by which hold it is held now, if it is."""

    slot_id: UUID
    until: datetime
    hold_id: UUID | None


def not_again(
    lately: Iterable[Lately], wanted: Collection[UUID], *, now: datetime, seconds: float
) -> Again | None:
    """Why not, if not: it ran out not so many seconds ago, or it is held for longer than so many.

    Two devices may hold the same at once; but what is held is not held anew before it ends. What
    was only offered does not count: nobody had asked for it.
    """
    pause = timedelta(seconds=seconds)
    own = [hold for hold in lately if not is_offer(hold.id) and now < hold.expires_at + pause]
    for slot_id in wanted:
        here = [hold for hold in own if slot_id in hold.slot_ids]
        alive = [hold for hold in here if now < hold.expires_at]
        is_over = len(alive) < len(here)
        if is_over or any(hold.made_at + pause <= now for hold in alive):
            last = max(here, key=lambda hold: hold.expires_at)
            held = last.id if last in alive else None
            return Again(slot_id=slot_id, until=last.expires_at + pause, hold_id=held)
    return None
