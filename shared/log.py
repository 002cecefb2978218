"""How does a service write to and read from Kafka so that nothing is lost and nothing hangs?

What aiokafka does when left to its defaults, and what was measured, is in `docs/kafka.md`.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import ConsumerRecord

from shared.broker import Broker
from shared.topics import RECORD_BYTES_MAX

log = logging.getLogger(__name__)

REQUEST_MS = 5_000
"""How long one request to the broker may take before it is asked again."""

AWAY_SECONDS = 1.5
"""A record not acknowledged for this long means: the log is away."""

STOP_SECONDS = 2.0
"""A producer or consumer that cannot say goodbye in this time is left behind."""

BATCH_BYTES_MAX = 262_144
RECORD_OVERHEAD_BYTES = 40_000
"""Room for headers and framing beside the largest value; together below the broker's 1,048,588."""

FETCH_WAIT_MS = 100
"""A seek or a new assignment waits behind the running poll, so it is short."""

FETCH_BYTES_MAX = 4_194_304

Headers = tuple[tuple[str, bytes], ...]


class LogAwayError(Exception):
    """The log cannot take anything now, and nothing was handed over."""


class Outgoing(msgspec.Struct, frozen=True, array_like=True):
    """One record on its way out; as an array it is also how the outbox keeps it."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: Headers = ()


class Handed(NamedTuple):
    """A record that was handed over: who waits for the acknowledgement, and since when."""

    acknowledged: asyncio.Future[None]
    since: float


class Appender:
    """Appends records; is rebuilt after what it cannot recover from; knows when the log is away."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker = broker
        self._name = name
        self._producer: AIOKafkaProducer | None = None
        self._rebuilding: asyncio.Task[None] | None = None
        # Settled mostly from the front: a plain dict would look through the gaps for its first.
        self._outstanding: OrderedDict[asyncio.Future[object], Handed] = OrderedDict()
        self.rebuilt = 0

    async def start(self) -> None:
        """Begin connecting; an absent broker does not keep a service from starting."""
        self._rebuild(None)

    async def stop(self) -> None:
        """Say goodbye, within a limit."""
        if self._rebuilding is not None:
            self._rebuilding.cancel()
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _stop(producer)

    @property
    def away(self) -> bool:
        """True while the log is known not to take anything."""
        if self._producer is None:
            return True
        if not self._outstanding:
            return False
        oldest = next(iter(self._outstanding.values()))
        return asyncio.get_running_loop().time() - oldest.since > AWAY_SECONDS

    async def append(self, record: Outgoing) -> asyncio.Future[None]:
        """Hand over one record; the future is done when the broker has acknowledged it.

        Raises LogAwayError if nothing was handed over. The future fails with LogAwayError when
        nobody can say whether the record was kept. A cancelled wait does not un-send.
        """
        producer = self._taking()
        try:
            theirs: asyncio.Future[object] = await producer.send(
                record.topic,
                record.value,
                record.key,
                record.partition,
                headers=list(record.headers),
            )
        except KafkaError as error:
            # Nothing was queued and nothing is wedged: the producer finds its way back by itself.
            raise LogAwayError from error
        return self._acknowledgement(producer, theirs)

    async def append_together(self, records: Sequence[Outgoing]) -> list[asyncio.Future[None]]:
        """Hand over records of one partition, in their order, as few batches: one future for each.

        A record alone costs a look at the metadata, a future and a callback; a hundred in a batch
        cost the same once. Raises LogAwayError where not all were handed over; then some may be.
        """
        if len(records) == 1:
            return [await self.append(records[0])]
        handed = []
        for batch in _batches(self._taking(), records):
            producer = self._taking()
            try:
                theirs: asyncio.Future[object] = await producer.send_batch(
                    batch, records[0].topic, partition=records[0].partition
                )
            except KafkaError as error:
                raise LogAwayError from error
            handed.append(self._acknowledgement(producer, theirs))
        return handed

    def _taking(self) -> AIOKafkaProducer:
        if self._producer is None or self.away:
            raise LogAwayError
        return self._producer

    def _acknowledgement(
        self, producer: AIOKafkaProducer, theirs: asyncio.Future[object]
    ) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        handed = Handed(loop.create_future(), loop.time())
        self._outstanding[theirs] = handed
        theirs.add_done_callback(lambda done: self._settled(producer, done))
        return handed.acknowledged

    def _settled(self, producer: AIOKafkaProducer, done: asyncio.Future[object]) -> None:
        handed = self._outstanding.pop(done, None)
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        if handed is not None and not handed.acknowledged.done():
            if error is None:
                handed.acknowledged.set_result(None)
            else:
                handed.acknowledged.set_exception(LogAwayError(repr(error)))
        if error is not None:
            self._failed(producer, error)

    def _failed(self, producer: AIOKafkaProducer, error: BaseException) -> None:
        """An idempotent producer can wedge itself; after any failure a new one is built."""
        if self._producer is producer:
            log.warning("the producer failed and is rebuilt", extra={"error": repr(error)})
            self._producer = None
            self._rebuild(producer)

    def _rebuild(self, old: AIOKafkaProducer | None) -> None:
        if self._rebuilding is None or self._rebuilding.done():
            self._rebuilding = asyncio.create_task(self._connect(old), name="rebuild-producer")

    async def _connect(self, old: AIOKafkaProducer | None) -> None:
        if old is not None:
            await _stop(old)
            self._give_up_outstanding()
        pause = 0.1
        while True:
            producer = _new_producer(self._broker, self._name)
            try:
                await asyncio.wait_for(producer.start(), REQUEST_MS / 1000)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("the log is away", extra={"error": repr(error)})
                await _stop(producer)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
            else:
                self._producer = producer
                self.rebuilt += 1
                return

    def _give_up_outstanding(self) -> None:
        """What the old producer never answered is unknown; whoever waits may ask again."""
        given_up, self._outstanding = list(self._outstanding.values()), OrderedDict()
        for handed in given_up:
            if not handed.acknowledged.done():
                handed.acknowledged.set_exception(LogAwayError("the producer was rebuilt"))


def _batches(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> Iterator[BatchBuilder]:
    """The records in as few batches as their bytes allow."""
    batch = producer.create_batch()
    for record in records:
        words = {"key": record.key, "value": record.value, "headers": list(record.headers)}
        if batch.append(timestamp=None, **words) is None:
            yield batch
            batch = producer.create_batch()
            # The first record of a batch always fits.
            batch.append(timestamp=None, **words)
    batch.close()
    yield batch


def _new_producer(broker: Broker, name: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **broker.words,
        client_id=name,
        acks="all",
        enable_idempotence=True,
        linger_ms=0,
        request_timeout_ms=REQUEST_MS,
        retry_backoff_ms=100,
        max_batch_size=BATCH_BYTES_MAX,
        max_request_size=RECORD_BYTES_MAX + RECORD_OVERHEAD_BYTES,
    )


class Reader:
    """Reads chosen partitions from chosen offsets; the broker remembers nothing about it."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._consumer = AIOKafkaConsumer(
            **broker.words,
            client_id=name,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
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
        await _stop(self._consumer)

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


async def _stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Never wait for a client that cannot stop, nor let its cancellation become ours."""
    await asyncio.sleep(0)  # a consumer that was just assigned would hang
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=STOP_SECONDS)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    stopping.cancel()
    log.warning("a Kafka client was left behind")
    if isinstance(client, AIOKafkaProducer):
        # Left as it is, it would deliver its queue when the broker is back.
        await asyncio.wait([asyncio.create_task(client.client.close())], timeout=STOP_SECONDS)
