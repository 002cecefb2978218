"""How is a copy of what is free made from the database? And how is one given up?"""

import asyncio
import sys

from services.slots import store
from services.slots.availability.board import Board
from services.slots.availability.records import About, Clinic, Slot, microseconds
from services.slots.availability.replica import Replica

SHEETS_AT_A_TIME = 50
"""How many days of a service at a clinic are given up before somebody else has their turn."""


async def load(dsn: str, slots_max: int) -> Replica:
    """All that is to come, as of one moment, with the numbers of the events that are in it."""
    board = Board(slots_max)
    async with store.snapshot(dsn) as snapshot:
        at, numbers = await snapshot.event_numbers()
        now_us = microseconds(at)
        async for rows in snapshot.clinics():
            for row in rows:
                board.put_clinic(Clinic(**row))
        async for rows in snapshot.slots():
            for row in rows:
                _put(board, row, now_us)
    return Replica(board, numbers, at)


def _put(board: Board, row: store.Record, now_us: int) -> None:
    # By position, since this is done a million times.
    slot_id, clinic_id, service, product, dose, modality, practitioner_id, resource, *rest = row
    asks_for, starts_us, ends_us, capacity, held, booked, is_open, version, *limits = rest
    extra, closes_minutes, cancel_minutes = limits
    slot = Slot(
        id=slot_id,
        starts_us=starts_us,
        ends_us=ends_us,
        product=product,
        dose=dose,
        version=version,
        capacity=capacity,
        held=held,
        booked=booked,
        open=is_open,
        extra=extra,
        closes_minutes_before=closes_minutes,
        cancel_until_minutes_before=cancel_minutes,
        about=About(modality, practitioner_id, resource, asks_for),
    )
    board.put_slot(slot, clinic_id, service, now_us=now_us)


async def give_up(board: Board) -> None:
    """Let go of a copy bit by bit: a million objects at once would stop everything for a while."""
    while board.sheets:
        board.forget(sys.maxsize, sheets_max=SHEETS_AT_A_TIME)
        await asyncio.sleep(0)
