"""What does the messenger tell the front desk? What somebody wrote back to a reminder.

It says no more than the address in that reminder would have: its link, and nothing else.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from shared.messages.words import Message

Token = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9_-]+(?![\s\S])")]


class ReminderAnswered(Message, frozen=True, kw_only=True):
    """Somebody answered a reminder; `token` is the link that they would have pressed instead."""

    booking_id: UUID
    token: Token
