"""What does the front desk tell many people at once? The words first, then to whom, by ids."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from shared.messages.words import ONE_LINE, Instant, Message

Subject = Annotated[str, Meta(min_length=1, max_length=120, pattern=ONE_LINE)]
Short = Annotated[str, Meta(min_length=1, max_length=280, pattern=ONE_LINE)]
Long = Annotated[
    str, Meta(min_length=1, max_length=2_000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*(?![\s\S])")
]


class AnnouncementText(msgspec.Struct, frozen=True, kw_only=True):
    """What is said in one language: a mail's subject and text, and what fits on a phone."""

    subject: Subject
    text: Long
    short: Short


class AnnouncementWords(msgspec.Struct, frozen=True, kw_only=True):
    """The same in each language that somebody may read; none may be missing."""

    en: AnnouncementText
    ru: AnnouncementText


class AnnouncementWorded(Message, frozen=True, kw_only=True):
    """What an announcement says. It is told at each home before it is told to anybody there."""

    announcement_id: UUID
    words: AnnouncementWords
    expires_at: Instant


class AnnouncementMade(Message, frozen=True, kw_only=True):
    """One person is to be told an announcement."""

    announcement_id: UUID
    owner_id: UUID


class AnnouncementStopped(Message, frozen=True, kw_only=True):
    """Nobody is to be told it any more."""

    announcement_id: UUID


AnnouncementEvent = AnnouncementWorded | AnnouncementMade | AnnouncementStopped
