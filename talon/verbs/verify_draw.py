"""Checks that a waiting room's draw was the one whose seed was promised, and finds a place in it.

It needs nothing of Talon but what anybody may read, and works the lots out by itself.
"""

import argparse
import hashlib
import hmac
import itertools
from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.doors import Answer, Doors, open_doors
from talon.mistakes import MistakeError
from talon.progress import console

LOT_BYTES = 16
PAGES_MAX = 100_000
"""How many pages of a draw are read at most: as many as 10^8 people need."""


class Lot(msgspec.Struct, frozen=True):
    """One place and the lot that has it, in hex."""

    place: int
    lot: str


class Page(msgspec.Struct, frozen=True):
    """A part of a draw, as anybody may read it."""

    seed: str
    seed_hash: str
    people: int
    lots: list[Lot]
    next: int | None


def add_options(words: argparse.ArgumentParser) -> None:
    """Which draw, what was promised before it, and whose place is looked for."""
    words.add_argument("campaign", help="the campaign's id")
    words.add_argument("--seed-hash", help="what was noted of the room before the draw, in hex")
    words.add_argument("--person", help="an id, to see that the place is the one that was told")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when the draw is as it was promised, 1 when it is not."""
    person = None if options.person is None else _id(options.person)
    return uvloop.run(_verify(stack, _id(options.campaign), options.seed_hash, person))


async def _verify(stack: Stack, campaign: UUID, promised: str | None, person: UUID | None) -> int:
    out = console()
    async with open_doors(stack) as doors:
        pages = [page async for page in _pages(doors, campaign)]
    wrong = flaws(pages, promised)
    for flaw in wrong:
        out.print(f"WRONG: {flaw}", style="bold red")
    if person is not None:
        _say_place(out, pages, person)
    if not wrong:
        lots = sum(len(page.lots) for page in pages)
        out.print(f"The draw is as promised: {lots} lots in order, by the seed {pages[0].seed}.")
    return 1 if wrong else 0


def flaws(pages: list[Page], promised: str | None) -> list[str]:
    """What is wrong with a draw. A place that is missing is of somebody who was erased since."""
    first, wrong = pages[0], []
    if hashlib.sha256(bytes.fromhex(first.seed)).hexdigest() != first.seed_hash:
        wrong.append("the seed is not the one whose hash was told")
    if promised is not None and promised.lower() != first.seed_hash:
        wrong.append(f"the hash is {first.seed_hash}, and another was promised")
    if any((page.seed, page.people) != (first.seed, first.people) for page in pages):
        wrong.append("the pages are not of one draw")
    lots = [lot for page in pages for lot in page.lots]
    for before, lot in itertools.pairwise(lots):
        if not (before.place < lot.place and before.lot < lot.lot):
            wrong.append(f"place {lot.place} is not behind place {before.place} by its lot")
            break
    if lots and not 1 <= lots[0].place <= lots[-1].place <= first.people:
        wrong.append(f"there are places outside of 1 to {first.people}")
    return wrong


def place_of(pages: list[Page], person: UUID) -> int | None:
    """A person's place by the draw; None for whoever was not in it."""
    seed = bytes.fromhex(pages[0].seed)
    own = hmac.new(seed, person.bytes, hashlib.sha256).digest()[:LOT_BYTES].hex()
    return next((lot.place for page in pages for lot in page.lots if lot.lot == own), None)


def _say_place(out: Console, pages: list[Page], person: UUID) -> None:
    place = place_of(pages, person)
    where = "was not in the draw" if place is None else f"has place {place}"
    out.print(f"{person} {where}.", highlight=False)


async def _pages(doors: Doors, campaign: UUID) -> AsyncIterator[Page]:
    start: int | None = 1
    for _ in range(PAGES_MAX):
        if start is None:
            return
        url = f"{doors.api}/campaigns/{campaign}/waiting-room/draw?place={start}"
        page = _page(await doors.ask("GET", url))
        yield page
        start = page.next


def _page(answer: Answer) -> Page:
    if answer.status != 200:
        raise MistakeError(f"the draw cannot be read: {answer.code}")
    return msgspec.json.decode(answer.body, type=Page)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise MistakeError(f"{text} is not a UUID") from None
