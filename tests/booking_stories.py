"""What do tests of the front desk tell their stories with? Events about one booking."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from shared.batch import Head, Item
from shared.events import Unpacker
from shared.messages import (
    BookingCancelled,
    BookingMoved,
    BookingRestored,
    HoldExpired,
    HoldReleased,
    HoldRenewed,
    PlacesBooked,
    PlacesHeld,
    Refused,
    SlotChanged,
    SlotCount,
    SlotEvent,
    SlotOpened,
    TakenPlace,
    answer_id,
)
from shared.topics import SLOTS_EVENTS
from tests.stories import CLINIC, NOON, TOMORROW, a_record, an_id

ALICE, BORIS = an_id("Alice"), an_id("Boris")
MONDAY, TUESDAY, FRIDAY = an_id("Monday"), an_id("Tuesday"), an_id("Friday")


def a_place(slot_id: UUID, *, patient_id: UUID | None = ALICE, dose: int | None = None) -> Any:
    """A seat at clinic No. 1."""
    return TakenPlace(
        id=an_id(f"place in {slot_id}"),
        slot_id=slot_id,
        service="vaccination",
        starts_at=TOMORROW,
        ends_at=TOMORROW + timedelta(minutes=15),
        clinic_id=CLINIC,
        clinic_name="Polyclinic No. 1",
        clinic_address="Street 1",
        time_zone="Europe/Moscow",
        patient_id=patient_id,
        dose=dose,
    )


def a_head(
    booking_id: UUID, version: int, kind: type[SlotEvent], cause: UUID | None
) -> dict[str, Any]:
    """The head of an event about a booking."""
    cause = cause or uuid4()
    return {
        "id": answer_id(cause, kind.__name__),
        "cause": cause,
        "at": NOON + timedelta(seconds=version),
        "booking_id": booking_id,
        "home": 0,
        "version": version,
    }


def booked(
    booking_id: UUID,
    *slot_ids: UUID,
    version: int = 1,
    owner_id: UUID = ALICE,
    cause: UUID | None = None,
) -> PlacesBooked:
    """Places are booked; by itself that answers the command of the same id."""
    return PlacesBooked(
        owner_id=owner_id,
        campaign_id=None,
        places=tuple(a_place(slot_id, patient_id=owner_id) for slot_id in slot_ids),
        counts=(),
        **a_head(booking_id, version, PlacesBooked, cause or booking_id),
    )


def held(booking_id: UUID, *slot_ids: UUID, expires_at: datetime = TOMORROW) -> PlacesHeld:
    """Places are held, nobody's yet."""
    return PlacesHeld(
        owner_id=ALICE,
        expires_at=expires_at,
        places=tuple(a_place(slot_id, patient_id=None) for slot_id in slot_ids),
        counts=(),
        **a_head(booking_id, 1, PlacesHeld, booking_id),
    )


def renewed(booking_id: UUID, version: int) -> HoldRenewed:
    """Held longer."""
    return HoldRenewed(
        expires_at=TOMORROW + timedelta(minutes=5),
        **a_head(booking_id, version, HoldRenewed, None),
    )


def released(booking_id: UUID, version: int) -> HoldReleased:
    """Given back."""
    return HoldReleased(counts=(), **a_head(booking_id, version, HoldReleased, None))


def lapsed(booking_id: UUID, version: int) -> HoldExpired:
    """The hold's time ran out."""
    return HoldExpired(**a_head(booking_id, version, HoldExpired, None))


def moved(booking_id: UUID, version: int, *slot_ids: UUID) -> BookingMoved:
    """Other places."""
    return BookingMoved(
        places=tuple(a_place(slot_id) for slot_id in slot_ids),
        counts=(),
        **a_head(booking_id, version, BookingMoved, None),
    )


def cancelled(booking_id: UUID, version: int, cause: UUID | None = None) -> BookingCancelled:
    """Places given back."""
    return BookingCancelled(
        reason="patient", counts=(), **a_head(booking_id, version, BookingCancelled, cause)
    )


def missed(booking_id: UUID, version: int) -> BookingCancelled:
    """Nobody came."""
    head = a_head(booking_id, version, BookingCancelled, None)
    return BookingCancelled(reason="clinic", missed=True, counts=(), **head)


def restored(booking_id: UUID, version: int, *slot_ids: UUID) -> BookingRestored:
    """Somebody came after all."""
    places = tuple(a_place(slot_id, patient_id=ALICE) for slot_id in slot_ids)
    head = a_head(booking_id, version, BookingRestored, None)
    return BookingRestored(places=places, counts=(), **head)


def refused(command_id: UUID, reason: Any, at: datetime = NOON) -> Refused:
    """Nothing was changed."""
    return Refused(
        id=answer_id(command_id, f"Refused/{reason}"), cause=command_id, at=at, reason=reason
    )


def opened(
    slot_id: UUID, *, starts_at: datetime = TOMORROW, service: str = "vaccination"
) -> SlotOpened:
    """A slot at clinic No. 1."""
    return SlotOpened(
        id=uuid4(),
        cause=uuid4(),
        at=NOON,
        slot_id=slot_id,
        clinic_id=CLINIC,
        service=service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
        count=_count(slot_id, 1, is_open=True),
    )


def changed(
    slot_id: UUID, version: int, *, is_open: bool, cancel_bookings: bool = False
) -> SlotChanged:
    """A slot is shut or reopened."""
    return SlotChanged(
        id=uuid4(),
        cause=uuid4(),
        at=NOON,
        count=_count(slot_id, version, is_open=is_open),
        cancel_bookings=cancel_bookings,
    )


def as_told(events: Iterable[SlotEvent], first: int = 1) -> list[Item]:
    """The events as they come from the log, numbered on from `first`."""
    return [
        Unpacker(SLOTS_EVENTS)(
            a_record(
                msgspec.json.encode(event),
                topic=SLOTS_EVENTS.name,
                offset=number,
                headers=(("ce_specversion", b"1.0"), ("ce_sequence", b"%d" % number)),
            )
        )[0]
        for number, event in enumerate(events, start=first)
    ]


def heads(taken_seq: int = 0) -> dict[int, Head]:
    """Where partition 0 stands."""
    return {0: Head(0, 0, 0, taken_seq, 0, 0)}


def _count(slot_id: UUID, version: int, *, is_open: bool) -> SlotCount:
    return SlotCount(slot_id=slot_id, version=version, capacity=2, held=0, booked=0, open=is_open)
