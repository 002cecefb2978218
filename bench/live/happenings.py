"""How does something happen to people's bookings? As the front desk tells it, in its place."""

from collections.abc import Sequence
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.telling import confirmed
from deploy.local.stack import AUDITOR, Stack
from shared.batch import Head
from shared.events import outgoing
from shared.topics import BOOKING_EVENTS

CLINIC = UUID("1a550d14-c137-5b1d-8fbe-3431f8ff5b55")


class Happenings:
    """Tells of bookings in `booking.events`, numbered as the messenger expects them."""

    def __init__(self, producer: AIOKafkaProducer, taken: Sequence[int]) -> None:
        self._producer = producer
        self._heads = [Head(home, 0, 0, 0, seq, 0) for home, seq in enumerate(taken)]

    async def tell(self, people: Sequence[UUID]) -> None:
        """One booking of each; acknowledged by the log when this returns."""
        sent = []
        for person in people:
            event = confirmed(person, clinic_id=CLINIC, days=3)
            head = self._heads[event.booking_id.int % len(self._heads)]
            record = outgoing(BOOKING_EVENTS, head, event, event.booking_id.bytes)
            sent.append(
                await self._producer.send(
                    record.topic,
                    record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
            )
        for acknowledged in sent:
            await acknowledged


async def happenings(stack: Stack, producer: AIOKafkaProducer) -> Happenings:
    """Go on after what is in the log: on a stack without a front desk, each record is one event."""
    consumer = AIOKafkaConsumer(**stack.broker(AUDITOR).words)
    await consumer.start()
    try:
        homes = [TopicPartition(BOOKING_EVENTS.name, n) for n in range(BOOKING_EVENTS.partitions)]
        ends = await consumer.end_offsets(homes)
    finally:
        await consumer.stop()
    return Happenings(producer, [ends[home] for home in homes])
