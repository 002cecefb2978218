"""Where does a source wait that is too large for memory? In a nameless file of SQLite, in order."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from shared.statements import load
from talon.imports.identity import Identity
from talon.imports.published import Slot

SQL = load("talon.imports")

_decode = msgspec.msgpack.Decoder(Slot).decode
_encode = msgspec.msgpack.Encoder().encode


class Spool:
    """All slots of a source, to be had by clinic."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.slots = 0
        connection.executescript(SQL["quick"])
        connection.executescript(SQL["tables"])

    def add(self, slot: Slot) -> Slot | None:
        """None when it is kept; else the slot of the same key that was there before."""
        row = (slot.key, slot.clinic_key, slot.day.isoformat(), _encode(slot))
        if self._connection.execute(SQL["add"], row).rowcount:
            self.slots += 1
            return None
        return _decode(self._one("row_of", slot.key)[0])

    def name(self, key: str) -> None:
        """The source speaks of this slot, though not as it should."""
        self._connection.execute(SQL["name"], (key,))

    def first_day(self) -> date | None:
        """The day of the earliest slot; None where there is none."""
        (day,) = self._one("first_day")
        return date.fromisoformat(day) if day else None

    def days_until(self, last: date) -> tuple[date, date] | None:
        """The first and the last day with a slot, but none after `last`."""
        first_day, last_day = self._one("days_until", last.isoformat())
        if first_day is None:
            return None
        return date.fromisoformat(first_day), date.fromisoformat(last_day)

    def identify(self, identity: Identity) -> None:
        """Give every slot its id; after this, nothing is added."""
        self._connection.create_function("slot_id", 1, lambda key: identity.slot(key).bytes)
        # `executescript` first commits what `tables` began.
        self._connection.executescript(SQL["identify"])

    def slots_of(self, clinic_key: str) -> Iterator[tuple[UUID, Slot]]:
        """One clinic's slots, day by day."""
        for slot_id, row in self._connection.execute(SQL["slots_of"], (clinic_key,)):
            yield UUID(bytes=slot_id), _decode(row)

    def mentions(self, slot_id: UUID) -> bool:
        """True where the source speaks of this slot, rightly or not."""
        (found,) = self._one("mentions", slot_id.bytes)
        return bool(found)

    def _one(self, statement: str, *arguments: object) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._connection.execute(SQL[statement], arguments).fetchone()
        return row


@contextmanager
def open_spool() -> Iterator[Spool]:
    """An empty one, which is gone when the block ends, however it ends."""
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        yield Spool(connection)
