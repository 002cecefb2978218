"""Which clinics are nearest, and how far is it? As the crow flies, as many as are asked for.

The haversine formula on a sphere of the earth's mean radius; the earth is flatter, so a distance is
wrong by up to half a percent. On a sphere of radius 1 the square of the chord between two points is
four times the haversine of their angle, so who is near in space is near on earth. The clinics stand
in a tree of boxes, of which only those are opened that may hold the next nearest.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from math import asin, cos, radians, sin, sqrt
from typing import Any, NamedTuple

from services.slots.availability.records import Clinic

EARTH_RADIUS_KM = 6371.0088
"""The mean radius, as the International Union of Geodesy and Geophysics has it."""

KM_DIGITS = 2
"""A distance is shown to 10 m."""

BOX_CLINICS_MAX = 16
"""A box with no more clinics than this is not divided."""

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

Vector = tuple[float, float, float]


class Spot(NamedTuple):
    """A clinic, and where it stands on the sphere."""

    at: Vector
    clinic: Clinic


class Box(NamedTuple):
    """What lies between two corners: smaller boxes, or clinics."""

    low: Vector
    high: Vector
    inside: "tuple[Box, Box] | tuple[Spot, ...]"


class Near(NamedTuple):
    """A clinic in the order of distance; `chord` is the square of the chord to it."""

    chord: float
    clinic: Clinic

    @property
    def km(self) -> float:
        """How far it is."""
        return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(self.chord) / 2))


class Map:
    """Where the clinics are that somebody knows the place of."""

    def __init__(self, clinics: Iterable[Clinic]) -> None:
        spots = [
            Spot(_vector((clinic.latitude, clinic.longitude)), clinic)
            for clinic in clinics
            if clinic.latitude is not None and clinic.longitude is not None
        ]
        self._all = _boxed(spots) if spots else None

    def near(self, point: Point) -> Iterator[Near]:
        """Every clinic, the nearest first; of two at one distance that with the lower id."""
        if self._all is None:
            return
        here = _vector(point)
        boxes = 1
        # Boxes have negative numbers: at the same distance they are opened before a clinic is told.
        coming: list[tuple[float, int, Any]] = [(0.0, -boxes, self._all)]
        while coming:
            chord, number, found = heappop(coming)
            if number >= 0:
                yield Near(chord, found.clinic)
                continue
            for inside in found.inside:
                if isinstance(inside, Spot):
                    chord = _chord(here, inside.at)
                    heappush(coming, (chord, inside.clinic.id.int, inside))
                else:
                    boxes += 1
                    heappush(coming, (_chord_to_box(here, inside), -boxes, inside))


def kilometres(one: Point, other: Point) -> float:
    """The distance of two points."""
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(_chord(_vector(one), _vector(other))) / 2))


def _vector(point: Point) -> Vector:
    latitude, longitude = radians(point[0]), radians(point[1])
    return (
        cos(latitude) * cos(longitude),
        cos(latitude) * sin(longitude),
        sin(latitude),
    )


def _boxed(spots: list[Spot]) -> Box:
    low = min(s.at[0] for s in spots), min(s.at[1] for s in spots), min(s.at[2] for s in spots)
    high = max(s.at[0] for s in spots), max(s.at[1] for s in spots), max(s.at[2] for s in spots)
    if len(spots) <= BOX_CLINICS_MAX:
        return Box(low, high, tuple(spots))
    widest = max(range(3), key=lambda axis: high[axis] - low[axis])
    spots.sort(key=lambda spot: spot.at[widest])
    middle = len(spots) // 2
    return Box(low, high, (_boxed(spots[:middle]), _boxed(spots[middle:])))


def _chord(one: Vector, other: Vector) -> float:
    """The square of it."""
    x, y, z = one[0] - other[0], one[1] - other[1], one[2] - other[2]
    return x * x + y * y + z * z


def _chord_to_box(here: Vector, box: Box) -> float:
    """The square of the shortest to anything that may be inside."""
    square = 0.0
    for at, low, high in zip(here, box.low, box.high, strict=True):
        away = low - at if at < low else at - high if at > high else 0.0
        square += away * away
    return square
