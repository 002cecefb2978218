"""How is one thing said to many people, seen by whoever may stop it, and stopped?

It is written here and told nobody: that is proposed and approved (`send_announcement`).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK, Desk, problem_of, wish_id
from services.booking.rules.announcements import (
    PEOPLE_MAX,
    Audience,
    Status,
    status_of,
    wrong_with,
)
from services.booking.rules.refusals import TOLD
from services.booking.store.announcements import Seen
from shared.messages import AnnouncementText, AnnouncementWords, Instant
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import (
    Page,
    body_hash,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)


class NewText(AnnouncementText, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said in one language: a mail's subject and text, and what fits on a phone."""


class NewWords(AnnouncementWords, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same in each language that somebody may read; none may be missing."""

    en: NewText
    ru: NewText


class NewAnnouncement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /announcements`: to whom, in which words, and until when it is news."""

    audience: Audience
    words: NewWords
    expires_at: Instant


class AnnouncementBody(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement as it is now. `people` is whom it is for: as of now, until it has begun.

    Of these `released` may be told, and `told` were handed to the messenger, which knows of each
    what became of it.
    """

    id: UUID
    status: Status
    audience: Audience
    words: AnnouncementWords
    expires_at: datetime
    made_by: UUID
    made_at: datetime
    people: int
    begun_at: datetime | None
    released: int
    told: int
    stopped_at: datetime | None
    stopped_by: UUID | None


class AnnouncementLine(msgspec.Struct, frozen=True, kw_only=True):
    """An announcement in a list; `people` is not known before it has begun."""

    id: UUID
    status: Status
    audience: Audience
    expires_at: datetime
    made_by: UUID
    made_at: datetime
    people: int | None
    released: int
    told: int


class AnnouncementList(msgspec.Struct, frozen=True, kw_only=True):
    """Announcements, the newest first; with a cursor where there may be more."""

    announcements: list[AnnouncementLine]
    cursor: str | None


_decode_new = msgspec.json.Decoder(NewAnnouncement)


async def write_announcement(request: web.Request) -> web.Response:
    """201 it is written, and for how many people; nobody is told before two persons agree."""
    desk = request.app[DESK]
    body = await read_body(request, _decode_new)
    wish, asked = wish_id(request), body_hash(request.path, body)
    people: int | None = None
    seen = await desk.announcements.load(wish)
    if seen is None:
        wrong = wrong_with(body.audience, body.expires_at, desk.clock.now())
        if wrong is not None:
            raise Problem(422, "invalid_body", wrong)
        people = len(await people_of(desk, body.audience))
        await desk.announcements.write(
            wish,
            body_hash=asked,
            audience=body.audience,
            words=body.words,
            expires_at=body.expires_at,
            by_id=allowed(request).actor.id,
        )
        seen = await desk.announcements.load(wish)
        assert seen is not None, "what was written is there"
    if seen.announcement.body_hash != asked:
        raise problem_of(TOLD["key_reused"])
    location = {"Location": f"{request.path}/{wish}"}
    return json_response(await _body(desk, seen, people), status=201, headers=location)


async def show_announcement(request: web.Request) -> web.Response:
    """200 the announcement, and how far it is."""
    desk = request.app[DESK]
    return json_response(await _body(desk, await _found(request)))


async def list_announcements(request: web.Request) -> web.Response:
    """200 the announcements, newest first; an empty list is an answer."""
    desk, limit = request.app[DESK], read_query(request, Page).limit
    found = await desk.announcements.newest(cursor_of(request, (datetime, UUID)), limit)
    cursor = None
    if len(found) == limit:
        last = found[-1].announcement
        cursor = cursor_after(last.made_at, last.id)
    lines = [AnnouncementLine(**_common(desk, seen)) for seen in found]
    return json_response(AnnouncementList(announcements=lines, cursor=cursor))


async def stop_announcement(request: web.Request) -> web.Response:
    """200 nobody is told any more who was not: one person is enough. Who was told stays told."""
    desk, seen = request.app[DESK], await _found(request)
    await desk.announcements.stop(seen.announcement.id, allowed(request).actor.id)
    return json_response(await _body(desk, await _found(request)))


async def people_of(desk: Desk, audience: Audience) -> list[UUID]:
    """Everybody whom it is for now; 422 where they are too many for one announcement."""
    people = await desk.announcements.audience(audience, desk.identities.who)
    if len(people) > PEOPLE_MAX:
        raise Problem(
            422,
            "too_many_people",
            f"This is for more than {PEOPLE_MAX:,} people: tell them by districts, or by clinics.",
        )
    return people


async def _found(request: web.Request) -> Seen:
    seen = await request.app[DESK].announcements.load(path_id(request, "announcement"))
    return allowed(request).anybody_s("announcement", seen)


async def _body(desk: Desk, seen: Seen, people: int | None = None) -> AnnouncementBody:
    """With for how many it is now (`people`, where that was just looked up), until it has begun."""
    announcement = seen.announcement
    about = _common(desk, seen) | {
        name: getattr(announcement, name)
        for name in ("words", "begun_at", "stopped_at", "stopped_by")
    }
    if about["people"] is None:
        found = people
        if found is None:
            found = len(await people_of(desk, announcement.audience))
        about["people"] = found
    return AnnouncementBody(**about)


def _common(desk: Desk, seen: Seen) -> dict[str, Any]:
    one = seen.announcement
    names = ("id", "audience", "expires_at", "made_by", "made_at", "people", "released")
    same = {name: getattr(one, name) for name in names}
    return same | {"status": status_of(one, seen.now, desk.pace), "told": seen.told}


ROUTES = [
    Route(
        "POST",
        "/api/v1/announcements",
        write_announcement,
        tag="announcements",
        body=NewAnnouncement,
        needs_key=True,
        answers={201: Answer("It is written.", AnnouncementBody, headers=("Location",))},
        problems=("too_many_people",),
    ),
    Route(
        "GET",
        "/api/v1/announcements",
        list_announcements,
        tag="announcements",
        query=Page,
        answers={200: Answer("The announcements, the newest first.", AnnouncementList)},
    ),
    Route(
        "GET",
        "/api/v1/announcements/{id}",
        show_announcement,
        tag="announcements",
        answers={200: Answer("As far as it is.", AnnouncementBody)},
        problems=("too_many_people",),
    ),
    Route(
        "POST",
        "/api/v1/announcements/{id}/stop",
        stop_announcement,
        tag="announcements",
        answers={200: Answer("It is stopped.", AnnouncementBody)},
        problems=("too_many_people",),
    ),
]
