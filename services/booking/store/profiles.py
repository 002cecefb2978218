"""What is known of persons? Sealed at rest; in clear only for who asked."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from services.booking.rules.profiles import NOTHING_KNOWN, Kind, Profile, found_by
from services.booking.store.database import SQL, Connection, Database, Row
from shared.vault import DataKey, Field, Vault

FIELDS = {
    name: Field("booking", "profile", name)
    for name in ("name", "birth_date", "phone", "email", "notes")
}
PEOPLE_MAX = 20
"""How many persons one look-up names at most."""


class Profiles:
    """Persons' profiles. No booking is made or changed by way of here."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def load(self, person_ids: Iterable[UUID]) -> dict[UUID, Profile]:
        """What is known of each of these persons, of whom anything is."""
        wanted = list(person_ids)
        async with (
            self._database.connection() as connection,
            # Row and key as of one instant: between two, one could be erased and the other be new.
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await load(connection, self._vault, wanted)

    async def own(self, ids: Sequence[UUID], person_ids: Sequence[UUID]) -> dict[UUID, Profile]:
        """The same for a person who has these ids: of themselves and their dependants alone."""
        async with self._database.as_person(ids) as connection:
            return await load(connection, self._vault, person_ids)

    async def of(self, person_id: UUID) -> Profile:
        """What is known of one person, if it is nothing."""
        return (await self.load([person_id])).get(person_id, NOTHING_KNOWN)

    async def keep(self, person_id: UUID, profile: Profile) -> None:
        """From now on this is what is known of the person, and nothing else."""
        async with self._database.connection() as connection, connection.transaction():
            await keep(connection, self._vault, person_id, profile)

    async def find(self, kind: Kind, *values: str) -> list[UUID]:
        """Who has exactly this, in its one spelling."""
        value = self._vault.index.of(kind, *values)
        rows = await self._database.rows("find_people", kind, value, PEOPLE_MAX)
        return [row["person_id"] for row in rows]

    async def twins(self, person_id: UUID) -> list[UUID]:
        """Who may be the same person."""
        rows = await self._database.rows("find_twins", person_id, PEOPLE_MAX)
        return [row["person_id"] for row in rows]

    async def out_of_use(self, *, days: int, people_max: int) -> list[UUID]:
        """Persons of whom nothing was heard for so many days."""
        rows = await self._database.rows("profiles_out_of_use", days, people_max)
        return [row["person_id"] for row in rows]


async def load(
    connection: Connection, vault: Vault, person_ids: Sequence[UUID]
) -> dict[UUID, Profile]:
    """The same within somebody's transaction."""
    rows = await connection.fetch(SQL["load_profiles"], person_ids)
    keys = await vault.keys.find(connection, [row["person_id"] for row in rows])
    return {
        row["person_id"]: _opened(keys[row["person_id"]], row)
        for row in rows
        if row["person_id"] in keys
    }


async def keep(connection: Connection, vault: Vault, person_id: UUID, profile: Profile) -> None:
    """The same within somebody's transaction, until whose end nobody else changes the person."""
    key = await vault.keys.hold(connection, person_id)
    version = await connection.fetchval(SQL["version_of_profile"], person_id)
    await connection.execute(
        SQL["keep_profile"], person_id, version, *_sealed(key, version, profile)
    )
    found = list(found_by(profile))
    await connection.execute(SQL["drop_index_of"], person_id)
    await connection.execute(
        SQL["index_profile"],
        person_id,
        [kind for kind, _ in found],
        [vault.index.of(kind, *values) for kind, values in found],
    )


def _sealed(key: DataKey, version: int, profile: Profile) -> Iterable[bytes | None]:
    for name, field in FIELDS.items():
        value = getattr(profile, name)
        text = value.isoformat() if isinstance(value, date) else value
        yield None if text is None else key.seal(field, version, text)


def _opened(key: DataKey, row: Row) -> Profile:
    known = {
        name: key.open(field, row["version"], row[f"sealed_{name}"])
        for name, field in FIELDS.items()
        if row[f"sealed_{name}"] is not None
    }
    born = known.pop("birth_date", None)
    return Profile(birth_date=None if born is None else date.fromisoformat(born), **known)
