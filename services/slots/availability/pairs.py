"""What does a pair of doses look like to whoever reads?"""

from datetime import datetime
from uuid import UUID

import msgspec

from services.slots.availability.distance import KM_DIGITS
from services.slots.availability.records import instant
from services.slots.availability.series import DAY_US, Dose, Pair


class DoseBody(msgspec.Struct, frozen=True, kw_only=True):
    """A slot for one dose of a series; null is its distance where nobody knows where it is."""

    dose: int
    slot_id: UUID
    clinic_id: UUID
    clinic_name: str
    distance_km: float | None
    starts_at: datetime
    ends_at: datetime
    free: int


class PairBody(msgspec.Struct, frozen=True, kw_only=True):
    """A first dose and its second, so many days apart."""

    days_apart: int
    doses: tuple[DoseBody, DoseBody]


class PairList(msgspec.Struct, frozen=True, kw_only=True):
    """Whole pairs, as of when that is true. With a cursor there may be more, however few these are:
    a page ends where it has looked at enough.
    """

    as_of: datetime
    pairs: list[PairBody]
    cursor: str | None


def pair_body(pair: Pair) -> PairBody:
    """A pair as it is shown."""
    gap_us = pair.second.slot.starts_us - pair.first.slot.starts_us
    return PairBody(
        days_apart=(gap_us + DAY_US // 2) // DAY_US,
        doses=(_dose_body(1, pair.first), _dose_body(2, pair.second)),
    )


def _dose_body(number: int, dose: Dose) -> DoseBody:
    slot, clinic, km = dose.slot, dose.found.clinic, dose.found.km
    return DoseBody(
        dose=number,
        slot_id=UUID(bytes=slot.id),
        clinic_id=clinic.id,
        clinic_name=clinic.name,
        distance_km=None if km is None else round(km, KM_DIGITS),
        starts_at=instant(slot.starts_us),
        ends_at=instant(slot.ends_us),
        free=slot.free,
    )
