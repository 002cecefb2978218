"""Does what a service does though nobody asks say so when it hangs? And nothing while it waits?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from services.booking import closures, pending
from services.booking.closures import Closures
from services.booking.pending import Keeper, Sweeper, as_pending
from services.booking.store import Database, Wishes
from services.notify import sending
from services.notify.channels.email import Smtp
from services.notify.live import Broadcaster, broadcaster
from services.notify.store import LiveEvents
from shared.clock import DatabaseClock
from shared.messages import Command
from tests import stories
from tests.booking_stories import MONDAY
from tests.notify_bookings import ALICE
from tests.notify_doors import a_config
from tests.notify_live import Page
from tests.notify_senders import a_sender

SILENCE_SECONDS = 0.3
LONG_SECONDS = 0.6
OFTEN_SECONDS = 0.02
PATIENCE_SECONDS = 5.0
STATEMENT_SECONDS = 60.0
"""Longer than any test: what waits behind a lock hangs, as if its limit were broken."""


class HangingLog:
    """Never says whether it took a command."""

    away = False

    async def hand_over(self, command: Command, partition: int) -> None:
        await asyncio.Event().wait()


@asynccontextmanager
async def a_pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections without any limit on what they wait for."""
    opened = await asyncpg.create_pool(dsn, min_size=1, max_size=4)
    yield opened
    opened.terminate()


@asynccontextmanager
async def locked(dsn: str, table: str) -> AsyncIterator[None]:
    """Nobody else reads or writes this table while the block runs."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table}")
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def running(errand: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """It goes on while the block runs."""
    task = asyncio.create_task(errand)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():  # noqa: ASYNC110 - a pulse is looked at, it does not call
            await asyncio.sleep(OFTEN_SECONDS)


async def test_who_asks_again_is_not_ready_while_the_log_never_answers(
    booking_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "SILENCE_SECONDS_MAX", SILENCE_SECONDS)
    async with a_pool(booking_dsn) as pool:
        wishes = Wishes(Database(pool, STATEMENT_SECONDS))
        sweeper = Sweeper(wishes, HangingLog(), 7, resend_seconds=60)
        async with running(sweeper.run(sweep_seconds=OFTEN_SECONDS, sweep_max=10)):
            await asyncio.sleep(LONG_SECONDS)
            nothing_to_ask = sweeper.pulse.wrong()

            await Keeper(wishes).keep(as_pending(stories.book(MONDAY, id=uuid4()), 0))
            await pool.execute("UPDATE pending_command SET due_at = '2020-01-01 00:00Z'")
            await until(lambda: sweeper.pulse.wrong() is not None)

    assert nothing_to_ask is None


async def test_who_sees_to_closing_slots_is_not_ready_while_it_does_not_get_to_them(
    booking_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closures, "SILENCE_SECONDS_MAX", SILENCE_SECONDS)
    async with a_pool(booking_dsn) as pool:
        clock = DatabaseClock()
        await clock.set(pool)
        wishes = Wishes(Database(pool, STATEMENT_SECONDS))
        errand = Closures(wishes, clock, 7)
        async with running(errand.run(closure_seconds=OFTEN_SECONDS, closure_max=10)):
            await asyncio.sleep(LONG_SECONDS)
            nothing_closes = errand.pulse.wrong()

            async with locked(booking_dsn, "slot"):
                await until(lambda: errand.pulse.wrong() is not None)
            await until(lambda: errand.pulse.wrong() is None)

    assert nothing_closes is None


async def test_who_sends_mail_is_not_ready_while_the_ledger_does_not_open(
    notify_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SILENCE_SECONDS_MAX", SILENCE_SECONDS)
    config = a_config(notify_dsn, poll_seconds=OFTEN_SECONDS, claim_seconds=0.02, send_seconds=0.01)
    async with a_pool(notify_dsn) as pool:
        sender = a_sender(Smtp(config), config, pool)
        async with running(sender.run()):
            await asyncio.sleep(LONG_SECONDS)
            nothing_to_send = sender.wrong()

            async with locked(notify_dsn, "message"):
                await until(lambda: sender.wrong() is not None)
            await until(lambda: sender.wrong() is None)

    assert nothing_to_send is None


async def test_who_tells_open_pages_is_not_ready_while_it_does_not_learn_what_happens(
    notify_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broadcaster, "SILENCE_SECONDS_MAX", SILENCE_SECONDS)
    monkeypatch.setattr(broadcaster, "IDLE_SECONDS", OFTEN_SECONDS)
    async with a_pool(notify_dsn) as pool:
        live = Broadcaster(a_config(notify_dsn, live_poll_seconds=OFTEN_SECONDS), LiveEvents(pool))
        async with running(live.run()):
            await asyncio.sleep(LONG_SECONDS)
            nobody_listens = live.pulse.wrong()

            await Page(ALICE).connect(live)
            async with locked(notify_dsn, "live_event"):
                await until(lambda: live.pulse.wrong() is not None)
            await until(lambda: live.pulse.wrong() is None)

    assert nobody_listens is None
