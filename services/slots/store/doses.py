"""For which dose is each seat in a slot that is for one alone? Nothing is asked of any other slot.

The rules have said so already; here the database compares what was decided with the slot's own row.
"""

from collections.abc import Iterable

import asyncpg

from services.slots.rules.bookings import dose_of
from services.slots.store.decisions import SQL, Changes, Seen
from shared.messages import BookingMoved, PlacesBooked, SlotEvent


async def keep_doses(
    connection: asyncpg.Connection, seen: Seen, changes: Changes, events: Iterable[SlotEvent]
) -> None:
    """Write down what was booked in such slots, and forget what is no more: what `save` changed."""
    dosed = {slot.id for slot in seen.inventory.slots.values() if slot.dose is not None}
    if not dosed:
        return
    gone, seated = changes
    seats = {row.id for row in seated}
    booked = {
        place.id: place
        for event in events
        if isinstance(event, PlacesBooked | BookingMoved)
        for place in event.places
        if place.slot_id in dosed and place.id in seats
    }
    if forgotten := [place_id for place_id in gone if place_id not in seats]:
        await connection.execute(SQL["forget_doses"], forgotten)
    if booked:
        places = booked.values()
        await connection.execute(
            SQL["note_doses"],
            list(booked),
            [place.slot_id for place in places],
            [dose_of(place) for place in places],
        )
