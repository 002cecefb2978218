"""How does a test stand at the front desk's door? A real API; the log is a function.

The function decides by the referee's own rules, and remembers its answers by command id.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import jwt
import msgspec
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from services.booking.api import API
from services.booking.config import Config
from services.booking.doors import doors
from services.booking.memory import Kept
from services.booking.store import Database
from services.booking.store.slots import project
from services.slots.rules import Inventory, decide, evolve, give_up
from shared import database
from shared.access.noting import Access
from shared.access.store import AccessLog
from shared.asking import Asking, Replies
from shared.clock import DatabaseClock
from shared.log import LogAwayError
from shared.messages import Alternative, Command, Refused, SlotOpened, answer_id
from tests import stories
from tests.booking_stories import ALICE
from tests.documented import every_answer_is_documented
from tests.memory_log import NOBODY
from tests.stories import an_id
from tests.vaults import key_file_of

KEY = ec.generate_private_key(ec.SECP256R1())
PATIENCE_SECONDS = 1.0
STOP_SECONDS_MAX = 5.0
NOTING: dict[str, Any] = {"access_gather_seconds": 0.001}
"""Nobody here is part of a crowd, so nobody waits for others to come."""

Client = TestClient[web.Request, web.Application]


class Referee:
    """The log and who reads it: takes commands, and answers each unless told to be silent."""

    def __init__(self, replies: Replies) -> None:
        self.away = False
        self.silent = False
        self.taken: list[tuple[Any, int]] = []
        self.inventory = Inventory()
        self.near: tuple[Alternative, ...] = ()
        self._replies = replies
        self._answers: dict[UUID, tuple[bytes, Any]] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def post(self, command: Command, partition: int, sender: asyncio.Future[Any]) -> None:
        """As `Commands.post`."""
        if self.away:
            raise LogAwayError
        self.taken.append((command, partition))
        if not self.silent:
            self.say(self.decided(command, partition))

    def say(self, *replies: Any) -> asyncio.Task[None]:
        """Answer soon, as a reader of replies would hear it; done once it was heard."""
        telling = asyncio.create_task(self._replies.hear(list(replies)))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)
        return telling

    def ran_out(self, command_id: UUID) -> Refused:
        """The answer, for ever, to a command that was not decided in time."""
        body = next(command.body_hash for command, _ in self.taken if command.id == command_id)
        answer = Refused(
            id=answer_id(command_id, "Refused/expired"),
            cause=command_id,
            at=datetime.now(UTC),
            reason="expired",
        )
        self._answers[command_id] = body, answer
        return answer

    def decided(self, command: Any, partition: int) -> Any:
        """The answer to a command, the same each time; another body under its id is refused."""
        body, answer = self._answers.get(command.id, (command.body_hash, None))
        if body != command.body_hash:
            return Refused(
                id=answer_id(command.id, "Refused/key_reused"),
                cause=command.id,
                at=datetime.now(UTC),
                reason="key_reused",
            )
        if answer is None:
            answer = decide(self.inventory, command, at=datetime.now(UTC), home=partition)
            if not isinstance(answer, Refused):
                for event in (answer, *give_up(self.inventory, command, answer)):
                    evolve(self.inventory, event)
            self._answers[command.id] = command.body_hash, answer
        if isinstance(answer, Refused) and answer.slot_id is not None:
            return msgspec.structs.replace(answer, alternatives=self.near)
        return answer


class Door:
    """A client at the door, with who decides behind it."""

    def __init__(
        self, client: Client, referee: Referee, pool: asyncpg.Pool, access: Access
    ) -> None:
        self.client = client
        self.referee = referee
        self.pool = pool
        self.access = access
        self.is_there: Callable[[], Awaitable[bool]]
        """Looks whether the database is there: nobody does so for a test that takes long."""

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        who: UUID = ALICE,
        key: str | None = None,
        **said: Any,
    ) -> ClientResponse:
        """One request by somebody signed in, under a new key unless one is given."""
        headers = bearer(who, **said) | {"Idempotency-Key": key or str(uuid4())}
        return await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)

    async def book(self, *slot_ids: UUID, **more: Any) -> ClientResponse:
        """Ask for places in these slots."""
        asked = {name: more.pop(name) for name in ("campaign_id", "hold_id") if name in more}
        places = [{"slot_id": str(slot_id)} for slot_id in slot_ids]
        return await self.ask("POST", "/bookings", {"places": places, **asked}, **more)

    async def open_slot(self, name: str | UUID, capacity: int = 1, **about: Any) -> UUID:
        """A slot that everybody knows, tomorrow unless it is said otherwise."""
        slot_id = name if isinstance(name, UUID) else an_id(name)
        if not self.referee.inventory.clinics:
            self.referee.decided(stories.open_clinic(), 0)
        about.setdefault("starts_at", datetime.now(UTC) + timedelta(days=1))
        event = self.referee.decided(stories.open_slot(slot_id, capacity, **about), 0)
        assert isinstance(event, SlotOpened)
        async with self.pool.acquire() as connection:
            await project(connection, [event])  # type: ignore[arg-type]
        return slot_id

    async def is_over(self, slot_id: UUID, booking_id: UUID) -> None:
        """The slot was two days ago, as the referee and the booking have it."""
        slot, ago = self.referee.inventory.slots[slot_id], timedelta(days=3)
        slot.starts_at, slot.ends_at = slot.starts_at - ago, slot.ends_at - ago
        await self.pool.execute(
            """UPDATE booking SET places = (
                   SELECT json_agg(CASE WHEN p ->> 'slot_id' = $2
                                        THEN p::jsonb || jsonb_build_object(
                                                 'starts_at', $3::text, 'ends_at', $4::text)
                                        ELSE p::jsonb END)
                     FROM json_array_elements(places) AS p) WHERE id = $1""",
            booking_id,
            str(slot_id),
            slot.starts_at.isoformat(),
            slot.ends_at.isoformat(),
        )

    async def everything(self) -> list[Any]:
        """All that the front desk and the referee remember of bookings."""
        rows = await self.pool.fetch("SELECT id, status, version FROM booking ORDER BY id")
        taken = [
            (slot.id, slot.held, slot.booked) for slot in self.referee.inventory.slots.values()
        ]
        pending = await self.pool.fetchval("SELECT count(*) FROM pending_command")
        return [[tuple(row) for row in rows], taken, pending]


@asynccontextmanager
async def a_door(dsn: str, folder: Path, **settings: Any) -> AsyncIterator[Door]:
    """A front desk on a database of its own."""
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    config = Config(
        database=dsn,
        database_owner="",
        database_person="",
        kafka="none:1",
        kafka_user="",
        kafka_password="",
        jwks=str(jwks),
        vault=str(key_file_of("booking")),
        issuer="talon-test",
        audience="talon",
        **{"patience_seconds": PATIENCE_SECONDS, "dependants_max": 2} | NOTING | settings,
    )
    pool = await database.open_pool(dsn, size_max=4, name="booking-test")
    clock = DatabaseClock()
    await clock.set(pool)
    replies = Replies(broker=NOBODY, name="test", partition=0, seats_max=config.seats_max)
    referee = Referee(replies)
    asking = Asking(referee, replies)  # type: ignore[arg-type]
    access = Access.to(AccessLog(pool), config, by="booking-test", now=clock.now)
    store = Database(pool, config.database_seconds)
    app = doors(config, store, asking, clock, Kept(100), access=access)
    with every_answer_is_documented(app, API):
        async with writing(access), TestClient(TestServer(app)) as client:
            door = Door(client, referee, pool, access)
            door.is_there = store.takes_writes
            yield door
        await pool.close()


@asynccontextmanager
async def writing(access: Access) -> AsyncIterator[None]:
    """What the doors note is written down while the block runs."""
    task = asyncio.create_task(access.writer.run())
    try:
        yield
        access.writer.stop()
        await asyncio.wait_for(task, STOP_SECONDS_MAX)
    finally:
        task.cancel()


def bearer(
    person: UUID = ALICE, *, key: ec.EllipticCurvePrivateKey = KEY, **claims: Any
) -> dict[str, str]:
    """The header of somebody signed in; `claims` change what the token says."""
    said = {
        "sub": str(person),
        "iss": "talon-test",
        "aud": "talon",
        "roles": ["patient"],
        "exp": time.time() + 3_600,
    } | claims
    return {"Authorization": f"Bearer {jwt.encode(said, key, 'ES256', headers={'kid': 'test'})}"}


async def problem(answer: ClientResponse) -> tuple[int, str]:
    """The status and code of an answer that is not what was asked for."""
    body = await answer.json(content_type=None)
    assert answer.content_type == "application/problem+json", body
    return answer.status, body["code"]
