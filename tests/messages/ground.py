"""Who is told, and of what? Numbered people with a phone each, and one booking of everybody's."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from aiokafka import AIOKafkaProducer

from deploy.local.stack import SETUP, Stack
from services.notify.store import Contacts
from shared import database
from shared.batch import Head
from shared.events import outgoing
from shared.messages import BookedPlace, BookingConfirmed
from shared.topics import BOOKING_EVENTS, HOMES, home_of
from shared.vault import open_vault

AT_ONCE = 4


def number_of(nth: int) -> str:
    """A phone that could be; nobody's."""
    return f"+7900{nth:07d}"


def people(events: int, dice: Random) -> list[UUID]:
    """So many persons."""
    return [UUID(int=dice.getrandbits(128), version=4) for _ in range(events)]


async def give_phones(stack: Stack, persons: Sequence[UUID]) -> None:
    """Everybody has a phone, sealed as the messenger seals it."""
    pool = await database.open_pool(stack.dsn("notify"), size_max=AT_ONCE, name="messages")
    contacts = Contacts(pool, open_vault("notify", str(stack.vault("notify"))))
    todo = list(enumerate(persons))

    async def some() -> None:
        while todo:
            nth, person = todo.pop()
            await contacts.keep(person, None, number_of(nth))

    try:
        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    finally:
        pool.terminate()


async def tell(stack: Stack, persons: Sequence[UUID], dice: Random) -> None:
    """As the front desk would: one event of each person, at its home, numbered from 1."""
    heads = {home: Head(home, 0, 0, 0, 0, 0) for home in range(HOMES)}
    writer = AIOKafkaProducer(**stack.broker(SETUP).words, acks="all")
    await writer.start()
    try:
        for person in persons:
            event = booked(person, dice)
            head = heads[home_of(event.booking_id)]
            record = outgoing(BOOKING_EVENTS, head, event, event.booking_id.bytes)
            await writer.send(
                record.topic,
                record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        await writer.flush()
    finally:
        await writer.stop()


def booked(person: UUID, dice: Random) -> BookingConfirmed:
    """Somebody's booking, a day from now."""

    def an_id() -> UUID:
        return UUID(int=dice.getrandbits(128), version=4)

    now = datetime.now(UTC)
    place = BookedPlace(
        id=an_id(),
        slot_id=an_id(),
        starts_at=now + timedelta(days=1),
        ends_at=now + timedelta(days=1, minutes=15),
        clinic_id=an_id(),
        clinic_name="Polyclinic No. 1",
        clinic_address="Moscow, Central District, Example Street, 1",
        time_zone="Europe/Moscow",
        patient_id=person,
    )
    return BookingConfirmed(
        id=an_id(),
        cause=an_id(),
        at=now,
        booking_id=an_id(),
        version=1,
        owner_id=person,
        places=(place,),
    )
