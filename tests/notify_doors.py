"""How does a test stand at the messenger's door? A real API on a real database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from jwt.algorithms import ECAlgorithm

from services.notify.api import API
from services.notify.app import doors
from services.notify.config import Config
from services.notify.store import Contacts
from shared import database
from tests.booking_doors import KEY
from tests.documented import every_answer_is_documented

CONTACTS = "/api/v1/me/contacts"

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def a_door(dsn: str, folder: Path) -> AsyncIterator[Client]:
    """The API of a messenger on this database."""
    jwk = ECAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "test", "alg": "ES256"}
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps({"keys": [jwk]}))
    config = Config(
        database=dsn,
        kafka="none:1",
        jwks=str(jwks),
        issuer="talon-test",
        audience="talon",
        smtp="none:1",
        smtp_from="no-reply@talon.example",
        port=1,
        ops_port=2,
    )
    pool = await database.open_pool(dsn, size_max=2, name="notify-test")
    app = doors(config, Contacts(pool))
    with every_answer_is_documented(app, API):
        async with TestClient(TestServer(app)) as opened:
            yield opened
        await pool.close()
