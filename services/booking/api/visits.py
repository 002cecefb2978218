"""Is each place a whole visit? What its kind needs is there, and the papers that its slot asks for.

Judged before a place is used up. Most places are visits by themselves, and cost nothing here.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from services.booking.api.desk import Desk, problem_of
from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.refusals import TOLD
from services.booking.rules.visits import (
    Services,
    can_follow,
    is_plain,
    lack_of,
    needs_before,
)
from shared.problems import Problem

Slots = Mapping[UUID, SlotFacts]


async def as_visits(
    desk: Desk, wanted: list[Wanted], slots: Slots, *, made_as: UUID | None = None
) -> list[Wanted]:
    """The places, each with the papers that were seen for it; a Problem where one is no visit.

    `made_as`: what this very wish has made before stays made, whatever has changed since.
    """
    services = await desk.services.known()
    if is_plain(wanted, slots, services):
        return wanted
    try:
        return await _judged(desk, wanted, slots, services)
    except Problem:
        if made_as is not None and await _is_made(desk, made_as):
            return wanted
        raise


async def _judged(
    desk: Desk, wanted: Sequence[Wanted], slots: Slots, services: Services
) -> list[Wanted]:
    for place in wanted:
        if place.slot_id not in slots:
            raise problem_of(TOLD["unknown"], slot_id=place.slot_id)
    lack = lack_of(wanted, slots, services)
    if lack is not None:
        raise Problem(
            422,
            "visit_incomplete",
            f"A visit of {lack.service} needs more than this slot: {', '.join(lack.missing)}.",
            slot_id=lack.slot_id,
            missing=lack.missing,
        )
    for place in wanted:
        if place.follows is not None or needs_before(slots[place.slot_id], services):
            await _need_before(desk, place, slots[place.slot_id])
    return list(wanted)


async def _need_before(desk: Desk, place: Wanted, slot: SlotFacts) -> None:
    """Whoever booked the earlier one: it is the same person's, or as good as not there."""
    before = None if place.follows is None else await desk.bookings.load(place.follows)
    if not can_follow(before, slot, desk.identities.ids(place.patient_id)):
        raise Problem(
            422,
            "nothing_to_follow",
            "A follow-up names in `follows` a booking of the same person that begins earlier.",
            slot_id=slot.id,
        )


async def _is_made(desk: Desk, booking_id: UUID) -> bool:
    """Asked again, the wish has its answer already."""
    before = await desk.bookings.load(booking_id)
    return before is not None and before.kind == "booking" and before.version > 0
