"""What is one person told of what is announced to many?"""

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from services.notify.rules.messages import Announced, Message
from shared.messages import AnnouncementMade, AnnouncementWords, Instant


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """What an announcement says, and until when it is news."""

    words: AnnouncementWords
    expires_at: Instant


def announced_to(made: Iterable[AnnouncementMade], sayings: Mapping[UUID, Saying]) -> list[Message]:
    """A message for each; of what was stopped, or was never worded, nobody is told."""
    return [
        Message(
            event=Announced(
                id=one.id,
                cause=one.cause,
                at=one.at,
                booking_id=one.announcement_id,
                version=1,
                owner_id=one.owner_id,
                words=sayings[one.announcement_id].words,
            ),
            owner_id=one.owner_id,
            expires_at=sayings[one.announcement_id].expires_at,
        )
        for one in made
        if one.announcement_id in sayings
    ]
