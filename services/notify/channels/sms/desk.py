"""Who takes what a provider of text messages brings back?"""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from services.notify.rules.texting import Reply, Report


class SmsDesk(Protocol):
    """Keeps what comes back. What it has not kept the provider brings again."""

    async def taken(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        """The provider has this message, as so many parts; its receipts come under the first id."""

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        """True once it is kept, False when it cannot be kept now."""
