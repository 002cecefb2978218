"""What does a link's token allow, and to what is every other token equal?"""

import base64
import hashlib
import hmac
import json
import struct
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.links.rules import TOKEN_LENGTH, Keys, Link, keys_of, link_of, token_of
from tests.stories import an_id

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEYS = Keys(signs=2, secrets={1: OLD, 2: NEW})
LINK = Link(
    purpose="cancel_booking",
    person_id=an_id("Alice"),
    object_id=an_id("her booking"),
    until=NOON + timedelta(days=3),
)


def test_a_link_says_what_it_was_made_for_until_its_time_is_over():
    token = token_of(LINK, KEYS)

    read = [link_of(token, KEYS, LINK.until - timedelta(seconds=left)) for left in (9, 1, 0)]

    assert read == [LINK, LINK, None]
    assert len(token) == TOKEN_LENGTH


def test_a_link_of_the_old_key_is_valid_until_that_key_is_taken_out():
    token = token_of(LINK, Keys(signs=1, secrets={1: OLD}))

    turned = link_of(token, KEYS, NOON)
    taken_out = link_of(token, Keys(signs=2, secrets={2: NEW}), NOON)

    assert (turned, taken_out) == (LINK, None)


def test_signed_by_another_key_it_is_the_same_link():
    by_old, by_new = (token_of(LINK, Keys(signs=n, secrets=KEYS.secrets)) for n in (1, 2))

    read = [link_of(token, KEYS, NOON) for token in (by_old, by_new)]

    assert by_old != by_new
    assert {link.id for link in read if link is not None} == {LINK.id}


@pytest.mark.parametrize("field", ["person_id", "object_id", "until"])
def test_a_link_for_another_is_another_link(field: str):
    other = {"until": LINK.until + timedelta(seconds=1)}.get(field, an_id("somebody else"))

    changed = msgspec.structs.replace(LINK, **{field: other})

    assert changed.id != LINK.id
    assert token_of(changed, KEYS) != token_of(LINK, KEYS)


@given(st.integers(0, TOKEN_LENGTH - 1), st.characters(max_codepoint=0x2FF))
def test_a_token_of_which_one_character_is_another_is_none(place: int, other: str):
    token = token_of(LINK, KEYS)
    forged = token[:place] + other + token[place + 1 :]

    assert (link_of(forged, KEYS, NOON) == LINK) == (forged == token)
    assert link_of(forged, KEYS, NOON) in (None, LINK)


STRANGE = st.binary(min_size=71, max_size=71).map(
    lambda raw: base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
)


@given(st.text(max_size=120) | STRANGE)
def test_what_was_never_signed_is_no_link(text: str):
    assert link_of(text, KEYS, NOON) is None


@pytest.mark.parametrize("spelling", [str.lower, lambda text: text + "=", lambda text: text + "A"])
def test_one_link_has_one_spelling(spelling: Any):
    assert link_of(spelling(token_of(LINK, KEYS)), KEYS, NOON) is None


def test_of_the_next_version_or_of_a_purpose_that_nobody_knows_it_is_none():
    def signed(*head: int) -> str:
        body = bytes(head) + bytes.fromhex("7fffffff") + bytes(32)
        raw = body + hmac.digest(NEW, body, hashlib.sha256)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert link_of(signed(1, 2, 1), KEYS, NOON) is not None
    assert link_of(signed(2, 2, 1), KEYS, NOON) is None
    assert link_of(signed(1, 2, 9), KEYS, NOON) is None
    assert link_of(signed(1, 3, 1), KEYS, NOON) is None


def test_the_keys_are_in_no_line_of_a_log():
    assert base64.b64encode(NEW).decode() not in repr(KEYS)
    assert repr(NEW) not in repr(KEYS)


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"signs": 3, "keys": {"1": 32}}, "not among the keys"),
        ({"signs": 0, "keys": {"0": 32}}, "from 1 to 255"),
        ({"signs": 1, "keys": {"1": 31}}, "at least 32 bytes"),
    ],
)
def test_keys_that_would_not_do_are_refused_at_the_start(said: dict[str, Any], wrong: str):
    keys = {number: base64.b64encode(bytes(size)).decode() for number, size in said["keys"].items()}

    with pytest.raises(ValueError, match=wrong):
        keys_of(json.dumps(said | {"keys": keys}))


def test_without_keys_there_are_no_links():
    assert keys_of("") is None


# ---- against a model that keeps a list of what was given out ----------------------------------

PERSONS = [an_id(f"person {number}") for number in range(3)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(PERSONS),
            st.uuids(),
            st.integers(1, 2**32 - 1).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
            st.sampled_from([1, 2]),
        ),
        min_size=1,
        max_size=5,
    ),
    st.data(),
)
def test_a_token_is_worth_what_a_list_of_all_that_were_given_says(
    given_out: list[tuple[UUID, UUID, datetime, int]], data: st.DataObject
):
    book: dict[str, tuple[UUID, UUID, datetime]] = {}
    for person, thing, until, key in given_out:
        link = Link(purpose="cancel_booking", person_id=person, object_id=thing, until=until)
        book[token_of(link, Keys(signs=key, secrets=KEYS.secrets))] = (person, thing, until)
    token = data.draw(st.sampled_from(sorted(book)) | st.text(max_size=99))
    now = data.draw(st.sampled_from([one[2] for one in given_out])) - timedelta(
        seconds=data.draw(st.sampled_from([-1, 0, 1]))
    )

    read = link_of(token, KEYS, now)

    known = book.get(token)
    expected = known if known is not None and now < known[2] else None
    assert (None if read is None else (read.person_id, read.object_id, read.until)) == expected


def test_a_token_carries_no_more_than_is_said_of_it():
    raw = base64.urlsafe_b64decode(token_of(LINK, KEYS) + "=")

    head, until, ids = raw[:3], raw[3:7], raw[7:39]
    assert head == bytes((1, 2, 1))
    assert struct.unpack(">I", until) == (int(LINK.until.timestamp()),)
    assert ids == LINK.person_id.bytes + LINK.object_id.bytes
    assert len(raw[39:]) == 32
