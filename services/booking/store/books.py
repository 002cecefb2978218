"""Which rule books does a campaign have, and which of them is in force for whom?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from services.booking.rules.admission import Phases
from services.booking.rules.products import Products
from services.booking.rules.publications import Published, RuleBook, Scope
from services.booking.store.database import Database, Row

_encode = msgspec.json.Encoder().encode
_decode_phases = msgspec.json.Decoder(Phases).decode
_decode_products = msgspec.json.Decoder(Products).decode


class KeptBook(NamedTuple):
    """A book as it is kept, and the hash of what was asked when it was made."""

    book: RuleBook
    made_at: datetime
    body_hash: bytes | None = None


class Next(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be in force next, after the publication `after`, and why."""

    campaign_id: UUID
    after: int
    book_id: UUID | None
    before_id: UUID | None
    scope: Scope
    reverts: bool
    cause_id: UUID
    by_id: UUID | None
    reason: str | None


class Books:
    """Rule books, made once and never changed, and what was published of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: int | None = None

    async def make(
        self,
        book_id: UUID,
        campaign_id: UUID,
        phases: Phases,
        *,
        body_hash: bytes,
        by_id: UUID,
        products: Products = (),
    ) -> KeptBook | None:
        """The campaign's next version, or what this wish made before; None where it is not yet

        possible: somebody makes one at this moment.
        """
        said = (_encode(phases).decode(), body_hash, by_id, _encode(products).decode())
        try:
            await self._database.row("make_book", book_id, campaign_id, *said)
        except asyncpg.UniqueViolationError:
            return None
        return await self.load(book_id)

    async def load(self, book_id: UUID) -> KeptBook | None:
        """One version."""
        row = await self._database.row("load_book", book_id)
        return None if row is None else _kept(row, row["body_hash"])

    async def of_campaign(self, campaign_id: UUID, below: int | None, limit: int) -> list[KeptBook]:
        """A campaign's versions, the newest first."""
        rows = await self._database.rows("list_books", campaign_id, below, limit)
        return [_kept(row) for row in rows]

    async def published_anew(self) -> list[Published] | None:
        """What is in force of each campaign; None where that is as it was when last asked."""
        row = await self._database.row("count_published")
        assert row is not None
        if row["number"] == self._seen:
            return None
        found = await self.published()
        self._seen = row["number"]
        return found

    async def published(self) -> list[Published]:
        """What is in force of each campaign."""
        return [_published(row) for row in await self._database.rows("list_published")]

    async def publish(self, following: Next) -> bool:
        """Put it into force; False where something else was published meanwhile, or this before."""
        scope = following.scope
        row = await self._database.row(
            "publish",
            following.campaign_id,
            following.after,
            following.book_id,
            following.before_id,
            scope.percent,
            scope.clinics,
            scope.districts,
            following.reverts,
            following.cause_id,
            following.by_id,
            following.reason,
        )
        return row is not None

    async def done_for(self, cause_id: UUID, *, reverts: bool) -> Row | None:
        """What this cause has published already, or taken back."""
        return await self._database.row("published_for", cause_id, reverts)


def _kept(row: Row, body_hash: bytes | None = None) -> KeptBook:
    return KeptBook(_book(row["campaign_id"], row), row["made_at"], body_hash)


def _published(row: Row) -> Published:
    scope: dict[str, Any] = {name: _tuple(row[name]) for name in ("clinics", "districts")}
    return Published(
        campaign_id=row["campaign_id"],
        service=row["service"],
        number=row["number"],
        scope=Scope(percent=row["percent"], **scope),
        book=_book(row["campaign_id"], row, "book_"),
        before=_book(row["campaign_id"], row, "before_"),
        reverts=row["reverts"],
    )


def _book(campaign_id: UUID, row: Row, prefix: str = "") -> Any:
    """The book of a row, where it has one."""
    if row[f"{prefix}id"] is None:
        return None
    return RuleBook(
        id=row[f"{prefix}id"],
        campaign_id=campaign_id,
        number=row[f"{prefix}number"],
        phases=_decode_phases(row[f"{prefix}phases"]),
        products=_decode_products(row[f"{prefix}products"]),
    )


def _tuple(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(values)
