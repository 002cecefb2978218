"""How is something sent in a test? By senders on a real ledger, with the providers it is given."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from services.notify import store
from services.notify.channels import Provider
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.rules import messages_for
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts
from shared.messages import BookingEvent
from tests.vaults import a_vault

PATIENCE_SECONDS = 10.0


def a_sender(provider: Provider, config: Config, pool: asyncpg.Pool) -> Sender:
    """Not running yet."""
    dispatcher = Dispatcher(config, Contacts(pool, a_vault("notify")))
    return Sender(provider, config, Ledger(pool), dispatcher, Receipts(pool))


@asynccontextmanager
async def running(
    providers: Sequence[Provider], config: Config, pool: asyncpg.Pool
) -> AsyncIterator[None]:
    """A sender for each of these, until the block is left."""
    senders = [a_sender(provider, config, pool) for provider in providers]
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        yield
    finally:
        for sender in senders:
            sender.stop()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)


async def write(pool: asyncpg.Pool, *events: BookingEvent) -> None:
    """These are to be told."""
    async with pool.acquire() as connection, connection.transaction():
        messages = [message for event in events for message in messages_for(event)]
        await store.write_down(connection, messages)


async def told(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    """By which channels, with which fates."""
    rows = await pool.fetch("SELECT channel, state FROM message ORDER BY id")
    return [(row["channel"], row["state"]) for row in rows]


async def until_told(pool: asyncpg.Pool, *expected: tuple[str, str]) -> None:
    """Wait until that is so; what else is so in the end fails the test."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await told(pool) != list(expected):  # noqa: ASYNC110 - only the database knows
                await asyncio.sleep(0.01)
    except TimeoutError:
        assert await told(pool) == list(expected)
