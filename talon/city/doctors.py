"""Who in the city sees people from afar, and when? After the clinics' own hours, at the first few.

Nobody in a rush wants these: they are there for who looks at the city.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid5

import msgspec

from talon.city.plan import CITY, DAYS, MOSCOW, SATURDAY, SLOT, Clinic, Plan

DOCTORS = 3
TELEMEDICINE = "telemedicine-visit"
FIRST = time(18)
SLOTS_A_DAY = 4


class Doctor(msgspec.Struct, frozen=True, kw_only=True):
    """One practitioner with slots of their own, made up like all others."""

    id: UUID
    number: int
    clinic: Clinic
    starts: tuple[datetime, ...]

    @property
    def name(self) -> str:
        """Practitioners have numbers, too."""
        return f"Practitioner No. {self.number}"

    def slots(self) -> Iterator[dict[str, object]]:
        """Their slots, as they are asked for: one person at a time, from afar."""
        for starts_at in self.starts:
            yield {
                "id": uuid5(self.id, starts_at.isoformat()),
                "service": TELEMEDICINE,
                "modality": "virtual",
                "practitioner_id": self.id,
                "starts_at": starts_at,
                "ends_at": starts_at + SLOT,
                "capacity": 1,
            }


def doctors(plan: Plan) -> list[Doctor]:
    """One at each of the first few clinics that the city sets up itself."""
    days = [plan.first_day + timedelta(days=n) for n in range(DAYS)]
    starts = tuple(start for day in days if day.weekday() < SATURDAY for start in _evening(day))
    return [
        Doctor(
            id=uuid5(CITY, f"{plan.seed}/practitioner/{clinic.number}"),
            number=clinic.number,
            clinic=clinic,
            starts=starts,
        )
        for clinic in plan.own_clinics[:DOCTORS]
    ]


def _evening(day: date) -> Iterator[datetime]:
    first = datetime.combine(day, FIRST, MOSCOW)
    return (first + n * SLOT for n in range(SLOTS_A_DAY))
