"""Does what is remembered follow from what was told, and what was told from what was asked?

Folding `slots.events` into nothing must give the referee's tables. Deciding the recorded batches
again, each by its own moment, must give the same events and the same answers.
"""

import copy
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from services.slots.inbox.deciding import decide_batch, meant_by
from services.slots.rules import Booking, Inventory, evolve
from services.slots.store import Answer, Seen
from shared.batch import Item
from shared.messages import (
    BookingMessage,
    ClinicChanged,
    ClinicOpened,
    HoldExpired,
    PlaceExpired,
    PlacesHeld,
    SlotChanged,
    SlotOpened,
    answer_id,
)
from shared.topics import SLOTS_EVENTS
from talon.audit.facts import Broken
from tests.faults.history import Batch, History, Told


def fold(history: History) -> Iterator[Broken]:
    """`slots.events` into an empty inventory, each slot in the order of its versions.

    What is compared is the hash of the whole state; only where that differs is it looked where.
    """
    inventory, stuck = folded(history)
    for one in stuck:
        kind = type(one.event).__name__
        where = f"{SLOTS_EVENTS.name}, partition {one.partition}, number {one.number}"
        yield _broken(_about(one.event), f"{kind} to follow what is so", f"it does not: {where}")
    if stuck:
        return
    slots = {slot.id: _slot(slot) for slot in inventory.slots.values()}
    places = {
        place.id: _place(booking, place)
        for booking in inventory.bookings.values()
        for place in booking.places
    }
    told, found = state_hash(slots, places), state_hash(history.slots, history.places)
    if told != found:
        yield Broken(about="state hash", where="slots", expected=f"as told: {told}", found=found)
        yield from _differing(slots, history.slots)
        yield from _differing(places, history.places)


def state_hash(*tables: dict[UUID, tuple[Any, ...]]) -> str:
    """SHA-256 over every row of the referee's slots and places, in the order of their ids."""
    rows = [[(key, *table[key]) for key in sorted(table, key=_by_int)] for table in tables]
    return hashlib.sha256(msgspec.msgpack.encode(rows)).hexdigest()


def _by_int(key: UUID) -> int:
    return key.int


def folded(history: History) -> tuple[Inventory, list[Told]]:
    """The inventory that the events lead to, and each partition's first that leads nowhere."""
    inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
    left = {
        partition: iter(some) for partition, some in history.in_order(SLOTS_EVENTS.name).items()
    }
    heads = {partition: next(some, None) for partition, some in left.items()}
    moved = True
    while moved:
        moved = False
        for partition, some in left.items():
            while (head := heads[partition]) is not None and _follows(inventory, head.event):
                evolve(inventory, head.event)
                heads[partition] = next(some, None)
                moved = True
    return inventory, [head for head in heads.values() if head is not None]


def _follows(inventory: Inventory, event: Any) -> bool:
    """True when all that the event builds on is so."""
    match event:
        case ClinicOpened():
            return event.clinic_id not in inventory.clinics
        case ClinicChanged():
            return event.clinic_id in inventory.clinics
        case SlotOpened():
            return event.clinic_id in inventory.clinics and event.slot_id not in inventory.slots
        case SlotChanged() | PlaceExpired():
            return _counts_follow(inventory, (event.count,))
        case BookingMessage():
            known = inventory.bookings.get(event.booking_id)
            if isinstance(event, HoldExpired) and (known is None or not known.is_all("expired")):
                return False
            before = known.version if known is not None else 0
            return event.version == before + 1 and _counts_follow(
                inventory, getattr(event, "counts", ())
            )
        case _:
            return False


def _counts_follow(inventory: Inventory, counts: Any) -> bool:
    slots = inventory.slots
    return all(c.slot_id in slots and c.version == slots[c.slot_id].version + 1 for c in counts)


def _slot(slot: Any) -> tuple[Any, ...]:
    about = (slot.clinic.id, slot.service, slot.starts_at, slot.ends_at)
    limits = (slot.extra, slot.closes_minutes_before, slot.cancel_until_minutes_before)
    return (*about, slot.capacity, slot.held, slot.booked, slot.open, slot.version, *limits)


def _place(booking: Booking, place: Any) -> tuple[Any, ...]:
    about = (place.slot_id, booking.id, booking.home, place.ordinal, booking.size, booking.version)
    return (*about, place.state, place.expires_at, place.claim)


def _differing(
    told: dict[UUID, tuple[Any, ...]], found: dict[UUID, tuple[Any, ...]]
) -> Iterator[Broken]:
    for key in sorted(told.keys() | found.keys(), key=_by_int):
        if told.get(key) != found.get(key):
            yield _broken(key, f"as told: {told.get(key)}", f"{found.get(key)}")


# ---- decided again -----------------------------------------------------------------------------


class Again:
    """The referee's whole life, decided once more by the same rules from the same commands."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._all = Inventory(clinics={}, slots={}, bookings={}, claims={})
        self._held_in: dict[UUID, set[UUID]] = defaultdict(set)
        self._told = {
            told.event.id: told
            for some in history.in_order(SLOTS_EVENTS.name).values()
            for told in some
        }
        self._known = {
            key: Answer(key, *answer)
            for key, answer in history.answers.items()
            if answer[1] == "failed"
        }

    def decide(self) -> Iterator[Broken]:
        """Every batch in its turn; stops at the first that comes out differently."""
        left = dict(self._told)
        for batch in self._history.batches:
            for event in self._decided(batch):
                told = left.pop(event.id, None)
                if told is None or told.event != event:
                    found = "nothing" if told is None else str(told.event)
                    yield _broken(_about(event), f"batch {batch.id} decided {event}", found)
                    return
                self._keep(event)
        for told in left.values():
            yield _broken(_about(told.event), "decided by a recorded batch", str(told.event))
        for key, (_, outcome, reply) in self._history.answers.items():
            answer = self._known.get(key)
            if answer is None or (answer.outcome, answer.reply) != (outcome, reply):
                said = "nothing" if answer is None else answer.outcome
                yield _broken(key, f"decided again: {said}", f"recorded: {outcome}")

    def _decided(self, batch: Batch) -> list[Any]:
        items = list(self._items(batch))
        due = [hold for hold in batch.swept if self._is_swept_by(hold, batch)]
        fresh = [item.message for item in items if item.message.id not in self._known]
        seen = self._see(batch, **meant_by(fresh, batch.swept))
        heads: Any = dict.fromkeys(self._history.slot_events)
        return [
            event
            for _, event in decide_batch(seen, heads, items, known=self._known, due=due).events
        ]

    def _items(self, batch: Batch) -> Iterator[Item]:
        for partition, first, last in batch.positions:
            records = self._history.commands[partition]
            for offset in range(first[0], last[0] + 1):
                for item in records.get(offset, ()):
                    inside = first <= [offset, item.nth] <= last
                    if inside and item.message is not None:
                        yield item

    def _is_swept_by(self, hold: UUID, batch: Batch) -> bool:
        """Whoever had lost the hold's home meanwhile told nothing of it."""
        told = self._told.get(_gone_id(hold))
        return told is not None and told.event.at == batch.at

    def _see(self, batch: Batch, **meant: Any) -> Seen:
        """What the referee saw then: the locked slots, what is named, dead seats, wanted claims."""
        whole, seen = self._all, Inventory(clinics={}, slots={}, bookings={}, claims={})
        named = [b for key in meant["booking_ids"] if (b := whole.bookings.get(key)) is not None]
        wanted = meant["slot_ids"] | {place.slot_id for b in named for place in b.places}
        for key in meant["clinic_ids"]:
            if key in whole.clinics:
                seen.clinics[key] = copy.copy(whole.clinics[key])
        for key in wanted:
            if key in whole.slots:
                slot = seen.slots[key] = copy.copy(whole.slots[key])
                slot.clinic = seen.clinics.setdefault(slot.clinic.id, copy.copy(slot.clinic))
        rows = {b.id: copy.deepcopy(b) for b in named}
        for dead in self._dead(seen, batch, skip=meant["booking_ids"]):
            rows[dead.id] = dead
        seen.bookings = {key: rows[key] for key in sorted(rows, key=lambda key: key.int)}
        for booking in rows.values():
            seen.claims |= {p.claim: booking.id for p in booking.places if p.claim is not None}
        for claim in meant["claims"]:
            if claim in whole.claims:
                seen.claims[claim] = whole.claims[claim]
        # More than was read then: of hands only those of who wants to hold are looked at.
        seen.hands = copy.deepcopy(whole.hands)
        return Seen(seen, batch.at, {}, {})

    def _dead(self, seen: Inventory, batch: Batch, *, skip: set[UUID]) -> Iterator[Booking]:
        found = {hold for slot_id in seen.slots for hold in self._held_in[slot_id]} - skip
        for hold in found:
            booking = self._all.bookings.get(hold)
            if booking is None:
                continue
            dead = copy.deepcopy(booking)
            dead.places = [
                p
                for p in dead.places
                if p.slot_id in seen.slots and p.state == "held" and p.expires_at <= batch.at
            ]
            if dead.places:
                yield dead

    def _keep(self, event: Any) -> None:
        evolve(self._all, event)
        if isinstance(event, PlacesHeld):
            for place in event.places:
                self._held_in[place.slot_id].add(event.booking_id)


def decide_again(history: History) -> Iterator[Broken]:
    """Re-deciding the recorded batches from their recorded state and time gives the same events."""
    return Again(history).decide()


def _gone_id(hold: UUID) -> UUID:
    return answer_id(hold, "HoldExpired")


def _about(event: Any) -> UUID:
    for name in ("booking_id", "slot_id", "clinic_id"):
        if hasattr(event, name):
            return getattr(event, name)
    return event.count.slot_id


def _broken(about: UUID, expected: str, found: str) -> Broken:
    return Broken(about=str(about), where="slots", expected=expected, found=found)
