"""Is each row named that was changed, taken out, moved or cut off, and no other?"""

from typing import Any

import msgspec
import pytest

from shared.access.chain import Batch, Head, batch_after, chain_after, hash_of_batch
from shared.access.verifier import Flaw, flaws_of_chain, flaws_of_register
from tests.access_stories import CHAIN, a_chain, an_entry
from tests.booking_stories import ALICE, BORIS
from tests.stories import NOON, an_id

OPENED, ROWS = a_chain([an_entry()], [an_entry(BORIS), an_entry()], [an_entry()], [an_entry(BORIS)])
END = {len(ROWS): ROWS[-1].hash}


def flaws(rows: list[Batch], anchors: dict[int, bytes] | None = None) -> list[tuple[str, int]]:
    """What is found, by kind and number."""
    found = flaws_of_chain(OPENED, rows, END if anchors is None else anchors, chain=CHAIN)
    return [(flaw.kind, flaw.seq) for flaw in found]


def another(row: Batch, *, rehashed: bool = False, **about: Any) -> Batch:
    """The row as somebody wrote it who may write everything."""
    changed = msgspec.structs.replace(row, **about)
    if rehashed:
        changed = msgspec.structs.replace(changed, hash=hash_of_batch(changed))
    return changed


def test_what_is_as_it_was_written_has_no_flaw():
    assert flaws(ROWS) == []


@pytest.mark.parametrize("seq", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "about",
    [
        {"entries": ROWS[0].entries.replace(b"front_desk", b"guest")},
        {"at": NOON.replace(year=2020)},
        {"hash": bytes(32)},
        {"entries": b"nothing"},
    ],
    ids=lambda about: next(iter(about)),
)
def test_a_changed_row_is_named(seq: int, about: dict[str, Any]):
    rows = [another(row, **about) if row.seq == seq else row for row in ROWS]

    named = flaws(rows)

    assert ("changed", seq) in named
    assert {number for _, number in named} == {seq}


def test_who_is_no_longer_found_among_the_persons_is_missed_though_no_hash_changed():
    rows = [ROWS[0], another(ROWS[1], persons=(ALICE,)), *ROWS[2:]]

    assert flaws(rows) == [("changed", 2)]


def test_a_changed_row_with_a_new_hash_is_named_by_the_one_behind_it():
    entries = ROWS[1].entries.replace(b"front_desk", b"guest")
    rows = [ROWS[0], another(ROWS[1], entries=entries, rehashed=True), *ROWS[2:]]

    assert flaws(rows) == [("changed", 2)]


def test_who_works_out_all_hashes_anew_is_found_by_an_anchor():
    _, rows = a_chain([an_entry()], [an_entry(BORIS)], [an_entry()], [an_entry(BORIS)])

    assert flaws(rows) == [("changed", 4)]
    assert flaws(rows, anchors={}) == []


def test_a_row_that_is_gone_is_named():
    assert flaws([ROWS[0], *ROWS[2:]]) == [("missing", 2)]
    assert flaws(ROWS[2:]) == [("missing", 1)]


def test_two_rows_in_each_other_s_place_are_both_named():
    swapped = [ROWS[0], another(ROWS[2], seq=2), another(ROWS[1], seq=3), ROWS[3]]

    assert flaws(swapped) == [("moved", 2), ("moved", 3)]


def test_an_end_that_is_cut_off_is_missed_only_with_an_anchor():
    assert flaws(ROWS[:2]) == [("cut off", 3)]
    assert flaws([]) == [("cut off", 1)]
    assert flaws(ROWS[:2], anchors={2: ROWS[1].hash}) == []


def test_nothing_comes_behind_what_closed_the_chain():
    opened, rows = a_chain([an_entry()], closed=True)
    head = Head(CHAIN, rows[-1].seq, rows[-1].hash)
    late = batch_after(head, ROWS[0].entries, [ALICE], NOON)

    found = list(flaws_of_chain(opened, [*rows, late], {}, chain=CHAIN))

    assert [(flaw.kind, flaw.seq) for flaw in found] == [("added", 3)]


def test_a_chain_that_the_register_does_not_know_is_named():
    found = list(flaws_of_chain(None, ROWS, {}, chain=CHAIN))

    assert [(flaw.kind, flaw.seq) for flaw in found] == [("missing", 0)]


def _register() -> list[Any]:
    rows: list[Any] = []
    for name in ("one", "two", "three"):
        last = rows[-1] if rows else None
        rows.append(chain_after(last, id=an_id(name), at=NOON, by="booking-0"))
    return rows


def test_the_register_is_held_to_the_same():
    one, two, three = _register()
    renamed = msgspec.structs.replace(two, opened_by="booking-7")

    assert list(flaws_of_register([one, two, three])) == []
    assert _kinds(flaws_of_register([one, renamed, three])) == [("changed", 2)]
    assert _kinds(flaws_of_register([one, three])) == [("missing", 2)]
    assert _kinds(flaws_of_register([two, three])) == [("missing", 1)]


def _kinds(found: Any) -> list[tuple[str, int]]:
    flaws: list[Flaw] = list(found)
    return [(flaw.kind, flaw.seq) for flaw in flaws]
