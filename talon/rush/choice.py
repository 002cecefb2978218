"""Where do people want to go, and when? Most want the same few clinics (Zipf)."""

from bisect import bisect_left
from collections import defaultdict
from datetime import date
from itertools import accumulate
from random import Random
from uuid import UUID

from talon.city.plan import DAYS_APART_MAX, DAYS_APART_MIN, VACCINATION, Plan, Slot

SKEW = 1.0
"""Zipf's exponent: the second clinic is wanted half as often as the first, the third a third."""


class Chooser:
    """Draws clinics and slots with the dice it is given, so that the same dice draw the same."""

    def __init__(self, plan: Plan, skew: float = SKEW) -> None:
        self._clinics = [clinic.id for clinic in plan.clinics]
        # Which clinic everybody wants has nothing to do with its number.
        Random(plan.seed).shuffle(self._clinics)
        self._shares = list(accumulate(rank**-skew for rank in range(1, len(plan.clinics) + 1)))
        self.by_id = {slot.id: slot for slot in plan.slots}
        self._days: dict[tuple[UUID, str], dict[date, list[Slot]]] = defaultdict(dict)
        for slot in plan.slots:
            self._days[slot.clinic_id, slot.service].setdefault(slot.day, []).append(slot)

    def clinic(self, dice: Random) -> UUID:
        """A clinic, the popular ones more often."""
        at = dice.random() * self._shares[-1]
        return self._clinics[bisect_left(self._shares, at)]

    def any_clinic(self, dice: Random) -> UUID:
        """A clinic, whichever: where those go who found the popular ones full."""
        return dice.choice(self._clinics)

    def slot(self, dice: Random, clinic_id: UUID, service: str) -> Slot:
        """Some slot of the clinic."""
        days = self._days[clinic_id, service]
        return dice.choice(days[dice.choice(list(days))])

    def pair(self, dice: Random, first_clinic: UUID, second_clinic: UUID) -> tuple[Slot, Slot]:
        """A slot for each dose, as many days apart as the campaign wants."""
        firsts = self._days[first_clinic, VACCINATION]
        seconds = self._days[second_clinic, VACCINATION]
        apart = [
            (one, two)
            for one in firsts
            for two in seconds
            if DAYS_APART_MIN <= (two - one).days <= DAYS_APART_MAX
        ]
        one, two = dice.choice(apart)
        return dice.choice(firsts[one]), dice.choice(seconds[two])

    def too_close(self, dice: Random, clinic_id: UUID) -> tuple[Slot, Slot]:
        """A slot for each dose on one day, which no campaign allows."""
        days = self._days[clinic_id, VACCINATION]
        one, two = dice.sample(days[dice.choice(list(days))], 2)
        return one, two

    def together(self, first: Slot, people: int) -> tuple[Slot, ...]:
        """Seats for a family: from this slot on, as many in each as it takes at most."""
        day = self._days[first.clinic_id, first.service][first.day]
        start = min(day.index(first), len(day) - people)
        seats = [slot for slot in day[start:] for _ in range(slot.capacity)]
        return tuple(seats[:people])
