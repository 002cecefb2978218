"""What does Kafka promise who appends and who reads? Records in order, kept, and told when asked.

As much as `shared.log` leans on: a producer's records of one partition are kept in the order in
which it handed them over; an acknowledgement may come late or never, and then nobody knows; after
one failure all that was under way fails, though some of it may have been kept.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaConnectionError
from aiokafka.structs import ConsumerRecord

from shared.log import LogAwayError, Outgoing
from tests.loops.clockwork import HERE, Clockwork, Process, Wait
from tests.stories import NOON

Place = tuple[str, int]
"""A topic and one of its partitions."""

Handed = tuple[Outgoing, "asyncio.Future[None]"]


class Log:
    """Every record that was kept, by topic and partition, and what is on its way there."""

    def __init__(self, world: Clockwork) -> None:
        self.world = world
        self.kept: dict[Place, list[ConsumerRecord]] = defaultdict(list)
        self.size = 0
        self.appenders: list[Appender] = []
        self.stands_until = 0.0

    def keep(self, record: Outgoing) -> None:
        """The next record of its partition."""
        self.size += 1
        place = (record.topic, record.partition)
        self.kept[place].append(
            ConsumerRecord(
                topic=record.topic,
                partition=record.partition,
                offset=len(self.kept[place]),
                timestamp=int((NOON.timestamp() + self.world.now) * 1000),
                timestamp_type=1,
                key=record.key,
                value=record.value,
                checksum=None,
                serialized_key_size=-1,
                serialized_value_size=len(record.value),
                headers=record.headers,
            )
        )

    def moving(self) -> "list[Appender]":
        """Whose records and acknowledgements can go on now."""
        if self.world.now < self.stands_until:
            return []
        return [a for a in self.appenders if a.can_move() and not a.process.dead]

    def records(self, topic: str) -> Iterable[ConsumerRecord]:
        """All that was kept of a topic, partition by partition."""
        for (name, _), kept in sorted(self.kept.items()):
            if name == topic:
                yield from kept


class Appender:
    """What `shared.log.Appender` is to those who hand over records."""

    def __init__(self, log: Log) -> None:
        self.process: Process = HERE.get()
        self._log = log
        self.under_way: dict[Place, deque[Handed]] = defaultdict(deque)
        self.acknowledging: list[asyncio.Future[None]] = []
        self._away_until = 0.0
        self._on_its_way = 0
        self._is_torn = False
        log.appenders.append(self)

    @property
    def away(self) -> bool:
        return self._log.world.now < self._away_until

    async def append(self, record: Outgoing) -> "asyncio.Future[None]":
        """Taken now, kept some time; or not taken at all."""
        if self.away:
            raise LogAwayError
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.under_way[record.topic, record.partition].append((record, acknowledged))
        self._on_its_way += 1
        return acknowledged

    async def append_together(self, records: Sequence[Outgoing]) -> "list[asyncio.Future[None]]":
        """Records of one partition, in their order; where it fails, some may be handed over."""
        if self._is_torn and len(records) > 1:
            self._is_torn = False
            await self.append(records[0])
            raise LogAwayError
        return [await self.append(record) for record in records]

    def can_move(self) -> bool:
        """True when a record is on its way, or an acknowledgement."""
        return bool(self.acknowledging or self._on_its_way)

    def move(self) -> None:
        """The log keeps one record, and says so at once or later; or says what it has kept."""
        dice = self._log.world.dice
        places = [place for place, waiting in self.under_way.items() if waiting]
        if self.acknowledging and (not places or dice.random() < 0.3):
            if not self.process.frozen:
                _settle(self.acknowledging.pop(0), None)
            return
        if not places:
            return
        record, acknowledged = self.under_way[dice.choice(places)].popleft()
        self._on_its_way -= 1
        self._log.keep(record)
        if self.process.frozen or dice.random() < 0.2:
            self.acknowledging.append(acknowledged)
        else:
            _settle(acknowledged, None)

    def fail(self) -> None:
        """The producer is lost, with what it had under way; some of that was kept all the same."""
        dice = self._log.world.dice
        error = LogAwayError("the producer was rebuilt")
        lost = self.acknowledging
        for waiting in self.under_way.values():
            for _ in range(dice.randint(0, len(waiting))):
                record, acknowledged = waiting.popleft()
                self._log.keep(record)
                lost.append(acknowledged)
            lost += [acknowledged for _, acknowledged in waiting]
            waiting.clear()
        self.acknowledging, self._on_its_way = [], 0
        self._is_torn = dice.random() < 0.5
        self._away_until = self._log.world.now + dice.choice((0.0, 0.1, 0.5))
        for acknowledged in lost:
            _settle(acknowledged, error)


def _settle(acknowledged: "asyncio.Future[None]", error: Exception | None) -> None:
    if acknowledged.done():
        return
    if error is None:
        acknowledged.set_result(None)
    else:
        acknowledged.set_exception(error)


class Reader:
    """What `shared.log.Reader` is to those who read."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._topic = ""
        self._offsets: dict[int, int] = {}
        self._nothing_at = -1
        self.broken = False

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to say goodbye to."""

    async def ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The offset that the next record of each partition will have."""
        return await self._log.world.ask(self._ends(topic, list(partitions)))

    def _ends(self, topic: str, partitions: list[int]) -> Generator[Wait, None, dict[int, int]]:
        yield lambda: True
        return {p: len(self._log.kept[topic, p]) for p in partitions}

    async def starts(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """Nothing is ever cut."""
        return dict.fromkeys(partitions, 0)

    def known_ends(self, topic: str, partitions: Iterable[int]) -> dict[int, int]:
        """The same, as of what was read last."""
        return {p: len(self._log.kept[topic, p]) for p in partitions}

    def read_from(self, topic: str, offsets: Mapping[int, int]) -> None:
        """From now on exactly these."""
        self._topic, self._offsets, self._nothing_at = topic, dict(offsets), -1

    async def next(self, *, wait_seconds: float, records_max: int) -> list[ConsumerRecord]:
        """Some of what has come, in order within each partition."""
        until = self._log.world.now + wait_seconds
        return await self._log.world.ask(self._next(until, records_max))

    def _next(self, until: float, records_max: int) -> Generator[Wait, None, list[Any]]:
        world = self._log.world
        yield lambda: self._some() or world.now >= until
        if self.broken:
            self.broken = False
            raise KafkaConnectionError
        found: list[ConsumerRecord] = []
        for partition, offset in self._offsets.items():
            came = self._log.kept[self._topic, partition][offset : offset + records_max]
            taken = came[: world.dice.randint(1, len(came))] if came else []
            self._offsets[partition] = offset + len(taken)
            found += taken
        return found

    def _some(self) -> bool:
        """Looks again only when the log has grown."""
        if self._nothing_at == self._log.size:
            return self.broken
        kept, topic = self._log.kept, self._topic
        if any(len(kept[topic, p]) > o for p, o in self._offsets.items()):
            return True
        self._nothing_at = self._log.size
        return self.broken
