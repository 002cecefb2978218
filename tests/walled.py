"""How does a test get a database with the accounts, walls and rights that a stack's has?"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

import asyncpg

from deploy.local.parts import files
from deploy.local.stack import owner_of
from shared import database
from tests.schemas import MORE


def as_role(dsn: str, role: str, service: str) -> str:
    """The DSN of a superuser's connection that is this role's for as long as it lives."""
    return f"{dsn}?{urlencode({'role': role, 'search_path': service})}"


async def walled(make: Callable[[str], Awaitable[str]], *services: str) -> str:
    """A new database in which these services have migrated, each as its schema's owner."""
    dsn = await make("nothing")
    connection = await asyncpg.connect(dsn)
    await connection.execute(files.source("postgres/schemas.sql"))
    await connection.close()
    for service in services:
        packages = ["shared", *MORE.get(service, ()), f"services.{service}"]
        await database.migrate(as_role(dsn, owner_of(service), service), packages)
    return dsn
