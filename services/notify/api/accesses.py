"""Who looked at or changed where a person is reached? For that person, and for auditors."""

from aiohttp import web

from services.notify.api.desk import DESK
from shared.access.entries import AUDIT, Touch
from shared.access.listing import AccessList, PersonPage, accesses_of
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.web import Page, read_query


async def list_own_contact_accesses(request: web.Request) -> web.Response:
    """200 who looked at or changed one's contacts, or opened one's stream, newest first."""
    desk, actor = request.app[DESK], allowed(request).actor
    page = read_query(request, Page)
    answer = await accesses_of(request, desk.access.log, [actor.id], page.limit)
    desk.access.note(request, [actor.id])
    return answer


async def list_contact_accesses(request: web.Request) -> web.Response:
    """200 the same of somebody, newest first; none is an answer."""
    desk = request.app[DESK]
    page = read_query(request, PersonPage)
    answer = await accesses_of(request, desk.access.log, [page.person], page.limit)
    desk.access.note(request, [page.person], reason=AUDIT)
    return answer


TOUCH = Touch("accesses", ("accesses",))
LISTED = Answer("The accesses, newest first.", AccessList, headers=("Cache-Control",))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/contacts/accesses",
        list_own_contact_accesses,
        tag="accesses",
        query=Page,
        answers={200: LISTED},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/contacts/accesses",
        list_contact_accesses,
        tag="accesses",
        query=PersonPage,
        answers={200: LISTED},
        touches=TOUCH,
    ),
]
