"""Which answers need not be made again? Those of which nothing has changed since."""

from collections import OrderedDict
from collections.abc import Hashable
from hashlib import sha256
from typing import NamedTuple

ENTRY_BYTES = 400
"""What an entry weighs besides its bytes, roughly."""

TAG_LETTERS = 24


class Written(NamedTuple):
    """An answer without its first field, `as_of`: what follows the comma, and its ETag."""

    tail: bytes
    tag: str


def written(tail: bytes) -> Written:
    """The answer with its tag: over everything but `as_of`, the same in every process."""
    return Written(tail, sha256(tail).hexdigest()[:TAG_LETTERS])


class Encoded:
    """The answers that were asked for last, up to so many bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self._pages: OrderedDict[Hashable, tuple[Hashable, Written]] = OrderedDict()

    def find(self, key: Hashable, stamp: Hashable) -> Written | None:
        """The answer, if it was made of what has this stamp."""
        kept = self._pages.get(key)
        if kept is None or kept[0] != stamp:
            return None
        self._pages.move_to_end(key)
        return kept[1]

    def keep(self, key: Hashable, stamp: Hashable, tail: bytes) -> Written:
        """Remember an answer instead of those that nobody asked for in the longest time."""
        page = written(tail)
        before = self._pages.pop(key, None)
        if before is not None:
            self._bytes -= _weight(before[1])
        self._pages[key] = stamp, page
        self._bytes += _weight(page)
        while self._bytes > self._bytes_max:
            _, (_, oldest) = self._pages.popitem(last=False)
            self._bytes -= _weight(oldest)
        return page


def _weight(page: Written) -> int:
    return len(page.tail) + ENTRY_BYTES
