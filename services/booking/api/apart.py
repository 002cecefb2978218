"""Does a dose keep its distance from those that its person has in other bookings?"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.booking.api.desk import Desk
from services.booking.api.visits import is_made
from services.booking.rules.apart import asks_for_days, not_apart_from
from services.booking.rules.eligibility import Campaign, SlotFacts, Wanted
from services.booking.rules.products import Product
from shared.messages import DOSE_FIRST
from shared.problems import Problem


def days_of(desk: Desk, campaign: Campaign, service: str) -> Campaign | Product:
    """By what doses in slots of this service are counted and how far apart they are."""
    published = desk.memory.rules.of(campaign.id)
    product = None if published is None else published.product_of(service)
    return campaign if product is None else product


async def need_apart(
    desk: Desk,
    campaign: Campaign | None,
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    *,
    booking_id: UUID,
    stays: Collection[tuple[UUID, UUID]] = (),
) -> None:
    """Each dose is well apart from those of other bookings; else 422, which names the dose.

    `stays`: whose place in which slot is theirs already. Where the campaign has one dose, or asks
    for no days between them, or each person gets all of them here, nothing is asked.
    """
    if campaign is None or wanted[0].slot_id not in slots:
        return
    days = days_of(desk, campaign, slots[wanted[0].slot_id].service)
    if not asks_for_days(days.doses, days.min_days, days.max_days):
        return
    mine: dict[UUID, dict[int, datetime]] = defaultdict(dict)
    for place in wanted:
        mine[place.patient_id][place.dose or DOSE_FIRST] = slots[place.slot_id].starts_at
    moved = {one.patient_id for one in wanted if (one.patient_id, one.slot_id) not in stays}
    for person_id in moved:
        if len(mine[person_id]) >= days.doses:
            continue
        ids = desk.identities.ids(person_id)
        had = await desk.bookings.doses_elsewhere(ids, campaign.id, booking_id)
        near = not_apart_from(mine[person_id], had, days.min_days, days.max_days)
        if near is not None and (stays or not await is_made(desk, booking_id)):
            raise _too_near(person_id, *near)


def _too_near(person_id: UUID, dose: int, starts_at: datetime) -> Problem:
    said = f"It is too soon or too late beside dose {dose}, booked for {starts_at:%Y-%m-%d}."
    return Problem(422, "not_eligible", said, rule="interval", patient_id=person_id)
