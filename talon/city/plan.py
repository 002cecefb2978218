"""What does the city consist of? Everything follows from a seed and a first day; nothing is random.

So setting it up again asks for the same things under the same keys, and changes nothing.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import cycle
from random import Random
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec

from talon.city.districts import District, load, share_out
from talon.imports.identity import Identity

SEED = 1
CLINICS = 120
PATIENTS = 20_000
DAYS = 14

TIME_ZONE = "Europe/Moscow"
MOSCOW = ZoneInfo(TIME_ZONE)
CITY = UUID("b3d1c9a2-5a0e-5c44-8f0b-7a1047a10900")
"""Namespace of all ids that are made up here."""

VACCINATION = "vaccination"
VISIT = "clinic-visit"
SERVICES = (VACCINATION, VISIT)
SLOT = timedelta(minutes=30)
SATURDAY, SUNDAY = 5, 6

FAMILY_EVERY = 8
"""Each eighth patient books for dependants as well: one, two or three of them."""

DOSES = 2
DAYS_APART_MIN = 5
DAYS_APART_MAX = 9
GUESTS = Identity(source="https://mobile-points.example/$bulk-publish")
"""Whose clinics are not set up by the city: somebody else publishes them, and they are imported."""

SCATTER_DEGREES = 0.008
"""How far a clinic may lie from the middle of its district: a few hundred metres."""


class Hours(msgspec.Struct, frozen=True):
    """When a service is offered on one kind of day."""

    service: str
    first: time
    slots: int


WEEKDAY = (Hours(VACCINATION, time(9), 16), Hours(VISIT, time(14), 8))
WEEKEND = (Hours(VACCINATION, time(10), 8),)


class Clinic(msgspec.Struct, frozen=True, kw_only=True):
    """One clinic, made up, in a real district."""

    id: UUID
    number: int
    district: District
    latitude: float
    longitude: float
    guest: bool = False
    """Published by somebody else; numbered by themselves."""

    @property
    def name(self) -> str:
        """Clinics have numbers, as Moscow's have."""
        return f"{'Mobile point' if self.guest else 'Polyclinic'} No. {self.number}"

    @property
    def address(self) -> str:
        """No street: no real house is meant."""
        return f"Москва, {self.district.okrug}, {self.district.name}"


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One slot of one clinic."""

    id: UUID
    clinic_id: UUID
    service: str
    starts_at: datetime
    capacity: int

    @property
    def ends_at(self) -> datetime:
        """All slots are equally long."""
        return self.starts_at + SLOT

    @property
    def day(self) -> date:
        """The day on the clinic's own calendar."""
        return self.starts_at.date()


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    """The vaccination that everyone comes for."""

    id: UUID
    opens_at: datetime


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole city."""

    seed: int
    first_day: date
    patients: int
    clinics: tuple[Clinic, ...]
    slots: tuple[Slot, ...]
    campaign: Campaign

    @property
    def own_clinics(self) -> list[Clinic]:
        """Those that the city sets up itself."""
        return [clinic for clinic in self.clinics if not clinic.guest]

    @property
    def places(self) -> int:
        """How many people can be taken in all."""
        return sum(slot.capacity for slot in self.slots)

    def dependants(self) -> dict[int, int]:
        """How many each patient has who has any, by the patient's number."""
        return {n: 1 + n // FAMILY_EVERY % 3 for n in range(0, self.patients, FAMILY_EVERY)}


def draw_up(
    seed: int,
    first_day: date,
    *,
    clinics: int = CLINICS,
    patients: int = PATIENTS,
    guests: int = 0,
) -> Plan:
    """The city of this seed from this day on."""
    houses = (*_clinics(seed, clinics), *_guests(seed, guests))
    midnight = datetime.combine(first_day - timedelta(days=1), time(0), MOSCOW)
    return Plan(
        seed=seed,
        first_day=first_day,
        patients=patients,
        clinics=houses,
        slots=tuple(slot for house in houses for slot in _slots(seed, house, first_day)),
        campaign=Campaign(id=uuid5(CITY, f"{seed}/campaign/{first_day}"), opens_at=midnight),
    )


def tomorrow() -> date:
    """The first day that can still be booked whole, as Moscow's calendar says."""
    return datetime.now(MOSCOW).date() + timedelta(days=1)


def patient_id(seed: int, number: int) -> UUID:
    """The patient of this number."""
    return uuid5(CITY, f"{seed}/patient/{number}")


def operator_id(seed: int) -> UUID:
    """Who sets the city up."""
    return uuid5(CITY, f"{seed}/operator")


def email_of(number: int) -> str:
    """An address that by its very ending can never exist."""
    return f"patient-{number:06}@example.invalid"


def _clinics(seed: int, wanted: int) -> Iterator[Clinic]:
    districts = load().districts
    random = Random(f"{seed}/clinics")
    number = 0
    for district, share in zip(districts, share_out(districts, wanted), strict=True):
        for _ in range(share):
            number += 1
            yield Clinic(
                id=uuid5(CITY, f"{seed}/clinic/{number}"),
                number=number,
                district=district,
                latitude=round(district.latitude + _scatter(random), 5),
                longitude=round(district.longitude + _scatter(random), 5),
            )


def _guests(seed: int, wanted: int) -> Iterator[Clinic]:
    random = Random(f"{seed}/guests")
    for number, district in zip(range(1, wanted + 1), cycle(load().districts)):
        yield Clinic(
            id=GUESTS.clinic(str(number)),
            number=number,
            district=district,
            latitude=round(district.latitude + _scatter(random), 5),
            longitude=round(district.longitude + _scatter(random), 5),
            guest=True,
        )


def _scatter(random: Random) -> float:
    return random.uniform(-SCATTER_DEGREES, SCATTER_DEGREES)


def _slots(seed: int, clinic: Clinic, first_day: date) -> Iterator[Slot]:
    for day in (first_day + timedelta(days=n) for n in range(DAYS)):
        for hours in _opening_hours(day):
            opens = datetime.combine(day, hours.first, MOSCOW)
            for nth in range(hours.slots):
                starts_at = opens + nth * SLOT
                yield Slot(
                    id=_slot_id(seed, clinic, hours.service, starts_at),
                    clinic_id=clinic.id,
                    service=hours.service,
                    starts_at=starts_at,
                    capacity=_capacity(hours.service, nth),
                )


def _slot_id(seed: int, clinic: Clinic, service: str, starts_at: datetime) -> UUID:
    if clinic.guest:
        return GUESTS.slot(guest_key(clinic.number, service, starts_at))
    return uuid5(CITY, f"{seed}/{clinic.number}/{service}/{starts_at}")


def guest_key(number: int, service: str, starts_at: datetime) -> str:
    """What the publisher of a guest's slot calls it."""
    return f"{number}-{service}-{starts_at:%Y%m%dT%H%M}"


def _opening_hours(day: date) -> tuple[Hours, ...]:
    if day.weekday() == SUNDAY:
        return ()
    return WEEKEND if day.weekday() == SATURDAY else WEEKDAY


def _capacity(service: str, nth: int) -> int:
    """Two nurses vaccinate, one of whom has every fourth half-hour for something else."""
    if service == VISIT or nth % 4 == 0:
        return 1
    return 2
