"""Where does a person want to be reached? They say so here, and nobody else is told."""

from typing import Annotated

import msgspec
from aiohttp import web

from services.notify.api.desk import DESK
from services.notify.rules import wrong_with_address
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, read_body

ADDRESS_READ_MAX = 1_000
"""What is longer is not even looked at."""


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /me/contacts`. No address is said with null, never by leaving it out."""

    email: Annotated[str, msgspec.Meta(max_length=ADDRESS_READ_MAX)] | None


class ContactsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person is reached, as it is shown to them."""

    email: str | None


_decode_wish = msgspec.json.Decoder(Wish)


async def change_contacts(request: web.Request) -> web.Response:
    """200 what holds from now on; asked twice it is the same."""
    desk, actor = request.app[DESK], allowed(request).actor
    wish = await read_body(request, _decode_wish)
    wrong = wrong_with_address(wish.email) if wish.email is not None else None
    if wrong is not None:
        raise Problem(422, "invalid_body", f"{wrong} Send null to get no e-mail.")
    desk.access.note(request, [actor.id])
    await desk.contacts.keep(actor.id, wish.email)
    return _shown(wish.email)


async def show_contacts(request: web.Request) -> web.Response:
    """200 the caller's own contacts."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    return _shown(await desk.contacts.find(actor.id))


def _shown(email: str | None) -> web.Response:
    return json_response(ContactsBody(email=email), headers={"Cache-Control": "no-store"})


TOUCH = Touch("contacts", ("email",))

ROUTES = [
    Route(
        "PUT",
        "/api/v1/me/contacts",
        change_contacts,
        tag="contacts",
        body=Wish,
        answers={200: Answer("It holds.", ContactsBody, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
    Route(
        "GET",
        "/api/v1/me/contacts",
        show_contacts,
        tag="contacts",
        answers={200: Answer("The contacts.", ContactsBody, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
]
