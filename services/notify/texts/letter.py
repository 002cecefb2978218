"""What does a letter say of an event? The same as text and as a page, in the reader's language."""

from collections.abc import Sequence

import msgspec

from services.notify.rules import Language, Told, came_to
from services.notify.rules.messages import Announced, ReplyAnswer
from services.notify.rules.reminders import VisitReminder
from services.notify.texts.blocks import Block, as_page, as_text
from services.notify.texts.catalogue import FALLBACK, Moment, in_words, say
from shared.messages import (
    AnnouncementText,
    BookedPlace,
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    VisitAdmitted,
    VisitByPhone,
    VisitMissed,
)


class Wording(msgspec.Struct, frozen=True):
    """A message in words, as plain text and as a page, which say the same."""

    language: Language
    subject: str
    text: str
    html: str


def wording(
    event: Told,
    language: Language = FALLBACK,
    *,
    confirm_at: str = "",
    move_at: str = "",
    cancel_at: str = "",
    join_at: Sequence[str] = (),
    unsubscribe_at: str = "",
    perhaps_again: bool = False,
) -> Wording:
    """What a person reads about this, and at which addresses they may do something about it."""

    def made(language: Language) -> Wording:
        subject, told = _told(event, language)
        blocks = [
            *([_said(say(language, "perhaps-again"))] if perhaps_again else []),
            *told,
            *_joining(event, language, join_at),
            *_links(language, "confirming", [confirm_at], ".before"),
            *_links(language, "moving", [move_at], ".before"),
            *_links(language, "cancelling", [cancel_at], ".before", ".after"),
            *_links(language, "unsubscribing", [unsubscribe_at], ".before"),
            _said(say(language, "closing")),
        ]
        return Wording(language, subject, as_text(blocks), as_page(language, subject, blocks))

    return in_words(language, made)


def calendar_entry(language: Language = FALLBACK) -> str:
    """What a calendar shows on a screen that others may see."""
    return in_words(language, lambda spoken: say(spoken, "calendar-entry"))


def where(place: BookedPlace) -> str:
    """The place on one line."""
    return ", ".join(part for part in (place.clinic_name, place.clinic_address) if part)


# ---- what is said of an event --------------------------------------------------------------------


def _told(event: Told, language: Language) -> tuple[str, list[Block]]:
    """The subject, and the paragraphs about it."""
    kind = type(event).__name__

    def text(part: str, **about: str) -> Block:
        return _said(say(language, f"{kind}.{part}", **about))

    def subject(places: Sequence[BookedPlace], **about: str) -> str:
        return say(language, f"{kind}.subject", first=first_of(places), **about)

    match event:
        case BookingConfirmed(places=places):
            by = "clinic" if event.by == "clinic" else "owner"
            return subject(places), [text("said", by=by), *_visits(language, places)]
        case BookingRescheduled(places=places, freed=freed):
            now = [text("now"), *_visits(language, places)]
            return subject(places), [*now, text("before"), *_visits(language, freed)]
        case BookingRevoked(freed=freed):
            said = text("said", by=event.reason)
            return subject(freed), [said, *_visits(language, freed)]
        case BookingMissed() | BookingReinstated():
            places = came_to(event)
            return subject(places), [text("said"), *_visits(language, places), text("then")]
        case VisitReminder(places=places):
            return subject(places), [text("said"), *_visits(language, places)]
        case ReplyAnswer(says=says):
            return say(language, f"{kind}.subject"), [text("said", says=says)]
        case Announced(words=words):
            own: AnnouncementText = getattr(words, language)
            paragraphs = filter(None, own.text.split("\n\n"))
            return own.subject, [Block("said", tuple(one.splitlines())) for one in paragraphs]
        case VisitAdmitted() | VisitByPhone():
            said = text("said")
            return say(language, f"{kind}.subject"), [said, *_visits(language, [event.place])]
        case VisitMissed(place=place):
            by = event.noshow_by
            return subject([place], by=by), [text("said", by=by), *_visits(language, [place])]
        case _:
            raise ValueError(f"nothing is written of {kind}")


def _joining(event: Told, language: Language, join_at: Sequence[str]) -> list[Block]:
    if isinstance(event, VisitAdmitted):
        return _links(language, "returning", join_at, ".before")
    return _links(language, "joining", join_at, ".before", ".after", people=len(join_at))


def _links(
    language: Language, name: str, addresses: Sequence[str], *around: str, **about: int
) -> list[Block]:
    """A paragraph about addresses, where there are any."""
    if not any(addresses):
        return []
    said = [say(language, name + part, **about) for part in around]
    return [Block("links", tuple(addresses), *said)]


def _said(text: str) -> Block:
    return Block("said", (text,))


# ---- when and where ------------------------------------------------------------------------------


def first_of(places: Sequence[BookedPlace]) -> Moment:
    """When the first of them begins, by its clinic's clock."""
    first = min(places, key=lambda place: place.starts_at)
    return Moment(first.starts_at, first.time_zone)


def _visits(language: Language, places: Sequence[BookedPlace]) -> list[Block]:
    """One paragraph per time and place; two people at the same are one visit for two."""
    ordered = sorted(places, key=lambda place: (place.starts_at, place.clinic_name))
    told = [_when_and_where(language, place) for place in ordered]
    return [_counted(language, lines, told.count(lines)) for lines in dict.fromkeys(told)]


def _counted(language: Language, lines: tuple[str, ...], people: int) -> Block:
    number = () if people == 1 else (say(language, "visit.places", places=people),)
    return Block("visit", (*lines, *number))


def _when_and_where(language: Language, place: BookedPlace) -> tuple[str, ...]:
    begins = Moment(place.starts_at, place.time_zone)
    ends = Moment(place.ends_at, place.time_zone)
    same_day = ends.local.date() == begins.local.date()
    name = "visit.when" if same_day else "visit.when-over-midnight"
    when = say(language, name, begins=begins, ends=ends)
    return (when, *filter(None, (place.clinic_name, place.clinic_address)))
