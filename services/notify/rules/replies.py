"""What does somebody mean who answers a reminder by a text message, and what comes of it?

Only whole texts that can mean one thing are understood: nothing is guessed from a sentence, since
a wrong guess gives somebody's place away. A reply does what the link in the reminder would do, of
the one visit that may be meant, or else nothing.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

import msgspec

from services.notify.rules.messages import (
    ReplyAnswer,
    Says,
    Told,
    link_to_cancel,
    link_to_confirm,
    link_to_move,
    offer_of,
)
from services.notify.rules.reminders import VisitReminder
from shared.links.rules import Link

Meant = Literal["coming", "cancel", "other_time", "stop"]
Said = Literal["coming", "cancel", "cancelled_before"]
"""What was said of a visit by a reply before: to this reminder, or, where its link is used, to one
of the same moment before the booking changed."""

Sort = Literal["other_time", "explained"]
"""Of which sort an answer is: where one does something, or why nothing was done."""

ANSWERED_FOR = timedelta(minutes=15)
"""So long an answer is news to whoever has just written."""

QUIET = timedelta(hours=1)
"""A number gets one answer of a sort in it: two machines are not to talk for ever."""

WORDS: Mapping[Meant, tuple[str, ...]] = {
    "coming": (
        *("1", "да", "приду", "буду", "подтверждаю", "ок"),
        *("yes", "y", "ok", "okay", "coming", "i am coming", "i'm coming", "confirm"),
    ),
    "cancel": (
        *("2", "нет", "отмена", "отменить", "отмените", "не приду"),
        *("no", "n", "cancel"),
    ),
    "other_time": (
        *("3", "другое", "другое время", "перенести", "перенесите"),
        *("other", "another time", "other time", "move", "reschedule"),
    ),
    "stop": ("stop", "стоп", "unsubscribe", "отписаться", "отпишите"),
}
"""Each of these, said alone, means one thing in whatever language."""

TEXT_LENGTH_MAX = 64
"""Whatever is longer says more than one thing."""

_MEANT: Mapping[str, Meant] = {word: meant for meant, words in WORDS.items() for word in words}
_LOOSE = frozenset({"P", "S", "Z", "M", "C"})
"""Marks, signs, spaces and what colours a picture: around a word they say nothing."""

_ASKING = frozenset("?\u00bf\u037e\u061f\u203d")
"""Whoever asks has not decided."""

Became = Literal[
    "coming",
    "cancel",
    "other_time",
    "stop",
    "repeated",
    "ambiguous",
    "not_understood",
    "not_by_reply",
    "nothing",
    "unanswered",
    "nobody",
    "unread",
]
"""What came of a reply; what was to be explained, and was an hour ago, is `unanswered`."""

BECAME: tuple[Became, ...] = get_args(Became)


class Asked(msgspec.Struct, frozen=True):
    """A reminder that somebody got by text message, and what they have said since, if anything."""

    reminder: VisitReminder
    said: Said | None = None

    @property
    def visit(self) -> tuple[UUID, UUID, datetime]:
        """Whose it is, and which: two reminders of it ask the same."""
        reminder = self.reminder
        starts_at = min(place.starts_at for place in reminder.places)
        return reminder.owner_id, reminder.booking_id, starts_at


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the number that a reply came from.

    `owners`: whose number it is; `answered`: what it was answered within the hour.
    """

    owners: tuple[UUID, ...] = ()
    asked: tuple[Asked, ...] = ()
    answered: frozenset[Sort] = frozenset()


class Came(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a reply: nothing but its count, a link that is as good as pressed, an answer."""

    became: Became
    link: Link | None = None
    cause: UUID | None = None
    answer: ReplyAnswer | None = None
    sort: Sort | None = None


def meant_by(text: str) -> Meant | None:
    """What the whole text means; None for anything that might mean something else as well."""
    if len(text) > TEXT_LENGTH_MAX:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return _MEANT.get(" ".join(_bare(plain).split()))


def reminder_asked(event: Told) -> VisitReminder | None:
    """The reminder, if its reader may answer it at all: nobody answers for another's place."""
    return event if isinstance(event, VisitReminder) and offer_of(event) is not None else None


def came_of(meant: Meant | None, number: Number, *, reply_id: UUID, at: datetime) -> Came:
    """What comes of a reply from this number.

    Where more than one visit may be meant, of one person or of two who share a phone, nothing does.
    """
    if not number.owners:
        return Came(became="nobody")
    if meant == "stop":
        return Came(became="stop")
    last = {one.visit: one for one in sorted(number.asked, key=lambda one: one.reminder.at)}
    if len(last) > 1:
        return _explained("ambiguous", None, number, reply_id, at)
    if not last:
        return _explained("nothing", None, number, reply_id, at)
    [asked] = last.values()
    if meant is None:
        return _explained("not_understood", asked.reminder, number, reply_id, at)
    return _answered(meant, asked, number, reply_id, at)


def _answered(meant: Meant, asked: Asked, number: Number, reply_id: UUID, at: datetime) -> Came:
    """What comes of a reply to the one visit that it can be about."""
    reminder = asked.reminder
    if meant == asked.said:
        return Came(became="repeated")
    if asked.said == "cancel":
        return _explained("nothing", None, number, reply_id, at)
    if meant == "cancel" and asked.said == "cancelled_before":
        return _explained("not_by_reply", reminder, number, reply_id, at)
    if meant == "coming":
        return Came(became="coming", link=link_to_confirm(reminder), cause=reminder.id)
    if meant == "cancel" and (link := link_to_cancel(reminder)) is not None:
        return Came(became="cancel", link=link, cause=reminder.id)
    if meant == "other_time" and link_to_move(reminder) is not None:
        return _explained("other_time", reminder, number, reply_id, at)
    return _explained("not_by_reply", reminder, number, reply_id, at)


def _explained(
    says: Says, of: VisitReminder | None, number: Number, reply_id: UUID, at: datetime
) -> Came:
    """An answer to whoever wrote, unless the number got one of this sort within the hour.

    What is of no visit in particular names none: others may read this phone.
    """
    sort: Sort = "other_time" if says == "other_time" else "explained"
    if sort in number.answered:
        return Came(became="unanswered")
    answer = ReplyAnswer(
        id=reply_id,
        cause=of.id if of else reply_id,
        at=at,
        booking_id=of.booking_id if of else reply_id,
        owner_id=of.owner_id if of else min(number.owners),
        version=of.version if of else 1,
        says=says,
        offer=(offer_of(of) if of else None) or "coming",
        places=of.places if of else (),
    )
    return Came(became=says, answer=answer, sort=sort)


def _bare(text: str) -> str:
    """Without what stands around it and says nothing."""
    begin, end = 0, len(text)
    while begin < end and _is_loose(text[begin]):
        begin += 1
    while begin < end and _is_loose(text[end - 1]):
        end -= 1
    return text[begin:end]


def _is_loose(character: str) -> bool:
    return unicodedata.category(character)[0] in _LOOSE and character not in _ASKING
