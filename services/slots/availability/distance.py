"""How far is it, and which clinics come first? By distance as the crow flies, or by name.

The haversine formula on a sphere of the earth's mean radius; the earth is flatter than a sphere, so
a distance may be wrong by half a percent.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from math import asin, cos, inf, radians, sin, sqrt
from typing import NamedTuple
from uuid import UUID

from services.slots.availability.board import Board
from services.slots.availability.records import Clinic

EARTH_RADIUS_KM = 6371.0088
"""The mean radius, as the International Union of Geodesy and Geophysics has it."""

ORDERS_MAX = 64
"""For how many places the clinics' order by distance is remembered."""

Point = tuple[float, float]
"""Latitude and longitude in degrees."""

Key = tuple[float | str, UUID]
"""What clinics are ordered by: distance or name, then id."""


class Found(NamedTuple):
    """A clinic in its order. `km` is None where no distance was asked for or none is known."""

    key: Key
    clinic: Clinic
    km: float | None


def kilometres(one: Point, other: Point) -> float:
    """The distance of two points along the surface."""
    latitude, other_latitude = radians(one[0]), radians(other[0])
    across = sin((other_latitude - latitude) / 2) ** 2
    along = sin(radians(other[1] - one[1]) / 2) ** 2
    part = across + cos(latitude) * cos(other_latitude) * along
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(part)))


class Orders:
    """The clinics of a board in the orders in which they are asked for."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._stamp = -1
        self._by_name: list[Found] = []
        self._by_distance: OrderedDict[Point, list[Found]] = OrderedDict()

    def by_name(self) -> list[Found]:
        """Every clinic."""
        self._renew()
        if not self._by_name:
            clinics = self._board.clinics.values()
            found = [Found((clinic.name, clinic.id), clinic, None) for clinic in clinics]
            self._by_name = sorted(found, key=_key)
        return self._by_name

    def by_distance(self, near: Point) -> list[Found]:
        """Every clinic; those that are nobody knows where come last."""
        self._renew()
        known = self._by_distance.get(near)
        if known is None:
            clinics = self._board.clinics.values()
            known = sorted((_found(near, clinic) for clinic in clinics), key=_key)
            self._by_distance[near] = known
            if len(self._by_distance) > ORDERS_MAX:
                self._by_distance.popitem(last=False)
        self._by_distance.move_to_end(near)
        return known

    def _renew(self) -> None:
        if self._stamp != self._board.clinics_stamp:
            self._stamp = self._board.clinics_stamp
            self._by_name = []
            self._by_distance.clear()


def after(order: Sequence[Found], key: Key | None) -> int:
    """Where a list goes on after what was shown before."""
    return 0 if key is None else bisect_right(order, key, key=_key)


def _found(near: Point, clinic: Clinic) -> Found:
    if clinic.latitude is None or clinic.longitude is None:
        return Found((inf, clinic.id), clinic, None)
    km = kilometres(near, (clinic.latitude, clinic.longitude))
    return Found((km, clinic.id), clinic, km)


def _key(found: Found) -> Key:
    return found.key
