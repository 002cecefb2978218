"""What does the referee remember? Reads what a batch may touch, writes what it decided."""

from collections.abc import Collection, Sequence
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.slots.rules import Booking, Clinic, Inventory, Place, Slot
from services.slots.store.said import (
    QUICKER,
    Said,
    change_clinics,
    limit_slots,
    make_known,
)
from services.slots.store.seats import Row, in_turn, rows_of
from shared.batch import AgainError
from shared.messages import ClinicOpened, Command
from shared.statements import load

SQL = load("services.slots")

REFEREE_SESSION = {
    # Plans made while tables are empty keep scanning them as they grow; these never scan.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

COUNTED = ("id", "capacity", "held", "booked", "open", "version", "extra")
"""What is written of a slot that is there already, beside the version that was read."""

_counts = attrgetter(*COUNTED)

Changes = tuple[list[UUID], list[Row]]
"""Seats that are deleted, and seats that are written."""


class Answer(NamedTuple):
    """The recorded answer to one command: its outcome is `done` or the reason of a refusal."""

    id: UUID
    body_hash: bytes
    outcome: str
    reply: bytes


class Seen(msgspec.Struct):
    """What was read for a batch: the inventory to decide on, and what stood there before.

    `slots_before` has each locked slot's version.
    """

    inventory: Inventory
    at: datetime
    slots_before: dict[UUID, int]
    places_before: dict[UUID, Row]


async def find_answers(connection: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Answer]:
    """What was answered before, by command id."""
    rows = await connection.fetch(SQL["answered"], ids)
    return {row["id"]: Answer(*row) for row in rows}


async def find_due(connection: asyncpg.Connection, homes: Sequence[int], limit: int) -> list[UUID]:
    """Holds of these homes whose time ran out, in a fixed order."""
    rows = await connection.fetch(SQL["due_holds"], list(homes), limit)
    return sorted((row["booking_id"] for row in rows), key=lambda booking_id: booking_id.int)


async def see(
    connection: asyncpg.Connection,
    *,
    slot_ids: Collection[UUID],
    booking_ids: Collection[UUID],
    claims: Collection[bytes],
    clinic_ids: Collection[UUID],
    owner_ids: Collection[UUID] = (),
) -> Seen:
    """Lock every slot that is meant, sorted; only then read the rest and the time."""
    wanted = set(slot_ids)
    if booking_ids:
        rows = await connection.fetch(SQL["slots_of_bookings"], list(booking_ids))
        wanted |= {row["slot_id"] for row in rows}
    inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
    if clinic_ids:
        for row in await connection.fetch(SQL["read_clinics"], list(clinic_ids)):
            inventory.clinics[row["id"]] = Clinic(**dict(row))
    if wanted:
        for row in await connection.fetch(SQL["lock_slots"], sorted(wanted, key=_by_int)):
            inventory.slots[row["id"]] = _slot(row, inventory.clinics)
    rows = await connection.fetch(
        SQL["read_places"],
        list(booking_ids),
        # Where nothing is held nothing can be dead; the counter is fresh under its lock.
        [slot.id for slot in inventory.slots.values() if slot.held],
        list(claims),
        list(owner_ids),
    )
    before = {slot.id: slot.version for slot in inventory.slots.values()}
    seen = Seen(inventory, rows[0]["at"], before, {})
    for row in rows:
        if row["id"] is not None:
            _place(seen, row)
    return seen


def _by_int(key: UUID) -> int:
    return key.int


def _slot(row: asyncpg.Record, clinics: dict[UUID, Clinic]) -> Slot:
    clinic = clinics.get(row["clinic_id"])
    if clinic is None:
        clinic = Clinic(
            id=row["clinic_id"],
            name=row["clinic_name"],
            time_zone=row["time_zone"],
            address=row["address"],
            district=row["district"],
            latitude=row["latitude"],
            longitude=row["longitude"],
        )
        clinics[clinic.id] = clinic
    return Slot(
        id=row["id"],
        clinic=clinic,
        service=row["service"],
        product=row["product"],
        dose=row["dose"],
        modality=row["modality"],
        practitioner_id=row["practitioner_id"],
        resource=row["resource"],
        asks_for=row["asks_for"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        capacity=row["capacity"],
        held=row["held"],
        booked=row["booked"],
        open=row["open"],
        version=row["version"],
        extra=row["extra"],
        closes_minutes_before=row["closes_minutes_before"],
        cancel_until_minutes_before=row["cancel_until_minutes_before"],
    )


def _place(seen: Seen, row: asyncpg.Record) -> None:
    inventory = seen.inventory
    if row["claim"] is not None:
        inventory.claims[row["claim"]] = row["booking_id"]
    if row["hand"] is not None:
        inventory.hands.setdefault(row["owner_id"], {})[row["hand"]] = row["booking_id"]
    if row["why"] in ("claim", "hand"):
        return
    if row["slot_id"] not in inventory.slots:
        raise AgainError("a place stands in a slot that was not locked")
    booking = inventory.bookings.get(row["booking_id"])
    if booking is None:
        booking = Booking(
            id=row["booking_id"],
            home=row["home"],
            size=row["size"],
            version=row["version"],
            places=[],
        )
        inventory.bookings[booking.id] = booking
    booking.owner_id = row["owner_id"] or booking.owner_id
    booking.places.append(
        Place(
            id=row["id"],
            slot_id=row["slot_id"],
            ordinal=row["ordinal"],
            state=row["state"],
            expires_at=row["expires_at"],
            claim=row["claim"],
            hand=row["hand"],
        )
    )
    seen.places_before[row["id"]] = Row(*(row[name] for name in Row._fields))


async def save(
    connection: asyncpg.Connection,
    seen: Seen,
    *,
    said: Sequence[Said],
    answers: Sequence[Answer],
    positions: str,
    swept: Sequence[UUID],
) -> Changes:
    """Write and return what changed; AgainError where somebody else wrote one of the rows first."""
    slots, before = seen.inventory.slots.values(), seen.slots_before
    new = [slot for slot in slots if slot.id not in before]
    opened = [event for event in said if isinstance(event, ClinicOpened)]
    counted = [
        (*_counts(slot), before[slot.id])
        for slot in slots
        if slot.version > before.get(slot.id, slot.version)
    ]
    gone, seated = _changes(seen)
    if gone:
        await connection.execute(SQL["delete_places"], gone)
    if opened or new:
        await make_known(connection, opened, new)
    try:
        found = await connection.fetchval(
            SQL["save"],
            counted,
            seated,
            sorted(answers, key=lambda answer: answer.id.int),
            seen.at,
            positions,
            list(swept),
        )
    except asyncpg.UniqueViolationError as error:
        raise AgainError(QUICKER) from error
    if found != len(counted):
        raise AgainError(QUICKER)
    await change_clinics(connection, said)
    await limit_slots(connection, said)
    return gone, seated


def _changes(seen: Seen) -> Changes:
    """Seats to delete, and seats to write: what changed is deleted and written anew."""
    before, seated, same = seen.places_before, [], set()
    for booking in seen.inventory.bookings.values():
        for row in rows_of(booking):
            if before and before.get(row.id) == row:
                same.add(row.id)
            else:
                seated.append(row)
    gone = [place_id for place_id in before if place_id not in same]
    return gone, sorted(seated, key=in_turn)


async def answer_failed(
    connection: asyncpg.Connection, command: Command, reply: bytes, at: datetime
) -> None:
    """Record that a command was set aside."""
    await connection.execute(SQL["answer_failed"], command.id, command.body_hash, reply, at)


async def forget_old(pool: asyncpg.Pool, *, days: int, rows_max: int) -> None:
    """Drop refusals and batch records that have been kept long enough, a bite at a time."""
    async with pool.acquire(timeout=3) as connection:
        await connection.execute(SQL["forget_old_answers"], days, rows_max)
        await connection.execute(SQL["forget_old_batches"], days, rows_max)
