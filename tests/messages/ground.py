"""Who is told, and of what? Numbered people with a phone each, and one booking of everybody's."""

import asyncio
from collections.abc import Sequence
from random import Random
from uuid import UUID

from aiokafka import AIOKafkaProducer

from bench.live.happenings import Happenings
from deploy.local.stack import SETUP, Stack
from services.notify.store import Contacts
from shared import database
from shared.topics import HOMES
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


async def tell(stack: Stack, persons: Sequence[UUID]) -> None:
    """As the front desk would: one event of each person, at its home, numbered from 1."""
    writer = AIOKafkaProducer(**stack.broker(SETUP).words, acks="all")
    await writer.start()
    try:
        await Happenings(writer, [0] * HOMES).tell(persons)
    finally:
        await writer.stop()
