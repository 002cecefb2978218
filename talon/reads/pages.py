"""Which pages do people look at? The popular clinics' more often, as with the bookings."""

from random import Random
from urllib.parse import quote

from talon.city.plan import SERVICES, Clinic, Plan
from talon.rush.choice import Chooser

PAGES = 2_000
"""So many different wishes to look; popular pages are among them many times."""

CLINIC_DAYS, DAY_SLOTS, NEAR, CLINICS = 55, 25, 15, 5
"""Parts of a hundred: a clinic's days, a day's slots, what is near, the list of clinics."""

GRID_DEGREES = 2
"""Decimals of a position in an address: about a kilometre, so that neighbours share a page."""

RADIUS_KM = 5


def draw(plan: Plan, dice: Random, skew: float) -> list[str]:
    """Addresses below /api/v1, as often as they are wanted."""
    chooser = Chooser(plan, skew)
    clinics = {clinic.id: clinic for clinic in plan.clinics}
    days = sorted({slot.day for slot in plan.slots})
    pages = []
    for kind in dice.choices(
        (_clinic_days, _day_slots, _near, _clinics),
        weights=(CLINIC_DAYS, DAY_SLOTS, NEAR, CLINICS),
        k=PAGES,
    ):
        clinic = clinics[chooser.clinic(dice)]
        pages.append(kind(clinic, quote(dice.choice(SERVICES)), dice.choice(days).isoformat()))
    return pages


def _clinic_days(clinic: Clinic, service: str, day: str) -> str:
    return f"/availability?clinic={clinic.id}&service={service}"


def _day_slots(clinic: Clinic, service: str, day: str) -> str:
    return f"/slots?clinic={clinic.id}&date={day}&service={service}"


def _near(clinic: Clinic, service: str, day: str) -> str:
    position = f"{clinic.latitude:.{GRID_DEGREES}f},{clinic.longitude:.{GRID_DEGREES}f}"
    return f"/availability?near={position}&radius_km={RADIUS_KM}&service={service}"


def _clinics(clinic: Clinic, service: str, day: str) -> str:
    return f"/clinics?service={service}"
