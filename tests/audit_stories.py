"""What does a small town look like to the audit: who was answered what, and what is found?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from talon.audit.facts import (
    CANCELLED,
    CONFIRMED,
    BookingRow,
    Mail,
    MessageRow,
    PlaceRow,
    SlotRow,
    World,
    places_by_booking,
)
from talon.audit.rules import PROMISES
from talon.audit.witness import testify
from talon.rush.journal import Line, Seat

NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAMES = UUID("1c1f0a77-0b5e-5b0e-9f6f-7a1047a10901")


def named(name: str) -> UUID:
    """The same name is the same id."""
    return uuid5(NAMES, name)


ALICE, BORIS = named("Alice"), named("Boris")
MORNING, EVENING = named("morning"), named("evening")
VISIT = named("Alice's visit")


def seat(slot: UUID = MORNING, name: str = "seat", dose: int | None = 1) -> Seat:
    """A seat that was given."""
    return Seat(slot_id=slot, patient_id=ALICE, dose=dose, id=named(name))


def asked(slot: UUID = MORNING) -> Seat:
    """A seat that was asked for."""
    return Seat(slot_id=slot, dose=1)


def a_line(**said: Any) -> Line:
    """One answer; Alice's booking of the morning, granted, unless said otherwise."""
    about: dict[str, Any] = {
        "at": 0.0,
        "wish": "first",
        "act": "book",
        "how": "ask",
        "owner": ALICE,
        "verdict": "ok",
        "status": 201,
        "asked": (asked(),),
        "booking": VISIT,
        "state": "booked",
        "version": 1,
        "given": (seat(),),
    }
    return Line(**about | said)


def a_refusal(**said: Any) -> Line:
    """A definite no."""
    no = {"verdict": "refused", "status": 409, "code": "slot_full", "booking": None, "given": ()}
    return a_line(**no | {"state": "", "version": 0} | said)


def a_silence(**said: Any) -> Line:
    """No answer at all."""
    return a_refusal(verdict="unknown", status=0, code="timeout", **said)


def a_cancellation(**said: Any) -> Line:
    """Alice's visit is given back."""
    return a_line(wish="cancel", act="cancel", about=VISIT, version=2, state="cancelled", **said)


def a_place(slot: UUID = MORNING, name: str = "seat", **said: Any) -> PlaceRow:
    """A seat as the referee has it."""
    about = {"id": named(name), "slot_id": slot, "booking_id": VISIT, "state": "booked"}
    return PlaceRow(**about | said)


def a_mail(tells: str = CONFIRMED, **said: Any) -> Mail:
    """A mail as it arrived."""
    about = {
        "person": "alice@example.invalid",
        "message_id": f"<{tells}>",
        "booking_id": VISIT,
        "tells": tells,
        "requests": 1 if tells != CANCELLED else 0,
        "cancels": 1 if tells == CANCELLED else 0,
    }
    return Mail(**about | said)


def a_row(**said: Any) -> BookingRow:
    """Alice's visit as the front desk has it."""
    about = {"id": VISIT, "owner_id": ALICE, "kind": "booking", "status": "booked", "version": 1}
    return BookingRow(**about | {"places": (seat(),)} | said)


def a_world(
    *,
    places: tuple[PlaceRow, ...] = (a_place(),),
    bookings: tuple[BookingRow, ...] = (a_row(),),
    mails: tuple[Mail, ...] = (a_mail(),),
    messages: tuple[MessageRow, ...] = (),
    capacity: int = 1,
    now: datetime = NOON,
    **counters: dict[UUID, SlotRow],
) -> World:
    """What is found; the counters agree with the seats unless they are given."""
    slots = counters.get("slots") or {
        slot: SlotRow(
            slot,
            capacity,
            sum(p.slot_id == slot and p.state == "held" for p in places),
            sum(p.slot_id == slot and p.state == "booked" for p in places),
        )
        for slot in (MORNING, EVENING)
    }
    by_booking: dict[UUID, list[Mail]] = {}
    for mail in mails:
        if mail.booking_id is not None:
            by_booking.setdefault(mail.booking_id, []).append(mail)
    return World(
        now=now,
        slots=slots,
        places=places_by_booking(places),
        bookings={row.id: row for row in bookings},
        mails=by_booking,
        strays=[mail for mail in mails if mail.booking_id is None],
        messages=list(messages),
        capacities={MORNING: capacity},
        addresses={ALICE: "alice@example.invalid"},
    )


EMPTY: dict[str, Any] = {"places": (), "bookings": (), "mails": ()}


def broken(lines: list[Line], world: World) -> set[str]:
    """The names of the promises that are broken."""
    witness = testify(lines)
    return {p.name for p in PROMISES if list(p.check(witness, world))}


def changed(line: Line, **said: Any) -> Line:
    """The same line, with something else in it."""
    return msgspec.structs.replace(line, **said)


def later(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)
