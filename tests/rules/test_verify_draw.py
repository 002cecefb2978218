"""Would anybody see that a draw was not the one that was promised?"""

import hashlib
import hmac
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from services.booking.rules.line import draw, hash_of, lot_of
from talon.verbs.verify_draw import Lot, Page, flaws, place_of

SEED = bytes(range(32))
NAMESPACE = UUID(int=7)
PEOPLE = [uuid5(NAMESPACE, str(n)) for n in range(25)]


def a_draw(**about: Any) -> list[Page]:
    """All 25, on pages of ten."""
    order = draw(SEED, PEOPLE)
    lots = [Lot(n, lot_of(SEED, person).hex()) for n, person in enumerate(order, start=1)]
    said = {"seed": SEED.hex(), "seed_hash": hash_of(SEED).hex(), "people": 25} | about
    pages = [lots[:10], lots[10:20], lots[20:]]
    return [Page(lots=page, next=None, **said) for page in pages]


def changed(pages: list[Page], n: int, lot: Lot | None) -> list[Page]:
    """The same with another lot on the first page, or without it."""
    lots = list(pages[0].lots)
    lots[n : n + 1] = [] if lot is None else [lot]
    return [msgspec.structs.replace(pages[0], lots=lots), *pages[1:]]


def test_a_draw_that_is_as_it_was_promised_has_no_flaw():
    assert flaws(a_draw(), hash_of(SEED).hex().upper()) == []


def test_everybody_finds_their_own_place_and_nobody_else_s():
    pages = a_draw()

    for person in PEOPLE:
        own = hmac.new(SEED, person.bytes, hashlib.sha256).hexdigest()[:32]
        place = place_of(pages, person)
        assert place is not None
        assert [lot.lot for page in pages for lot in page.lots][place - 1] == own
    assert place_of(pages, UUID(int=1)) is None


def test_who_was_erased_since_leaves_a_gap_and_no_flaw():
    assert flaws(changed(a_draw(), 3, None), None) == []


@pytest.mark.parametrize(
    "pages",
    [
        a_draw(seed=bytes(32).hex()),
        a_draw(seed_hash="00" * 32),
        a_draw(people=20),
        changed(a_draw(), 3, Lot(4, "f" * 32)),
        changed(a_draw(), 3, Lot(3, a_draw()[0].lots[3].lot)),
        [a_draw()[1], a_draw()[0]],
        [a_draw()[0], *a_draw(people=26)[1:]],
    ],
)
def test_another_seed_another_order_and_another_count_are_seen(pages: list[Page]):
    assert flaws(pages, None) != []


def test_another_hash_than_the_promised_one_is_seen():
    assert flaws(a_draw(), "11" * 32) != []
