"""How does a person wish to be told? They say so here, all of it each time."""

from datetime import datetime, time
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from services.notify.api.desk import DESK
from services.notify.rules import Channel, Language
from services.notify.rules.preferences import (
    CHANNELS,
    CONSENT_VERSION,
    DECLINABLE,
    Kind,
    QuietHours,
    Wishes,
    version_of,
    wrong_with_wishes,
)
from services.notify.store import KeptWishes, WishesChangedError
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, read_body

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
ZONE_LENGTH_MAX = 64
VERSION_LENGTH_MAX = 32

Clock = Annotated[str, msgspec.Meta(pattern=CLOCK)]
Zone = Annotated[str, msgspec.Meta(min_length=1, max_length=ZONE_LENGTH_MAX)]
Version = Annotated[str, msgspec.Meta(min_length=1, max_length=VERSION_LENGTH_MAX)]
Channels = Annotated[tuple[Channel, ...], msgspec.Meta(max_length=len(CHANNELS))]
Kinds = Annotated[tuple[Kind, ...], msgspec.Meta(max_length=len(DECLINABLE))]


class QuietBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From when until when one is left in peace, as HH:MM by the clock of one's own time zone."""

    begins: Clock
    ends: Clock
    time_zone: Zone


class PreferencesWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /me/preferences`: all of them each time.

    `channels`: the first one first; those left out come after them. `declined`: of which kinds
    nothing is to be told. `consent`: the version of the words by which one agrees to be told of
    more than one's own visits, null for none. `version`: as an answer named what one has seen; if
    something else holds by now, nothing is changed. Left out, it is changed whatever held.
    """

    language: Language | None
    channels: Channels
    quiet: QuietBody | None
    declined: Kinds
    consent: Version | None
    version: Version | UnsetType = UNSET


class PreferencesBody(PreferencesWish, frozen=True, kw_only=True):
    """The same as it holds, when one agreed, and which version can be agreed to now.

    `consent_needed`: without one nothing is told but one's own visits.
    """

    consented_at: datetime | None
    consent_in_force: str
    consent_needed: bool


_decode_wish = msgspec.json.Decoder(PreferencesWish)


async def change_preferences(request: web.Request) -> web.Response:
    """200 what holds from now on; asked twice it is the same. 409 where something else held."""
    desk, actor = request.app[DESK], allowed(request).actor
    wish = await read_body(request, _decode_wish)
    wishes = _wishes(wish)
    wrong = wrong_with_wishes(wishes)
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)
    desk.access.note(request, [actor.id])
    try:
        kept = await desk.preferences.keep(actor.id, wishes, known=wish.version or None)
    except WishesChangedError:
        raise Problem(
            409, "preferences_changed", "How you wish to be told was changed meanwhile."
        ) from None
    return _shown(kept, desk.needs_consent)


async def show_preferences(request: web.Request) -> web.Response:
    """200 how the caller wishes to be told; nothing said is an answer."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    return _shown(await desk.preferences.find(actor.id), desk.needs_consent)


def _wishes(wish: PreferencesWish) -> Wishes:
    quiet = None
    if wish.quiet is not None:
        quiet = QuietHours(
            begins=time.fromisoformat(wish.quiet.begins),
            ends=time.fromisoformat(wish.quiet.ends),
            time_zone=wish.quiet.time_zone,
        )
    return Wishes(
        language=wish.language,
        channels=wish.channels,
        quiet=quiet,
        declined=wish.declined,
        consent_version=wish.consent,
    )


def _shown(kept: KeptWishes, needs_consent: bool) -> web.Response:
    wishes, quiet = kept.wishes, None
    if wishes.quiet is not None:
        quiet = QuietBody(
            begins=f"{wishes.quiet.begins:%H:%M}",
            ends=f"{wishes.quiet.ends:%H:%M}",
            time_zone=wishes.quiet.time_zone,
        )
    body = PreferencesBody(
        language=wishes.language,
        channels=wishes.channels,
        quiet=quiet,
        declined=wishes.declined,
        consent=wishes.consent_version,
        consented_at=kept.consented_at,
        consent_in_force=CONSENT_VERSION,
        consent_needed=needs_consent,
        version=version_of(wishes),
    )
    return json_response(body, headers={"Cache-Control": "no-store"})


TOUCH = Touch("preferences", ("preferences",))

ROUTES = [
    Route(
        "PUT",
        "/api/v1/me/preferences",
        change_preferences,
        tag="contacts",
        body=PreferencesWish,
        answers={200: Answer("It holds.", PreferencesBody, headers=("Cache-Control",))},
        problems=("preferences_changed",),
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/me/preferences",
        show_preferences,
        tag="contacts",
        answers={200: Answer("The preferences.", PreferencesBody, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
]
