"""What is told of a telemedicine visit, once for each step of it?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.booking.rules.life import Place
from services.booking.rules.televisits import Step, Visit
from shared.messages import (
    BookedPlace,
    VisitAdmitted,
    VisitArrived,
    VisitByPhone,
    VisitDropped,
    VisitEnded,
    VisitEvent,
    VisitMissed,
    VisitRejoined,
    VisitSetBack,
    VisitWaiting,
    answer_id,
)

TELLS: Mapping[Step, type[VisitEvent]] = {
    "arrive": VisitArrived,
    "wait": VisitWaiting,
    "drop": VisitDropped,
    "rejoin": VisitRejoined,
    "admit": VisitAdmitted,
    "phone": VisitByPhone,
    "end": VisitEnded,
    "noshow": VisitMissed,
    "fulfil": VisitEnded,
    "not_arrived": VisitSetBack,
    "not_fulfilled": VisitSetBack,
}
"""Of a visit that is off nothing is told: that its booking was cancelled or moved has been. Nor of
one at a clinic that was missed, or not after all: that is told of its booking."""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """Of which booking a visit is, whose, and where: what was so when its window opened.

    `hearer_id` is who is told of it as of now: who booked, if they act for the patient.
    """

    booking_id: UUID
    booking_version: int
    home: int
    owner_id: UUID
    patient_id: UUID
    slot_id: UUID
    clinic_id: UUID
    line_id: UUID
    hearer_id: UUID
    place: Place


def tale_of(
    booked: Booked, step: Step, visit: Visit, at: datetime, cause: UUID | None = None
) -> VisitEvent | None:
    """What is told of a step, with the visit as it is after it; the same step has the same id."""
    kind = TELLS.get(step)
    if kind is None:
        return None
    said: dict[str, Any] = {} if step != "noshow" else {"noshow_by": visit.noshow_by}
    if kind is VisitSetBack:
        said = {"status": visit.status}
    place = booked.place
    return kind(
        id=answer_id(visit.id, kind.__name__, visit.version),
        cause=cause or visit.id,
        at=at,
        booking_id=booked.booking_id,
        version=booked.booking_version,
        owner_id=booked.hearer_id,
        step=visit.version,
        place=BookedPlace(
            id=place.id,
            slot_id=place.slot_id,
            starts_at=place.starts_at,
            ends_at=place.ends_at,
            clinic_id=place.clinic_id,
            clinic_name=place.clinic_name,
            clinic_address=place.clinic_address,
            time_zone=place.time_zone,
            patient_id=booked.patient_id,
            modality=place.modality,
        ),
        **said,
    )
