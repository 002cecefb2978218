"""How is a steady stream of bookings made without HTTP, so that what it disturbs can be measured?

Commands go to the log as the front desk would hand them over, and each decision is waited for: a
load that takes a tenth of what the same bookings would take by HTTP.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from deploy.local.stack import SETUP, Stack
from shared.asking import Asking, Replies
from shared.handing import Commands
from shared.log import Appender
from shared.messages import BookPlaces, CancelBooking, PlacesBooked, PlaceWish
from shared.topics import REPLY_SEATS, home_of
from talon.city.plan import Slot

SEATS_MAX = 5_000
PATIENCE_SECONDS = 5.0
STEP_SECONDS = 0.01
READING_SECONDS = 1.0
"""So long after the start the replies are surely read; what is told before is nobody's."""


class Done(msgspec.Struct):
    """What came of them."""

    asked: int = 0
    booked: int = 0
    refused: int = 0
    unanswered: int = 0


async def book(stack: Stack, slots: Sequence[Slot], *, rate: float, stop: asyncio.Event) -> Done:
    """So many bookings a second, slot after slot, until told to stop; half are given back."""
    broker = stack.broker(SETUP)
    appender = Appender(broker, "bench")
    await appender.start()
    replies = Replies(broker=broker, name="bench", partition=REPLY_SEATS - 1, seats_max=SEATS_MAX)
    reading = asyncio.create_task(replies.run())
    asking = Asking(Commands(appender), replies)
    done = Done()
    try:
        await asyncio.sleep(READING_SECONDS)
        await _steadily(asking, slots, rate=rate, stop=stop, done=done)
    finally:
        reading.cancel()
        await appender.stop()
    return done


async def _steadily(
    asking: Asking, slots: Sequence[Slot], *, rate: float, stop: asyncio.Event, done: Done
) -> None:
    began = time.monotonic()
    under_way: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        owed = int((time.monotonic() - began) * rate) - done.asked
        for _ in range(owed):
            task = asyncio.create_task(_book_one(asking, slots[done.asked % len(slots)], done))
            done.asked += 1
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.sleep(STEP_SECONDS)
    if under_way:
        await asyncio.wait(under_way)


async def _book_one(asking: Asking, slot: Slot, done: Done) -> None:
    """Book one place; every other one is given back, so that counts go both ways."""
    wish = uuid4()
    home = home_of(slot.clinic_id)
    command = BookPlaces(
        **_head(asking, wish), owner_id=uuid4(), places=(PlaceWish(slot_id=slot.id),)
    )
    reply = await asking.ask(command, home, PATIENCE_SECONDS)
    if reply is None:
        asking.replies.leave_seat(wish)
        done.unanswered += 1
    elif isinstance(reply, PlacesBooked):
        done.booked += 1
        if done.booked % 2:
            await _give_back(asking, reply, home)
    else:
        done.refused += 1


async def _give_back(asking: Asking, booked: PlacesBooked, home: int) -> None:
    again = uuid4()
    command = CancelBooking(**_head(asking, again), booking_id=booked.booking_id, reason="patient")
    if await asking.ask(command, home, PATIENCE_SECONDS) is None:
        asking.replies.leave_seat(again)


def _head(asking: Asking, command_id: UUID) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": command_id,
        "cause": command_id,
        "at": now,
        "body_hash": command_id.bytes,
        "deadline": now + timedelta(seconds=PATIENCE_SECONDS),
        "reply_to": asking.replies.partition,
    }
