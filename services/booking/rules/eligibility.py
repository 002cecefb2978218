"""Who may ask for which places, and which rule says no?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta

from shared.messages import DOSE_FIRST, AsksFor, Dose, Instant, Modality, PlaceWish, Resource, Text

Rule = Literal["service", "dose", "interval"]

DAY = timedelta(days=1)
DAYS_MAX = 3_650


class SlotFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What never changes about a slot."""

    id: UUID
    clinic_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """Who may book what from when: so many doses, so many days apart."""

    id: UUID
    name: Text
    service: Text
    opens_at: Instant
    doses: Dose
    min_days: Annotated[int, Meta(ge=0, le=DAYS_MAX)]
    max_days: Annotated[int, Meta(ge=0, le=DAYS_MAX)]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One place that is asked for, with the person it is for.

    `follows` is an earlier booking of theirs; `based_on` their referral, which it may use up;
    `shown` the paper of theirs that was looked for and found.
    """

    slot_id: UUID
    patient_id: UUID
    dose: int | None
    follows: UUID | None = None
    based_on: UUID | None = None
    uses_up: bool = False
    shown: AsksFor = "nothing"


def rule_against(
    campaign: Campaign, wanted: Sequence[Wanted], slots: Mapping[UUID, SlotFacts]
) -> Rule | None:
    """The rule of the campaign that these places break; every slot is known."""
    if len(wanted) == 1:
        # Most come for one place, and there is no other that it could be too near to.
        return _rule_against_one(campaign, wanted[0], slots)
    if any(slots[place.slot_id].service != campaign.service for place in wanted):
        return "service"
    days: dict[UUID, dict[int, datetime]] = defaultdict(dict)
    for place in wanted:
        dose = place.dose or DOSE_FIRST
        if dose > campaign.doses or dose in days[place.patient_id]:
            return "dose"
        days[place.patient_id][dose] = slots[place.slot_id].starts_at
    if all(_well_apart(campaign, doses) for doses in days.values()):
        return None
    return "interval"


def _rule_against_one(
    campaign: Campaign, place: Wanted, slots: Mapping[UUID, SlotFacts]
) -> Rule | None:
    if slots[place.slot_id].service != campaign.service:
        return "service"
    return "dose" if (place.dose or DOSE_FIRST) > campaign.doses else None


def wishes(campaign_id: UUID | None, wanted: Iterable[Wanted]) -> tuple[PlaceWish, ...]:
    """The places as the referee is asked for them, each with what only one person may have."""
    return tuple(
        PlaceWish(
            slot_id=place.slot_id,
            claim=claim_of(campaign_id, place),
            patient_id=place.patient_id,
            dose=(place.dose or DOSE_FIRST) if campaign_id is not None else place.dose,
            follows=place.follows or UNSET,
            based_on=place.based_on or UNSET,
            shown=UNSET if place.shown == "nothing" else place.shown,
        )
        for place in wanted
    )


def claim_of(campaign_id: UUID | None, place: Wanted) -> bytes:
    """Each dose of a campaign once per person; without one, each slot once per person.

    A referral for one visit has one live place, whoever's the slot is.
    """
    if place.uses_up and place.based_on is not None:
        return blake2b(b"referral" + place.based_on.bytes, digest_size=16).digest()
    if campaign_id is None:
        one = b"slot" + place.slot_id.bytes
    else:
        one = b"dose" + campaign_id.bytes + bytes([place.dose or DOSE_FIRST])
    return blake2b(one + place.patient_id.bytes, digest_size=16).digest()


def well_apart(first: datetime, second: datetime, min_days: int, max_days: int) -> bool:
    """Days as people count them: a gap of 20 days and 18 hours is three weeks."""
    return min_days <= (second - first + DAY / 2) // DAY <= max_days


def _well_apart(campaign: Campaign, doses: Mapping[int, datetime]) -> bool:
    for dose, starts_at in doses.items():
        later = doses.get(dose + 1)
        days = (campaign.min_days, campaign.max_days)
        if later is not None and not well_apart(starts_at, later, *days):
            return False
    return True
