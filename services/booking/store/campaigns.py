"""Which campaigns are there?"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from services.booking.rules.eligibility import Campaign
from services.booking.store.database import Database, Row


class Campaigns:
    """Campaigns, made once and never changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def make(self, campaign: Campaign, wish_id: UUID, body_hash: bytes) -> bool:
        """True if this wish made it; False where the wish or the id was there before."""
        fields: dict[str, Any] = msgspec.structs.asdict(campaign)
        campaign_id = fields.pop("id")
        return (
            await self._database.row(
                "make_campaign", campaign_id, wish_id, body_hash, *fields.values()
            )
            is not None
        )

    async def made_by(self, wish_id: UUID) -> tuple[UUID, bytes] | None:
        """The campaign that a wish has made, and the hash of what it asked for."""
        row = await self._database.row("campaign_of_wish", wish_id)
        return None if row is None else (row["id"], row["body_hash"])

    async def load(self, campaign_id: UUID) -> Campaign | None:
        """One campaign."""
        row = await self._database.row("load_campaign", campaign_id)
        return None if row is None else _campaign_of(row)

    async def all(
        self, after: tuple[datetime, UUID] | None, limit: int
    ) -> list[tuple[datetime, Campaign]]:
        """Campaigns and when they were made, oldest first."""
        made_at, campaign_id = after or (None, None)
        rows = await self._database.rows("list_campaigns", made_at, campaign_id, limit)
        return [(row["made_at"], _campaign_of(row)) for row in rows]


def _campaign_of(row: Row) -> Campaign:
    return Campaign(**{name: row[name] for name in Campaign.__struct_fields__})
