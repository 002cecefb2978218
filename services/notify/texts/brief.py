"""What does an SMS or a push say? So little that anybody may see the screen it stands on."""

from collections.abc import Sequence

from services.notify.rules import Language, Told, came_to, freed_by, offer_of, places_of
from services.notify.rules.discretion import is_discreet
from services.notify.rules.messages import Announced, ReplyAnswer
from services.notify.texts.catalogue import FALLBACK, Value, in_words, say
from services.notify.texts.letter import first_of
from shared.messages import (
    AnnouncementText,
    BookedPlace,
    BookingMissed,
    BookingReinstated,
    VisitTold,
)

ADDRESS_LENGTH_MAX = 40
"""A longer address is left to the page: each 67 letters are a message to be paid for."""


def short(
    event: Told,
    language: Language = FALLBACK,
    *,
    page: str = "",
    perhaps_again: bool = False,
    replies: bool = False,
) -> str:
    """One SMS or push: that something is, when, where to, and the address of a page that tells all.

    No name of anybody, no service, no clinic, nothing that says what it is about. With `replies`
    also what may be answered to it.
    """
    offer = offer_of(event) if replies else None

    def made(language: Language) -> str:
        said = _said(event, language)
        again = say(language, "short-perhaps-again") if perhaps_again else ""
        answers = say(language, "short-replying", offer=offer) if offer else ""
        return " ".join(filter(None, (said, again, answers, page)))

    return in_words(language, made)


def coming(language: Language = FALLBACK) -> tuple[str, str]:
    """What the button says by which one comes, and what is shown once that is known."""
    return in_words(
        language, lambda spoken: (say(spoken, "coming.label"), say(spoken, "coming.said"))
    )


def _said(event: Told, language: Language) -> str:
    """What is announced in so few words is said as it was agreed on, if anybody may see it."""
    if isinstance(event, Announced):
        own: AnnouncementText = getattr(event.words, language)
        return own.short if is_discreet(own.short) else say(language, "short-Announced")
    return say(language, f"short-{type(event).__name__}", **_about(event))


def _about(event: Told) -> dict[str, Value]:
    """What a text may use of it. Nothing else of the event is within a text's reach."""
    if isinstance(event, ReplyAnswer):
        return {"says": event.says, "offer": event.offer}
    places = _places(event)
    first = min(places, key=lambda place: place.starts_at)
    visits = {(place.starts_at, place.clinic_id) for place in places}
    where, address = _where(first)
    return {
        "first": first_of(places),
        "more": len(visits) - 1,
        "where": where,
        "address": address,
        "by": _by(event),
    }


def _places(event: Told) -> Sequence[BookedPlace]:
    if isinstance(event, VisitTold):
        return [event.place]
    if isinstance(event, BookingMissed | BookingReinstated):
        return came_to(event)
    return places_of(event) or freed_by(event)


def _where(place: BookedPlace) -> tuple[str, str]:
    """How one comes to it. An address that says what is done there is not said."""
    if place.modality == "virtual":
        return "online", ""
    address = place.clinic_address
    if not address or len(address) > ADDRESS_LENGTH_MAX or not is_discreet(address):
        return "nowhere", ""
    return "address", address


def _by(event: Told) -> str:
    """Whose doing it was, where that changes the words."""
    return str(getattr(event, "reason", None) or getattr(event, "noshow_by", None) or "owner")
