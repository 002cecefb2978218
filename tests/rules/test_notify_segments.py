"""How many text messages is a text, as whoever sends it cuts it?"""

from contextlib import suppress
from itertools import pairwise

import pytest
from aiosmpplib.codec import (
    GSM_BASIC_ENCODE_MAP,
    GSM_EXTENDED_ENCODE_MAP,
    GSM7BitCodec,
    UCS2Codec,
)
from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules.segments import SEPTETS, is_gsm, parts_of, segments

GSM = st.text(alphabet=sorted(SEPTETS), max_size=500)
ANY = st.one_of(GSM, st.text(st.characters(exclude_categories=["Cs"]), max_size=250))


def encoded(text: str) -> tuple[bytes, bool]:
    """As the library for SMPP writes it, and whether that was GSM 7-bit."""
    with suppress(UnicodeEncodeError):
        return GSM7BitCodec().encode(text)[0], True
    return UCS2Codec().encode(text)[0], False


def test_the_alphabet_is_that_of_the_library_which_sends() -> None:
    assert set(SEPTETS) == set(GSM_BASIC_ENCODE_MAP) | set(GSM_EXTENDED_ENCODE_MAP)
    for character, septets in SEPTETS.items():
        assert len(encoded(character)[0]) == septets


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        # 76 euros are 152 septets; the next does not fit into the last one, and is not cut in two.
        ("€" * 153, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("a" * 69 + "я", 1),
        ("a" * 70 + "я", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        # 33 pairs are 66 units of 67.
        ("😀" * 67, 3),
    ],
)
def test_a_text_is_as_many_messages_as_the_standard_says(text: str, count: int) -> None:
    assert segments(text) == count


@given(ANY)
def test_whatever_is_cut_fits_and_is_whole_again(text: str) -> None:
    parts = parts_of(text)

    assert "".join(parts) == text
    assert segments(text) == len(parts)
    whole, gsm = encoded(text)
    assert is_gsm(text) == gsm
    alone, most = (160, 153) if gsm else (140, 134)
    assert (len(parts) == 1) == (len(whole) <= alone)
    codec = GSM7BitCodec() if gsm else UCS2Codec()
    for part in parts:
        # Each is encoded by itself, so that nothing of it is left to the next.
        there = codec.encode(part)[0]
        assert len(there) <= (alone if len(parts) == 1 else most)
        assert codec.decode(there)[0] == part


@given(ANY)
def test_no_segment_more_is_made_than_has_to_be(text: str) -> None:
    parts = parts_of(text)
    codec, most = (GSM7BitCodec(), 153) if is_gsm(text) else (UCS2Codec(), 134)

    for part, after in pairwise(parts):
        assert len(codec.encode(part + after[0])[0]) > most
