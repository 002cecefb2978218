"""Is a link's booking still the one that it was signed for, and what does the link ask for?"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid5

from msgspec import UNSET, UnsetType

from services.booking.rules.families import is_shared
from services.booking.rules.life import Booking
from services.booking.rules.parts import NONE, Pair, Standing
from shared.links.rules import Link
from shared.messages import CancelBooking

HASH_BYTES = 16


def is_theirs(link: Link, booking: Booking) -> bool:
    """Whether the link is about this booking, and of whom made it."""
    is_one = booking.id == link.object_id and booking.owner_id == link.person_id
    return is_one and booking.kind == "booking"


def pairs_of(booking: Booking) -> set[Pair]:
    """Between whom it matters how they stand: whose booking it is, and who else is in it."""
    return {
        (booking.owner_id, place.patient_id)
        for place in booking.places
        if place.patient_id not in (None, booking.owner_id)
    }


def has_others(booking: Booking, standing: Mapping[Pair, Standing]) -> bool:
    """Whether its owner does not act any more for somebody in it: then no link is enough."""
    return any(not standing.get(pair, NONE).is_acted_for for pair in pairs_of(booking))


def version_meant(booking: Booking) -> int | UnsetType:
    """Where others may change it as well, it is this version that is meant and no other."""
    return booking.version if is_shared(booking) else UNSET


def cancellation_by(
    link: Link, booking: Booking, now: datetime, *, reply_to: int, version: int | UnsetType
) -> CancelBooking:
    """One link is one cancellation, however often it is asked for; it is wished until the visit:

    who has tapped once and was told that it will be done does not look again.
    """
    wished = uuid5(link.id, "cancel")
    return CancelBooking(
        id=wished,
        cause=wished,
        at=now,
        body_hash=hash_of(link.id.bytes),
        deadline=link.until,
        reply_to=reply_to,
        booking_id=booking.id,
        reason="patient",
        version=version,
    )


def hash_of(raw: bytes) -> bytes:
    """By which the same is known again."""
    return hashlib.blake2b(raw, digest_size=HASH_BYTES).digest()
