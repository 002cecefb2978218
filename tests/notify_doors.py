"""How does a test stand at the messenger's door? A real API on a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jwt.algorithms import ECAlgorithm

from services.notify.api import API
from services.notify.app import doors
from services.notify.channels.sms import limits_of
from services.notify.config import Config
from services.notify.live import Broadcaster
from services.notify.rules import Mark, messages_for
from services.notify.store import (
    Contacts,
    End,
    Kept,
    Ledger,
    LiveEvents,
    Replies,
    Texting,
    write_down,
)
from shared import database
from shared.access.noting import Access
from shared.access.store import AccessLog
from shared.clock import DatabaseClock
from tests.booking_doors import KEY, NOTING, writing
from tests.documented import every_answer_is_documented
from tests.notify_apns import OURS
from tests.notify_bookings import confirmed
from tests.vaults import a_vault, key_file_of

CONTACTS = "/api/v1/me/contacts"
STOP_SECONDS_MAX = 5.0
PUSH_KEY = "2Vd5QdTlTwsSWYsJiqDxKCLMW7oQ2EFLu2mqqKrEMlE"

Client = TestClient[web.Request, web.Application]


class Door:
    """A client at the door, and the loop behind it that tells open pages what happens."""

    def __init__(
        self,
        client: Client,
        live: Broadcaster,
        access: Access,
        texting: Texting,
        ends: list[End],
        pool: asyncpg.Pool,
    ) -> None:
        self.texting = texting
        self.ends = ends
        self.client = client
        self.pool = pool
        self.live = live
        self.access = access


def a_config(dsn: str, **settings: Any) -> Config:
    """A messenger that neither hears of anything nor sends anything."""
    given: dict[str, Any] = {
        "database": dsn,
        "database_owner": "",
        "database_person": "",
        "kafka": "none:1",
        "kafka_user": "",
        "kafka_password": "",
        "jwks": "none",
        "vault": str(key_file_of("notify")),
        "issuer": "talon-test",
        "audience": "talon",
        "smtp": "none:1",
        "smtp_from": "no-reply@talon.example",
        "push_key": PUSH_KEY,
        "port": 1,
        "ops_port": 2,
    }
    return Config(**given | OURS | settings)


async def an_unknown_message(pool: asyncpg.Pool, person_id: UUID) -> UUID:
    """A confirmation of which nobody knows whether it was told: its event's id."""
    await Contacts(pool, a_vault("notify")).keep(person_id, "somebody@example.org")
    me, ledger = uuid4(), Ledger(pool)
    event = confirmed(booking_id=uuid4(), owner_id=person_id)
    async with pool.acquire() as connection, connection.transaction():
        await write_down(connection, messages_for(event))
    claimed = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
    await ledger.mark(me, [(each.id, Mark(state="unknown")) for each in claimed])
    return event.id


@asynccontextmanager
async def a_door(dsn: str, folder: Path, **settings: Any) -> AsyncIterator[Door]:
    """The API of a messenger on this database."""
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    config = a_config(dsn, jwks=str(jwks), **NOTING | settings)
    pool = await database.open_pool(dsn, size_max=2, name="notify-test")
    live = Broadcaster(config, LiveEvents(pool))
    clock = DatabaseClock()
    await clock.set(pool)
    access = Access.to(AccessLog(pool), config, by="notify-test", now=clock.now)
    ends: list[End] = []

    async def tell(ended: Sequence[End]) -> None:
        ends.extend(ended)

    replies = Replies(pool, a_vault("notify"), asks=config.sms_replies)
    texting = Texting(pool, a_vault("notify"), limits_of(config), tell, replies)
    app = doors(
        config, Kept.of(pool, a_vault("notify")), live, texting, access=access, now=clock.now
    )
    telling = asyncio.create_task(live.run())
    with every_answer_is_documented(app, API):
        async with writing(access), TestClient(TestServer(app)) as client:
            yield Door(client, live, access, texting, ends, pool)
            live.stop()
            await asyncio.wait_for(telling, STOP_SECONDS_MAX)
        await pool.close()
