"""What is remembered of how people wish to be told? All they said of it, by their own id."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from services.notify.rules.preferences import Kind, QuietHours, Wishes, version_of
from services.notify.store.contacts import settle_route
from services.notify.store.database import ACQUIRE_SECONDS, SQL


class WishesChangedError(Exception):
    """Somebody has not seen what they were about to overwrite."""


class KeptWishes(msgspec.Struct, frozen=True):
    """What somebody said, and when they agreed to what they agreed to."""

    wishes: Wishes
    consented_at: datetime | None = None


class Preferences:
    """How people wish to be told."""

    def __init__(self, pool: asyncpg.Pool, persons: asyncpg.Pool | None = None) -> None:
        self._pool = pool
        # Here the service is one person for a transaction's length, and sees no other's wishes.
        self._persons = persons or pool

    async def find(self, person_id: UUID) -> KeptWishes:
        """What a person has said; nothing is an answer."""
        async with (
            self._persons.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(readonly=True),
        ):
            await connection.fetchval(SQL["be_person"], person_id)
            row = await connection.fetchrow(SQL["find_wishes"], person_id)
        return _kept(row)

    async def decline(self, person_id: UUID, kind: Kind) -> None:
        """Nothing of this kind is told to them any more; who is told nothing stays unknown."""
        async with self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection:
            await connection.execute(SQL["decline_kind"], person_id, kind)

    async def keep(
        self, person_id: UUID, wishes: Wishes, *, known: str | None = None
    ) -> KeptWishes:
        """From now on the person is told so; an error where what held is not what is known."""
        quiet = wishes.quiet
        async with (
            self._pool.acquire(timeout=ACQUIRE_SECONDS) as connection,
            connection.transaction(),
        ):
            await connection.execute(SQL["ensure_contact"], person_id)
            # The row is locked now, and what is read is what will be overwritten.
            if known is not None:
                held = _kept(await connection.fetchrow(SQL["find_wishes"], person_id))
                if version_of(held.wishes) != known:
                    raise WishesChangedError
            consented_at = await connection.fetchval(
                SQL["keep_wishes"],
                person_id,
                wishes.language,
                wishes.channels,
                wishes.declined,
                quiet.begins if quiet else None,
                quiet.ends if quiet else None,
                quiet.time_zone if quiet else None,
                wishes.consent_version,
            )
            await settle_route(connection, person_id)
        return KeptWishes(wishes, consented_at)


def _kept(row: asyncpg.Record | None) -> KeptWishes:
    if row is None:
        return KeptWishes(Wishes())
    quiet = None
    if row["time_zone"] is not None:
        quiet = QuietHours(
            begins=row["quiet_begins"], ends=row["quiet_ends"], time_zone=row["time_zone"]
        )
    wishes = Wishes(
        language=row["language"],
        channels=tuple(row["ordered"]),
        quiet=quiet,
        declined=tuple(row["declined"]),
        consent_version=row["consent_version"],
    )
    return KeptWishes(wishes, row["consented_at"])
