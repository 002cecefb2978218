"""Which links were used, and by which request?"""

from uuid import UUID

import asyncpg

from shared.links.rules import Link
from shared.statements import load

SQL = load("shared.links")


async def used_by(connection: asyncpg.Connection, link_id: UUID) -> bytes | None:
    """The hash of the key of the request that used it; None where nobody has."""
    key_hash: bytes | None = await connection.fetchval(SQL["find_link_use"], link_id)
    return key_hash


async def use(connection: asyncpg.Connection, link: Link, key_hash: bytes) -> bool:
    """It is used, in the transaction of whoever acts on it; False where it was used already."""
    made = await connection.fetchval(
        SQL["use_link"],
        link.id,
        link.purpose,
        link.person_id,
        link.object_id,
        key_hash,
        link.until,
    )
    return made is not None
