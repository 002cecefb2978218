"""Where does a person want to be reached? They say so here, and nobody else is told."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType

from services.notify.api.desk import DESK
from services.notify.rules import wrong_with_address
from services.notify.rules.phones import wrong_with_phone
from services.notify.store import Reach
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, read_body

ADDRESS_READ_MAX = 1_000
"""What is longer is not even looked at."""

AddressRead = Annotated[str, msgspec.Meta(max_length=ADDRESS_READ_MAX)]


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT /me/contacts`. No address is said with null; a phone left out stays."""

    email: AddressRead | None
    phone: AddressRead | UnsetType | None = UNSET


class ContactsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person is reached, as it is shown to them; of devices only how many there are."""

    email: str | None
    phone: str | None
    browsers: int
    apps: int


_decode_wish = msgspec.json.Decoder(Wish)


async def change_contacts(request: web.Request) -> web.Response:
    """200 what holds from now on; asked twice it is the same."""
    desk, actor = request.app[DESK], allowed(request).actor
    wish = await read_body(request, _decode_wish)
    wrong = wrong_with_address(wish.email) if wish.email is not None else None
    if wrong is not None:
        raise Problem(422, "invalid_body", f"{wrong} Send null to get no e-mail.")
    if isinstance(wish.phone, str):
        wrong = wrong_with_phone(wish.phone, desk.regions)
        if wrong is not None:
            raise Problem(422, "invalid_body", f"{wrong} Send null to get no text messages.")
    desk.access.note(request, [actor.id])
    await desk.contacts.keep(actor.id, wish.email, wish.phone)
    return _shown(await desk.contacts.show(actor.id))


async def show_contacts(request: web.Request) -> web.Response:
    """200 the caller's own contacts."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    return _shown(await desk.contacts.show(actor.id))


def _shown(reach: Reach) -> web.Response:
    body = ContactsBody(
        email=reach.email, phone=reach.phone, browsers=reach.web_push, apps=reach.mobile_push
    )
    return json_response(body, headers={"Cache-Control": "no-store"})


TOUCH = Touch("contacts", ("email", "phone"))

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
