"""What does every provider of text messages bring back, and who takes it?"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Report(msgspec.Struct, frozen=True):
    """How the message with this id of the provider's ended."""

    reference: str
    delivered: bool


class Reply(msgspec.Struct, frozen=True):
    """What somebody wrote back, and from which number."""

    phone: str
    text: str


class SmsDesk(Protocol):
    """Keeps what comes back. What it has not kept the provider brings again."""

    async def join(self, provider: str, references: Sequence[str]) -> None:
        """These messages are one text; its fate is theirs together, under the first id."""

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        """True once it is kept, False when it cannot be kept now."""
