"""How does a test stand at the referee's door? A real API; the log is a function.

What it takes is decided by a real referee on a real database, whatever has gathered in one batch.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from jwt.algorithms import ECAlgorithm

from services.slots.api import API
from services.slots.api.desk import DESK
from services.slots.api.weekly import WEEKDAYS
from services.slots.app import doors
from services.slots.config import Config
from services.slots.store import Reads
from shared import database
from shared.asking import Asking, Replies
from shared.clock import DatabaseClock
from shared.log import LogAwayError
from shared.messages import Command
from tests.booking_doors import KEY, bearer
from tests.copies import a_copy
from tests.documented import every_answer_is_documented
from tests.memory_log import NOBODY, MemoryLog
from tests.referees import Play, play

OPERATOR = uuid4()
SOON = datetime.now(UTC) + timedelta(days=1)
PATIENCE_SECONDS = 8.0
HURRY_SECONDS = 1.0
"""How long a test waits for an answer that it has made sure will never come."""

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = datetime.now(MOSCOW).date()
ONE_DAY = timedelta(days=1)
A_CLINIC = {"name": "Polyclinic No. 1", "time_zone": "Europe/Moscow"}


class Log:
    """A function in the log's place. `silent`: answers are lost; `takes`: so many commands are
    taken, and what comes then is lost on its way.
    """

    def __init__(self, referee: Play, replies: Replies) -> None:
        self.referee = referee
        self.replies = replies
        self.away = False
        self.silent = False
        self.takes = sys.maxsize
        self.taken: list[Command] = []
        self.seated_most = 0
        self._gathered: list[Command] = []
        self._deciding: asyncio.Task[None] | None = None

    def post(self, command: Command, partition: int, sender: asyncio.Future[Any]) -> None:
        """As `Commands.post`."""
        if self.away:
            raise LogAwayError
        self.seated_most = max(self.seated_most, self.replies.seated)
        if len(self.taken) >= self.takes:
            return
        self.taken.append(command)
        self._gathered.append(command)
        if self._deciding is None or self._deciding.done():
            self._deciding = asyncio.create_task(self._decide())

    async def _decide(self) -> None:
        while self._gathered:
            batch, self._gathered = self._gathered, []
            decided = await self.referee.decide(*batch, partition=0)
            if not self.silent:
                await self.replies.hear(decided)

    async def finish(self) -> None:
        """Whatever was taken is decided."""
        if self._deciding is not None:
            await self._deciding


class Door:
    """A client at the referee's door."""

    def __init__(self, client: TestClient[web.Request, web.Application], log: Log) -> None:
        self.client = client
        self.app = client.app
        self.log = log

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **said: Any
    ) -> ClientResponse:
        """One request by an operator, unless somebody else is named."""
        claims = {"roles": ["operator"]} | said
        headers = bearer(OPERATOR, **claims) | {"Idempotency-Key": key or str(uuid4())}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    @contextmanager
    def in_a_hurry(self) -> Iterator[None]:
        """Meanwhile nobody waits long for an answer."""
        desk = self.app[DESK]
        desk.patience_seconds = HURRY_SECONDS
        yield
        desk.patience_seconds = PATIENCE_SECONDS

    async def a_clinic(self) -> UUID:
        """A clinic that is known."""
        answer = await self.ask("POST", "/clinics", A_CLINIC)
        assert answer.status == 201, await answer.text()
        return UUID((await answer.json())["id"])

    async def opens(self, clinic_id: UUID, *slots: dict[str, Any]) -> list[UUID]:
        """Slots of a clinic that are known."""
        answer = await self.ask("POST", f"/clinics/{clinic_id}/slots", {"slots": slots})
        assert answer.status == 201, await answer.text()
        return [UUID(slot["id"]) for slot in (await answer.json())["slots"]]

    async def a_slot(self, capacity: int = 1) -> UUID:
        """A slot that is known."""
        return (await self.opens(await self.a_clinic(), slot(capacity)))[0]

    async def hours(
        self, clinic_id: UUID, body: dict[str, Any] | None = None, **said: Any
    ) -> ClientResponse:
        """Ask for a weekly schedule of a clinic."""
        return await self.ask("POST", f"/clinics/{clinic_id}/schedules", body or a_week(), **said)

    async def schedules(self, clinic_id: UUID, more: str = "") -> dict[str, Any]:
        """A clinic's schedules as they are shown."""
        answer = await self.ask("GET", f"/clinics/{clinic_id}/schedules{more}")
        shown: dict[str, Any] = await answer.json()
        return shown

    async def everything(self) -> tuple[int, ...]:
        """How much there is of everything, once all that was asked is decided."""
        await self.log.finish()
        row = await self.log.referee.connection.fetchrow(
            """SELECT (SELECT count(*) FROM clinic), (SELECT count(*) FROM slot),
                      (SELECT coalesce(sum(capacity), 0) FROM slot)"""
        )
        assert row is not None
        return tuple(row)


def slot(capacity: int = 1, **about: Any) -> dict[str, Any]:
    """A quarter of an hour tomorrow."""
    return {
        "service": "vaccination",
        "starts_at": SOON.isoformat(),
        "ends_at": (SOON + timedelta(minutes=15)).isoformat(),
        "capacity": capacity,
    } | about


def a_week(**about: Any) -> dict[str, Any]:
    """Two hours on each of the coming seven days, a quarter of an hour for two people each."""
    return {
        "service": "vaccination",
        "weekdays": [*WEEKDAYS],
        "starts": "09:00",
        "ends": "11:00",
        "slot_minutes": 15,
        "capacity": 2,
        "valid_from": (TODAY + ONE_DAY).isoformat(),
        "valid_to": (TODAY + 7 * ONE_DAY).isoformat(),
    } | about


@asynccontextmanager
async def a_door(dsn: str, folder: Path) -> AsyncIterator[Door]:
    """The API of a referee on this database."""
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    config = Config(
        database=dsn,
        database_owner="",
        kafka="none:1",
        kafka_user="",
        kafka_password="",
        jwks=str(jwks),
        issuer="talon-test",
        audience="talon",
        port=1,
        ops_port=1,
        staff_patience_seconds=PATIENCE_SECONDS,
    )
    referee = await play(dsn, 0)
    pool: asyncpg.Pool = await database.open_pool(dsn, size_max=4, name="slots-test")
    clock = DatabaseClock()
    await clock.set(pool)
    replies = Replies(broker=NOBODY, name="test", partition=0, seats_max=600)
    log = Log(referee, replies)
    asking = Asking(log, replies)  # type: ignore[arg-type]
    async with a_copy(dsn, pool, clock, MemoryLog()) as memory:
        app = doors(config, Reads(pool), asking, clock=clock, memory=memory)
        with every_answer_is_documented(app, API):
            async with TestClient(TestServer(app)) as client:
                yield Door(client, log)
            await log.finish()
    await pool.close()
    await referee.connection.close()
