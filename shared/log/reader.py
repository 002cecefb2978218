"""How are records read, from where they are wanted, without the broker remembering it?"""

import asyncio
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from shared.broker import Broker
from shared.log.client import RECORD_OVERHEAD_BYTES, REQUEST_MS, stop
from shared.topics import RECORD_BYTES_MAX

FETCH_WAIT_MS = 100
"""A seek or a new assignment waits behind the running poll, so it is short."""

FETCH_BYTES_MAX = 4_194_304


class Reader:
    """Reads chosen partitions from chosen offsets; the broker remembers nothing about it."""

    def __init__(self, broker: Broker, name: str, *, bite_bytes: int = 1) -> None:
        """The broker gathers `bite_bytes` of what comes, or for `FETCH_WAIT_MS`: where nobody waits
        for each record, a few large bites cost both sides a fraction of many small ones.
        """
        self._consumer = AIOKafkaConsumer(
            **broker.words,
            client_id=name,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_min_bytes=bite_bytes,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            fetch_max_bytes=FETCH_BYTES_MAX,
            max_partition_fetch_bytes=RECORD_BYTES_MAX + RECORD_OVERHEAD_BYTES,
            request_timeout_ms=REQUEST_MS,
            retry_backoff_ms=100,
        )

    async def start(self) -> None:
        """Connect; raises while the broker is away."""
        await asyncio.wait_for(self._consumer.start(), REQUEST_MS / 1000)

    async def stop(self) -> None:
        """Say goodbye, within a limit."""
        await stop(self._consumer)

    def read_from(self, topic: str, offsets: Mapping[int, int]) -> None:
        """From now on read exactly these partitions, each from its offset."""
        self._consumer.assign([TopicPartition(topic, p) for p in offsets])
        for partition, offset in offsets.items():
            self._consumer.seek(TopicPartition(topic, partition), offset)

    async def starts(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset of the oldest record that each partition still has."""
        found = await asyncio.wait_for(
            self._consumer.beginning_offsets([TopicPartition(topic, p) for p in partitions]),
            REQUEST_MS / 1000,
        )
        return {tp.partition: offset for tp, offset in found.items()}

    async def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will have."""
        found = await asyncio.wait_for(
            self._consumer.end_offsets([TopicPartition(topic, p) for p in partitions]),
            REQUEST_MS / 1000,
        )
        return {tp.partition: offset for tp, offset in found.items()}

    def known_ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The same as the broker said it with what was read last; nothing is asked."""
        found = {p: self._consumer.highwater(TopicPartition(topic, p)) for p in partitions}
        return {partition: offset for partition, offset in found.items() if offset is not None}

    async def next(self, *, wait_seconds: float, records_max: int) -> list[ConsumerRecord]:
        """What has come, in order within each partition; empty when the wait ran out."""
        found = await self._consumer.getmany(
            timeout_ms=int(wait_seconds * 1000), max_records=records_max
        )
        return [record for records in found.values() for record in records]
