"""What did a link ask for? Its use and the wish that it becomes are kept together or not at all."""

from services.booking.store.database import SQL, Connection, Database
from services.booking.store.pending import PendingWish, columns_of
from shared.links import store
from shared.links.rules import Link


class Links:
    """The uses of links, and the wishes that they became."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used_by(self, link: Link) -> bytes | None:
        """By which request it was used; None where nobody has."""
        async with self._database.connection() as connection:
            return await store.used_by(connection, link.id)

    async def use(self, link: Link, key_hash: bytes, wish: PendingWish) -> bool:
        """Keep that it is used, and the wish, which is then asked until it is answered.

        False where it was used already; then no wish is kept.
        """
        async with self._database.connection() as connection, connection.transaction():
            return await use_for(connection, link, key_hash, wish)


async def use_for(connection: Connection, link: Link, key_hash: bytes, wish: PendingWish) -> bool:
    """The same in a transaction."""
    if not await store.use(connection, link, key_hash):
        return False
    await connection.execute(SQL["ask_soon"], *columns_of([wish]))
    return True
