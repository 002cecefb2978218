"""What does a catalogue say? One folder for each language, read once; the library knows the rules.

What is said has no variable that belongs to a person: the same sentence is said to everybody who
comes at that time, and is remembered.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from fluent.runtime import FluentBundle, FluentResource
from fluent.runtime.types import FluentNone, FluentType

from services.notify import metrics
from services.notify.rules import Language

log = logging.getLogger(__name__)


FALLBACK: Language = "en"
LOCALES: Mapping[Language, str] = {"en": "en-GB", "ru": "ru"}
"""By whose rules each language counts and tells the time: a day before its month, and 24 hours."""

FILES = ("mail.ftl", "short.ftl")
SAID_REMEMBERED_MAX = 8_192
"""So many sentences with their times and places; most people of a morning come to the same few."""


Made = TypeVar("Made")


class TextError(Exception):
    """A catalogue has no such text, or it cannot be filled in: our mistake."""


@dataclass(frozen=True)
class Moment(FluentType):
    """A time by a zone's clock. Two of one instant in two zones are two, unlike datetimes."""

    at: datetime
    zone: str

    @property
    def local(self) -> datetime:
        """As the clock on the wall has it."""
        return self.at.astimezone(ZoneInfo(self.zone))

    def format(self, locale: Locale) -> str:
        """Never of itself: each text says how much of a time it tells."""
        raise TextError("a time is told by MOMENT")


Value = str | int | Moment


@lru_cache(SAID_REMEMBERED_MAX)
def say(language: Language, name: str, **about: Value) -> str:
    """The text `name`, or its `name.attribute`, in a language; TextError rather than a hole."""
    bundle = BUNDLES[language]
    identifier, _, attribute = name.partition(".")
    if not bundle.has_message(identifier):
        raise TextError(f"{language} has no {name}")
    message = bundle.get_message(identifier)
    pattern = message.attributes.get(attribute) if attribute else message.value
    if pattern is None:
        raise TextError(f"{language} has no {name}")
    said, errors = bundle.format_pattern(pattern, dict(about))
    if errors:
        raise TextError(f"{language} {name}: {errors[0]}") from errors[0]
    return str(said)


def in_words(language: Language, made: Callable[[Language], Made]) -> Made:
    """What is made of a language's texts, or else of the English ones as a whole, which is counted.

    Nobody is told too late, or not at all, since a catalogue has a hole.
    """
    try:
        return made(language)
    except TextError as error:
        log.error("a text is missing", extra={"error": str(error)})
        metrics.TEXTS_MISSING.labels(language).inc()
        if language == FALLBACK:
            raise
        return made(FALLBACK)


def source(language: Language, name: str) -> str:
    """A file of a catalogue as it is written."""
    return (files(__package__) / language / name).read_text(encoding="utf-8")


def _bundle(language: Language) -> FluentBundle:
    locale = Locale.parse(LOCALES[language], sep="-")

    def moment(told: Moment | FluentNone, *, pattern: str) -> str:
        """A time by the clock of its zone; the library has the names, and their cases."""
        if isinstance(told, FluentNone):
            raise TextError("a time is missing")
        local = told.local
        return format_datetime(local, pattern, tzinfo=local.tzinfo, locale=locale)

    # Marks of direction are left out: they are for texts that run both ways, and cost an SMS units.
    bundle = FluentBundle(
        [LOCALES[language]],
        functions={"MOMENT": cast(Callable[[Any], FluentType], moment)},
        use_isolating=False,
    )
    for name in FILES:
        bundle.add_resource(FluentResource(source(language, name)))
    return bundle


BUNDLES: Mapping[Language, FluentBundle] = {language: _bundle(language) for language in LOCALES}
