"""Does what is sealed open where it belongs, and nowhere else?"""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.vault import (
    BlindIndex,
    BrokenSealError,
    DataKey,
    Field,
    FileKeys,
    KeysAwayError,
    keyring,
    plain_email,
    plain_phone,
)
from shared.vault.keyring import Ring, read_ring
from shared.vault.sealing import new_key
from tests.vaults import a_master, written

ALICE, BORIS = UUID(int=1), UUID(int=2)
KEY = new_key()
NAME = Field("booking", "profile", "name")
TEXTS = st.text(max_size=300)
PLACES = st.builds(Field, *(st.sampled_from(["booking", "profile", "name", "notes"]),) * 3)


def alices(generation: int = 1) -> DataKey:
    return DataKey(ALICE, generation, KEY)


@given(TEXTS, PLACES, st.integers(1, 2**31))
def test_what_is_sealed_opens_again_and_says_nothing_of_itself(
    text: str, field: Field, version: int
):
    sealed = alices().seal(field, version, text)

    assert alices().open(field, version, sealed) == text
    assert len(text) < 4 or text.encode() not in sealed


@given(TEXTS)
def test_the_same_text_is_sealed_otherwise_each_time(text: str):
    assert alices().seal(NAME, 1, text) != alices().seal(NAME, 1, text)


@given(TEXTS, st.data())
def test_one_changed_bit_and_it_does_not_open(text: str, data: st.DataObject):
    sealed = bytearray(alices().seal(NAME, 1, text))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8

    with pytest.raises(BrokenSealError):
        alices().open(NAME, 1, bytes(sealed))


@given(TEXTS, st.data())
def test_cut_off_it_does_not_open(text: str, data: st.DataObject):
    sealed = alices().seal(NAME, 1, text)
    length = data.draw(st.integers(0, len(sealed) - 1))

    with pytest.raises(BrokenSealError):
        alices().open(NAME, 1, sealed[:length])


@given(TEXTS, PLACES, PLACES)
def test_moved_to_another_service_table_or_column_it_does_not_open(
    text: str, field: Field, other: Field
):
    sealed = alices().seal(field, 1, text)

    if field != other:
        with pytest.raises(BrokenSealError):
            alices().open(other, 1, sealed)


@pytest.mark.parametrize(
    ("key", "version"),
    [
        (DataKey(BORIS, 1, KEY), 1),
        (DataKey(ALICE, 2, KEY), 1),
        (DataKey(ALICE, 1, new_key()), 1),
        (DataKey(ALICE, 1, KEY), 2),
    ],
    ids=["in another's row", "under a later key", "under another key", "in a later row"],
)
def test_elsewhere_it_does_not_open(key: DataKey, version: int):
    sealed = alices().seal(NAME, 1, "Patient 1")

    with pytest.raises(BrokenSealError):
        key.open(NAME, version, sealed)


def test_a_key_is_in_no_representation():
    master = a_master()
    ring = Ring(index=KEY, masters=(master,))

    shown = f"{alices()!r} {alices()} {master!r} {ring!r} {ring}"

    assert "first" in shown
    assert [key for key in (KEY, master.key) if str(key) in shown or key.hex() in shown] == []


# ---- who keeps the master keys ------------------------------------------------------------------


def test_what_one_master_key_has_wrapped_is_unwrapped_though_a_newer_one_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(keyring, "LOOK_SECONDS", 0.0)
    first, second = a_master("first"), a_master("second")
    path = written(tmp_path / "keys", first)
    keys = FileKeys(path)
    master_id, wrapped = asyncio.run(keys.wrap(KEY, b"Alice"))

    written(path, first, second)

    assert (master_id, asyncio.run(keys.newest())) == ("first", "second")
    assert asyncio.run(keys.unwrap("first", wrapped, b"Alice")) == KEY
    assert asyncio.run(keys.wrap(KEY, b"Alice"))[0] == "second"


def test_a_person_s_key_is_unwrapped_for_that_person_alone(tmp_path: Path):
    keys = FileKeys(written(tmp_path / "keys"))
    master_id, wrapped = asyncio.run(keys.wrap(KEY, b"Alice"))

    with pytest.raises(BrokenSealError):
        asyncio.run(keys.unwrap(master_id, wrapped, b"Boris"))


def test_a_master_key_that_is_gone_is_an_outage_and_no_broken_seal(tmp_path: Path):
    keys = FileKeys(written(tmp_path / "keys"))

    with pytest.raises(KeysAwayError, match="second is not in keys"):
        asyncio.run(keys.unwrap("second", b"", b"Alice"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"index": "AAAA", "masters": []}', b"not JSON at all: c2VjcmV0"],
)
def test_what_is_no_key_file_is_not_repeated_in_the_complaint(tmp_path: Path, content: bytes):
    path = tmp_path / "keys"
    path.write_bytes(content)

    with pytest.raises(KeysAwayError, match="keys is no key file") as raised:
        read_ring(path)

    assert "c2VjcmV0" not in str(raised.value)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(KeysAwayError, match="cannot be read"):
        FileKeys(tmp_path / "keys")


def test_two_master_keys_of_one_name_are_a_mistake(tmp_path: Path):
    path = written(tmp_path / "keys", a_master("one"), a_master("one"))

    with pytest.raises(KeysAwayError, match="same id"):
        read_ring(path)


# ---- by what a person is found ------------------------------------------------------------------


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_hash_is_the_same_for_the_same_and_tells_kinds_apart(kind: str, value: str):
    index = BlindIndex(KEY)

    assert index.of(kind, value) == BlindIndex(KEY).of(kind, value)
    assert index.of(kind, value) != index.of(kind + "x", value)
    assert index.of(kind, value) != index.of(kind, value, "")
    assert index.of(kind, value) != BlindIndex(new_key()).of(kind, value)
    assert len(index.of(kind, value)) == 32


@pytest.mark.parametrize(
    "spelled", ["+79990000001", "+7 (999) 000-00-01", "+7 999 000 00 01", "+7–999–000.00.01"]
)
def test_a_phone_is_the_same_however_it_is_spelled(spelled: str):
    assert plain_phone(spelled) == "+79990000001"


@pytest.mark.parametrize("spelled", ["", "89990000001", "+7", "+0999000000", "+7 999 x", "++7999"])
def test_what_is_no_phone_with_its_country_is_none(spelled: str):
    assert plain_phone(spelled) is None


def test_an_address_is_the_same_in_whatever_case():
    assert plain_email(" Patient-1@Example.ORG ") == plain_email("patient-1@example.org")
