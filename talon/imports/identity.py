"""Which id has a thing of a source in Talon? Always the same one, and one that shows its source."""

import hashlib
from typing import Any
from uuid import UUID, uuid5

import msgspec

SOURCES = UUID("5d0c2f0e-3b57-5b5c-9a0e-7a1047a10909")
"""Namespace of all sources."""

MARK_BITS = 48
"""The first bits of an id are its source's own: two sources share them once in 2**48."""

REST = 2 ** (128 - MARK_BITS) - 1
VERSION = 0xF << 76
CUSTOM = 8 << 76
"""RFC 9562's version for ids that are made as their maker likes."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A source, and by how many days its slots are moved.

    Moved slots are others than those where they were, or those moved elsewhere: each move is a
    source of its own. The clinics are the same.
    """

    source: str
    days: int = 0

    def clinic(self, key: str) -> UUID:
        """The id of the clinic that the source calls so."""
        return _marked(self.source, f"Clinic/{key}")

    def slot(self, key: str) -> UUID:
        """The id of the slot that the source calls so."""
        return _marked(self._slots, f"Slot/{key}")

    def practitioner(self, key: str) -> UUID:
        """The id of whom the source calls so, at whichever of its clinics."""
        return _marked(self.source, f"Practitioner/{key}")

    def has_clinic(self, clinic_id: UUID) -> bool:
        """True for whatever `clinic` gave out."""
        return _mark(clinic_id) == _mark(uuid5(SOURCES, self.source))

    def has_slot(self, slot_id: UUID) -> bool:
        """True for whatever `slot` gave out."""
        return _mark(slot_id) == _mark(uuid5(SOURCES, self._slots))

    @property
    def _slots(self) -> str:
        return f"{self.source} moved by {self.days} days" if self.days else self.source


def key_of(*content: Any) -> str:
    """The Idempotency-Key of a request with this content: the same wish has the same key."""
    said = msgspec.json.encode(content)
    return f"import-{hashlib.blake2b(said, digest_size=16).hexdigest()}"


def _marked(source: str, name: str) -> UUID:
    home = uuid5(SOURCES, source)
    rest = uuid5(home, name).int & REST & ~VERSION
    return UUID(int=_mark(home) << (128 - MARK_BITS) | CUSTOM | rest)


def _mark(known: UUID) -> int:
    return known.int >> (128 - MARK_BITS)
