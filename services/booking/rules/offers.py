"""What is offered to whoever was refused, and under which ids is it held for them?"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID, uuid5

import msgspec

from services.booking.rules.life import Booking, Place
from shared.messages import Alternative, PlacesHeld, PlaceWish, SlotCount, TakenPlace

OFFERED_MAX = 3
"""How many other slots are named to whoever was refused."""

HELD_MAX = 8
"""How many sets of places may be held for one wish: the ids of these differ in their last digit."""

VERSION_BIT = 76
CUSTOM = 8
"""The version of the ids of what is offered. What is asked for has ids of version 5."""

P = TypeVar("P", Place, TakenPlace)
SlotIds = tuple[UUID, ...]


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A slot near the one that said no. With a `hold_id`, it is kept until `expires_at` for whoever
    was refused; `free` is what there is beside.
    """

    slot_id: UUID
    clinic_id: UUID
    starts_at: datetime
    ends_at: datetime
    free: int
    hold_id: UUID | None = None
    expires_at: datetime | None = None


def hold_ids(wish_id: UUID) -> list[UUID]:
    """The ids of what is held for a wish, the same whenever it is asked."""
    named = uuid5(wish_id, "offer").int & ~(0xF << VERSION_BIT) | CUSTOM << VERSION_BIT
    return _in_one_offer(UUID(int=named))


def is_offer(hold_id: UUID) -> bool:
    """True for what was held for a wish that was refused, unasked."""
    return hold_id.version == CUSTOM


def others_of(hold_id: UUID) -> list[UUID]:
    """What was held for the same wish, if this was held for one: alike but for the last digit."""
    return [other for other in _in_one_offer(hold_id) if other != hold_id]


def sets_instead(
    places: Sequence[PlaceWish], slot_id: UUID, near: Iterable[Alternative]
) -> list[SlotIds]:
    """The wish's slots as they would be with each of those near instead of the one that said no."""
    return [
        tuple(other.slot_id if place.slot_id == slot_id else place.slot_id for place in places)
        for other in near
    ]


def others_wanted(
    places: Sequence[PlaceWish], slot_id: UUID | None, had: Sequence[Place]
) -> SlotIds:
    """What a move wants beside the slot that said no, and does not have already."""
    have = Counter(place.slot_id for place in had)
    want = Counter(place.slot_id for place in places if place.slot_id != slot_id)
    return tuple((want - have).elements())


def unheld(near: Iterable[Alternative]) -> tuple[Offered, ...]:
    """What is near, held for nobody."""
    return tuple(Offered(**msgspec.structs.asdict(other)) for other in near)


def offered(near: Alternative, held: PlacesHeld | None, wished: Collection[UUID]) -> Offered:
    """One of those near, held or not; held before, it may be another one than is near now."""
    if held is None:
        return unheld([near])[0]
    place = _instead(held.places, wished)
    [count] = [count for count in held.counts if count.slot_id == place.slot_id]
    return _kept(held.booking_id, held.expires_at, place, _free(count))


def offered_before(
    near: Iterable[Alternative],
    kept: Iterable[Booking],
    *,
    wished: Collection[UUID],
    now: datetime,
) -> tuple[Offered, ...]:
    """To whoever asks again: first what is still held for them, then what is near now."""
    free = {other.slot_id: other.free for other in near}
    alive = [hold for hold in kept if is_alive(hold, now)]
    held = [_still(hold, wished, free) for hold in alive]
    named = {other.slot_id for other in held}
    rest = (other for other in unheld(near) if other.slot_id not in named)
    return (*held, *rest)[: max(OFFERED_MAX, len(held))]


def is_alive(hold: Booking, now: datetime) -> bool:
    """True while the hold's places are its owner's to confirm."""
    return hold.status == "held" and hold.expires_at is not None and now < hold.expires_at


def _still(hold: Booking, wished: Collection[UUID], free: dict[UUID, int]) -> Offered:
    place = _instead(hold.places, wished)
    return _kept(hold.id, hold.expires_at, place, free.get(place.slot_id, 0))


def _instead(places: Sequence[P], wished: Collection[UUID]) -> P:
    """The place that is held instead of the one that said no."""
    return next((place for place in places if place.slot_id not in wished), places[0])


def _kept(hold_id: UUID, until: datetime | None, place: Place | TakenPlace, free: int) -> Offered:
    return Offered(
        slot_id=place.slot_id,
        clinic_id=place.clinic_id,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        free=free,
        hold_id=hold_id,
        expires_at=until,
    )


def _in_one_offer(any_id: UUID) -> list[UUID]:
    first = any_id.int - any_id.int % HELD_MAX
    return [UUID(int=first + n) for n in range(HELD_MAX)]


def _free(count: SlotCount) -> int:
    return count.capacity - count.held - count.booked
