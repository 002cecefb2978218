"""Which part of a booking is somebody's? Their place; and whose it is has whom they still act for.

A booking for several has several who may change it: what is another's stays as it is, and it is the
booking that was looked at that is changed, or none.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UnsetType

from services.booking.api.desk import Desk, persons_in, problem_of
from services.booking.rules.eligibility import Wanted
from services.booking.rules.families import Eyes
from services.booking.rules.life import Booking, Place, Places
from services.booking.rules.linked import version_meant
from services.booking.rules.refusals import TOLD
from shared.messages import PLACES_MAX, CancelBooking, CancelReason, MovePlaces, PlaceWish
from shared.policy import allowed
from shared.problems import Problem
from shared.web import path_id

NEVER = 2**53
"""A version that no booking comes to: whoever means it changes nothing, and hears what was said."""


class Part(msgspec.Struct, frozen=True):
    """What somebody has in a booking, whoever made it."""

    owner_id: UUID
    booking: Booking


class Shared(msgspec.Struct, frozen=True):
    """All of a booking, and with which eyes it is seen; without any all of it is.

    `is_left`: there was a place of theirs in it, and is none any more; then nothing of it is here.
    """

    booking: Booking
    eyes: Eyes | None
    is_left: bool = False

    @property
    def seen(self) -> Booking:
        """What there is to be shown of it."""
        return self.booking if self.eyes is None else self.eyes.left(self.booking)

    @property
    def others(self) -> Places:
        """Whose places are not to be touched."""
        return () if self.eyes is None else self.eyes.others(self.booking)

    @property
    def services(self) -> set[str]:
        """Of which services they have places in it."""
        return {place.service for place in self.seen.places}

    @property
    def version(self) -> int | UnsetType:
        """Which version of it is meant."""
        return NEVER if self.is_left else version_meant(self.booking)

    def persons(self, asker_id: UUID) -> set[UUID]:
        """Whose data whoever asks has to do with."""
        if self.eyes is None:
            return persons_in(self.booking)
        return whose(self.seen) | {asker_id}

    def asked_by(self, person_id: UUID) -> Booking:
        """The booking as if it were theirs who asks: what is held instead is held for them."""
        if self.eyes is None or self.eyes.owns(self.booking):
            return self.booking
        return msgspec.structs.replace(self.booking, owner_id=person_id)


async def booking_of(request: web.Request, desk: Desk, *, leaves: bool = False) -> Shared:
    """The booking in the path as whoever asks may have it: a part of it, or all with a reason.

    One in which there is nobody for whom its owner acts any more is not there for them; but who
    `leaves` may have left by this very request before, and is to get the answer that it had.
    """
    who = allowed(request)
    booking_id = path_id(request, "booking")
    found = await desk.found(who, booking_id)
    if found is not None and found.kind != "booking":
        return Shared(who.own("booking", None), None)
    if found is not None:
        eyes = await desk.families.eyes(who.actor.id, [found], desk.clock.now())
        if eyes.seen(found) is not None:
            if not eyes.owns(found):
                # Who came of age is seen to have, before anything is told of what they do here.
                await desk.families.known_as(found.owner_id, {who.actor.id}, desk.clock.now())
            part = who.own("booking", Part(who.actor.id, found))
            return Shared(part.booking, eyes)
    ids = desk.identities.ids(who.actor.id)
    left = await desk.bookings.left_by(ids, booking_id) if leaves else None
    if left is not None:
        part = who.own("booking", Part(who.actor.id, left))
        return Shared(part.booking, Eyes(own=frozenset(ids)), is_left=True)
    is_owner_s = found is not None and desk.identities.who(found.owner_id) == who.actor.id
    return Shared(who.own("booking", None if is_owner_s else found), None)


def giving_up(
    shared: Shared, head: dict[str, Any], *, reason: CancelReason = "patient"
) -> CancelBooking | MovePlaces:
    """All that is theirs, or all of it but what has begun; what stays is as the referee has it.

    Asked again under its key it has the answer that it had, whichever of the two it was.
    """
    booking, now = shared.booking, head["at"]
    meant = {"booking_id": booking.id, "version": shared.version} | head
    own = () if shared.is_left else shared.seen.places
    begun = tuple(place for place in own if place.starts_at <= now)
    others = shared.others
    if len(begun) == len(own) and own and others:
        raise problem_of(TOLD["started"], slot_id=begun[0].slot_id)
    if not others and (not begun or len(begun) == len(own)):
        return CancelBooking(reason=reason, **meant)
    return MovePlaces(places=as_they_are(booking, (*begun, *others)), **meant)


def need_own_in(shared: Shared, wanted: Sequence[Wanted]) -> Shared:
    """Who has a place in another's booking takes nobody into it; whose it is, whom they want."""
    if shared.eyes is None:
        return shared
    if len(wanted) + len(shared.others) > PLACES_MAX:
        raise Problem(422, "invalid_body", f"A booking has {PLACES_MAX} places at most.")
    persons = {place.patient_id for place in wanted}
    if shared.eyes.owns(shared.booking):
        return msgspec.structs.replace(shared, eyes=shared.eyes.acting_for(persons))
    if persons - shared.eyes.own:
        raise Problem(404, "patient_unknown", "In another's booking one books for oneself alone.")
    return shared


def whose(*bookings: Booking) -> set[UUID]:
    """Whose places these are."""
    return {
        place.patient_id or booking.owner_id for booking in bookings for place in booking.places
    }


def as_they_are(booking: Booking, places: Places) -> tuple[PlaceWish, ...]:
    """The wish that these places stay what they are."""
    return tuple(_kept(place, booking.owner_id) for place in places)


def _kept(place: Place, owner_id: UUID) -> PlaceWish:
    return PlaceWish(
        slot_id=place.slot_id,
        patient_id=place.patient_id or owner_id,
        dose=place.dose,
        follows=place.follows,
        based_on=place.based_on,
        keeps=place.id,
    )
