"""Is each place a whole visit? What its kind needs is there, and the papers that its slot asks for.

Judged before a place is used up. Most places are visits by themselves, and cost nothing here.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.booking.api.desk import Desk, problem_of
from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.papers import Wrong, not_attached, referral_for
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

IN_WORDS: dict[Wrong, str] = {
    "none": "there is none",
    "elsewhere": "it is for another clinic",
    "over": "it ends before the visit",
    "used": "it is used up",
    "campaign": "one for one visit is not for a campaign",
}


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """For which booking, in which campaign, asked by whom."""

    booking_id: UUID
    campaign_id: UUID | None
    asked_by: UUID


async def as_visits(
    desk: Desk, wanted: list[Wanted], slots: Slots, *, is_moved: bool = False, **about: UUID | None
) -> list[Wanted]:
    """The places, each with the papers that were seen for it; a Problem where one is no visit.

    What this very wish has made before stays made, whatever has changed since.
    """
    services = await desk.services.known()
    if is_plain(wanted, slots, services):
        return wanted
    wish = msgspec.convert(about, Wish)
    try:
        await _need_whole(desk, wanted, slots, services)
        return await _with_papers(desk, wanted, slots, wish)
    except Problem:
        if not is_moved and await is_made(desk, wish.booking_id):
            return wanted
        raise


async def _need_whole(
    desk: Desk, wanted: Sequence[Wanted], slots: Slots, services: Services
) -> None:
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


async def _with_papers(
    desk: Desk, wanted: Sequence[Wanted], slots: Slots, wish: Wish
) -> list[Wanted]:
    seen: list[Wanted] = []
    for place in wanted:
        slot = slots[place.slot_id]
        if slot.asks_for == "attachment":
            clinics = await desk.papers.attachments_of(desk.identities.ids(place.patient_id))
            wrong = not_attached(slot, clinics)
            if wrong is not None:
                raise _paper_missing(slot, wrong)
            seen.append(replace(place, shown=slot.asks_for))
        elif slot.asks_for == "referral":
            gone = {one.based_on for one in seen if one.based_on is not None and one.uses_up}
            seen.append(await _referred(desk, place, slot, wish, gone))
        else:
            seen.append(place)
    return seen


async def _referred(
    desk: Desk, place: Wanted, slot: SlotFacts, wish: Wish, gone: set[UUID]
) -> Wanted:
    ids = desk.identities.ids
    found = referral_for(
        slot,
        await desk.papers.referrals_of(ids(place.patient_id), ids(wish.asked_by)),
        booking_id=wish.booking_id,
        gone=gone,
        in_campaign=wish.campaign_id is not None,
    )
    if isinstance(found, str):
        raise _paper_missing(slot, found)
    return replace(place, shown=slot.asks_for, based_on=found.id, uses_up=found.once)


def _paper_missing(slot: SlotFacts, wrong: Wrong) -> Problem:
    return Problem(
        422,
        "paper_missing",
        f"The slot asks for a paper of the person ({slot.asks_for}): {IN_WORDS[wrong]}.",
        slot_id=slot.id,
        asks_for=slot.asks_for,
        wrong=wrong,
    )


async def is_made(desk: Desk, booking_id: UUID) -> bool:
    """Asked again, the wish has its answer already."""
    before = await desk.bookings.load(booking_id)
    return before is not None and before.kind == "booking" and before.version > 0
