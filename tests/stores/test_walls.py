"""Does a person see a row of another's, however the pool is shared and whoever gives up waiting?"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date
from random import Random
from uuid import UUID

import asyncpg
import msgspec
import pytest

from deploy.local.stack import AUDITOR, owner_of, person_of
from services.booking.rules.life import change_of, fold
from services.booking.rules.profiles import Profile
from services.booking.store import Bookings, Database, Patients, Profiles
from services.booking.store.database import SQL
from services.notify.store import Contacts
from shared import database
from shared.pool import Pool
from tests.booking_stories import MONDAY, a_place, booked, moved
from tests.conftest import MakeDatabase
from tests.stories import an_id
from tests.vaults import a_vault
from tests.walled import as_role, walled

PEOPLE = [an_id(f"person {n}") for n in range(20)]
BOOKINGS = {an_id(f"booking of {person}"): person for person in PEOPLE}
VISITS = 10_000
AT_ONCE = 50
POOL = 5
"""Fewer connections than visitors: each is one person's after another's."""

GIVES_UP_ONE_IN = 12
NAMELESS_ONE_IN = 10
"""So many visits forget to say whose rows they want to see."""

MOMENT_SECONDS = 0.002

Look = Callable[[Pool, UUID | None], Awaitable[list[UUID]]]
"""Asks for all there is as somebody, or as nobody; gives whose the rows are."""


@pytest.fixture
async def dsn(fresh_database: MakeDatabase) -> str:
    """Twenty people with a booking and an address each."""
    made = await walled(fresh_database, "booking", "notify")
    async with _pool(made, "booking", "booking") as pool:
        events = [booked(one, MONDAY, owner_id=owner) for one, owner in BOOKINGS.items()]
        await Bookings(Database(pool, 5.0)).keep(fold(map(change_of, events)), [], {})
    async with _pool(made, "notify", "notify") as pool:
        for person in PEOPLE:
            await Contacts(pool, a_vault("notify")).keep(person, f"{person}@example.org")
    return made


@asynccontextmanager
async def _pool(dsn: str, role: str, service: str, size: int = POOL) -> AsyncIterator[Pool]:
    pool = await database.open_pool(as_role(dsn, role, service), size_max=size, name="walls")
    try:
        yield pool
    finally:
        pool.terminate()


# ---- ten thousand visits -------------------------------------------------------------------------


async def test_ten_thousand_visits_over_five_connections_see_nobody_else_s_booking(
    dsn: str,
) -> None:
    async def look(pool: Pool, person: UUID | None) -> list[UUID]:
        if person is None:
            return await _whose_bookings(pool)
        # All there are are asked for by id: the wall alone decides which of them come.
        rows = await Database(pool, 5.0).rows_of([person], "own_bookings", list(BOOKINGS))
        return [row["owner_id"] for row in rows]

    async with _pool(dsn, person_of("booking"), "booking") as pool:
        seen = await _visit(pool, look)

    assert seen["own"] > VISITS / 2
    assert seen["gave up"] > VISITS / 100
    assert (seen["another's"], seen["somebody's"]) == (0, 0)


async def test_said_on_the_session_instead_whose_rows_they_are_is_left_for_who_comes_next(
    dsn: str,
) -> None:
    dice = Random(8)

    async def look(pool: Pool, person: UUID | None) -> list[UUID]:
        async with pool.acquire() as connection:
            if person is None:
                return await _whose_bookings(connection)
            say = "SELECT set_config('talon.person', $1, false)"
            await connection.fetchval(say, f"{{{person}}}")
            found = await _whose_bookings(connection)
            if dice.randrange(GIVES_UP_ONE_IN) == 0:
                # Who gives up in here, or dies, takes nothing back.
                raise TimeoutError
            await connection.fetchval(say, "")
            return found

    async with _pool(dsn, person_of("booking"), "booking") as pool:
        seen = await _visit(pool, look)

    assert seen["own"] > VISITS / 2
    assert seen["somebody's"] > 0


async def _visit(pool: Pool, look: Look) -> Counter[str]:
    """Many people at once, each after others, some of whom give up; what they saw."""
    seen: Counter[str] = Counter()
    dice = Random(7)
    turns = iter(range(VISITS))

    async def visitors() -> None:
        for turn in turns:
            person = None if turn % NAMELESS_ONE_IN == 0 else dice.choice(PEOPLE)
            gives_up = person is not None and dice.randrange(GIVES_UP_ONE_IN) == 0
            after = dice.uniform(0, MOMENT_SECONDS) if gives_up else 10.0
            try:
                async with asyncio.timeout(after):
                    owners = await look(pool, person)
            except TimeoutError:
                seen["gave up"] += 1
                continue
            seen.update(_what(owner, person) for owner in owners)

    await asyncio.gather(*(visitors() for _ in range(AT_ONCE)))
    return seen


def _what(owner: UUID, person: UUID | None) -> str:
    if person is None:
        return "somebody's"
    return "own" if owner == person else "another's"


async def _whose_bookings(connection: asyncpg.Connection | Pool) -> list[UUID]:
    return [row["owner_id"] for row in await connection.fetch("SELECT owner_id FROM booking")]


# ---- who sees what -------------------------------------------------------------------------------


async def test_as_a_person_one_has_one_s_own_bookings_and_dependants_and_no_other_s(
    dsn: str,
) -> None:
    alice, boris = PEOPLE[:2]
    of_alice, of_boris = list(BOOKINGS)[:2]
    child = an_id("a child")
    async with _pool(dsn, "booking", "booking") as pool:
        patients = Patients(Database(pool, 5.0))
        await patients.make_dependant(alice, child, body_hash=b"asked", dependants_max=3)

    async with _pool(dsn, person_of("booking"), "booking") as persons:
        store = Database(persons, 5.0)
        bookings, patients = Bookings(store), Patients(store)

        assert (await bookings.own([alice], of_alice)) is not None
        assert (await bookings.own([alice], of_boris)) is None
        assert [one.id for one in await bookings.of_person([boris], None, 10)] == [of_boris]
        assert [one.id for one in await patients.children([alice])] == [child]
        assert await patients.children([boris], [child]) == []


async def test_as_a_person_one_has_a_booking_in_which_one_has_a_place_until_one_has_left_it(
    dsn: str,
) -> None:
    alice, boris, vera = PEOPLE[:3]
    shared, stranger = an_id("for two"), an_id("nobody here")
    both = (a_place(MONDAY, patient_id=alice), a_place(MONDAY, patient_id=boris))
    made = msgspec.structs.replace(booked(shared, MONDAY, owner_id=alice), places=both)
    left = msgspec.structs.replace(moved(shared, 2), places=both[:1])
    async with (
        _pool(dsn, "booking", "booking") as pool,
        _pool(dsn, person_of("booking"), "booking") as persons,
    ):
        desk, bookings = Bookings(Database(pool, 5.0)), Bookings(Database(persons, 5.0))
        await desk.keep(fold([change_of(made)]), [], {})
        seen = [await bookings.own([who], shared) is not None for who in (alice, boris, vera)]
        of_boris = (await bookings.of_person([boris], None, 10))[0]
        await desk.keep(fold([change_of(left)]), [], {})
        then = [await bookings.own([who], shared) is not None for who in (alice, boris, vera)]
        gone = [await desk.left_by([who], shared) for who in (boris, vera, stranger)]

    assert seen == [True, True, False]
    assert [place.patient_id for place in of_boris.places] == [boris]
    assert then == [True, False, False]
    assert [one and one.places for one in gone] == [(), None, None]


async def test_as_a_person_one_reads_one_s_own_address_and_changes_none(dsn: str) -> None:
    alice, boris = PEOPLE[:2]
    async with (
        _pool(dsn, "notify", "notify") as pool,
        _pool(dsn, person_of("notify"), "notify", 1) as persons,
    ):
        contacts = Contacts(pool, a_vault("notify"), persons)
        async with persons.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('talon.person', $1, true)", str(alice))
            seen = await connection.fetch("SELECT person_id FROM contact")
            keys = await connection.fetch("SELECT person_id FROM person_key")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await persons.execute("UPDATE contact SET version = 9 WHERE person_id = $1", boris)

        assert [row["person_id"] for row in seen] == [alice]
        assert [row["person_id"] for row in keys] == [alice]
        assert await contacts.find(alice) == f"{alice}@example.org"
        await contacts.keep(alice, None)
        assert await contacts.find(alice) is None
        assert await contacts.find(boris) == f"{boris}@example.org"


async def test_as_a_person_one_reads_what_is_known_of_oneself_and_one_s_dependants(
    dsn: str,
) -> None:
    alice, boris = PEOPLE[:2]
    child, stranger = an_id("a child"), an_id("a stranger's child")
    async with (
        _pool(dsn, "booking", "booking") as pool,
        _pool(dsn, person_of("booking"), "booking") as persons,
    ):
        store = Database(pool, 5.0, persons)
        patients, profiles = Patients(store), Profiles(store, a_vault("booking"))
        for one, guardian in ((child, alice), (stranger, boris)):
            await patients.make_dependant(guardian, one, body_hash=b"asked", dependants_max=3)
        everybody = [alice, boris, child, stranger]
        for one in everybody:
            await profiles.keep(one, Profile(name=f"Patient {one}", birth_date=date(1980, 1, 2)))

        assert set(await profiles.own([alice], everybody)) == {alice, child}
        assert set(await profiles.own([alice, boris], everybody)) == set(everybody)
        assert set(await profiles.load(everybody)) == set(everybody)


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("booking", "booking"),
        ("booking", "patient"),
        ("booking", "pending_command"),
        ("notify", "contact"),
        ("notify", "person_key"),
        ("notify", "message"),
        ("notify", "live_event"),
    ],
)
async def test_who_owns_the_tables_changes_them_and_sees_no_row(
    dsn: str, service: str, name: str
) -> None:
    alice = PEOPLE[0]
    root = await asyncpg.connect(dsn)
    if name == "patient":
        await root.execute("INSERT INTO booking.patient (id) VALUES ($1)", alice)
    there = await root.fetchval(f"SELECT count(*) FROM {service}.{name}")  # noqa: S608
    owner = await asyncpg.connect(as_role(dsn, owner_of(service), service))

    assert await owner.fetchval(f"SELECT count(*) FROM {name}") == 0  # noqa: S608
    assert there > 0 or name in ("pending_command", "message", "live_event")
    await owner.close()
    await root.close()


async def test_an_audit_sees_every_booking_and_no_address(dsn: str) -> None:
    connection = await asyncpg.connect(as_role(dsn, AUDITOR, "booking"))

    assert await connection.fetchval("SELECT count(*) FROM booking.booking") == len(PEOPLE)
    for hidden in ("notify.contact", "booking.patient"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval(f"SELECT count(*) FROM {hidden}")  # noqa: S608
    await connection.close()


# ---- what it costs the service at work -----------------------------------------------------------


@pytest.mark.parametrize("statement", ["load_bookings", "known_bookings"])
async def test_at_work_the_wall_is_no_condition_in_any_plan(dsn: str, statement: str) -> None:
    plans = []
    for role in ("booking", "postgres"):
        connection = await asyncpg.connect(as_role(dsn, role, "booking"))
        rows = await connection.fetch(f"EXPLAIN (COSTS OFF) {SQL[statement]}", list(BOOKINGS))
        plans.append([row[0] for row in rows])
        await connection.close()

    assert plans[0] == plans[1]


async def test_whose_rows_may_be_seen_is_settled_before_any_row_is_looked_at(dsn: str) -> None:
    connection = await asyncpg.connect(as_role(dsn, person_of("booking"), "booking"))

    for name, arguments in {
        "own_bookings": ([PEOPLE[0]], list(BOOKINGS)),
        "list_bookings": ([PEOPLE[0]], None, None, 10),
        "list_holds": ([PEOPLE[0]], 10),
        "own_children": ([PEOPLE[0]], None),
        "own_adults": ([PEOPLE[0]], [PEOPLE[1]]),
        "relations_of_proxy": ([PEOPLE[0]],),
        "relations_of_person": ([PEOPLE[0]], 10),
        "list_consents": ([PEOPLE[0]],),
    }.items():
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN {SQL[name]}", *arguments)]
        told = next(n for n, line in enumerate(plan) if "One-Time Filter" in line)
        looked = next(n for n, line in enumerate(plan) if "Scan" in line)
        assert told < looked, plan
    await connection.close()
