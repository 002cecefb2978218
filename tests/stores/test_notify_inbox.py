"""What becomes of the events of a batch, the good, the repeated and the bad?"""

from collections.abc import AsyncIterator, Callable, Sequence
from uuid import uuid4

import asyncpg
import msgspec
import pytest
from aiokafka.structs import ConsumerRecord

from services.notify.inbox import Inbox
from services.notify.rules.preferences import Kind
from services.notify.store import Contacts
from shared.batch import Head, Item
from shared.events import Unpacker, again, outgoing
from shared.messages import AnnouncementEvent, BookingEvent, booking_of
from shared.topics import BOOKING_EVENTS
from tests.notify_bookings import ALICE, HABITS, a_place, cancelled, confirmed, missed, reinstated
from tests.vaults import a_vault

Records = Sequence[ConsumerRecord]


@pytest.fixture
async def connection(notify_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(notify_dsn)
    yield opened
    await opened.close()


def a_head(*, taken: int = 0) -> Head:
    return Head(0, 0, 0, taken, 0, 0)


def records_of(
    *events: BookingEvent | AnnouncementEvent, spoil: Callable[[int, bytes], bytes] | None = None
) -> Records:
    """The events as the front desk announces them, numbered from 1."""
    told, records = a_head(), []
    for offset, event in enumerate(events):
        sent = outgoing(BOOKING_EVENTS, told, event, booking_of(event).bytes)
        value = spoil(offset, sent.value) if spoil else sent.value
        records.append(a_record(offset, value, sent.headers))
    return records


def a_record(
    offset: int, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()
) -> ConsumerRecord:
    return ConsumerRecord(
        topic=BOOKING_EVENTS.name,
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=None,
        value=value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=len(value),
        headers=headers,
    )


def items_of(records: Records) -> list[Item]:
    unpack = Unpacker(BOOKING_EVENTS)
    return [item for record in records for item in unpack(record)]


async def take(
    connection: asyncpg.Connection, head: Head, records: Records, by_consent: Sequence[Kind] = ()
) -> None:
    """Hand a batch over as the follower does: only what somebody could read."""
    readable = [item for item in items_of(records) if item.message is not None]
    async with connection.transaction():
        inbox = Inbox(a_vault("notify"), HABITS, by_consent=by_consent)
        await inbox.handle(connection, {0: head}, readable)


async def told(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("SELECT event ->> 'type' AS type FROM message ORDER BY id")
    return [row["type"] for row in rows]


async def test_a_batch_told_twice_is_written_once(connection: asyncpg.Connection) -> None:
    place = a_place()
    records, head = records_of(confirmed(place), cancelled(place)), a_head()

    await take(connection, head, records)
    await take(connection, head, records)

    assert await told(connection) == ["BookingConfirmed", "BookingRevoked"]
    assert head.taken_seq == 2


async def test_that_nobody_came_and_that_somebody_had_is_written_once_though_told_anew(
    connection: asyncpg.Connection,
) -> None:
    place = a_place()
    absent, came = missed(place), reinstated(place)
    # Under other numbers they are not passed over: the ledger's own row is what stands.
    records, head = records_of(confirmed(place), absent, came, absent, came), a_head()

    await take(connection, head, records)

    assert head.taken_seq == 5

    assert await told(connection) == ["BookingConfirmed", "BookingMissed", "BookingReinstated"]


async def test_an_event_that_comes_before_its_turn_is_not_taken(
    connection: asyncpg.Connection,
) -> None:
    place = a_place()
    records, head = records_of(confirmed(place), cancelled(place)), a_head()

    await take(connection, head, records[1:])
    nothing = await told(connection)
    await take(connection, head, records)

    assert nothing == []
    assert await told(connection) == ["BookingConfirmed", "BookingRevoked"]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"type": "BookingLost"}',
        b'{"type": "BookingConfirmed"}',
        b"\xff",
    ],
)
async def test_an_event_that_nobody_can_read_does_not_keep_the_next_from_being_told(
    connection: asyncpg.Connection, garbage: bytes
) -> None:
    events = [confirmed(booking_id=uuid4()) for _ in range(3)]
    records = records_of(*events, spoil=lambda nth, value: garbage if nth == 1 else value)
    head = a_head()

    await take(connection, head, records)

    assert [item.wrong != "" for item in items_of(records)] == [False, True, False]
    assert len(await told(connection)) == 2
    assert head.taken_seq == 3


async def test_an_event_without_a_number_is_no_event(connection: asyncpg.Connection) -> None:
    (good,) = records_of(confirmed())
    head = a_head()

    await take(connection, head, [a_record(0, good.value), good])

    assert len(await told(connection)) == 1
    assert head.taken_seq == 1


async def test_an_event_set_aside_uses_up_its_number(connection: asyncpg.Connection) -> None:
    records, head = records_of(confirmed(), confirmed(booking_id=uuid4())), a_head()

    await Inbox(a_vault("notify"), HABITS).set_aside(connection, {0: head}, items_of(records)[0])
    await take(connection, head, records)

    assert len(await told(connection)) == 1


# ---- sent again by a person ----------------------------------------------------------------------


def again_of(event: BookingEvent, offset: int = 0) -> Records:
    """The event as `talon dead-letters send` puts it into the topic."""
    letter = a_record(offset, b"{", (("origin_partition", b"0"), ("origin_offset", b"3")))
    sent = again(BOOKING_EVENTS, letter, msgspec.json.encode(event))
    return [a_record(offset, sent.value, sent.headers)]


async def test_what_was_set_aside_is_told_once_when_it_is_sent_again(
    connection: asyncpg.Connection,
) -> None:
    event = confirmed(a_place())
    head = a_head(taken=7)

    for _ in range(2):
        await take(connection, head, again_of(event))

    assert await told(connection) == ["BookingConfirmed"]
    assert head.taken_seq == 7
    assert await connection.fetchval("SELECT count(*) FROM live_event") == 0


async def test_nobody_is_told_again_what_is_older_than_what_they_know(
    connection: asyncpg.Connection, notify_dsn: str
) -> None:
    place = a_place()
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=1) as pool:
        await Contacts(pool, a_vault("notify")).keep(ALICE, "alice@example.org")
    await take(connection, a_head(), records_of(cancelled(place)))

    await take(connection, a_head(taken=1), again_of(confirmed(place)))

    assert await told(connection) == ["BookingRevoked"]
