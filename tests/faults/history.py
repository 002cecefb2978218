"""What is left of a campaign to judge it by: journal, databases, mail, and every topic?"""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from aiokafka.structs import ConsumerRecord

from deploy.local.stack import AUDITOR, Stack
from services.slots.inbox import unpack
from shared.batch import Item
from shared.events import Unpacker, sequence_of
from shared.messages import BookingEvent, SlotEvent, SlotReply
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS, SLOTS_REPLIES, Topic
from talon.audit import accesses, load
from talon.audit.facts import Broken, World
from talon.audit.witness import Witness
from talon.city.home import City
from tests.faults import records

SLOTS = """
SELECT id, clinic_id, service, starts_at, ends_at, capacity, held, booked, open, version,
       extra, closes_minutes_before, cancel_until_minutes_before
  FROM slots.slot
"""
PLACES = """
SELECT id, slot_id, booking_id, home, ordinal, size, version, state, expires_at, claim
  FROM slots.place
"""
ANSWERS = "SELECT id, body_hash, outcome, reply FROM slots.answer"
BATCHES = "SELECT id, at, positions, swept FROM slots.batch ORDER BY id"
NUMBERS = """
SELECT 'slots.events' AS topic, partition, event_seq FROM slots.partition_state
 WHERE topic = 'slots.commands'
UNION ALL
SELECT 'booking.events', partition, event_seq FROM booking.partition_state
 WHERE topic = 'slots.events'
"""
DECIDED = """
SELECT partition, next_offset, next_index FROM slots.partition_state
 WHERE topic = 'slots.commands'
"""
BOOKINGS = "SELECT id, status, version, updated_at FROM booking.booking"
MESSAGES = "SELECT event_id, booking_id, state FROM notify.message ORDER BY event_id, owner_id, nth"

READ = (SLOTS_COMMANDS, SLOTS_EVENTS, BOOKING_EVENTS, SLOTS_REPLIES)

_reply = msgspec.msgpack.Decoder(SlotReply).decode
_parts = msgspec.msgpack.Decoder(list[bytes]).decode


class Told(msgspec.Struct, frozen=True):
    """One readable record of a numbered topic, in the order of the log."""

    partition: int
    offset: int
    number: int
    event: Any
    value: bytes


class Replied(msgspec.Struct, frozen=True):
    """One reply as it was told: to which reader, where on the log, and when by the log's clock."""

    reader: int
    offset: int
    at: float
    reply: Any


class Batch(msgspec.Struct, frozen=True):
    """What the referee recorded of one batch: which commands, judged when, which holds swept."""

    id: int
    at: Any
    positions: list[Any]
    swept: list[UUID]


class History(msgspec.Struct, kw_only=True):
    """Everything, as of one moment at which all is at rest."""

    witness: Witness
    world: World
    slots: dict[UUID, tuple[Any, ...]]
    places: dict[UUID, tuple[Any, ...]]
    answers: dict[UUID, tuple[bytes, str, bytes]]
    batches: list[Batch]
    numbers: dict[tuple[str, int], int]
    decided: dict[int, tuple[int, int]]
    """By partition of `slots.commands`: the first offset, and command in it, not yet decided."""
    bookings: dict[UUID, tuple[str, int]]
    messages: dict[UUID, list[str]]
    commands: dict[int, dict[int, list[Item]]]
    """By partition and offset: the readable commands of a record."""
    slot_events: dict[int, list[Told]]
    booking_events: dict[int, list[Told]]
    replies: list[Replied]
    starts: dict[tuple[str, int], int]
    """By topic and partition: the first offset that the log still has."""
    began: float = 0.0
    """When the first people came, in seconds since 1970."""
    seen: list[Broken] = []
    """What was broken while it went on, as those who watched wrote it down."""
    closed: list[Any] = []
    """Slots that staff closed for good, with the bookings that were in them."""
    noted: list[Broken] = []
    """Rows of the access logs that are not as they were written."""

    def in_order(self, topic: str) -> dict[int, list[Told]]:
        """Each partition's events as a reader takes them: the next number, and no other."""
        told = self.slot_events if topic == SLOTS_EVENTS.name else self.booking_events
        return {partition: _taken(some) for partition, some in told.items()}


def _taken(told: list[Told]) -> list[Told]:
    taken: list[Told] = []
    for one in told:
        if one.number == len(taken) + 1:
            taken.append(one)
    return taken


async def collect(stack: Stack, city: City, witness: Witness) -> History:
    """Read it all; the system is at rest."""
    async with load.auditor(stack) as connection:
        world = await load.world(connection, stack, city)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            found = await _rows(connection)
        noted = await accesses.look(connection, stack)
    broker = stack.broker(AUDITOR)
    topics = {topic.name: await records.read_all(broker, topic.name) for topic in READ}
    return History(
        witness=witness,
        world=world,
        commands={
            partition: {record.offset: unpack(record) for record in some}
            for partition, some in topics[SLOTS_COMMANDS.name].records.items()
        },
        slot_events=_numbered(SLOTS_EVENTS, topics[SLOTS_EVENTS.name]),
        booking_events=_numbered(BOOKING_EVENTS, topics[BOOKING_EVENTS.name]),
        replies=[
            reply
            for some in topics[SLOTS_REPLIES.name].records.values()
            for record in some
            for reply in _said(record)
        ],
        starts={
            (topic, partition): start
            for topic, whole in topics.items()
            for partition, start in whole.starts.items()
        },
        noted=accesses.finding(noted).broken,
        **found,
    )


async def _rows(connection: asyncpg.Connection) -> dict[str, Any]:
    messages: dict[UUID, list[str]] = {}
    for row in await connection.fetch(MESSAGES):
        messages.setdefault(row["event_id"], []).append(row["state"])
    return {
        "slots": {row["id"]: tuple(row)[1:] for row in await connection.fetch(SLOTS)},
        "places": {row["id"]: tuple(row)[1:] for row in await connection.fetch(PLACES)},
        "answers": {row["id"]: tuple(row)[1:] for row in await connection.fetch(ANSWERS)},
        "batches": [
            Batch(row["id"], row["at"], msgspec.json.decode(row["positions"]), row["swept"])
            for row in await connection.fetch(BATCHES)
        ],
        "numbers": {
            (row["topic"], row["partition"]): row["event_seq"]
            for row in await connection.fetch(NUMBERS)
        },
        "decided": {
            row["partition"]: (row["next_offset"], row["next_index"])
            for row in await connection.fetch(DECIDED)
        },
        "bookings": {
            row["id"]: (row["status"], row["version"]) for row in await connection.fetch(BOOKINGS)
        },
        "messages": messages,
    }


def _numbered(topic: Topic, whole: records.Whole) -> dict[int, list[Told]]:
    unpacker = Unpacker(topic)
    return {
        partition: [told for record in some for told in _readable(unpacker, record)]
        for partition, some in whole.records.items()
    }


def _readable(unpacker: Unpacker, record: ConsumerRecord) -> list[Told]:
    """Poison has no number, and is nobody's event."""
    [item] = unpacker(record)
    if item.wrong:
        return []
    event: SlotEvent | BookingEvent = item.message
    return [Told(record.partition, record.offset, sequence_of(record), event, record.value)]


def _said(record: ConsumerRecord) -> list[Replied]:
    where = record.partition, record.offset, record.timestamp / 1000
    try:
        return [Replied(*where, _reply(part)) for part in _parts(record.value or b"")]
    except (msgspec.MsgspecError, ValueError):
        return []
