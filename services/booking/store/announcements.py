"""What is kept of announcements: whom each is for, who may be told by now, and who was told?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from services.booking.rules.announcements import (
    PEOPLE_MAX,
    Announcement,
    AtClinic,
    Audience,
    InCampaign,
    Residents,
)
from services.booking.rules.parts import NONE, Pair
from services.booking.store import relations
from services.booking.store.database import SQL, Connection, Database, Row
from shared.messages import (
    AnnouncementEvent,
    AnnouncementMade,
    AnnouncementStopped,
    AnnouncementWorded,
    AnnouncementWords,
    answer_id,
)
from shared.topics import HOMES, home_of

FINDING_SECONDS_MAX = 20.0
"""The longest that it may take to find and note everybody whom an announcement is for."""

TOLD_AT_ONCE_MAX = 256
"""How many people are told of in one batch of the projector."""

_encode = msgspec.json.Encoder().encode
_decode_audience = msgspec.json.Decoder(Audience).decode
_decode_words = msgspec.json.Decoder(AnnouncementWords).decode


class Seen(NamedTuple):
    """An announcement, what time it is for it, and how many were told."""

    announcement: Announcement
    now: datetime
    told: int


class Untold(NamedTuple):
    """What is to be told at a home, with the key of its record."""

    home: int
    event: AnnouncementEvent
    key: UUID


class Announcements:
    """Announcements, from being written to having been told."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self,
        wish_id: UUID,
        *,
        body_hash: bytes,
        audience: Audience,
        words: AnnouncementWords,
        expires_at: datetime,
        by_id: UUID,
    ) -> None:
        """It is written down, and nobody is told; asked twice it is one."""
        about = (_encode(audience).decode(), _encode(words).decode(), expires_at, by_id)
        await self._database.rows("write_announcement", wish_id, body_hash, *about)

    async def load(self, announcement_id: UUID) -> Seen | None:
        """One, as it is now."""
        row = await self._database.row("load_announcement", announcement_id)
        return None if row is None else _seen(row)

    async def newest(self, after: Sequence[Any] | None, limit: int) -> list[Seen]:
        """Newest first."""
        made_at, last_id = (None, None) if after is None else after
        rows = await self._database.rows("list_announcements", made_at, last_id, limit)
        return [_seen(row) for row in rows]

    async def audience(self, audience: Audience, who: Callable[[UUID], UUID]) -> list[UUID]:
        """Everybody who hears of it, each once, under the id that leads to no other.

        At most one more than `PEOPLE_MAX`. A child's guardian hears for the child, and whoever acts
        for an adult who has no account; any other adult hears by themselves.
        """
        async with self._database.connection() as connection:
            rows = await _seats(connection, audience)
            pairs = {(who(row["owner_id"]), who(row["person_id"])) for row in rows}
            apart = {pair for pair in pairs if pair[0] != pair[1]}
            stands = await relations.standing(connection, apart) if apart else {}
        heard = {_hearer(pair, stands.get(pair, NONE).hears) for pair in pairs}
        return sorted(heard)

    async def begin(self, announcement_id: UUID, proposal_id: UUID, people: Sequence[UUID]) -> bool:
        """From now on it is told; False where it was stopped, or something else began it."""
        async with self._database.connection() as connection, connection.transaction():
            begun = await connection.fetchval(
                SQL["begin_announcement"], announcement_id, proposal_id, len(people)
            )
            if begun is None:
                before = await connection.fetchval(SQL["begun_by"], announcement_id, proposal_id)
                return before is not None
            await connection.execute(
                SQL["find_announced"],
                announcement_id,
                people,
                [home_of(person_id) for person_id in people],
                timeout=FINDING_SECONDS_MAX,
            )
            await connection.execute(SQL["say_at_each_home"], announcement_id, "worded", HOMES)
        return True

    async def release(self, how_many: Callable[[Announcement, datetime], int]) -> int:
        """Let more of each that is under way be told; returns how many in all."""
        released = 0
        async with self._database.connection() as connection, connection.transaction():
            for row in await connection.fetch(SQL["announcements_under_way"]):
                found = await connection.fetchrow(SQL["load_announcement"], row["id"])
                assert found is not None
                seen = _seen(found)
                more = how_many(seen.announcement, seen.now)
                if more > 0:
                    await connection.execute(SQL["release_announced"], row["id"], more)
                    released += more
        return released

    async def stop(self, announcement_id: UUID, by_id: UUID) -> None:
        """Nobody is told it any more who was not; asked twice it is stopped once."""
        async with self._database.connection() as connection, connection.transaction():
            await connection.execute(SQL["lock_announcement"], announcement_id)
            stopped = await connection.fetchrow(SQL["stop_announcement"], announcement_id, by_id)
            if stopped is None or stopped["begun_at"] is None:
                return
            await connection.execute(SQL["drop_untold_announced"], announcement_id)
            await connection.execute(SQL["say_at_each_home"], announcement_id, "stopped", HOMES)

    async def forget_old(self, *, days: int, rows_max: int) -> int:
        """Forget to whom it was told so many days ago; how many rows were forgotten."""
        async with self._database.connection() as connection:
            said: str = await connection.execute(SQL["forget_old_announced"], days, rows_max)
        return int(said.rpartition(" ")[2])


async def has_untold(connection: Connection, homes: Sequence[int]) -> bool:
    """Whether something of an announcement is to be told at these homes."""
    return bool(await connection.fetchval(SQL["has_untold_announced"], homes))


async def take_untold(connection: Connection, homes: Sequence[int]) -> list[Untold]:
    """What is told of announcements in this transaction: what one says before to whom."""
    steps = await connection.fetch(SQL["take_announcement_steps"], homes)
    people = await connection.fetch(SQL["take_announced"], homes, TOLD_AT_ONCE_MAX)
    return [*map(_of_itself, steps), *map(_of_a_person, people)]


async def forget(connection: Connection, person_ids: Sequence[UUID]) -> None:
    """It is not known any more that these people were told."""
    await connection.execute(SQL["forget_announced"], person_ids)


async def _seats(connection: Connection, audience: Audience) -> list[Row]:
    match audience:
        case AtClinic(clinic_id=clinic_id, since=since, until=until, service=service):
            name, about = "seated_at_clinic", [clinic_id, since, until, service]
        case InCampaign(campaign_id=campaign_id):
            name, about = "seated_in_campaign", [campaign_id]
        case Residents(districts=districts, born_from=born_from, born_to=born_to):
            name, about = "residents", [list(districts), born_from, born_to]
    rows: list[Row] = await connection.fetch(
        SQL[name], *about, PEOPLE_MAX + 1, timeout=FINDING_SECONDS_MAX
    )
    return rows


def _hearer(pair: Pair, hears: bool) -> UUID:
    owner_id, person_id = pair
    return person_id if hears or owner_id == person_id else owner_id


def _of_itself(row: Row) -> Untold:
    announcement_id: UUID = row["announcement_id"]
    about: dict[str, Any] = {
        "cause": announcement_id,
        "at": row["at"],
        "announcement_id": announcement_id,
    }
    event: AnnouncementEvent
    if row["step"] == "worded":
        words = _decode_words(row["words"])
        event = AnnouncementWorded(
            id=_id(announcement_id, AnnouncementWorded, row["home"]),
            words=words,
            expires_at=row["expires_at"],
            **about,
        )
    else:
        event = AnnouncementStopped(
            id=_id(announcement_id, AnnouncementStopped, row["home"]), **about
        )
    return Untold(row["home"], event, announcement_id)


def _of_a_person(row: Row) -> Untold:
    announcement_id, person_id = row["announcement_id"], row["person_id"]
    event = AnnouncementMade(
        id=_id(announcement_id, AnnouncementMade, person_id),
        cause=announcement_id,
        at=row["released_at"],
        announcement_id=announcement_id,
        owner_id=person_id,
    )
    return Untold(row["home"], event, person_id)


def _id(announcement_id: UUID, kind: type[AnnouncementEvent], of: object) -> UUID:
    return answer_id(announcement_id, f"{kind.__name__} {of}")


def _seen(row: Row) -> Seen:
    names = [name for name in Announcement.__struct_fields__ if name not in ("audience", "words")]
    announcement = Announcement(
        audience=_decode_audience(row["audience"]),
        words=_decode_words(row["words"]),
        **{name: row[name] for name in names},
    )
    return Seen(announcement, row["now"], row["told"])
