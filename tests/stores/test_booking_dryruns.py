"""Does a dry run count, over all persons and batches, what the rules say of each of them?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.booking.dryruns import Trier
from services.booking.rules.admission import Facts, Phase
from services.booking.rules.dryruns import EVERYBODY, Found, Phased, Turned
from services.booking.store import Books, Database, DryRuns, PersonFacts
from shared import database
from tests.campaign_stories import CODES, NOON, a_phase, admitting, some_phases
from tests.stories import an_id

CAMPAIGN, STAFF = an_id("a campaign"), an_id("somebody of staff")
PEOPLE = 300
MAKE_CAMPAIGN = """INSERT INTO campaign (id, wish_id, body_hash, name, service, opens_at, doses,
                                         min_days, max_days)
                   VALUES ($1, $1, '', 'Autumn', 'vaccination', '-infinity', 1, 0, 0)"""


class Desk:
    """The stores of a front desk with three hundred persons."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.store = Database(pool, 5.0)
        self.books, self.runs = Books(self.store), DryRuns(self.store)
        self.people: dict[UUID, Facts] = {}

    async def moves_in(self) -> None:
        dice = Random(5)
        for nth in range(PEOPLE):
            facts = Facts(
                born_month=_or_none(
                    dice, date(dice.randrange(1920, 2026), dice.randrange(1, 13), 1)
                ),
                district=_or_none(dice, dice.choice(CODES)),
                profession=_or_none(dice, dice.choice(CODES)),
                risk_groups=_or_none(dice, tuple(dice.sample(CODES, dice.randrange(3)))),
            )
            self.people[an_id(f"person {nth}")] = facts
        kept = PersonFacts(self.store)
        for person, facts in self.people.items():
            await kept.keep(person, facts)

    async def book(self, phases: tuple[Phase, ...]) -> UUID:
        book_id = uuid4()
        made = await self.books.make(book_id, CAMPAIGN, phases, body_hash=b"", by_id=STAFF)
        assert made is not None
        return book_id

    async def begin(self, book_id: UUID, against_id: UUID | None = None) -> tuple[UUID, str]:
        run_id = uuid4()
        about: Any = {"campaign_id": CAMPAIGN, "against": (0, against_id), "as_of": NOON}
        begun = await self.runs.begin(run_id, book_id, **about, body_hash=b"", by_id=STAFF)
        return run_id, begun

    async def found(self, run_id: UUID) -> Found:
        run = await self.runs.load(run_id)
        assert run is not None
        assert run.ended_at is not None
        return run.found


def _or_none(dice: Random, value: Any) -> Any:
    return None if dice.random() < 0.1 else value


@pytest.fixture
async def desk(booking_dsn: str) -> AsyncIterator[Desk]:
    pool = await database.open_pool(booking_dsn, size_max=4, name="dry-runs")
    made = Desk(pool)
    await pool.execute(MAKE_CAMPAIGN, CAMPAIGN)
    await made.moves_in()
    yield made
    pool.terminate()


def counted(
    people: dict[UUID, Facts], before: tuple[Phase, ...] | None, after: tuple[Phase, ...]
) -> Found:
    """The model: one person after another, by the sentences of the rules."""
    sums = dict.fromkeys(("people", "gain", "lose", "stay_in", "stay_out"), 0)
    phases: dict[str, list[int]] = {}
    districts: dict[str, list[int]] = {}
    ages: dict[str, list[int]] = {}
    for facts in people.values():
        old = EVERYBODY if before is None else admitting(before, facts, NOON)
        new = admitting(after, facts, NOON)
        sums["people"] += 1
        for side, name in enumerate((old, new)):
            if name is not None:
                phases.setdefault(name, [0, 0])[side] += 1
        if (old is None) == (new is None):
            sums["stay_out" if old is None else "stay_in"] += 1
            continue
        sums["gain" if old is None else "lose"] += 1
        side = 0 if old is None else 1
        districts.setdefault(facts.district or "unknown", [0, 0])[side] += 1
        ages.setdefault(_decade(facts.born_month), [0, 0])[side] += 1
    return Found(
        **sums,
        phases={name: Phased(before=two[0], after=two[1]) for name, two in phases.items()},
        districts={name: Turned(gain=two[0], lose=two[1]) for name, two in districts.items()},
        ages={name: Turned(gain=two[0], lose=two[1]) for name, two in ages.items()},
    )


def _decade(born: date | None) -> str:
    if born is None:
        return "unknown"
    years = NOON.year - born.year - (born.month > NOON.month)
    return f"{years - years % 10}-{years - years % 10 + 9}"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(before=st.none() | some_phases(), after=some_phases(), at_once=st.integers(40, 400))
async def test_the_statement_counts_whom_the_rules_admit(
    desk: Desk, before: tuple[Phase, ...] | None, after: tuple[Phase, ...], at_once: int
) -> None:
    against = None if before is None else await desk.book(before)
    run_id, begun = await desk.begin(await desk.book(after), against)
    trier = Trier(desk.runs, desk.books, people_at_once=at_once)
    while await trier.turn():
        pass

    assert begun == "begun"
    assert await desk.found(run_id) == counted(desk.people, before, after)


async def test_one_dry_run_runs_at_a_time(desk: Desk) -> None:
    book_id = await desk.book((a_phase(),))

    both = await asyncio.gather(desk.begin(book_id), desk.begin(book_id))

    assert sorted(begun for _, begun in both) == ["begun", "running"]


async def test_who_dies_leaves_it_to_another_who_counts_nobody_twice(desk: Desk) -> None:
    run_id, _ = await desk.begin(await desk.book((a_phase(age_min=40),)))
    first = Trier(desk.runs, desk.books, people_at_once=100)
    other = Trier(desk.runs, desk.books, people_at_once=100)

    await first.turn()
    too_early = await other.turn()
    await desk.pool.execute("UPDATE dry_run SET lease_until = '-infinity'")
    while await other.turn():
        pass

    assert too_early is False
    assert await desk.found(run_id) == counted(desk.people, None, (a_phase(age_min=40),))


async def test_two_who_carry_on_the_same_batch_count_it_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, _ = await desk.begin(await desk.book((a_phase(age_min=40),)))
    mine = await desk.runs.claim(STAFF, 30.0)
    assert mine is not None
    trier = Trier(desk.runs, desk.books, people_at_once=100)
    await desk.pool.execute("UPDATE dry_run SET lease_until = '-infinity'")
    await trier.turn()

    late = await desk.runs.note(
        STAFF, mine, position=an_id("x"), found=Found(people=100), lease_seconds=30.0
    )
    while await trier.turn():
        pass

    assert late is False
    assert (await desk.found(run_id)).people == PEOPLE


async def test_whoever_is_registered_and_of_whom_nothing_is_known_is_counted(desk: Desk) -> None:
    newcomer = an_id("a newcomer")
    await desk.pool.execute(
        "INSERT INTO person_key (person_id, generation, master_id, wrapped)"
        " VALUES ($1, 1, 'x', 'x')",
        newcomer,
    )
    await desk.pool.execute("INSERT INTO profile (person_id, version) VALUES ($1, 1)", newcomer)
    phases = (a_phase("elderly", age_min=65),)
    run_id, _ = await desk.begin(await desk.book(phases))
    trier = Trier(desk.runs, desk.books)
    while await trier.turn():
        pass

    assert await desk.found(run_id) == counted(desk.people | {newcomer: Facts()}, None, phases)


async def test_what_never_ends_does_not_keep_others_from_beginning(desk: Desk) -> None:
    book_id = await desk.book((a_phase(),))
    await desk.begin(book_id)
    await desk.pool.execute("UPDATE dry_run SET made_at = made_at - interval '11 minutes'")

    _, begun = await desk.begin(book_id)

    assert begun == "begun"
