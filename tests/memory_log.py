"""What stands in for Kafka where a test is about PostgreSQL? A log in memory, with two doors."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from aiokafka.structs import ConsumerRecord

from shared.broker import Broker
from shared.log import LogAwayError, Outgoing
from tests.stories import a_record

NOBODY = Broker("none:1", user="", password="")
"""Where there is no Kafka at all."""

LIMIT_SECONDS = 10.0
"""Nothing that is waited for takes so long."""


class MemoryLog:
    """Every record that was appended, by topic and partition. `refusing`: so many are not taken."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        self.starts: dict[tuple[str, int], int] = defaultdict(int)
        self.refusing = 0
        self._grown = asyncio.Condition()

    async def append(self, record: Outgoing) -> asyncio.Future[None]:
        """The appender's door: taken and acknowledged at once, or refused."""
        if self.refusing:
            self.refusing -= 1
            raise LogAwayError
        async with self._grown:
            self.records[record.topic, record.partition].append(record)
            self._grown.notify_all()
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        acknowledged.set_result(None)
        return acknowledged

    async def append_together(self, records: Iterable[Outgoing]) -> list[asyncio.Future[None]]:
        """The same door for several."""
        return [await self.append(record) for record in records]

    async def until(self, enough: Callable[[], bool]) -> None:
        """Wait until what was appended is enough."""
        async with self._grown:
            await asyncio.wait_for(self._grown.wait_for(enough), LIMIT_SECONDS)

    def reader(self, broker: Broker, name: str, *, bite_bytes: int = 1) -> "MemoryReader":
        """The reader's door."""
        return MemoryReader(self)


class MemoryReader:
    """Reads chosen partitions from chosen offsets, as `shared.log.Reader` does."""

    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._topic = ""
        self._offsets: dict[int, int] = {}

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to say goodbye to."""

    async def starts(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset of the oldest record that each partition still has."""
        return {p: self._log.starts[topic, p] for p in partitions}

    async def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will have."""
        return {p: len(self._log.records[topic, p]) for p in partitions}

    def known_ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The same, as the log itself knows it."""
        return {p: len(self._log.records[topic, p]) for p in partitions}

    def read_from(self, topic: str, offsets: Mapping[int, int]) -> None:
        """From now on exactly these."""
        self._topic, self._offsets = topic, dict(offsets)

    async def next(self, *, wait_seconds: float, records_max: int) -> list[ConsumerRecord]:
        """What has come."""
        found = self._take(records_max)
        if not found:
            await asyncio.sleep(min(wait_seconds, 0.01))
            found = self._take(records_max)
        return found

    def _take(self, records_max: int) -> list[ConsumerRecord]:
        found = []
        for partition, offset in self._offsets.items():
            records = self._log.records[self._topic, partition]
            for n in range(offset, min(len(records), offset + records_max)):
                found.append(_as_read(records[n], n))
            self._offsets[partition] = max(offset, len(records))
        return found


def _as_read(record: Outgoing, offset: int) -> ConsumerRecord:
    return a_record(
        record.value,
        topic=record.topic,
        partition=record.partition,
        offset=offset,
        headers=record.headers,
    )
