"""What was found in slots, in booking, in the messenger's ledger, and at the mail server?"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from talon.rush.journal import Seat

Where = Literal["journal", "slots", "booking", "notify", "mail"]
Tells = Literal["BookingConfirmed", "BookingRescheduled", "BookingRevoked"]

CONFIRMED: Tells = "BookingConfirmed"
MOVED: Tells = "BookingRescheduled"
CANCELLED: Tells = "BookingRevoked"


class SlotRow(msgspec.Struct, frozen=True):
    """A slot with its own counters."""

    id: UUID
    capacity: int
    held: int
    booked: int
    extra: int = 0


class PlaceRow(msgspec.Struct, frozen=True):
    """A seat as the referee remembers it."""

    id: UUID
    slot_id: UUID
    booking_id: UUID
    state: str
    expires_at: datetime | None = None


class BookingRow(msgspec.Struct, frozen=True):
    """A booking or hold as the front desk remembers it."""

    id: UUID
    owner_id: UUID
    kind: str
    status: str
    version: int
    places: tuple[Seat, ...] = ()
    campaign_id: UUID | None = None


class MessageRow(msgspec.Struct, frozen=True):
    """A message as the messenger remembers it."""

    booking_id: UUID
    tells: str
    state: str
    channel: str = "email"

    @property
    def excuses(self) -> bool:
        """No mail is missed: perhaps there is one, or another channel told it, or nobody was to."""
        if self.state in ("unknown", "declined"):
            return True
        return self.channel != "email" and self.state in ("sent", "delivered")


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it arrived: to whom, about what, with how many calendar entries of each method."""

    person: str
    message_id: str
    booking_id: UUID | None
    tells: str
    requests: int = 0
    cancels: int = 0


class World(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found, as of one moment."""

    now: datetime
    slots: dict[UUID, SlotRow]
    places: dict[UUID, list[PlaceRow]]
    """By booking or hold."""
    bookings: dict[UUID, BookingRow]
    mails: dict[UUID, list[Mail]]
    """By booking."""
    strays: list[Mail]
    """Mails that name no booking."""
    messages: list[MessageRow]
    capacities: dict[UUID, int]
    """What the city was set up with, by slot."""
    addresses: dict[UUID, str]
    """Where each patient asked to be told."""
    people: frozenset[UUID] = frozenset()
    """Whose every wish is in the journal; what others did is nobody's to judge by it."""

    def live(self, booking_id: UUID) -> list[PlaceRow]:
        """Its seats that take room."""
        return [
            place for place in self.places.get(booking_id, ()) if place.state in ("held", "booked")
        ]

    def is_an_outsider_s(self, booking_id: UUID) -> bool:
        """True for a booking of somebody of whose wishes the journal knows nothing."""
        row = self.bookings.get(booking_id)
        return bool(self.people) and row is not None and row.owner_id not in self.people

    def told(self, booking_id: UUID, tells: Tells) -> list[Mail]:
        """What arrived of this kind about a booking."""
        return [mail for mail in self.mails.get(booking_id, ()) if mail.tells == tells]


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """One promise broken for one thing: what should be so, what is, and where it went wrong."""

    about: str
    where: Where
    expected: str
    found: str


def places_by_booking(rows: Iterable[PlaceRow]) -> dict[UUID, list[PlaceRow]]:
    """Each booking's seats."""
    grouped: dict[UUID, list[PlaceRow]] = defaultdict(list)
    for row in rows:
        grouped[row.booking_id].append(row)
    return dict(grouped)


def mails_by_booking(mails: Iterable[Mail]) -> tuple[dict[UUID, list[Mail]], list[Mail]]:
    """Each booking's mails, and those that name none."""
    grouped: dict[UUID, list[Mail]] = defaultdict(list)
    strays: list[Mail] = []
    for mail in mails:
        if mail.booking_id is None:
            strays.append(mail)
        else:
            grouped[mail.booking_id].append(mail)
    return dict(grouped), strays
