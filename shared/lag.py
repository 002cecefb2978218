"""How far behind the log is a follower, in records and in seconds?

The seconds are an upper bound of the age of the oldest record that is not handled yet: it came
after the last one that was handled, and after the last moment at which nothing was left.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import msgspec

from shared.batch import Batch
from shared.counting import Found


class Lag(NamedTuple):
    """How far one partition is behind its log's end."""

    records: int
    seconds: float


class Stand(msgspec.Struct):
    """Where one partition stands. Times are those of the wall clock, as the log's are."""

    position: int
    end: int
    handled_at: float
    """When the last record that was handled had come."""
    even_at: float
    """When nothing was left to handle, for the last time."""


class Lags:
    """The partitions of a topic that a follower owns, and where each stands."""

    def __init__(self, topic: str, clock: Callable[[], float] = time.time) -> None:
        self._topic = topic
        self._clock = clock
        self._stands: dict[int, Stand] = {}

    def follow(self, positions: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """From now on these are owned. What lies there already is counted as if it came now."""
        now = self._clock()
        known = self._stands
        self._stands = {
            partition: known.get(partition) or Stand(position, ends.get(partition, 0), now, now)
            for partition, position in positions.items()
        }

    def lose(self, partitions: Iterable[int]) -> None:
        """These are another's now."""
        for partition in partitions:
            self._stands.pop(partition, None)

    def handled(self, batch: Batch) -> None:
        """A batch was committed."""
        last = {item.partition: item.record.timestamp for item in batch.items}
        for partition, position in batch.positions.items():
            stand = self._stands.get(partition)
            if stand is not None:
                stand.position = position
                stand.handled_at = last.get(partition, stand.handled_at * 1000) / 1000

    def reach(self, ends: Mapping[int, int]) -> None:
        """The log is known to go so far."""
        now = self._clock()
        for partition, end in ends.items():
            stand = self._stands.get(partition)
            if stand is not None:
                stand.end = max(stand.end, end)
                if stand.position >= stand.end:
                    stand.even_at = now

    def look(self) -> dict[int, Lag]:
        """How far each partition is behind."""
        now = self._clock()
        return {partition: _lag(stand, now) for partition, stand in self._stands.items()}

    def positions(self) -> Found:
        """The next offset to handle."""
        return [(self._labels(p), stand.position) for p, stand in self._stands.items()]

    def records(self) -> Found:
        """How many records are not handled yet."""
        return [(self._labels(partition), lag.records) for partition, lag in self.look().items()]

    def seconds(self) -> Found:
        """How old the oldest of them is, at most."""
        return [(self._labels(partition), lag.seconds) for partition, lag in self.look().items()]

    def _labels(self, partition: int) -> tuple[str, str]:
        return self._topic, str(partition)


def _lag(stand: Stand, now: float) -> Lag:
    records = max(0, stand.end - stand.position)
    if not records:
        return Lag(0, 0.0)
    return Lag(records, max(0.0, now - max(stand.handled_at, stand.even_at)))
