"""How many come a second at each moment, when only a few moments are known?"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec


class Point(msgspec.Struct, frozen=True):
    """At this minute of the morning, so many times more come than can be let in."""

    minute: float
    times: float


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """A morning squeezed into `seconds`: straight from point to point, `scale` people a second high
    where `times` is 1.
    """

    points: tuple[Point, ...]
    seconds: float
    scale: float

    @property
    def peak(self) -> float:
        """The most people a second."""
        return self.scale * max(point.times for point in self.points)

    def rate(self, at: float) -> float:
        """People a second, `at` seconds from the start; nobody before and after."""
        if not 0 <= at < self.seconds:
            return 0.0
        minute = self._first + at / self.seconds * self._minutes
        for one, two in pairwise(self.points):
            if minute <= two.minute:
                share = (minute - one.minute) / (two.minute - one.minute)
                return self.scale * (one.times + share * (two.times - one.times))
        return self.scale * self.points[-1].times

    def second_of(self, minute: float) -> float:
        """When a minute of that morning comes in the drill, in seconds from the start."""
        return (minute - self._first) / self._minutes * self.seconds

    @property
    def _first(self) -> float:
        return self.points[0].minute

    @property
    def _minutes(self) -> float:
        return self.points[-1].minute - self._first


def scaled(points: Sequence[Point], *, people: float, seconds: float) -> Curve:
    """The curve under which so many people come in so many seconds, on average."""
    minutes = points[-1].minute - points[0].minute
    area = sum(
        (two.minute - one.minute) * (one.times + two.times) / 2 for one, two in pairwise(points)
    )
    return Curve(points=tuple(points), seconds=seconds, scale=people / (area / minutes * seconds))
