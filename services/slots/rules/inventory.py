"""What does the referee see when it decides? The locked slots and what sits in them."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from shared.messages import PLACES_MAX, AsksFor, Modality, Resource

State = Literal["held", "booked", "expired", "missed"]
"""A place is `missed` when nobody came: nobody's now, and remembered should that be a mistake."""


class Clinic(msgspec.Struct, kw_only=True):
    """One clinic, the same object for all its slots: what changes goes into all that is told."""

    id: UUID
    name: str
    time_zone: str
    address: str
    district: str = ""
    latitude: float | None = None
    longitude: float | None = None


class Slot(msgspec.Struct, kw_only=True):
    """One slot and its counters; `version` grows by one with each event about it.

    `extra` is how many more people than its capacity a person lets in.
    """

    id: UUID
    clinic: Clinic
    service: str
    product: str = ""
    dose: int | None = None
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"
    starts_at: datetime
    ends_at: datetime
    capacity: int
    held: int = 0
    booked: int = 0
    open: bool = True
    version: int = 1
    extra: int = 0
    closes_minutes_before: int = 0
    cancel_until_minutes_before: int = 0

    @property
    def free(self) -> int:
        """How many more people fit in."""
        return self.capacity + self.extra - self.held - self.booked

    @property
    def closes_at(self) -> datetime:
        """From then on nobody is let in who is not in already."""
        return self.starts_at - timedelta(minutes=self.closes_minutes_before)

    @property
    def cancel_until(self) -> datetime:
        """Who gives a place back later than this does so late."""
        return self.starts_at - timedelta(minutes=self.cancel_until_minutes_before)


class Place(msgspec.Struct, kw_only=True):
    """One seat of one booking or hold."""

    id: UUID
    slot_id: UUID
    ordinal: int
    state: State
    expires_at: datetime | None = None
    claim: bytes | None = None
    hand: int | None = None
    """Which of the places that its owner holds it is; only of one that is held."""


class Booking(msgspec.Struct, kw_only=True):
    """A booking, or a hold that may become one. `size` is how many seats it was made with."""

    id: UUID
    home: int
    size: int
    version: int
    places: list[Place]
    owner_id: UUID | None = None
    """Whose hold it is, as long as it is one."""

    def is_all(self, state: State) -> bool:
        """True when every seat it was made with is in this state."""
        return len(self.places) == self.size and all(p.state == state for p in self.places)


class HoldLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one person may hold at a time, on all devices together."""

    places_max: int = PLACES_MAX
    holds_max: int = 4


class Inventory(msgspec.Struct, kw_only=True):
    """All that one batch may touch. `claims` tells which booking a claim belongs to now; `hands`,
    by owner, to which hold each of the places that they hold belongs, the places being numbered.
    """

    clinics: dict[UUID, Clinic] = {}
    slots: dict[UUID, Slot] = {}
    bookings: dict[UUID, Booking] = {}
    claims: dict[bytes, UUID] = {}
    hands: dict[UUID, dict[int, UUID]] = {}
    limits: HoldLimits = HoldLimits()
