"""How does somebody who is not signed in stop messages of the kind that they have before them?

By the address in the message: a mail program asks it by itself when its reader presses its button
(RFC 8058), with no cookie and no key, and a form that says no more than the address does. Looking
changes nothing: programs that guard a mailbox follow every address in it.
"""

from typing import Literal

import msgspec
from aiohttp import web

from services.notify.api.desk import DESK
from services.notify.rules.preferences import Kind, declined_by
from shared.access.entries import Touch
from shared.links.rules import Link, link_of
from shared.openapi import Answer, Route
from shared.problems import Problem
from shared.web import json_response

NOT_KEPT = {"Cache-Control": "no-store"}
PAGE = "stop/"
"""What stands before the token in the page's address."""


class UnsubscribeBody(msgspec.Struct, frozen=True, kw_only=True):
    """Of which kind nothing is told any more, or nothing will be after a POST."""

    kind: Literal["reminder", "announcement"]


async def show_unsubscribe(request: web.Request) -> web.Response:
    """200 what a POST here would stop; 303 to the page that asks once more, for a browser."""
    desk = request.app[DESK]
    if "text/html" in request.headers.get("Accept", "") and desk.links.page:
        at = f"{desk.links.page}{PAGE}{request.match_info['token']}"
        return web.Response(status=303, headers=NOT_KEPT | {"Location": at})
    _, kind = _meant(request)
    return _shown(kind)


async def unsubscribe(request: web.Request) -> web.Response:
    """200 they are told nothing of this kind any more; asked again it is the same."""
    desk = request.app[DESK]
    link, kind = _meant(request)
    desk.access.note(request, [link.person_id], holder=link.person_id)
    await desk.preferences.decline(link.person_id, kind)
    return _shown(kind)


def _meant(request: web.Request) -> tuple[Link, Kind]:
    """Whose link it is, and for what; one answer for all that is wrong with it."""
    links = request.app[DESK].links
    if links.keys is not None:
        link = link_of(request.match_info["token"], links.keys, links.now())
        kind = declined_by(link) if link is not None else None
        if link is not None and kind is not None:
            return link, kind
    raise Problem(
        404, "link_gone", "This link is not valid, or its time is over.", headers=NOT_KEPT
    )


def _shown(kind: Kind) -> web.Response:
    return json_response({"kind": kind}, headers=NOT_KEPT)


ROUTES = [
    Route(
        "GET",
        "/api/v1/unsubscribe/{token}",
        show_unsubscribe,
        tag="contacts",
        answers={
            200: Answer("What it stops.", UnsubscribeBody, headers=("Cache-Control",)),
            303: Answer("The page is there.", headers=("Location", "Cache-Control")),
        },
        problems=("link_gone",),
    ),
    Route(
        "POST",
        "/api/v1/unsubscribe/{token}",
        unsubscribe,
        tag="contacts",
        answers={200: Answer("It is stopped.", UnsubscribeBody, headers=("Cache-Control",))},
        problems=("link_gone",),
        touches=Touch("preferences", ("preferences",)),
    ),
]
