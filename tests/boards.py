"""How does a test set up a board? Clinics and slots with sensible rest, tomorrow from nine on."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.slots.availability.board import Board
from services.slots.availability.records import Clinic, Slot, microseconds
from shared.messages import SlotCount
from tests.stories import NOON, an_id

NOW_US = microseconds(NOON)
NINE = datetime.fromisoformat("2030-05-15T09:00:00+03:00")
"""Tomorrow morning in Moscow."""

VISIT = "clinic-visit"
HOUR = timedelta(hours=1)


class Wall:
    """A board, and a short way of putting things on it."""

    def __init__(self, slots_max: int = 10_000) -> None:
        self.board = Board(slots_max)

    def clinic(
        self, name: str, *, at: tuple[float, float] | None = None, time_zone: str = "Europe/Moscow"
    ) -> UUID:
        """A clinic of that name."""
        latitude, longitude = at or (None, None)
        clinic = Clinic(
            id=an_id(name),
            name=name,
            time_zone=time_zone,
            address="",
            district="",
            latitude=latitude,
            longitude=longitude,
        )
        self.board.put_clinic(clinic)
        return clinic.id

    def slot(
        self,
        name: str,
        clinic: str,
        starts_at: datetime = NINE,
        *,
        service: str = VISIT,
        capacity: int = 1,
        now_us: int = NOW_US,
        **about: Any,
    ) -> UUID:
        """An hour at a clinic."""
        facts = {
            "product": "",
            "dose": None,
            "version": 1,
            "held": 0,
            "booked": 0,
            "open": True,
        } | about
        slot = Slot(
            id=an_id(name).bytes,
            starts_us=microseconds(starts_at),
            ends_us=microseconds(starts_at + HOUR),
            capacity=capacity,
            **facts,
        )
        self.board.put_slot(slot, an_id(clinic), service, now_us=now_us)
        return an_id(name)

    def count(self, name: str, **change: Any) -> bool:
        """Something else is told of a slot, in its next version."""
        slot = self[name]
        limits = ("extra", "closes_minutes_before", "cancel_until_minutes_before")
        fields = ("version", "capacity", "held", "booked", "open", *limits)
        now = {field: getattr(slot, field) for field in fields} | {"version": slot.version + 1}
        return self.board.count(SlotCount(slot_id=an_id(name), **now | change))

    def __getitem__(self, name: str) -> Slot:
        return self.board.slots[an_id(name).bytes]
