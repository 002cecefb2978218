"""What is told to whoever found their slot taken? Three near ones, not the same to everyone."""

import logging
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple
from uuid import UUID

from services.slots import metrics
from services.slots.availability.board import Board
from services.slots.availability.distance import Map
from services.slots.availability.intervals import Window, window_of, within
from services.slots.availability.nearest import Shop, is_instead_of, nearest, shops_near
from services.slots.availability.records import Slot, instant
from shared.messages import Alternative, BookPlaces, ConfirmHold, HoldPlaces, MovePlaces

log = logging.getLogger(__name__)

TOLD_MAX = 3
FOUND_MAX = 12
"""Of so many near ones everyone is told three, by the id of their wish: they shall not all meet
again at the next full slot."""

FRESH_US = 500_000
"""How long what was found is told on; without what was taken meanwhile."""

SEARCHES_PER_SECOND_MAX = 300
"""Beyond it what was found before is told, however old, or nothing."""

KEPT_MAX = 20_000
"""For how many slots what was found is kept."""

Wish = BookPlaces | HoldPlaces | MovePlaces | ConfirmHold


class Found(NamedTuple):
    """What a search found: when, and the slots with the words in which they are told."""

    at_us: int
    slots: list[tuple[Slot, Alternative]]


class Alternatives:
    """Near places, by this process's copy of what is free."""

    def __init__(self, board: Callable[[], Board | None], now_us: Callable[[], int]) -> None:
        self._board_now = board
        self._now_us = now_us
        self._board: Board | None = None
        self._clinics_stamp = -1
        self._map = Map(())
        self._shops: dict[tuple[UUID, str], list[Shop]] = {}
        self._found: dict[tuple[bytes, int], Found] = {}
        self._this_second = 0
        self._searches = 0

    def near(self, wish: Wish, slot_id: UUID) -> tuple[Alternative, ...]:
        """Up to three slots instead of the one that said no; none rather than a mistake."""
        try:
            told = self._near(wish, slot_id)
        except Exception as error:
            # The wish was decided, and this is only advice: nobody's answer may fail for it.
            log.error("no alternatives can be told", exc_info=error)
            return ()
        metrics.ALTERNATIVES_TOLD.inc(len(told))
        return told

    def _near(self, wish: Wish, slot_id: UUID) -> tuple[Alternative, ...]:
        board = self._board_now()
        slot = None if board is None else board.slots.get(slot_id.bytes)
        if board is None or slot is None:
            return ()
        own = {place.slot_id for place in wish.places}
        seats = sum(place.slot_id == slot_id for place in wish.places)
        now_us = self._now_us()
        window = self._window(board, wish, slot_id)
        if window is None:
            found = self._search(board, slot, seats, now_us)
        else:
            found = self._within(board, slot, window, seats, now_us)
        chosen = []
        # Everybody begins elsewhere in the dozen, and what they are told is nearest first.
        begin = wish.id.int % len(found) if found else 0
        for n in (*range(begin, len(found)), *range(begin)):
            other, alternative = found[n]
            if alternative.slot_id in own:
                continue
            if is_instead_of(other, slot, seats=seats, now_us=now_us):
                if other.free != alternative.free:
                    alternative = _told(board, other)
                    found[n] = other, alternative
                chosen.append((n, alternative))
                if len(chosen) == TOLD_MAX:
                    break
        return tuple(alternative for _, alternative in sorted(chosen))

    def _search(
        self, board: Board, slot: Slot, seats: int, now_us: int
    ) -> list[tuple[Slot, Alternative]]:
        """What is near, found again when it is no longer fresh."""
        self._renew(board)
        kept = self._found.get((slot.id, seats))
        if kept is not None and now_us - kept.at_us < FRESH_US:
            return kept.slots
        if not self._may_search(now_us):
            return [] if kept is None else kept.slots
        slots = nearest(
            board, slot, self._shops_near(board, slot), seats=seats, now_us=now_us, count=FOUND_MAX
        )
        found = Found(now_us, [(other, _told(board, other)) for other in slots])
        if len(self._found) >= KEPT_MAX:
            self._found.clear()
        self._found[slot.id, seats] = found
        return found.slots

    def _window(self, board: Board, wish: Wish, slot_id: UUID) -> Window | None:
        """When it may be instead: of a dose that moves, so that the others stay far enough off."""
        if not isinstance(wish, MovePlaces):
            return None

        def starts_us_of(other_id: UUID) -> int | None:
            other = board.slots.get(other_id.bytes)
            return None if other is None else other.starts_us

        return window_of(wish, slot_id, starts_us_of)

    def _within(
        self, board: Board, slot: Slot, window: Window, seats: int, now_us: int
    ) -> list[tuple[Slot, Alternative]]:
        """The nearest in the window; few move a dose, so nothing is kept of it."""
        self._renew(board)
        if not self._may_search(now_us):
            return []
        shops = self._shops_near(board, slot)
        slots = within(board, slot, shops, window, seats=seats, now_us=now_us)
        return [(other, _told(board, other)) for other in islice(slots, FOUND_MAX)]

    def _may_search(self, now_us: int) -> bool:
        second = now_us // 1_000_000
        if second != self._this_second:
            self._this_second, self._searches = second, 0
        self._searches += 1
        if self._searches > SEARCHES_PER_SECOND_MAX:
            return False
        metrics.ALTERNATIVES_SEARCHES.inc()
        return True

    def _shops_near(self, board: Board, slot: Slot) -> list[Shop]:
        sheet = board.sheets[slot.sheet]
        key = sheet.clinic.id, sheet.service
        if key not in self._shops:
            self._shops[key] = shops_near(board, self._map, sheet)
        return self._shops[key]

    def _renew(self, board: Board) -> None:
        """Another copy was loaded, or something else is said of clinics."""
        if board is not self._board:
            self._board = board
            self._found.clear()
            self._clinics_stamp = -1
        if board.clinics_stamp != self._clinics_stamp:
            self._clinics_stamp = board.clinics_stamp
            self._map = Map(board.clinics.values())
            self._shops.clear()


def _told(board: Board, slot: Slot) -> Alternative:
    return Alternative(
        slot_id=UUID(bytes=slot.id),
        clinic_id=board.sheets[slot.sheet].clinic.id,
        starts_at=instant(slot.starts_us),
        ends_at=instant(slot.ends_us),
        free=slot.free,
    )
