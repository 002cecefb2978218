"""What becomes of a message between the ledger and a real mail server, whatever that one does?"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.message import Message
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from services.notify import store
from services.notify.channels.email import Smtp
from services.notify.config import Config
from services.notify.rules import messages_for
from services.notify.sending import Sender
from services.notify.store import Contacts
from shared.messages import BookingEvent
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed, moved
from tests.notify_mail_server import MailServer, listening
from tests.notify_senders import a_sender
from tests.vaults import a_vault, key_file_of

PATIENCE_SECONDS = 10.0
SETTINGS = {
    "database_owner": "none",
    "database_person": "none",
    "kafka": "none:1",
    "kafka_user": "nobody",
    "kafka_password": "none",
    "jwks": "none",
    "vault": str(key_file_of("notify")),
    "issuer": "talon-test",
    "audience": "talon",
    "smtp_from": "no-reply@talon.example",
    "port": "1",
    "ops_port": "2",
    "poll_seconds": "0.02",
    "backoff_seconds_min": "0.02",
    "attempts_max": "3",
}


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=6) as opened:
        await Contacts(opened, a_vault("notify")).keep(ALICE, "alice@example.org")
        yield opened


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with listening(MailServer()) as mail_server:
        yield mail_server


def a_config(dsn: str, port: int, **settings: object) -> Config:
    given = SETTINGS | {"database": dsn, "smtp": f"127.0.0.1:{port}"}
    given |= {name: str(value) for name, value in settings.items()}
    return msgspec.convert(given, Config, strict=False)


@asynccontextmanager
async def sending(config: Config, pool: asyncpg.Pool) -> AsyncIterator[Sender]:
    sender = a_sender(Smtp(config), config, pool)
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        sender.stop()
        await asyncio.wait_for(running, PATIENCE_SECONDS)


async def write(pool: asyncpg.Pool, *events: BookingEvent) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await store.write_down(
            connection, [message for event in events for message in messages_for(event)]
        )


async def states(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT state FROM message ORDER BY id")
    return [row["state"] for row in rows]


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await true():  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.01)


async def until_settled(pool: asyncpg.Pool) -> None:
    async def settled() -> bool:
        return not {"waiting", "claimed"} & set(await states(pool))

    await until(settled)


# ---- all is well --------------------------------------------------------------------------------


async def test_a_booking_a_move_and_a_cancellation_arrive_in_this_order(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    first, second = a_place(), a_place()

    await write(
        pool,
        confirmed(first),
        moved(to=[second], away_from=[first], version=2),
        cancelled(second, version=3),
    )
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)

    assert server.told() == ["BookingConfirmed", "BookingRescheduled", "BookingRevoked"]
    assert server.recipients == ["alice@example.org"] * 3
    assert await states(pool) == ["sent"] * 3


async def test_many_messages_share_few_connections_and_each_is_told_once(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(200)))

    config = a_config(notify_dsn, server.port, smtp_connections_max=2)
    async with sending(config, pool), sending(config, pool):
        await until_settled(pool)

    assert len({mail["Message-ID"] for mail in server.kept}) == len(server.kept) == 200
    assert server.connections <= 4


async def test_the_same_event_again_is_not_told_again(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    event = confirmed()

    async with sending(a_config(notify_dsn, server.port), pool):
        await write(pool, event)
        await until_settled(pool)
        await write(pool, event)
        await until_settled(pool)
        await asyncio.sleep(0.1)

    assert server.told() == ["BookingConfirmed"]


# ---- the server says no --------------------------------------------------------------------------


async def test_a_server_that_is_busy_is_asked_again(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async def busy_once(mail: Message) -> str:
        return "451 later" if len(server.seen) == 1 else "250 OK"

    server.on_data = busy_once
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)

    assert await states(pool) == ["sent"]
    assert (len(server.seen), len(server.kept)) == (2, 1)


async def test_a_server_that_stays_busy_ends_in_failed(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async def busy(mail: Message) -> str:
        return "451 later"

    server.on_data = busy
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)

    assert await states(pool) == ["failed"]
    assert await pool.fetchval("SELECT note FROM message") == "451 at content, attempt 3"
    assert len(server.seen) == 3


async def test_an_address_that_nobody_has_fails_at_once_and_the_line_goes_on(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    boris = uuid4()
    await Contacts(pool, a_vault("notify")).keep(boris, "boris@example.org")
    server.on_rcpt = lambda address: "550 who?" if address.startswith("boris") else "250 OK"
    await write(pool, confirmed(booking_id=uuid4(), owner_id=boris), confirmed())
    async with sending(a_config(notify_dsn, server.port, smtp_connections_max=1), pool):
        await until_settled(pool)

    assert await states(pool) == ["failed", "sent"]
    assert await pool.fetchval("SELECT note FROM message WHERE state = 'failed'") == "550 at RCPT"
    assert server.connections == 1


# ---- the server says nothing ---------------------------------------------------------------------


async def test_a_server_that_takes_the_content_and_hangs_leaves_it_unknown(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async def hang(mail: Message) -> str:
        await asyncio.sleep(PATIENCE_SECONDS)
        return "250 too late"

    server.on_data = hang
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, server.port, send_seconds=0.3), pool):
        await until_settled(pool)
        await asyncio.sleep(0.1)

    assert await states(pool) == ["unknown"]
    assert len(server.seen) == 1


async def test_a_server_that_takes_the_content_and_hangs_up_leaves_it_unknown(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async def hang_up(mail: Message) -> str:
        server.hang_up()
        return "250 never heard"

    server.on_data = hang_up
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)
        await asyncio.sleep(0.1)

    assert await states(pool) == ["unknown"]
    assert len(server.seen) == 1


async def test_a_line_lost_before_the_content_is_certain_and_tried_again(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    asked: list[str] = []

    def hang_up_once(address: str) -> str:
        asked.append(address)
        if len(asked) == 1:
            server.hang_up()
        return "250 OK"

    server.on_rcpt = hang_up_once
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)

    assert await states(pool) == ["sent"]
    assert (len(asked), len(server.seen)) == (2, 1)


async def test_while_the_server_is_away_nothing_is_claimed_or_tried_in_vain(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async with listening(MailServer()) as gone:
        port = gone.port
    await write(pool, confirmed())
    async with sending(a_config(notify_dsn, port), pool):
        await asyncio.sleep(0.3)
        waiting = await pool.fetchrow("SELECT state, attempts FROM message")
        async with listening(server, port):
            await until_settled(pool)

    assert waiting is not None
    assert tuple(waiting) == ("waiting", 0)
    assert server.told() == ["BookingConfirmed"]


# ---- the sender stops or dies --------------------------------------------------------------------


async def test_a_sender_told_to_stop_finishes_its_mail_and_gives_the_rest_back(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(mail: Message) -> str:
        begun.set()
        await go_on.wait()
        return "250 OK"

    server.on_data = slow
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(5)))
    async with sending(a_config(notify_dsn, server.port, smtp_connections_max=1), pool) as sender:
        await begun.wait()
        sender.stop()
        go_on.set()

    assert await states(pool) == ["sent"] + ["waiting"] * 4
    assert await pool.fetchval("SELECT sum(attempts) FROM message") == 1


async def test_a_sender_killed_after_the_server_took_the_mail_leaves_it_unknown_for_ever(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    settings = SETTINGS | {"claim_seconds": "1.5", "send_seconds": "1.0"}
    settings |= {"database": notify_dsn, "smtp": f"127.0.0.1:{server.port}"}
    environ = os.environ | {f"TALON_{name.upper()}": value for name, value in settings.items()}
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.notify_sender_process", env=environ
    )

    async def take_and_kill(mail: Message) -> str:
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        return "250 OK"

    server.on_data = take_and_kill
    await write(pool, confirmed())
    await victim.wait()
    claimed = await states(pool)
    async with sending(a_config(notify_dsn, server.port, claim_seconds=1.5, send_seconds=1), pool):
        await until_settled(pool)
        await asyncio.sleep(0.2)

    assert claimed == ["claimed"]
    assert await states(pool) == ["unknown"]
    assert len(server.seen) == 1


async def test_what_was_sent_is_marked_though_the_database_hung_up_meanwhile(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    async def end_its_sessions(mail: Message) -> str:
        await pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'cut off'"
        )
        return "250 OK"

    server.on_data = end_its_sessions
    await write(pool, confirmed())
    cut_off = {"application_name": "cut off"}
    async with (
        asyncpg.create_pool(notify_dsn, min_size=1, max_size=4, server_settings=cut_off) as theirs,
        sending(a_config(notify_dsn, server.port), theirs),
    ):
        await until_settled(pool)

    assert await states(pool) == ["sent"]
    assert len(server.seen) == 1


async def test_a_message_that_cannot_be_put_into_words_fails_alone(
    pool: asyncpg.Pool, notify_dsn: str, server: MailServer
) -> None:
    nowhere = confirmed(a_place(time_zone="Nowhere/Town"), booking_id=uuid4())
    await write(pool, nowhere, confirmed())
    async with sending(a_config(notify_dsn, server.port), pool):
        await until_settled(pool)

    assert await states(pool) == ["failed", "sent"]
