"""Which bookings and holds are there, and what has become of them?"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from services.booking.rules.holding import Lately
from services.booking.rules.life import Booking, Change, Place, Places
from services.booking.rules.telling import Known
from services.booking.store.database import SQL, Connection, Database, Row
from shared.messages import Refused

HOLDS_LISTED_MAX = 100
"""Far more than one may hold."""

AHEAD_LISTED_MAX = 200
"""Far more than anybody has ahead of them."""

_encode = msgspec.json.Encoder().encode
_decode_places = msgspec.json.Decoder(Places).decode


class Bookings:
    """Bookings and holds, one row each for their whole life."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, booking_id: UUID) -> Booking | None:
        """One, whoever's it is, as it is now."""
        row = await self._database.row("load_bookings", [booking_id])
        return None if row is None else booking_of(row)

    async def own(self, ids: Sequence[UUID], booking_id: UUID) -> Booking | None:
        """One of a person's, under whichever of their ids, as it is now; another's is not there."""
        found = await self.own_of(ids, [booking_id])
        return found[0] if found else None

    async def own_of(self, ids: Sequence[UUID], booking_ids: Sequence[UUID]) -> list[Booking]:
        """Those of these that are a person's, as they are now."""
        rows = await self._database.rows_of(ids, "own_bookings", booking_ids)
        return [booking_of(row) for row in rows]

    async def held_by(self, owner_ids: Sequence[UUID]) -> list[Booking]:
        """What is held for a person now, under each of their ids; what ends first comes first."""
        rows = await self._database.rows_of(owner_ids, "list_holds", HOLDS_LISTED_MAX)
        return [booking_of(row) for row in rows]

    async def held_lately(
        self, owner_ids: Sequence[UUID], slot_ids: Sequence[UUID], wish_id: UUID, seconds: float
    ) -> tuple[list[Lately], datetime | None]:
        """What a person holds of these slots, or let run out so lately, but for this very wish; and
        when that is so, where there is any."""
        about = (slot_ids, wish_id, seconds)
        rows = await self._database.rows_of(owner_ids, "held_lately", *about)
        lately = [
            Lately(
                id=row["id"],
                slot_ids=tuple(row["slot_ids"]),
                made_at=row["made_at"],
                expires_at=row["expires_at"],
            )
            for row in rows
        ]
        return lately, rows[0]["now"] if rows else None

    async def of_person(
        self, owner_ids: Sequence[UUID], after: tuple[datetime, UUID] | None, limit: int
    ) -> list[Booking]:
        """A person's own bookings and their places in those of others, newest first."""
        made_at, booking_id = after or (None, None)
        about = (made_at, booking_id, limit)
        rows = await self._database.rows_of(owner_ids, "list_bookings", *about)
        return [booking_of(row) for row in rows]

    async def ahead(self, owner_ids: Sequence[UUID]) -> list[Booking]:
        """What a person has ahead or waits for, under each of their ids, newest first."""
        rows = await self._database.rows_of(owner_ids, "list_ahead", AHEAD_LISTED_MAX)
        return [booking_of(row) for row in rows]

    async def left_by(self, ids: Sequence[UUID], booking_id: UUID) -> Booking | None:
        """One in which a person had a place, or which they made: without a place of it."""
        row = await self._database.row("left_booking", booking_id, ids)
        return None if row is None else msgspec.structs.replace(booking_of(row), places=())

    async def of_day(
        self,
        clinic_id: UUID,
        day: date,
        *,
        service: str | None,
        status: str,
        after: Sequence[Any] | None,
        limit: int,
    ) -> Sequence[Row]:
        """The places at a clinic on one of its days, in order of time."""
        cursor = after or (None, None)
        about = (clinic_id, day, service, status, *cursor, limit)
        return await self._database.rows("list_day", *about)

    async def doses_elsewhere(
        self, ids: Sequence[UUID], campaign_id: UUID, booking_id: UUID
    ) -> list[tuple[int, datetime]]:
        """Which doses of a campaign a person has booked, and when, in other bookings than this."""
        rows = await self._database.rows("doses_elsewhere", ids, campaign_id, booking_id)
        return [(row["dose"], row["starts_at"]) for row in rows]

    async def keep(
        self,
        changes: Sequence[Change],
        answered: Iterable[UUID],
        refused: Mapping[UUID, Refused],
    ) -> None:
        """Keep what a batch of replies says."""
        async with self._database.batch() as connection:
            await apply(connection, changes, answered, refused)


async def apply(
    connection: Connection,
    changes: Sequence[Change],
    answered: Iterable[UUID],
    refused: Mapping[UUID, Refused],
) -> None:
    """Keep anything that is told about bookings, in one statement, however often it is told."""
    if not refused and all(map(_is_plain, changes)):
        await _apply_made(connection, changes, answered)
    else:
        await _apply_any(connection, changes, answered, refused)


async def _apply_any(
    connection: Connection,
    changes: Sequence[Change],
    answered: Iterable[UUID],
    refused: Mapping[UUID, Refused],
) -> None:
    await connection.execute(
        SQL["apply"],
        *_columns(changes),
        list(answered),
        list(refused),
        [reply.reason for reply in refused.values()],
        [change.id for change in changes if change.late],
        [change.id for change in changes if change.cancelled_by == "clinic"],
        [_guest_ids(change) for change in changes],
        [change.booked_by for change in changes],
    )


async def _apply_made(
    connection: Connection, changes: Sequence[Change], answered: Iterable[UUID]
) -> None:
    places = [_one_place(change) for change in changes]
    await connection.execute(
        SQL["apply_made"],
        [change.id for change in changes],
        [change.version for change in changes],
        [change.home for change in changes],
        [change.at for change in changes],
        [change.owner_id for change in changes],
        [change.campaign_id for change in changes],
        [_encode(change.places).decode() for change in changes],
        [place.slot_id for place in places],
        list(answered),
    )


async def as_it_is(connection: Connection, booking_id: UUID) -> Booking | None:
    """One, whoever's it is, as it is now, in the transaction that decides about it."""
    row = await connection.fetchrow(SQL["load_bookings"], [booking_id])
    return None if row is None else booking_of(row)


async def known(connection: Connection, booking_ids: Sequence[UUID]) -> dict[UUID, Known]:
    """What was last told of these bookings."""
    rows = await connection.fetch(SQL["known_bookings"], booking_ids)
    return {row["id"]: Known(row["owner_id"], _decode_places(row["places"])) for row in rows}


async def catch_up(connection: Connection, told: Sequence[Change]) -> None:
    """Remember what was told just now, where a reply has overtaken it."""
    await connection.execute(
        SQL["catch_up"],
        [change.id for change in told],
        [change.version for change in told],
        [_json(change.places) for change in told],
    )


def booking_of(row: Row) -> Booking:
    """A row as the rules see it."""
    return Booking(
        id=row["id"],
        owner_id=row["owner_id"],
        kind=row["kind"],
        status=row["status"],
        version=row["version"],
        home=row["home"],
        made_at=row["made_at"],
        campaign_id=row["campaign_id"],
        places=() if row["places"] is None else _decode_places(row["places"]),
        expires_at=row["expires_at"],
        reason=row["reason"],
        late=row["late"],
        cancelled_by=row["cancelled_by"],
        booked_by=row["booked_by"],
    )


def _is_plain(change: Change) -> bool:
    """A booking of one place that was made, for its owner alone and by its owner."""
    if change.status != "booked" or change.owner_id is None or change.booked_by is not None:
        return False
    if change.places is None or len(change.places) != 1 or change.late:
        return False
    if change.expires_at is not None or change.kind != "booking":
        return False
    return change.places[0].patient_id in (change.owner_id, None)


def _one_place(change: Change) -> Place:
    assert change.places is not None
    return change.places[0]


def _columns(changes: Sequence[Change]) -> list[list[Any]]:
    """The changes as the arrays that the statement `apply` takes, in its order."""
    return [
        [change.id for change in changes],
        [change.version for change in changes],
        [change.status for change in changes],
        [change.home for change in changes],
        [change.at for change in changes],
        [change.owner_id for change in changes],
        [change.kind for change in changes],
        [change.campaign_id for change in changes],
        [_json(change.places) for change in changes],
        [_slot_ids(change.places) for change in changes],
        [change.expires_at for change in changes],
    ]


def _json(places: Places | None) -> str | None:
    return None if places is None else _encode(places).decode()


def _guest_ids(change: Change) -> str | None:
    """Who besides its owner has a place: for most bookings nobody.

    Who does not know whose the booking is leaves the owner in, and the statement takes them out.
    """
    if change.places is None:
        return None
    ids = {place.patient_id for place in change.places} - {change.owner_id, None}
    return "{" + ",".join(map(str, ids)) + "}" if ids else None


def _slot_ids(places: Places | None) -> str | None:
    """An array within an array: PostgreSQL takes it as text."""
    if places is None:
        return None
    if len(places) == 1:
        return f"{{{places[0].slot_id}}}"
    return "{" + ",".join({str(place.slot_id) for place in places}) + "}"
