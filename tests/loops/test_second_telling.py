"""Do the statements in Python do what those in SQL do? The same work on both is compared.

What waits for whom is not compared here: the races (`tests/races/`) have PostgreSQL's word on it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from aiokafka.structs import ConsumerRecord

from services.booking.inbox import Inbox as Projector
from services.booking.memory import Kept
from services.booking.rules.life import LifeEvent, change_of, fold
from services.booking.store import bookings as booking_store
from services.notify.inbox import Inbox as Messenger
from services.notify.rules import Mark
from services.notify.store import Contacts, Ledger
from services.slots.inbox import Referee, unpack
from shared import database
from shared.batch import Handler, Item, Limits
from shared.commit import Committer
from shared.events import Unpacker
from shared.log import Outgoing
from shared.statements import load
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS, SLOTS_REPLIES, Topic
from tests.loops.city import EMAIL, OWNERS, City
from tests.loops.clockwork import HERE, Process
from tests.loops.database import Connection, Database, Pool
from tests.loops.promises import _replies_in, _reply
from tests.loops.wishes import asked_again, opening, wishes
from tests.notify_bookings import HABITS
from tests.stories import a_record
from tests.vaults import a_vault

SHARED = load("shared")
Unpack = Callable[[ConsumerRecord], list[Item]]
Work = Callable[[Any, Any], Awaitable[list[Any]]]
"""Something done on a connection and a pool, and what came of it."""

SEEDS = range(6)


async def _follow(
    connection: Any, topic: Topic, handler: Handler, items: Sequence[Item]
) -> list[Outgoing]:
    """Everything in batches of three, by one who owns every partition; what is announced."""
    committer = Committer(topic, owner=uuid4(), handler=handler, limits=Limits())
    told: list[Outgoing] = []
    committer.offer = lambda partition, seq, records: told.extend(records)
    await connection.execute(SHARED["ensure_partitions"], topic.name, topic.partitions)
    await connection.fetch(
        SHARED["claim_partitions"], topic.name, committer._owner, 3_600.0, topic.partitions
    )
    for n in range(0, len(items), 3):
        await committer.handle(connection, list(items[n : n + 3]))
    return told


def _as_read(records: Sequence[Outgoing], topic: Topic) -> list[ConsumerRecord]:
    """As they lie in the log."""
    ends = dict.fromkeys(range(topic.partitions), 0)
    found = []
    for record in records:
        if record.topic == topic.name:
            place = {"partition": record.partition, "offset": ends[record.partition]}
            read = a_record(record.value, topic=topic.name, headers=record.headers, **place)
            ends[record.partition] += 1
            found.append(read)
    return found


def _items(records: Sequence[Outgoing], topic: Topic, unpack: Unpack) -> list[Item]:
    return [item for record in _as_read(records, topic) for item in unpack(record)]


# ---- the work ------------------------------------------------------------------------------------


def _commands(seed: int) -> list[Outgoing]:
    dice = random.Random(seed)
    value, home = opening(dice)
    records = [Outgoing(SLOTS_COMMANDS.name, home, None, value)]
    asked = [wish for _ in range(4) for wish in wishes(dice)]
    asked += [asked_again(dice, dice.choice(asked), 0.0) for _ in range(5)]
    records += [Outgoing(SLOTS_COMMANDS.name, wish.home, None, wish.bytes()) for wish in asked]
    return records


async def _decide(connection: Any, seed: int) -> list[Outgoing]:
    items = _items(_commands(seed), SLOTS_COMMANDS, unpack)
    return await _follow(connection, SLOTS_COMMANDS, Referee(swept_holds_max=10), items)


async def _project(connection: Any, records: Sequence[Outgoing]) -> list[Outgoing]:
    """Half of what was answered is kept before the projection comes to it."""
    replies = [
        _reply(part)
        for record in records
        if record.topic == SLOTS_REPLIES.name
        for part in _replies_in(record.value)
    ]
    for reply in replies[::2]:
        if isinstance(reply, LifeEvent):
            await booking_store.apply(connection, fold([change_of(reply)]), [reply.cause], {})
    items = _items(records, SLOTS_EVENTS, Unpacker(SLOTS_EVENTS))
    return await _follow(connection, SLOTS_EVENTS, Projector(Kept(1)), items)


async def _notify(connection: Any, pool: Any, records: Sequence[Outgoing]) -> list[Any]:
    """Each is claimed in its turn, and marked in one way or another; some claims are lost."""
    items = _items(records, BOOKING_EVENTS, Unpacker(BOOKING_EVENTS))
    await _follow(connection, BOOKING_EVENTS, Messenger(a_vault("notify"), HABITS), items)
    ledger, claimer, fates = Ledger(pool), UUID(int=1), []
    marks = (Mark(state="sent"), Mark(state="failed", note="550 at RCPT"), Mark(state="unknown"))
    for n in range(12):
        claim = await ledger.claim(claimer, "email", "smtp", -1.0 if n % 4 == 3 else 60.0, 4)
        lost = {message.id for message in await ledger.give_up_lost("smtp")}
        fates += [
            (m.booking_id, m.id in lost, msgspec.json.decode(m.event)) for m in claim.messages
        ]
        await ledger.mark(claimer, [(m.id, marks[n % 3]) for m in claim.messages])
    return fates


# ---- both tellings -------------------------------------------------------------------------------


async def _rows(connection: asyncpg.Connection, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await connection.fetch(f"SELECT * FROM {table}")]  # noqa: S608


def _compared(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> list[str]:
    """Without instants, which differ, in an order of their own."""
    return sorted(repr([row[name] for name in names]) for row in rows)


COMPARED = {
    "slot": ("id", "capacity", "held", "booked", "open", "version", "extra"),
    "place": (
        "id",
        "slot_id",
        "booking_id",
        "home",
        "ordinal",
        "size",
        "version",
        "state",
        "claim",
    ),
    "answer": ("id", "body_hash", "outcome"),
    "booking": (
        "id",
        "owner_id",
        "kind",
        "status",
        "version",
        "home",
        "places",
        "places_told",
        "late",
        "cancelled_by",
    ),
    "message": ("event_id", "booking_id", "version", "state", "attempts", "note", "claimed_by"),
    "live_event": ("home", "seq", "owner_id"),
    "partition_state": ("partition", "next_offset", "taken_seq", "event_seq", "outbox_seq"),
}


def _told(records: Sequence[Outgoing]) -> list[tuple[str, int, Any]]:
    return [(r.topic, r.partition, dict(r.headers).get("ce_id")) for r in records]


@pytest.mark.parametrize("seed", SEEDS)
async def test_both_tellings_leave_the_same_and_say_the_same(
    seed: int, slots_dsn: str, booking_dsn: str, notify_dsn: str
) -> None:
    decided = await _on_postgres(
        slots_dsn, lambda c, p: _decide(c, seed), ("slot", "place", "answer")
    )
    projected = await _on_postgres(booking_dsn, lambda c, p: _project(c, decided[0]), ("booking",))
    told = projected[0]
    notified = await _on_postgres(
        notify_dsn, lambda c, p: _notify(c, p, told), ("message", "live_event")
    )

    decided_here = await _in_memory(City(seed).slots, lambda c, p: _decide(c, seed), decided[1])
    projected_here = await _in_memory(
        City(seed).booking, lambda c, p: _project(c, decided[0]), projected[1]
    )
    notified_here = await _in_memory(
        City(seed).notify, lambda c, p: _notify(c, p, told), notified[1]
    )

    assert decided_here[1] == decided[1]
    assert _told(decided_here[0]) == _told(decided[0])
    assert projected_here[1] == projected[1]
    assert _told(projected_here[0]) == _told(projected[0])
    assert notified_here == notified


async def _on_postgres(
    dsn: str, work: Work, tables: Sequence[str]
) -> tuple[list[Any], dict[str, list[str]]]:
    connection = await database.connect(dsn)
    pool = await database.open_pool(dsn, size_max=2, name="second telling")
    if "message" in tables:
        for owner in OWNERS:
            await Contacts(pool, a_vault("notify")).keep(owner, EMAIL)
    came = await work(connection, pool)
    left = {
        table: _compared(await _rows(connection, table), COMPARED[table])
        for table in (*tables, "partition_state")
    }
    await connection.close()
    pool.terminate()
    return came, left


async def _in_memory(
    database: Database, work: Work, tables: Iterable[str]
) -> tuple[list[Any], dict[str, list[str]]]:
    """In a thread of its own, since there the world's clock is the loop's."""
    came: list[Any] = []

    async def run() -> None:
        came.extend(await work(Connection(database, {}), Pool(database)))

    def play() -> None:
        HERE.set(Process("second telling", database.world.dice))
        database.world.run(run())

    await asyncio.to_thread(play)
    return came, {table: _compared(database.find(table), COMPARED[table]) for table in tables}
