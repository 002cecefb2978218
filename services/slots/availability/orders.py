"""In which order are clinics told? By name; or by distance, those of unknown place last."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, dropwhile, islice
from math import inf
from typing import NamedTuple
from uuid import UUID

from services.slots.availability.board import Board
from services.slots.availability.distance import Map, Point
from services.slots.availability.records import Clinic

Key = tuple[float | str, UUID]
"""What a clinic is ordered by: its name, or the square of the chord to it; then its id."""


class Found(NamedTuple):
    """A clinic in its order. `km` is None where no distance was asked for or none is known."""

    key: Key
    clinic: Clinic
    km: float | None


class Orders:
    """The clinics of a board, set in order when something else is said of them."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._stamp = -1
        self._by_name: list[Found] = []
        self._map = Map(())
        self._nowhere: list[Found] = []

    def by_name(self, behind: Key | None) -> Iterator[Found]:
        """Every clinic behind that one."""
        self._renew()
        first = 0 if behind is None else bisect_right(self._by_name, behind, key=_key)
        return islice(self._by_name, first, None)

    def by_distance(self, point: Point, behind: Key | None) -> Iterator[Found]:
        """Every clinic behind that one, each looked for when its turn comes."""
        self._renew()
        near = (Found((n.chord, n.clinic.id), n.clinic, n.km) for n in self._map.near(point))
        order = chain(near, self._nowhere)
        return order if behind is None else dropwhile(lambda found: found.key <= behind, order)

    def _renew(self) -> None:
        if self._stamp == self._board.clinics_stamp:
            return
        self._stamp = self._board.clinics_stamp
        clinics = self._board.clinics.values()
        self._by_name = sorted((Found((c.name, c.id), c, None) for c in clinics), key=_key)
        self._map = Map(clinics)
        nowhere = [clinic for clinic in clinics if clinic.latitude is None]
        self._nowhere = sorted((Found((inf, c.id), c, None) for c in nowhere), key=_key)


def _key(found: Found) -> Key:
    return found.key
