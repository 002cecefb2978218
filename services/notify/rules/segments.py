"""How many text messages is a text? Providers count, and are paid, by the segment.

A text of the GSM 7-bit alphabet has 160 septets in one message, or 153 in each of several, since
each then says which it is; any other character makes all of it UCS-2, 70 units or 67.
"""

from collections.abc import Iterator

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "\f^{}\\[~]|€"

SEPTETS = dict.fromkeys(_BASIC, 1) | dict.fromkeys(_EXTENDED, 2)
"""How much room a character takes in GSM 7-bit; a character of the extension is an escape more."""

GSM_ALONE_MAX, GSM_PART_MAX = 160, 153
UCS2_ALONE_MAX, UCS2_PART_MAX = 70, 67


def is_gsm(text: str) -> bool:
    """Whether GSM 7-bit says it as it is, without replacing anything."""
    return all(character in SEPTETS for character in text)


def segments(text: str) -> int:
    """How many messages a provider makes of it; an empty one is a message, too."""
    return len(parts_of(text))


def parts_of(text: str) -> list[str]:
    """The text as it is cut; no character is ever cut in two."""
    if is_gsm(text):
        return list(_cut(text, SEPTETS, GSM_ALONE_MAX, GSM_PART_MAX))
    return list(_cut(text, _units(text), UCS2_ALONE_MAX, UCS2_PART_MAX))


def _units(text: str) -> dict[str, int]:
    """A character beyond the first 65,536 is a pair of UTF-16 units."""
    return {character: 1 + (ord(character) > 0xFFFF) for character in text}


def _cut(text: str, room: dict[str, int], alone_max: int, part_max: int) -> Iterator[str]:
    if sum(room[character] for character in text) <= alone_max:
        yield text
        return
    begin = taken = 0
    for at, character in enumerate(text):
        if taken + room[character] > part_max:
            yield text[begin:at]
            begin, taken = at, 0
        taken += room[character]
    yield text[begin:]
