"""Who may act for whom, from when until when? Plain functions of what was said and of the time.

A guardian acts for a child until it comes of age. For an adult somebody acts only after the adult
has agreed to it, and not a moment longer than that.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.rules.life import Booking, Place, Places

AGE_YEARS = 18
"""From so many years on nobody acts for somebody without having been asked to."""

NEWEST_WORDS = 1
"""The version of the words by which an adult agrees that somebody acts for them."""

Kind = Literal["child", "adult"]
State = Literal["proposed", "accepted", "declined", "withdrawn"]
Saying = Literal["agree", "refuse", "give up"]
"""What may be said of a relation: at first by the person, at last by who would act for them."""

NEXT: Mapping[State, Mapping[Saying, State]] = {
    "proposed": {"agree": "accepted", "refuse": "declined", "give up": "withdrawn"},
    "accepted": {"agree": "accepted", "refuse": "withdrawn", "give up": "withdrawn"},
    # Who was declined cannot ask again and again; who has declined may think better of it.
    "declined": {"agree": "accepted", "refuse": "declined", "give up": "declined"},
    # It is over: whoever wants it again proposes another one.
    "withdrawn": {"refuse": "withdrawn", "give up": "withdrawn"},
}
"""state x what is said -> state. The table in `docs/journeys/family.md` is compared with it."""


def after(state: State, saying: Saying) -> State | None:
    """What becomes of a relation when this is said of it; None where it cannot be said any more."""
    return NEXT[state].get(saying)


def comes_of_age(born: date) -> datetime:
    """The beginning of the day on which somebody has lived for so many years, by UTC.

    Who was born on a 29th of February has on the 1st of March.
    """
    year = born.year + AGE_YEARS
    try:
        day = born.replace(year=year)
    except ValueError:
        day = date(year, 3, 1)
    return datetime.combine(day, time(), UTC)


def is_of_age(born: date | None, now: datetime) -> bool:
    """True for an adult; of whom nobody knows when they were born it is not known, so False."""
    return born is not None and now >= comes_of_age(born)


def child_until(born: date | None, known_since: datetime) -> datetime:
    """Until when somebody is a child: without a birth date as if born when they became known here.

    Nobody is younger than that, so who never says when a child was born has it no longer for that.
    """
    return comes_of_age(born or known_since.date())


class Eyes(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks, under which ids, and for whom they act at this moment."""

    own: frozenset[UUID]
    wards: frozenset[UUID] = frozenset()

    def acting_for(self, persons: Iterable[UUID]) -> "Eyes":
        """The same, of whom it is known that they act for these persons as well."""
        return Eyes(own=self.own, wards=self.wards.union(persons))

    def owns(self, booking: Booking) -> bool:
        """Whether they made the booking."""
        return booking.owner_id in self.own

    def sees(self, booking: Booking, place: Place) -> bool:
        """Everybody sees their own place; who booked sees those of whom they still act for."""
        whose = place.patient_id or booking.owner_id
        return whose in self.own or (self.owns(booking) and whose in self.wards)

    def seen(self, booking: Booking) -> Booking | None:
        """The booking with what is theirs to see of it; None where nothing is."""
        if not booking.places:
            return booking if self.owns(booking) else None
        places = tuple(place for place in booking.places if self.sees(booking, place))
        if len(places) == len(booking.places):
            return booking
        # That somebody was late may be said of another's place.
        part = {"places": places, "late": False}
        return msgspec.structs.replace(booking, **part) if places else None

    def left(self, booking: Booking) -> Booking:
        """The booking after they have changed it; where nothing of it is theirs, it is over."""
        seen = self.seen(booking)
        if seen is not None:
            return seen
        return msgspec.structs.replace(booking, places=(), status="cancelled")

    def others(self, booking: Booking) -> Places:
        """The places that are not theirs to see, to change or to give back."""
        return tuple(place for place in booking.places if not self.sees(booking, place))


def is_shared(booking: Booking) -> bool:
    """Whether somebody besides its owner has a place in it, who may change it as well."""
    return any(place.patient_id not in (None, booking.owner_id) for place in booking.places)
