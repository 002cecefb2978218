"""Who looked at or changed a person's bookings, when and why? For that person, and for auditors."""

from aiohttp import web

from services.booking.api.desk import DESK
from shared.access.entries import AUDIT, Touch
from shared.access.listing import AccessList, PersonPage, accesses_of
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.web import Page, read_query


async def list_own_accesses(request: web.Request) -> web.Response:
    """200 who looked at or changed one's own bookings, newest first.

    Accesses to one's contacts are in a list of their own, beside the contacts. This look is in the
    list as well, when it is asked for next.
    """
    desk, actor = request.app[DESK], allowed(request).actor
    page = read_query(request, Page)
    ids = desk.identities.ids(actor.id)
    answer = await accesses_of(request, desk.access.log, ids, page.limit)
    desk.access.note(request, [actor.id])
    return answer


async def list_accesses(request: web.Request) -> web.Response:
    """200 who looked at or changed somebody's bookings, newest first; none is an answer."""
    desk = request.app[DESK]
    page = read_query(request, PersonPage)
    answer = await accesses_of(
        request, desk.access.log, desk.identities.ids(page.person), page.limit
    )
    desk.access.note(request, [page.person], reason=AUDIT)
    return answer


TOUCH = Touch("accesses", ("accesses",))
LISTED = Answer("The accesses, newest first.", AccessList, headers=("Cache-Control",))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/accesses",
        list_own_accesses,
        tag="accesses",
        query=Page,
        answers={200: LISTED},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/accesses",
        list_accesses,
        tag="accesses",
        query=PersonPage,
        answers={200: LISTED},
        touches=TOUCH,
    ),
]
