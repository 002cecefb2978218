"""What does a test run on that needs more than itself? A fresh database, or the whole stack.

Stores, races and doors get a migrated database on PostgreSQL. A stack of its own with nothing but
PostgreSQL is started by the first test that asks and removed after the last. TALON_TEST_POSTGRES
names another server instead, as a DSN of a superuser without a database.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import sha256
from uuid import uuid4

import asyncpg
import pytest

from deploy.local.settings import CHECKOUT, DISTANCE_SETTING
from deploy.local.stack import ROLES, SUPERUSER, named
from shared import database
from tests.schemas import MORE
from tests.town import Town, a_town

STORES = {"STACK": "stores", DISTANCE_SETTING: "400"}

MakeDatabase = Callable[[str], Awaitable[str]]


def in_stack(*arguments: str, **environment: str) -> None:
    """Run `python -m deploy.local` and let a failure be an error with all it said."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", *arguments],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"deploy.local {' '.join(arguments)}:\n{done.stdout}{done.stderr}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The DSN of a superuser, without a database."""
    given = os.environ.get("TALON_TEST_POSTGRES")
    if given is not None:
        yield given
        return
    in_stack("reset", **STORES)
    in_stack("up", "--only", "postgres", **STORES)
    try:
        stack = named("stores", os.environ | STORES)
        yield stack.dsn(SUPERUSER, "postgres").removesuffix("/postgres")
    finally:
        in_stack("reset", **STORES)


@pytest.fixture(scope="session")
def town() -> Iterator[Town]:
    """The whole stack, up once for all journeys and pages that ask for it."""
    with a_town() as made:
        yield made


@pytest.fixture
async def fresh_database(postgres_server: str) -> AsyncIterator[MakeDatabase]:
    """Makes databases, each migrated for one service, and drops them afterwards."""
    admin = await asyncpg.connect(f"{postgres_server}/postgres")
    await _make_roles(admin)
    made: list[str] = []

    async def make(service: str) -> str:
        packages = (
            []
            if service == "nothing"
            else ["shared", *MORE.get(service, ()), f"services.{service}"]
        )
        template = f"template_{service}_{_checksum(packages)}"
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
            await admin.execute(f"CREATE DATABASE {template}")
            if packages:
                await database.migrate(f"{postgres_server}/{template}", packages)
        name = f"{service}_{uuid4().hex}"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return f"{postgres_server}/{name}"

    yield make
    for name in made:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def _make_roles(admin: asyncpg.Connection) -> None:
    """Migrations name those who may see what; a server that is given may not know them yet."""
    known = {row["rolname"] for row in await admin.fetch("SELECT rolname FROM pg_roles")}
    for role in set(ROLES) - known:
        await admin.execute(f"CREATE ROLE {role}")


def _checksum(packages: list[str]) -> str:
    """A server that is given may have templates of other versions' migrations."""
    texts = [sql for package in packages for _, _, sql in database.migrations_of(package)]
    return sha256("".join(texts).encode()).hexdigest()[:12]


@pytest.fixture
async def slots_dsn(fresh_database: MakeDatabase) -> str:
    """The referee's own database."""
    return await fresh_database("slots")


@pytest.fixture
async def booking_dsn(fresh_database: MakeDatabase) -> str:
    """The front desk's own database."""
    return await fresh_database("booking")


@pytest.fixture
async def notify_dsn(fresh_database: MakeDatabase) -> str:
    """The messenger's own database."""
    return await fresh_database("notify")
