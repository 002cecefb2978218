"""Who sees people from afar in the city, and is it the same each time?"""

from datetime import date
from typing import Any

from talon.city.doctors import DOCTORS, SLOTS_A_DAY, doctors
from talon.city.plan import SATURDAY, draw_up

MONDAY = date(2030, 5, 13)


def slots_of(plan: Any) -> list[Any]:
    return [slot for doctor in doctors(plan) for slot in doctor.slots()]


def test_the_same_doctors_have_the_same_slots_each_time() -> None:
    once, again = (draw_up(1, MONDAY, clinics=5, patients=10) for _ in range(2))

    assert slots_of(once) == slots_of(again)
    assert len(slots_of(once)) == DOCTORS * SLOTS_A_DAY * 10
    assert len({slot["id"] for slot in slots_of(once)}) == len(slots_of(once))


def test_they_see_one_person_at_a_time_from_afar_when_the_clinics_are_done() -> None:
    plan = draw_up(1, MONDAY, clinics=2, patients=10)
    ends = max(slot.ends_at.timetz() for slot in plan.slots)

    slots = slots_of(plan)

    assert {(slot["modality"], slot["capacity"]) for slot in slots} == {("virtual", 1)}
    assert all(slot["starts_at"].weekday() < SATURDAY for slot in slots)
    assert min(slot["starts_at"].timetz() for slot in slots) >= ends
