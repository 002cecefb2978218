"""What else may come on a topic: what was told before, and what nobody can read?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from shared.broker import Broker
from shared.topics import (
    BOOKING_EVENTS,
    NOTIFY_EVENTS,
    SLOTS_COMMANDS,
    SLOTS_EVENTS,
    SLOTS_REPLIES,
    TOPICS,
)

TOLD_AGAIN_MAX = 40
"""How many of the last records of a partition are told again."""
READ_SECONDS_MAX = 60.0
POISONED = (SLOTS_COMMANDS, SLOTS_EVENTS, BOOKING_EVENTS, SLOTS_REPLIES, NOTIFY_EVENTS)
POISONS = (
    b"",
    b"\xff\xfe\xfd",
    b"{}",
    b'{"type":"PlacesBooked"}',
    b"\x91\xc4\x02\xff\xff",
    b"null",
)
POISON_SECONDS = 0.25
PARTITIONS = {topic.name: topic.partitions for topic in TOPICS}


@asynccontextmanager
async def _producer(broker: Broker) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(**broker.words, request_timeout_ms=3000)
    try:
        await producer.start()
        yield producer
    finally:
        await asyncio.wait([asyncio.create_task(producer.stop())], timeout=3)


class Whole(NamedTuple):
    """A topic as it lies there, by partition: where it begins, and every record of it."""

    starts: dict[int, int]
    records: dict[int, list[ConsumerRecord]]


async def read_all(broker: Broker, topic: str) -> Whole:
    """Every record of a topic, from the first that the log has."""
    async with _reader(broker, topic) as (consumer, places):
        starts = await consumer.beginning_offsets(places)
        found = await _read(consumer, starts, await consumer.end_offsets(places))
    return Whole({place.partition: start for place, start in starts.items()}, found)


async def read_last(broker: Broker, topic: str, count: int) -> dict[int, list[ConsumerRecord]]:
    """The last few records of each partition."""
    async with _reader(broker, topic) as (consumer, places):
        starts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        late = {place: max(starts[place], ends[place] - count) for place in places}
        return await _read(consumer, late, ends)


@asynccontextmanager
async def _reader(
    broker: Broker, topic: str
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition]]]:
    consumer = AIOKafkaConsumer(**broker.words, group_id=None)
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in range(PARTITIONS[topic])]
        consumer.assign(places)
        yield consumer, places
    finally:
        await asyncio.wait([asyncio.create_task(consumer.stop())], timeout=3)


async def _read(
    consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int], ends: dict[TopicPartition, int]
) -> dict[int, list[ConsumerRecord]]:
    found: dict[int, list[ConsumerRecord]] = {place.partition: [] for place in starts}
    for place, start in starts.items():
        consumer.seek(place, start)
    async with asyncio.timeout(READ_SECONDS_MAX):
        while [p for p in starts if await consumer.position(p) < ends[p]]:
            for place, some in (await consumer.getmany(timeout_ms=200)).items():
                found[place.partition] += [r for r in some if r.offset < ends[place]]
    return found


async def tell_again(broker: Broker, dice: Random) -> int:
    """Append records once more that are on their topic already, and not in their order."""
    told = 0
    try:
        async with asyncio.timeout(READ_SECONDS_MAX), _producer(broker) as producer:
            for topic in POISONED:
                late = await read_last(broker, topic.name, TOLD_AGAIN_MAX)
                for partition, some in late.items():
                    again = dice.sample(some, len(some) // 2)
                    for record in again:
                        await producer.send_and_wait(
                            topic.name,
                            record.value,
                            record.key,
                            partition,
                            headers=list(record.headers),
                        )
                    told += len(again)
    except (KafkaError, TimeoutError, OSError):
        pass
    return told


class Poisoner:
    """Appends what nobody can read: at 60 bookings a second more than one record in a hundred."""

    def __init__(self, broker: Broker, dice: Random) -> None:
        self.appended = 0
        self._broker = broker
        self._dice = dice

    async def run(self) -> None:
        """For ever; while the log is away, nothing."""
        while True:
            try:
                async with _producer(self._broker) as producer:
                    await self._poison(producer)
            except (KafkaError, OSError, TimeoutError):
                await asyncio.sleep(1)

    async def _poison(self, producer: AIOKafkaProducer) -> None:
        while True:
            topic = self._dice.choice(POISONED)
            value = self._dice.choice(POISONS)
            partition = self._dice.randrange(topic.partitions)
            await producer.send_and_wait(topic.name, value, partition=partition)
            self.appended += 1
            await asyncio.sleep(POISON_SECONDS)
