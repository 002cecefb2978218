"""How many places are left of each service? As the referee's own copies tell it, and no older.

Read while there is a line before anything, from the last words on; nothing is decided by it.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from shared.broker import Broker
from shared.log import Reader
from shared.messages import PlacesLeft
from shared.topics import SLOTS_LEFT

log = logging.getLogger(__name__)

OLD = timedelta(seconds=12)
"""What was told longer ago says nothing any more: it is told anew every five seconds."""

LAST_WORDS = 100
"""From so many records before the end on it is read: what was told in the last seconds."""

READ_SECONDS = 0.5
RECORDS_MAX = 500
LOOK_SECONDS = 1.0
"""How often it is looked whether there is a line again, or the log."""

_decode = msgspec.msgpack.Decoder(PlacesLeft).decode


class Left:
    """What was told last of each service."""

    def __init__(
        self, broker: Broker, name: str, *, wanted: Callable[[], bool], now: Callable[[], datetime]
    ) -> None:
        self._broker = broker
        self._name = name
        self._wanted = wanted
        self._now = now
        self._told: dict[str, PlacesLeft] = {}

    def of(self, service: str) -> int | None:
        """How many places of it are free; None where nobody has said so lately."""
        told = self._told.get(service)
        return None if told is None or told.at < self._now() - OLD else told.free

    def hear(self, told: PlacesLeft) -> None:
        """The newest word counts, whoever says it."""
        before = self._told.get(told.service)
        if before is None or before.at <= told.at:
            self._told[told.service] = told

    async def run(self) -> None:
        """Read while anybody wants to know, for ever; while the log is away nothing is known."""
        while True:
            if self._wanted():
                await self._read()
            await asyncio.sleep(LOOK_SECONDS)

    async def _read(self) -> None:
        reader = Reader(self._broker, f"{self._name}-left")
        try:
            await reader.start()
            starts = await reader.starts(SLOTS_LEFT.name, [0])
            ends = await reader.ends(SLOTS_LEFT.name, [0])
            reader.read_from(SLOTS_LEFT.name, {0: max(starts[0], ends[0] - LAST_WORDS)})
            while self._wanted():
                records = await reader.next(wait_seconds=READ_SECONDS, records_max=RECORDS_MAX)
                for record in records:
                    self._take(record)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("how many places are left is not heard", extra={"error": repr(error)})
        finally:
            await reader.stop()

    def _take(self, record: ConsumerRecord) -> None:
        try:
            self.hear(_decode(record.value or b""))
        except msgspec.MsgspecError as error:
            log.error("a word of places left cannot be read", extra={"error": str(error)})
