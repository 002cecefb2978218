"""What do staff say of clinics and slots, and how is that written within a batch?"""

from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from services.slots.rules import Slot
from shared.batch import AgainError
from shared.messages import ClinicChanged, ClinicOpened, SlotChanged
from shared.statements import load

SQL = load("services.slots")

Said = ClinicOpened | ClinicChanged | SlotChanged
"""What staff say of clinics and slots, and what is written apart from the counters."""

LIMITS = ("version", "closes_minutes_before", "cancel_until_minutes_before", "extra")
SAID_OF_SLOTS = (
    "product",
    "dose",
    "modality",
    "practitioner_id",
    "resource",
    "asks_for",
    "closes_minutes_before",
    "cancel_until_minutes_before",
    "extra",
)
"""What is said of a slot beside where and when it is, in the order of `make_known`."""

QUICKER = "somebody else was quicker"


async def make_known(
    connection: asyncpg.Connection, opened: Sequence[ClinicOpened], new: Sequence[Slot]
) -> None:
    """What staff made known: seldom asked for, so plain bookings do not carry it along."""
    row = await connection.fetchrow(
        SQL["make_known"],
        *_clinic_columns(opened),
        *_opened_columns(new),
        *_columns(new, SAID_OF_SLOTS),
    )
    assert row is not None
    if (len(opened), len(new)) != (row["clinics"], row["opened"]):
        raise AgainError(QUICKER)


async def change_clinics(connection: asyncpg.Connection, said: Iterable[Said]) -> None:
    """Write what is said of clinics now; the last word of the batch on each."""
    last = {event.clinic_id: event for event in said if isinstance(event, ClinicChanged)}
    if last:
        names = ("clinic_id", "name", "address", "district", "latitude", "longitude")
        await connection.execute(SQL["change_clinics"], *_columns(list(last.values()), names))


async def limit_slots(connection: asyncpg.Connection, said: Iterable[Said]) -> None:
    """Write what staff made of slots' limits, and who answers for whom they let in beyond them."""
    changed = [event for event in said if isinstance(event, SlotChanged)]
    if changed:
        counts = [event.count for event in changed]
        await connection.execute(
            SQL["limit_slots"],
            [count.slot_id for count in counts],
            *_columns(counts, LIMITS),
            [event.by for event in changed],
            changed[0].at,
        )


def _columns(rows: Sequence[Any], names: Iterable[str]) -> list[list[Any]]:
    return [[getattr(row, name) for row in rows] for name in names]


def _clinic_columns(opened: Sequence[ClinicOpened]) -> list[list[Any]]:
    names = ("clinic_id", "name", "time_zone", "address", "district", "latitude", "longitude")
    return _columns(opened, names)


def _opened_columns(slots: Sequence[Slot]) -> list[list[Any]]:
    columns = _columns(slots, ("id", "service", "starts_at", "ends_at"))
    columns.insert(1, [slot.clinic.id for slot in slots])
    return columns + _columns(slots, ("capacity", "held", "booked", "open", "version"))
