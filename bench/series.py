"""How long does a search for pairs of doses take, over a million places that are partly taken?

On a board in this process, without a database: half of the places for the first dose, half for the
second, at 500 clinics on 50 days. Told is this process's CPU time for each whole page of 20, which
depends less on what else the machine does, and beside it how long it took by the clock.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import NamedTuple
from uuid import UUID

from services.slots.availability import Around, At, Pages, Wish
from services.slots.availability.board import Board
from services.slots.availability.records import Clinic, Slot, microseconds
from shared.messages import Apart, SlotCount
from talon.quantiles import quantile

CLINICS = 500
DAYS = 50
SLOTS_A_DAY = 40
PLACES = CLINICS * DAYS * SLOTS_A_DAY
ASKED = 400
"""How many searches of each kind."""

LIMIT = 20
P99_MS_MAX = 50.0
SERVICE = "vaccination"
PRODUCT = "Product No. 1"
DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
NOW_US = microseconds(datetime(2030, 3, 1, 12, tzinfo=UTC))
APART = Apart(min_days=21, max_days=28)

Taken = Callable[[Slot, int, int], bool]
"""Is a slot taken, by its clinic's number and its day's?"""


def main() -> int:
    """Measure, and print what was found; 1 where the bar is missed."""
    board, slots, dice = Board(PLACES), [], Random(1)
    _open_clinics(board, dice)
    began = time.process_time()
    for clinic, day, slot in _city(dice):
        board.put_slot(slot, _clinic_id(clinic), SERVICE, now_us=NOW_US)
        slots.append((clinic, day, slot))
    print(
        f"{len(board.slots):,} places at {CLINICS} clinics in {time.process_time() - began:.0f} s"
    )
    gc.freeze()
    missed = False
    for name, taken in KINDS.items():
        spent = _take(board, slots, taken)
        found = list(_search(board, dice))
        cpu, clock = sorted(one.cpu_ms for one in found), sorted(one.clock_ms for one in found)
        p50, p99 = quantile(cpu, 0.5), quantile(cpu, 0.99)
        missed |= p99 > P99_MS_MAX
        print(
            f"{name}: p50 {p50:.2f} ms, p99 {p99:.2f} ms, most {cpu[-1]:.2f} ms (by the clock p99"
            f" {quantile(clock, 0.99):.2f} ms); taking a count {spent:.1f} µs"
        )
    return int(missed)


# ---- how much is taken ---------------------------------------------------------------------------

KINDS: dict[str, Taken] = {
    "all free": lambda slot, clinic, day: False,
    "19 of 20 taken": lambda slot, clinic, day: slot.id[0] >= 13,
    "999 of 1,000 taken": lambda slot, clinic, day: slot.id[0] > 0 or slot.id[1] >= 64,
    "second doses at one clinic": lambda slot, clinic, day: slot.dose == 2 and clinic != 7,
    "second doses on the last day": lambda slot, clinic, day: slot.dose == 2 and day < DAYS - 1,
    "second doses just too soon": lambda slot, clinic, day: slot.dose == 2 and day != 20,
    "no second doses": lambda slot, clinic, day: slot.dose == 2,
}


def _city(dice: Random) -> Iterator[tuple[int, int, Slot]]:
    for day in range(DAYS):
        for clinic in range(CLINICS):
            for nth in range(SLOTS_A_DAY):
                starts_us = NOW_US + day * DAY_US + nth * 15 * MINUTE_US + MINUTE_US
                yield (
                    clinic,
                    day,
                    Slot(
                        id=dice.randbytes(16),
                        starts_us=starts_us,
                        ends_us=starts_us + 15 * MINUTE_US,
                        product=PRODUCT,
                        dose=1 + nth % 2,
                        version=1,
                        capacity=1,
                        held=0,
                        booked=0,
                        open=True,
                    ),
                )


def _clinic_id(clinic: int) -> UUID:
    return UUID(int=clinic + 1)


def _open_clinics(board: Board, dice: Random) -> None:
    """On a square of 40 km around Moscow."""
    for n in range(CLINICS):
        board.put_clinic(
            Clinic(
                id=_clinic_id(n),
                name=f"Polyclinic No. {n}",
                time_zone="Europe/Moscow",
                address="",
                district="",
                latitude=dice.uniform(55.57, 55.93),
                longitude=dice.uniform(37.30, 37.94),
            )
        )


def _take(board: Board, slots: list[tuple[int, int, Slot]], taken: Taken) -> float:
    """What is told of every slot, as the referee tells it; the µs that each takes."""
    counts = [
        SlotCount(
            slot_id=UUID(bytes=slot.id),
            version=slot.version + 1,
            capacity=1,
            held=0,
            booked=int(taken(slot, clinic, day)),
            open=True,
        )
        for clinic, day, slot in slots
    ]
    began = time.process_time()
    for count in counts:
        board.count(count)
    return (time.process_time() - began) / len(counts) * 1e6


# ---- what is asked -------------------------------------------------------------------------------


class Spent(NamedTuple):
    """What one search took."""

    cpu_ms: float
    clock_ms: float


def _search(board: Board, dice: Random) -> Iterator[Spent]:
    """Searches as people make them: from where they are, from any day on, here or there."""
    pages = Pages(board, 0)
    today = date(2030, 3, 1).toordinal()
    pages.pairs(_wish(today), LIMIT, None, where=At(_clinic_id(0)), now_us=NOW_US)
    for n in range(ASKED):
        point = dice.uniform(55.57, 55.93), dice.uniform(37.30, 37.94)
        radius_km = dice.choice((None, 5.0))
        where = At(_clinic_id(dice.randrange(CLINICS))) if n % 4 == 0 else Around(point, radius_km)
        wish = _wish(today + dice.randrange(20), same_clinic=n % 5 == 0)
        began, cpu = time.perf_counter(), time.process_time()
        pages.pairs(wish, LIMIT, None, where=where, now_us=NOW_US)
        yield Spent(
            (time.process_time() - cpu) * 1e3,
            (time.perf_counter() - began) * 1e3,
        )


def _wish(first: int, *, same_clinic: bool = False) -> Wish:
    return Wish(SERVICE, PRODUCT, APART, first, None, same_clinic)


if __name__ == "__main__":
    sys.exit(main())
