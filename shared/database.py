"""How does a service reach its own PostgreSQL schema, and what does an error there mean?"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from shared.pool import Pool
from shared.statements import load

log = logging.getLogger(__name__)
SQL = load("shared")

OUTAGE_CLASSES = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})
"""SQLSTATE classes that say "not now": connection, state, rollback, resources, locks, operator."""

CULPRIT_CLASSES = frozenset({"22", "23"})
"""SQLSTATE classes that say "this command": wrong data, broken promise."""

MIGRATION_LOCK = 0x7A10
"""Advisory lock under which one process at a time migrates a schema."""

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What asyncpg raises when the database is away. InternalClientError is among them: that is what 39
of 200 connections raised that were used in the moment in which the server ended their session."""

QUERIES_PER_CONNECTION_MAX = 50_000
"""Then a connection is replaced by a new one."""

BY_INDEX = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
"""How a session plans that says the same few statements for ever: once, and by index. Plans made
while the tables are empty would go on scanning them as they grow."""

GRANTS = "grants.sql"
"""What each role may do with a service's tables, beside its statements."""

CONNECT_SECONDS = 3.0
STATEMENT_SECONDS = 5.0
MIGRATION_SECONDS = 600.0
"""How long one migration may take, such as an index on a large table, and others wait for it."""


def is_outage(error: BaseException) -> bool:
    """True when the same thing may work later: nothing is wrong with the data."""
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "XX")[:2] in OUTAGE_CLASSES
    if isinstance(error, asyncpg.DataError):
        return False
    return isinstance(error, AWAY)


async def connect(dsn: str, settings: dict[str, str] | None = None) -> asyncpg.Connection:
    """One connection outside any pool, to a server that takes writes."""
    return await asyncpg.connect(
        dsn,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        server_settings=settings or {},
        target_session_attrs=SessionAttribute.read_write,
    )


async def open_pool(
    dsn: str, *, size_max: int, name: str, session: Mapping[str, str] | None = None
) -> Pool:
    """A pool that never waits for ever: every connection and statement has its limit."""
    pool = Pool(
        dsn,
        min_size=1,
        max_size=size_max,
        max_queries=QUERIES_PER_CONNECTION_MAX,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_SECONDS,
        command_timeout=STATEMENT_SECONDS,
        max_inactive_connection_lifetime=60,
        server_settings={
            "application_name": name,
            "idle_in_transaction_session_timeout": "5000",
            "lock_timeout": "2000",
        }
        | dict(session or {}),
        target_session_attrs=SessionAttribute.read_write,
        reset=_leave_as_it_is,
    )
    await pool
    return pool


async def _leave_as_it_is(connection: object) -> None:
    """Nobody changes a pooled session, so giving it back needs no round trip to reset it."""


async def migrate(dsn: str, packages: Sequence[str]) -> list[str]:
    """Apply what is missing of each package's numbered SQL, forward only, and let each role do what
    the packages' grants say; say what was applied. The DSN is of the role that owns the schema.
    """
    connection = await _connect_when_up(dsn)
    try:
        await connection.execute(SQL["lock_migrations"], MIGRATION_LOCK, timeout=MIGRATION_SECONDS)
        await connection.execute(SQL["create_migration_table"])
        applied = []
        for package in packages:
            applied += await _migrate_package(connection, package)
        for package in packages:
            await _grant(connection, package, anew=bool(applied))
        return applied
    finally:
        await connection.close(timeout=CONNECT_SECONDS)


async def _connect_when_up(dsn: str, seconds: float = 30.0) -> asyncpg.Connection:
    """A service may be started before its database; it waits a while, not for ever."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await connect(dsn)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            if not is_outage(error) or asyncio.get_running_loop().time() > deadline:
                raise
            log.warning("waiting for PostgreSQL", extra={"error": str(error)})
            await asyncio.sleep(0.25)


async def _migrate_package(connection: asyncpg.Connection, package: str) -> list[str]:
    known = {
        row["number"]: row["checksum"]
        for row in await connection.fetch(SQL["known_migrations"], package)
    }
    applied = []
    for number, name, text in migrations_of(package):
        checksum = hashlib.sha256(text.encode()).hexdigest()
        if number in known:
            if known[number] != checksum:
                raise RuntimeError(f"{package} {name} was changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(text, timeout=MIGRATION_SECONDS)
            await connection.execute(SQL["note_migration"], package, number, name, checksum)
        applied.append(f"{package} {name}")
    return applied


async def _grant(connection: asyncpg.Connection, package: str, *, anew: bool) -> None:
    """Not numbered: it says all there is to say of tables as they are, and so may be changed."""
    file = files(package).joinpath("sql").joinpath(GRANTS)
    if not file.is_file():
        return
    text = file.read_text(encoding="utf-8")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    known = await connection.fetchval(SQL["known_grants"], package)
    if known == checksum and not anew:
        return
    async with connection.transaction():
        await connection.execute(text, timeout=MIGRATION_SECONDS)
        await connection.execute(SQL["note_grants"], package, GRANTS, checksum)


def migrations_of(package: str) -> list[tuple[int, str, str]]:
    """The package's migrations as (number, file name, SQL), in order, gapless from 1."""
    folder = files(package).joinpath("sql").joinpath("migrations")
    found = []
    for entry in folder.iterdir():
        match = re.fullmatch(r"(\d{4})_\w+\.sql", entry.name)
        if match:
            found.append((int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    found.sort()
    if [number for number, _, _ in found] != list(range(1, len(found) + 1)):
        raise RuntimeError(f"the migrations of {package} are not numbered 1, 2, 3, ...")
    return found
