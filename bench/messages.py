"""How fast are mails handed over, beside a bare loop, and whom does a backlog keep waiting?

A database of its own on the given server, and Postfix's `smtp-sink`, which takes everything. In
turns: the messenger's own sender, from its ledger; a loop around aiosmtplib that hands over mails
which are written already, over as many connections; and the same, each put into words first. Then a
hundred thousand reminders are due, and people go on booking.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvloop
from aiosmtplib import SMTP

from bench.mail_sink import listening
from bench.telling import confirmed
from services.notify.channels.email import Smtp
from services.notify.channels.email.mail import compose
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.reminding import Reminding
from services.notify.rules import messages_for
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts, Reminders, write_down
from shared import database
from shared.messages import BookingConfirmed
from shared.statements import load as statements
from shared.vault import open_vault
from shared.vault.keyring import Master, Ring
from shared.vault.sealing import new_key

SQL = statements("bench")

CONNECTIONS = 4
MAILS = 2_000
ROUNDS = 3
REMINDERS = 100_000
BESIDE_SECONDS = 30.0
PER_SECOND = 200
PEOPLE = 500
LOOKS_MAX = 10_000
QUIET = "00:00-00:00"

Turn = Callable[[Config, asyncpg.Pool, Contacts, Sequence[UUID]], Awaitable[float]]


async def run(server: str) -> dict[str, float]:
    """All of it; what was found."""
    admin = await asyncpg.connect(f"{server}/postgres")
    name = f"bench_messages_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        await database.migrate(f"{server}/{name}", ["shared", "services.notify"])
        with tempfile.TemporaryDirectory() as folder:
            vault = Path(folder) / "vault.json"
            ring = Ring(index=new_key(), masters=(Master(id="bench", key=new_key()),))
            vault.write_bytes(msgspec.json.encode(ring))
            async with listening() as port:
                return await _measured(_config(f"{server}/{name}", vault, port))
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def _config(dsn: str, vault: Path, port: int) -> Config:
    unused = ("database_owner", "database_person", "jwks", "kafka_user", "kafka_password")
    given: dict[str, object] = dict.fromkeys((*unused, "issuer", "audience"), "none")
    given |= {"kafka": "none:1", "port": 1, "ops_port": 2, "database": dsn, "vault": str(vault)}
    given |= {"smtp": f"127.0.0.1:{port}", "smtp_from": "no-reply@talon.example"}
    given |= {"smtp_connections_max": CONNECTIONS, "reminders_quiet": QUIET}
    return msgspec.convert(given, Config, strict=False)


async def _measured(config: Config) -> dict[str, float]:
    pool = await database.open_pool(config.database, size_max=8, name="bench")
    contacts = Contacts(pool, open_vault("notify", config.vault))
    people = [uuid4() for _ in range(PEOPLE)]
    for nth, person in enumerate(people):
        await contacts.keep(person, f"patient-{nth}@example.org")
    rates: dict[Turn, list[float]] = {_ours: [], _bare: [], _composing: []}
    for nth in range(ROUNDS):
        for turn in list(rates)[:: 1 if nth % 2 == 0 else -1]:
            seconds = await turn(config, pool, contacts, people)
            rates[turn].append(MAILS / seconds)
    ours, bare, composing = (median(each) for each in rates.values())
    for turn, each in rates.items():
        said = f"{median(each):,.0f} ({min(each):,.0f} to {max(each):,.0f})"
        print(f"{turn.__name__[1:]}: {said} mails a second", flush=True)
    delays = await _beside_a_backlog(config, pool, contacts, people)
    pool.terminate()
    return {
        "mails_per_second": round(ours),
        "bare_ratio": round(ours / bare, 2),
        "composing_ratio": round(ours / composing, 2),
        **delays,
    }


# ---- handed over, in turns -----------------------------------------------------------------------


async def _ours(
    config: Config, pool: asyncpg.Pool, contacts: Contacts, people: Sequence[UUID]
) -> float:
    """From the ledger, where they wait already, to the last mark; in seconds."""
    for _ in range(MAILS // PEOPLE):
        await _write(pool, people)
    began = time.perf_counter()
    async with _sending(config, pool, contacts):
        await _all_sent(pool)
        return time.perf_counter() - began


async def _bare(
    config: Config, pool: asyncpg.Pool, contacts: Contacts, people: Sequence[UUID]
) -> float:
    """Mails that are put into words already, over as many connections; in seconds."""
    mails = [_mail(config, person) for person in people]
    return await _looped(config, lambda nth: mails[nth % PEOPLE])


async def _composing(
    config: Config, pool: asyncpg.Pool, contacts: Contacts, people: Sequence[UUID]
) -> float:
    """The same, each put into words before it is handed over."""
    return await _looped(config, lambda nth: _mail(config, people[nth % PEOPLE]))


async def _looped(config: Config, mail: Callable[[int], bytes]) -> float:
    todo = list(range(MAILS))
    host, port = config.smtp_servers[0]

    async def some() -> None:
        async with SMTP(hostname=host, port=port, local_hostname="talon.example") as client:
            while todo:
                await client.sendmail(config.smtp_from, ["patient@example.org"], mail(todo.pop()))

    began = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(CONNECTIONS)))
    return time.perf_counter() - began


def _mail(config: Config, person: UUID) -> bytes:
    now = datetime.now(UTC)
    return compose(_booked(person), sender=config.smtp_from, recipient="p@example.org", at=now)


@asynccontextmanager
async def _sending(config: Config, pool: asyncpg.Pool, contacts: Contacts) -> AsyncIterator[Sender]:
    dispatcher = Dispatcher(config, contacts)
    sender = Sender(Smtp(config), config, Ledger(pool), dispatcher, Receipts(pool))
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        sender.stop()
        await running


async def _write(pool: asyncpg.Pool, people: Sequence[UUID]) -> None:
    messages = [message for person in people for message in messages_for(_booked(person))]
    async with pool.acquire() as connection:
        await write_down(connection, messages)


async def _all_sent(pool: asyncpg.Pool) -> None:
    for _ in range(LOOKS_MAX):
        if not await pool.fetchval(SQL["unsettled_messages"]):
            return
        await asyncio.sleep(0.02)
    raise SystemExit("not all mails were handed over")


def _booked(person: UUID, days: int = 30) -> BookingConfirmed:
    return confirmed(person, clinic_id=uuid4(), days=days)


# ---- beside a backlog ----------------------------------------------------------------------------


async def _beside_a_backlog(
    config: Config, pool: asyncpg.Pool, contacts: Contacts, people: Sequence[UUID]
) -> dict[str, float]:
    """How long a confirmation waits from being written down to being handed over."""
    await pool.execute(SQL["forget_sent"])
    alone = await _delays(config, pool, contacts, people)
    place = msgspec.json.encode(_booked(people[0], days=1).places).decode()
    await pool.execute(SQL["fill_reminders"], list(people), REMINDERS, place)
    await pool.execute(SQL["forget_sent"])
    reminding = Reminding(config, Reminders(pool))
    running = asyncio.create_task(reminding.run())
    try:
        beside = await _delays(config, pool, contacts, people)
    finally:
        running.cancel()
    reminded = await pool.fetchval(SQL["reminders_sent"])
    print(
        f"beside {REMINDERS:,} due reminders, of which {reminded:,} were told meanwhile", flush=True
    )
    return {
        "confirmations_p99_seconds": alone,
        "confirmations_p99_seconds_beside_backlog": beside,
        "reminders_told_meanwhile": float(reminded),
    }


async def _delays(
    config: Config, pool: asyncpg.Pool, contacts: Contacts, people: Sequence[UUID]
) -> float:
    """p99, in seconds, while so many confirmations a second are written down."""
    async with _sending(config, pool, contacts) as sender:
        ends = time.perf_counter() + BESIDE_SECONDS
        while (now := time.perf_counter()) < ends:
            await _write(pool, people[: PER_SECOND // 10])
            sender.wake()
            await asyncio.sleep(max(0.0, now + 0.1 - time.perf_counter()))
        rows = await pool.fetch(SQL["delays_of_confirmations"])
    waits: list[float] = [row["seconds"] for row in rows]
    p99: float = quantiles(waits, n=100)[98]
    print(f"confirmations: {len(waits):,}, p50 {median(waits):.3f} s, p99 {p99:.3f} s", flush=True)
    return round(p99, 3)


def main() -> None:
    """The last line is RESULT {json}."""
    words = argparse.ArgumentParser(prog="python -m bench.messages", description=__doc__)
    words.add_argument("--server", required=True, help="a PostgreSQL that has the stack's roles")
    options = words.parse_args()
    found = uvloop.run(run(options.server))
    print(f"RESULT {msgspec.json.encode(found).decode()}")


if __name__ == "__main__":
    main()
