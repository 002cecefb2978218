"""Who is admitted to a campaign, before a place of it is used up?"""

from collections.abc import Container, Mapping, Sequence
from typing import Any, NoReturn
from uuid import UUID

import msgspec

from services.booking import metrics
from services.booking.api.desk import Desk, problem_of
from services.booking.rules.admission import (
    NOTHING_KNOWN,
    Facts,
    NotAdmitted,
    admits,
)
from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.life import Booking, Kind
from services.booking.rules.products import NO_PRODUCT, Asked, broken_by, own_product
from services.booking.rules.publications import Published, RuleBook, beyond_what_they_had
from services.booking.rules.refusals import TOLD
from services.booking.store.facts import Admitted
from shared.messages import DOSE_FIRST, Alternative
from shared.problems import Problem, unavailable

LOOKS = 3
"""What is in force may change between two looks, but hardly ever does."""

SAID = {
    "later": "It is not open yet for this person.",
    "unknown": "It is not known whether this person belongs to it.",
    "over": "It is over.",
    "other": "It is for others.",
}


async def need_campaign(
    desk: Desk,
    campaign_id: UUID | None,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    made_as: UUID | None = None,
    kinds: Container[Kind] = ("booking",),
    moved: Booking | None = None,
) -> None:
    """Where a service's campaigns have rules, nobody has a place of it but through one; else 422.

    Known from memory. What this very wish has made before (`made_as`, of these kinds) stays made.
    """
    ruled = desk.memory.rules.services
    if campaign_id is not None or not ruled:
        return
    asked: list[tuple[UUID, str]] = []
    for place in wanted:
        slot = slots.get(place.slot_id)
        if slot is None:
            # Of which service it is must be known, or there would be a way around.
            raise problem_of(TOLD["unknown"], slot_id=place.slot_id)
        asked.append((place.patient_id, slot.service))
    service = beyond_what_they_had(asked, _had(desk, moved), ruled)
    if service is None or (made_as is not None and await _is_made(desk, made_as, kinds)):
        return
    metrics.not_admitted["no_campaign"].inc()
    raise Problem(
        422,
        "campaign_needed",
        f"Places of {service} are had through a campaign: say which in `campaign_id`.",
        service=service,
        campaign_ids=ruled[service],
    )


async def need_admitted(
    desk: Desk,
    campaign_id: UUID | None,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    wish_id: UUID,
    booking_id: UUID,
    kept: Container[Wanted] = (),
    later: Container[str] = (),
) -> None:
    """Everybody is admitted by what is in force, which is then written down; else 422.

    Where it is not a campaign's, or the campaign has no rules, nothing is asked. Who has a dose
    and moves it (`kept`) keeps it by whatever rules; `later` are rules that are not looked at here.
    """
    if campaign_id is None:
        return
    for _ in range(LOOKS):
        published = desk.memory.rules.of(campaign_id)
        if published is None:
            return
        facts = await desk.facts.load({place.patient_id for place in wanted})
        asked = await _asked(desk, published, wanted, slots, facts=facts, kept=kept)
        await _need_product(desk, asked, later, wish_id)
        new = [place for place in wanted if place not in kept]
        admitted = await _judged(desk, published, new, slots, facts=facts, wish_id=wish_id)
        if not admitted:
            return
        # Of what is held a person may have several: it is not said yet which becomes theirs.
        once = {(one.patient_id, one.dose): one for one in admitted}
        about = {"wish_id": wish_id, "booking_id": booking_id, "campaign_id": campaign_id}
        number = published.number
        if await desk.facts.permit(list(once.values()), publication=number, **about):
            return
        desk.memory.rules.learn(await desk.books.published())
    raise unavailable("The rules of the campaign change at this moment.")


async def _asked(
    desk: Desk,
    published: Published,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    facts: Mapping[UUID, Facts],
    kept: Container[Wanted],
) -> list[Asked]:
    """What there is for each person at the clinic: by their book, or as the campaign says."""
    campaign = await desk.campaign(published.campaign_id)
    assert campaign is not None
    asked: list[Asked] = []
    for place in wanted:
        known, slot = facts.get(place.patient_id, NOTHING_KNOWN), slots[place.slot_id]
        who, where = place.patient_id, slot.clinic_id
        book = published.book_for(who, district=known.district, clinic_id=where)
        products = () if book is None else book.products
        asked.append(
            Asked(
                place=place,
                slot=slot,
                offered=products or (own_product(campaign),),
                born_month=known.born_month,
                is_kept=place in kept,
            )
        )
    return asked


async def _need_product(
    desk: Desk, asked: Sequence[Asked], later: Container[str], wish_id: UUID
) -> None:
    """What is asked for is one product of the campaign, for people and at days that it is for."""
    broken = broken_by(asked, later)
    if broken is None:
        return
    place, product = broken.asked.place, broken.product
    if await desk.facts.has_permit(wish_id, place.patient_id, place.dose or DOSE_FIRST):
        return
    more: dict[str, Any] = {"rule": broken.rule, "patient_id": place.patient_id}
    if broken.rule == "age":
        more |= {"facts": ("age",), "why": "other" if broken.asked.born_month else "unknown"}
    if product is not None and product.id != NO_PRODUCT:
        more |= {"product": product.id, "rule_title": msgspec.to_builtins(product.title)}
    metrics.not_admitted["product"].inc()
    said = f"The campaign does not allow these places: its rule about the {broken.rule} says no."
    raise Problem(422, "not_eligible", said, **more)


async def where_admitted(
    desk: Desk, campaign_id: UUID | None, wanted: Sequence[Wanted], near: Sequence[Alternative]
) -> tuple[Alternative, ...]:
    """Those of the slots near at whose clinics all of them are admitted as well.

    Only where some clinics are judged by other rules than the rest may there be any others.
    """
    published = None if campaign_id is None else desk.memory.rules.of(campaign_id)
    if published is None or not published.scope.clinics or not near:
        return tuple(near)
    facts = await desk.facts.load({place.patient_id for place in wanted})
    at = desk.clock.now()

    def admits_all(clinic_id: UUID) -> bool:
        for place in wanted:
            known = facts.get(place.patient_id, NOTHING_KNOWN)
            book = published.book_for(
                place.patient_id, district=known.district, clinic_id=clinic_id
            )
            if book is not None and isinstance(admits(book.phases, known, at), NotAdmitted):
                return False
        return True

    return tuple(other for other in near if admits_all(other.clinic_id))


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


def _had(desk: Desk, moved: Booking | None) -> list[tuple[UUID, str]]:
    """Whose places of which services a booking has that is to be moved."""
    if moved is None:
        return []
    who = desk.identities.who
    return [(who(place.patient_id or moved.owner_id), place.service) for place in moved.places]


async def _is_made(desk: Desk, made_as: UUID, kinds: Container[Kind]) -> bool:
    """Asked again, the wish has its answer already, or waits for it.

    What ran out undecided is decided anew, so it is judged anew; and what is a hold still is no
    booking that was made by confirming it.
    """
    before = await desk.bookings.load(made_as)
    if before is None or before.kind not in kinds:
        return False
    return before.version > 0 or before.status == "pending"


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
