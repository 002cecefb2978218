"""What is answered to whoever reads? Bytes, made when first asked for and again after a change."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import islice, takewhile
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from services.slots.availability.adjacent import (
    Looks,
    Party,
    Stretch,
    adjacent_sets,
    set_body,
    stretches_of,
)
from services.slots.availability.board import Board
from services.slots.availability.bodies import clinic_body, slot_body
from services.slots.availability.days import days_of
from services.slots.availability.distance import KM_DIGITS, Point
from services.slots.availability.encoded import Encoded, Written, written
from services.slots.availability.orders import Found, Orders
from services.slots.availability.pairs import pair_body
from services.slots.availability.records import Clinic, Sheet, Slot, instant, slot_order
from services.slots.availability.series import BehindPair, Search, Wish
from shared.web import cursor_after

DAYS_DEFAULT = 14
DAYS_MAX = 31
"""How many days one look at availability spans at most."""

encode = msgspec.json.encode

Behind = tuple[Any, UUID]
"""What was shown last: its name, distance or start, by the list's order, and its id."""


class Part(NamedTuple):
    """So many of a list, from behind what was shown last."""

    limit: int
    after: Behind | None = None


class Around(NamedTuple):
    """Near there, and no further away than that if it is said."""

    near: Point
    radius_km: float | None = None


class At(NamedTuple):
    """At that clinic; what else is needed, no further away from it than that if it is said."""

    clinic_id: UUID
    radius_km: float | None = None


Where = Around | UUID | None
"""Around a point, at one clinic, or anywhere."""


class Days(NamedTuple):
    """From that day to that one, both included; None leaves it to the clinic's own today."""

    first: int | None = None
    last: int | None = None


class Pages:
    """The answers about one board."""

    def __init__(self, board: Board, encoded_bytes_max: int) -> None:
        self._board = board
        self._orders = Orders(board)
        self._encoded = Encoded(encoded_bytes_max)

    # ---- clinics, and what is free there -------------------------------------------------------

    def clinic(self, clinic_id: UUID) -> Written | None:
        """One clinic; None where there is no such clinic."""
        clinic = self._board.clinics.get(clinic_id)
        return None if clinic is None else written(encode(clinic_body(clinic))[1:])

    def clinics(self, part: Part, *, service: str | None, around: Around | None) -> Written:
        """Clinics by name or by distance; those that offer the service, if one is named."""
        key, stamp = ("clinics", part, service, around), self._board.clinics_stamp
        page = self._encoded.find(key, stamp)
        if page is not None:
            return page

        def shown(found: Found) -> bytes:
            if service is not None and service not in self._board.shelves[found.clinic.id]:
                return b""
            body = encode(clinic_body(found.clinic))
            return body if around is None else b"%b,%b}" % (body[:-1], _distance(found.km))

        tail = _some_of(self._found(part, around), part.limit, shown)
        return self._encoded.keep(key, stamp, tail)

    def availability(
        self, part: Part, *, service: str, days: Days, where: Where, now_us: int
    ) -> Written | None:
        """What can still be booked of a service, by clinic and day; None: no such clinic.

        A clinic where nothing can be booked on any of the days is left out.
        """
        found: Iterable[Found] | None
        found = self._at(where) if isinstance(where, UUID) else self._found(part, where)
        if found is None:
            return None

        def shown(one: Found) -> bytes:
            return self._days(one, service, days, now_us)

        return written(_some_of(found, part.limit, shown))

    def adjacent(
        self, party: Party, limit: int, *, days: Days, where: Around | UUID, now_us: int
    ) -> Written | None:
        """Where and when so many can come together; None: no such clinic."""
        found: Iterable[Found] | None
        if isinstance(where, UUID):
            found = self._at(where)
        else:
            # Nobody can say how far it is to a clinic of unknown place, and those come last.
            found = takewhile(lambda one: one.km is not None, self._found(Part(limit), where))
        if found is None:
            return None
        stretches = (
            Stretch(one.km, shelf, range(first, last + 1))
            for one, shelf in stretches_of(found, self._board.shelves, party)
            for first, last in (self._stretch(one.clinic, days, now_us),)
        )
        looks = Looks()
        sets = islice(adjacent_sets(stretches, party, looks, now_us=now_us), limit)
        rows = b",".join(encode(set_body(together)) for together in sets)
        return written(b'"sets":[%b],"complete":%b}' % (rows, encode(looks.left > 0)))

    def _at(self, clinic_id: UUID) -> list[Found] | None:
        clinic = self._board.clinics.get(clinic_id)
        return None if clinic is None else [Found((clinic.name, clinic.id), clinic, None)]

    def _found(self, part: Part, around: Around | None) -> Iterator[Found]:
        if around is None:
            return self._orders.by_name(part.after)
        order = self._orders.by_distance(around.near, part.after)
        radius_km = around.radius_km
        if radius_km is None:
            return order
        return takewhile(lambda found: found.km is not None and found.km <= radius_km, order)

    def _days(self, found: Found, service: str, days: Days, now_us: int) -> bytes:
        """The clinic with its days; empty where nothing can be booked on any of them."""
        shelf = self._board.shelves[found.clinic.id].get(service)
        if shelf is None:
            return b""
        first, last = self._stretch(found.clinic, days, now_us)
        said = days_of(shelf, first, last, now_us=now_us)
        if not said:
            return b""
        head = b'{"clinic_id":"%b","name":%b,' % (
            str(found.clinic.id).encode(),
            encode(found.clinic.name),
        )
        return b'%b%b,"days":[%b]}' % (head, _distance(found.km), said)

    def _stretch(self, clinic: Clinic, days: Days, now_us: int) -> tuple[int, int]:
        first, last = days
        if first is None:
            first = self._board.zone_of(clinic).day_of(now_us)
        if last is None:
            last = first + DAYS_DEFAULT - 1
        return first, min(last, first + DAYS_MAX - 1)

    # ---- pairs of doses ------------------------------------------------------------------------

    def pairs(
        self, wish: Wish, limit: int, behind: BehindPair | None, *, where: Around | At, now_us: int
    ) -> Written | None:
        """Pairs around a point, or with the first dose at one clinic; None: no such clinic."""
        clinic_id = None
        if isinstance(where, Around):
            order = self._found(Part(limit), where)
        else:
            clinic_id, radius_km = where
            clinic = self._board.clinics.get(clinic_id)
            if clinic is None:
                return None
            if clinic.latitude is None or clinic.longitude is None:
                order = iter([Found((0.0, clinic.id), clinic, None)])
            else:
                point = clinic.latitude, clinic.longitude
                order = self._found(Part(limit), Around(point, radius_km))
        search = Search(self._board, wish, order, now_us=now_us)
        page = search.page(limit, behind, clinic_id=clinic_id)
        cursor = None if page.behind is None else page.behind.cursor
        return written(_list_of("pairs", [encode(pair_body(p)) for p in page.pairs], cursor))

    # ---- slots ---------------------------------------------------------------------------------

    def slot(self, slot_id: UUID) -> Written | None:
        """One slot; None where there is no such slot, or its day is over."""
        slot = self._board.slots.get(slot_id.bytes)
        if slot is None:
            return None
        return written(encode(slot_body(slot, self._board.sheets[slot.sheet]))[1:])

    def slots(
        self,
        part: Part,
        *,
        clinic_id: UUID,
        day: int,
        service: str | None,
        practitioner_id: UUID | None = None,
    ) -> Written | None:
        """A clinic's slots of one of its days, in order; None where there is no such clinic."""
        shelves = self._board.shelves.get(clinic_id)
        if shelves is None:
            return None
        named = [shelf for shelf in shelves.values() if service in (None, shelf.service)]
        sheets = [shelf.days[day] for shelf in named if day in shelf.days]
        key = ("slots", clinic_id, day, service, practitioner_id, part)
        stamp = tuple(sheet.stamp for sheet in sheets)
        page = self._encoded.find(key, stamp)
        return page or self._encoded.keep(key, stamp, self._slots(sheets, part, practitioner_id))

    def _slots(self, sheets: list[Sheet], part: Part, whose: UUID | None) -> bytes:
        found = _in_order(sheets, part.after)
        if whose is not None:
            found = (slot for slot in found if slot.about.practitioner_id == whose)
        slots = list(islice(found, part.limit + 1))
        cursor = None
        if len(slots) > part.limit:
            slots.pop()
            cursor = cursor_after(instant(slots[-1].starts_us), UUID(bytes=slots[-1].id))
        sheet_of = self._board.sheets
        rows = [encode(slot_body(slot, sheet_of[slot.sheet])) for slot in slots]
        return _list_of("slots", rows, cursor)


def _in_order(sheets: list[Sheet], behind: Behind | None) -> Iterator[Slot]:
    if behind is None:
        return merge(*(sheet.slots for sheet in sheets), key=slot_order)
    key = behind[0], behind[1].bytes
    rest = (sheet.slots[bisect_right(sheet.slots, key, key=slot_order) :] for sheet in sheets)
    return merge(*rest, key=slot_order)


def _some_of(found: Iterable[Found], limit: int, shown: Callable[[Found], bytes]) -> bytes:
    """The first clinics of which there is something to show; a cursor only where there are more."""
    rows: list[bytes] = []
    cursor = None
    last: Found | None = None
    for one in found:
        row = shown(one)
        if not row:
            continue
        if last is not None and len(rows) == limit:
            cursor = cursor_after(str(last.key[0]), last.key[1])
            break
        rows.append(row)
        last = one
    return _list_of("clinics", rows, cursor)


def _list_of(name: str, rows: list[bytes], cursor: str | None) -> bytes:
    return b'"%b":[%b],"cursor":%b}' % (name.encode(), b",".join(rows), encode(cursor))


def _distance(km: float | None) -> bytes:
    return b'"distance_km":' + encode(None if km is None else round(km, KM_DIGITS))
