"""Into how many text messages does a text go, and where is it cut?"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from aiosmpplib.codec import GSM_BASIC_ENCODE_MAP, GSM_EXTENDED_ENCODE_MAP

Alphabet = Literal["gsm7", "ucs2"]

SEGMENTS_MAX = 10
"""What is longer is no text message."""


class Room(NamedTuple):
    """How many units one message holds by itself, and as a part with a header of six octets."""

    alone: int
    as_part: int


ROOMS: dict[Alphabet, Room] = {"gsm7": Room(160, 153), "ucs2": Room(70, 67)}
"""A unit is a septet of GSM 03.38, or sixteen bits: 140 octets either way."""


class Segments(NamedTuple):
    """A text as its parts, in order; none of them ends within a character."""

    alphabet: Alphabet
    parts: tuple[str, ...]


class TooLongError(ValueError):
    """A text of more parts than anybody would read."""


def segments_of(text: str) -> Segments:
    """The fewest parts in the cheapest alphabet that has all its characters."""
    alphabet: Alphabet = "gsm7" if all(map(_is_gsm, text)) else "ucs2"
    room = ROOMS[alphabet]
    if sum(_units(char, alphabet) for char in text) <= room.alone:
        return Segments(alphabet, (text,))
    parts = tuple(_cut(text, alphabet, room.as_part))
    if len(parts) > SEGMENTS_MAX:
        raise TooLongError(f"a text message of {len(parts)} parts")
    return Segments(alphabet, parts)


def _cut(text: str, alphabet: Alphabet, units_max: int) -> Iterator[str]:
    begin = units = 0
    for at, char in enumerate(text):
        more = _units(char, alphabet)
        if units + more > units_max:
            yield text[begin:at]
            begin, units = at, 0
        units += more
    yield text[begin:]


def _is_gsm(char: str) -> bool:
    return char in GSM_BASIC_ENCODE_MAP or char in GSM_EXTENDED_ENCODE_MAP


def _units(char: str, alphabet: Alphabet) -> int:
    """Two for what is written as an escape and a letter, or as a pair of surrogates."""
    if alphabet == "gsm7":
        return 1 if char in GSM_BASIC_ENCODE_MAP else 2
    return 2 if ord(char) > 0xFFFF else 1
