"""Who is admitted to a campaign, before a place of it is used up?"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

import msgspec

from services.booking import metrics
from services.booking.api.desk import Desk
from services.booking.rules.admission import (
    NOTHING_KNOWN,
    Facts,
    NotAdmitted,
    admits,
)
from services.booking.rules.eligibility import DOSE_FIRST, SlotFacts, Wanted
from services.booking.rules.publications import Published, RuleBook
from services.booking.store.facts import Admitted
from shared.problems import Problem, unavailable

LOOKS = 3
"""What is in force may change between two looks, but hardly ever does."""

SAID = {
    "later": "It is not open yet for this person.",
    "unknown": "It is not known whether this person belongs to it.",
    "over": "It is over.",
    "other": "It is for others.",
}


async def need_admitted(
    desk: Desk,
    campaign_id: UUID | None,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    wish_id: UUID,
    booking_id: UUID,
) -> None:
    """Everybody is admitted by what is in force, which is then written down; else 422.

    Where it is not a campaign's, or the campaign has no rules, nothing is asked.
    """
    if campaign_id is None:
        return
    for _ in range(LOOKS):
        published = desk.memory.rules.of(campaign_id)
        if published is None:
            return
        facts = await desk.facts.load({place.patient_id for place in wanted})
        admitted = await _judged(desk, published, wanted, slots, facts=facts, wish_id=wish_id)
        if not admitted:
            return
        if await desk.facts.permit(
            admitted,
            wish_id=wish_id,
            booking_id=booking_id,
            campaign_id=campaign_id,
            publication=published.number,
        ):
            return
        desk.memory.rules.learn(await desk.books.published())
    raise unavailable("The rules of the campaign change at this moment.")


async def _judged(
    desk: Desk,
    published: Published,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    facts: Mapping[UUID, Facts],
    wish_id: UUID,
) -> list[Admitted]:
    """Who is admitted by which phase; whoever asks the same again was admitted before."""
    at = desk.clock.now()
    admitted: list[Admitted] = []
    for place in wanted:
        known = facts.get(place.patient_id, NOTHING_KNOWN)
        clinic_id = slots[place.slot_id].clinic_id
        book = published.book_for(place.patient_id, district=known.district, clinic_id=clinic_id)
        if book is None:
            continue
        phase = admits(book.phases, known, at)
        if isinstance(phase, NotAdmitted):
            if await desk.facts.has_permit(wish_id, place.patient_id, place.dose or DOSE_FIRST):
                continue
            _refuse(place, book, phase)
        admitted.append(Admitted(place.patient_id, place.dose or DOSE_FIRST, book, phase))
    return admitted


def _refuse(place: Wanted, book: RuleBook, why: NotAdmitted) -> NoReturn:
    """The rule by its id, in words, and what to do."""
    more: dict[str, Any] = {
        "rule": why.phase.id,
        "why": why.why,
        "rules_version": book.number,
        "patient_id": place.patient_id,
        "rule_title": msgspec.to_builtins(why.phase.title),
        "what_to_do": msgspec.to_builtins(why.phase.what_to_do),
    }
    if why.at is not None:
        more["opens_at" if why.why == "later" else "closed_at"] = why.at
    if why.facts:
        more["facts"] = why.facts
    metrics.not_admitted[why.why].inc()
    said = f"{why.phase.title.en}: {SAID[why.why]} {why.phase.what_to_do.en}"
    raise Problem(422, "not_eligible", said, **more)
