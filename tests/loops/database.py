"""What does PostgreSQL promise its sessions? Transactions, row locks, and what ends a session.

As much of READ COMMITTED as the followed loops lean on: a statement sees what is committed and what
its own transaction wrote; a row that is written or locked is nobody else's until the transaction
ends; whoever waits goes on with the row as it is then; a ring of waiting is broken; a session that
sits idle in a transaction for too long is ended, and so is one that dies. Statements are known by
their text and done in Python (`tests/loops/statements/`); this file knows none of them.
"""

from collections.abc import (
    AsyncIterator,
    Callable,
    Generator,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import asyncpg

from tests.loops.clockwork import HERE, Clockwork, Wait
from tests.stories import NOON

Key = tuple[Hashable, ...]
Row = dict[str, Any]
Statement = Callable[..., Any]
"""(session, *arguments) -> rows, or how many rows it wrote; a generator where it may wait."""

NO_ROW: Row = {}


class Record(dict[str, Any]):
    """A row as asyncpg gives it: by name, and in the order of its columns."""

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        return iter(self.values())


class Session:
    """One transaction at a time, as the server sees it."""

    def __init__(self, database: "Database", idle_seconds: float | None, lock_seconds: float):
        self.database = database
        self.process = HERE.get()
        self.idle_seconds = idle_seconds
        self.lock_seconds = lock_seconds
        self.began = self.failed = self.ended = False
        self.written: dict[Key, Row] = {}
        self.locked: set[Key] = set()
        self.waits_for: Key | None = None
        self.idle_since = 0.0

    # ---- what statements are made of -------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The server's time."""
        return NOON + timedelta(seconds=self.database.world.now)

    def rows(self, table: str) -> list[tuple[Key, Row]]:
        """What this session sees of a table, by key."""
        seen = dict(self.database.tables.setdefault(table, {}))
        for key, row in self.written.items():
            if key[0] == table:
                seen[key] = row
        return [(key, row) for key, row in seen.items() if row is not NO_ROW]

    def row(self, table: str, *key: Hashable) -> Row | None:
        """The one row, if this session sees it."""
        whole = (table, *key)
        found = self.written.get(whole)
        if found is None:
            found = self.database.tables.setdefault(table, {}).get(whole)
        return None if found is None or found is NO_ROW else found

    def is_free(self, *key: Hashable) -> bool:
        """For SKIP LOCKED."""
        return self.database.locks.get(key) in (None, self)

    def lock(self, *key: Hashable) -> Generator[Wait, None, None]:
        """Wait until the row, or the entry of an index, is this session's until it commits."""
        if not self.is_free(*key):
            yield from self._wait_for(key)
        self.database.locks[key] = self
        self.locked.add(key)

    def write(self, table: str, *key: Hashable, row: Row = NO_ROW) -> None:
        """Put the row there, or take it away. It is locked already."""
        whole = (table, *key)
        assert whole in self.locked, f"{whole} is written without its lock"
        self.written[whole] = row

    # ---- what ends it ----------------------------------------------------------------------------

    def commit(self) -> None:
        for key, row in self.written.items():
            table = self.database.tables.setdefault(str(key[0]), {})
            if row is NO_ROW:
                table.pop(key, None)
            else:
                table[key] = row
        wrote = bool(self.written)
        self.roll_back()
        if wrote:
            self.database.on_commit()

    def roll_back(self) -> None:
        for key in self.locked:
            del self.database.locks[key]
        self.locked.clear()
        self.written = {}
        self.began = self.failed = False

    def end(self) -> None:
        """The server forgets it: killed, idle for too long, or its client is gone."""
        self.roll_back()
        self.ended = True

    def is_idle_too_long(self) -> bool:
        """True when the server would have ended it by now."""
        limit = self.idle_seconds
        return (
            self.began and limit is not None and self.database.world.now >= self.idle_since + limit
        )

    def _wait_for(self, key: Key) -> Generator[Wait, None, None]:
        database, until = self.database, self.database.world.now + self.lock_seconds
        self.waits_for = key
        try:
            if self._in_a_ring():
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            while not self.is_free(*key):
                yield lambda: self.ended or self.is_free(*key) or database.world.now >= until
                if self.ended:
                    raise asyncpg.ConnectionDoesNotExistError("the session was ended")
                if not self.is_free(*key) and database.world.now >= until:
                    raise asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
        finally:
            self.waits_for = None

    def _in_a_ring(self) -> bool:
        """True when whoever has what I want waits, in the end, for me."""
        at: Session | None = self
        while at is not None and at.waits_for is not None:
            at = self.database.locks.get(at.waits_for)
            if at is self:
                return True
        return False


class Database:
    """One service's own schema, and the sessions on it."""

    def __init__(self, world: Clockwork, statements: Mapping[str, Statement]) -> None:
        self.world = world
        self.statements = dict(statements)
        self.tables: dict[str, dict[Key, Row]] = {}
        self.locks: dict[Key, Session] = {}
        self.sessions: list[Session] = []
        self.ids = count(1)
        self.without: set[str] = set()
        """Constraints that a test has taken away."""
        self.on_commit: Callable[[], None] = lambda: None

    def end_idle(self) -> None:
        """What sits idle in a transaction for too long is ended."""
        for session in self.sessions:
            if session.is_idle_too_long():
                session.end()
        self.sessions = [s for s in self.sessions if not s.ended]

    def find(self, table: str) -> list[Row]:
        """Every committed row, for who looks at the world from outside."""
        return list(self.tables.get(table, {}).values())


class Connection:
    """asyncpg's connection, as much of it as the loops use."""

    def __init__(self, database: Database, settings: Mapping[str, str]) -> None:
        idle = settings.get("idle_in_transaction_session_timeout")
        self.session = Session(
            database,
            int(idle) / 1000 if idle else None,
            int(settings.get("lock_timeout", "2000")) / 1000,
        )
        database.sessions.append(self.session)
        self._database = database

    def is_closed(self) -> bool:
        return self.session.ended

    def terminate(self) -> None:
        self.session.end()

    async def close(self, timeout: float = 0.0) -> None:
        self.session.end()

    async def execute(self, query: str, *arguments: Any, timeout: float = 0.0) -> str:
        return f"DONE 0 {await self._do(query, arguments)}"

    async def fetch(self, query: str, *arguments: Any, timeout: float = 0.0) -> list[Record]:
        return [Record(row) for row in await self._do(query, arguments)]

    async def fetchrow(self, query: str, *arguments: Any, timeout: float = 0.0) -> Record | None:
        found = await self.fetch(query, *arguments)
        return found[0] if found else None

    async def fetchval(self, query: str, *arguments: Any, timeout: float = 0.0) -> Any:
        row = await self.fetchrow(query, *arguments)
        return None if row is None else next(iter(row))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        await self.execute("BEGIN")
        try:
            yield
        except BaseException:
            if not self.is_closed():
                await self.execute("ROLLBACK")
            raise
        await self.execute("COMMIT")

    async def _do(self, query: str, arguments: Sequence[Any]) -> Any:
        return await self._database.world.ask(self._deed(query, arguments))

    def _deed(self, query: str, arguments: Sequence[Any]) -> Generator[Wait, None, Any]:
        """One statement as the server does it."""
        session = self.session
        self._database.end_idle()
        if session.ended:
            raise asyncpg.ConnectionDoesNotExistError("connection was closed")
        try:
            if query in ("BEGIN", "COMMIT", "ROLLBACK"):
                return self._transact(query)
            if session.failed:
                raise asyncpg.InFailedSQLTransactionError("current transaction is aborted")
            found = self._database.statements[query](session, *arguments)
            if isinstance(found, Generator):
                found = yield from found
            if not session.began:
                session.commit()
            return found
        except Exception:
            session.failed = session.began
            if not session.began:
                session.roll_back()
            raise
        finally:
            session.idle_since = self._database.world.now

    def _transact(self, query: str) -> int:
        session = self.session
        if query == "BEGIN":
            session.began = True
        elif query == "COMMIT" and not session.failed:
            session.commit()
            session.began = False
        else:
            session.roll_back()
        return 0


class Pool:
    """asyncpg's pool, with a connection for whoever asks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._free: list[Connection] = []

    def acquire(self, timeout: float = 0.0) -> "Lent":
        return Lent(self._database, self._free)


class Lent:
    """A connection, for as long as the block lasts."""

    def __init__(self, database: Database, free: list[Connection]) -> None:
        self._free = free
        while free and free[-1].is_closed():
            free.pop()
        self._connection = free.pop() if free else Connection(database, {"lock_timeout": "2000"})

    async def __aenter__(self) -> Connection:
        return self._connection

    async def __aexit__(self, *error: object) -> None:
        self._free.append(self._connection)
