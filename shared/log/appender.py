"""How is a record handed over, and when is it known to be kept?"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.broker import Broker
from shared.log.client import RECORD_OVERHEAD_BYTES, REQUEST_MS, stop
from shared.log.outgoing import LogAwayError, Outgoing
from shared.topics import RECORD_BYTES_MAX

log = logging.getLogger(__name__)

AWAY_SECONDS = 1.5
"""A record not acknowledged for this long means: the log is away."""

BATCH_BYTES_MAX = 262_144


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
            await stop(producer)

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
            await stop(old)
            self._give_up_outstanding()
        pause = 0.1
        while True:
            producer = _new_producer(self._broker, self._name)
            try:
                await asyncio.wait_for(producer.start(), REQUEST_MS / 1000)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("the log is away", extra={"error": repr(error)})
                await stop(producer)
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
