"""On which phones is a person told by an app? The app says so here, with what Apple gave it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.notify.api.desk import DESK
from services.notify.api.devices import TOUCH, KeptDevice, removed_from
from services.notify.rules.apps import (
    APP_LENGTH_MAX,
    TOKEN_LENGTH_MAX,
    AppAddress,
    Environment,
    wrong_with_app,
)
from services.notify.rules.push import known_by
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, read_body


class MobileDeviceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the app knows of itself: its device token, its bundle id, and where both are good."""

    token: Annotated[str, Meta(min_length=1, max_length=TOKEN_LENGTH_MAX)]
    app: Annotated[str, Meta(min_length=1, max_length=APP_LENGTH_MAX)]
    environment: Environment


class MobileDeviceBody(msgspec.Struct, frozen=True, kw_only=True):
    """One phone; the app knows itself again by `device`: the SHA-256, in base64url, of its token in
    lower case.
    """

    id: UUID
    device: str
    app: str
    made_at: datetime


class MobileDevicesBody(msgspec.Struct, frozen=True, kw_only=True):
    """Which apps are pushed to, and where (none: nothing is pushed); the newest phone first."""

    apps: list[str]
    environment: Environment
    devices: list[MobileDeviceBody]


_decode_wish = msgspec.json.Decoder(MobileDeviceWish)
_decode_kept = msgspec.json.Decoder(AppAddress).decode
_encode = msgspec.json.Encoder().encode


async def list_mobile_devices(request: web.Request) -> web.Response:
    """200 on which phones the caller is told, and which apps may say one."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    found = await desk.apps.of(actor.id)
    kept = [(one, _decode_kept(one.address)) for one in found]
    body = MobileDevicesBody(
        apps=list(desk.push.apps.names),
        environment=desk.push.apps.environment,
        devices=[
            MobileDeviceBody(
                id=one.id, device=known_by(address.token), app=address.app, made_at=one.made_at
            )
            for one, address in kept
        ],
    )
    return json_response(body, headers={"Cache-Control": "no-store"})


async def add_mobile_device(request: web.Request) -> web.Response:
    """200 it is told there from now on; of six the oldest is not told any more.

    A phone is told what is one person's: whoever was told there before is not any more.
    """
    desk, actor = request.app[DESK], allowed(request).actor
    wish = await read_body(request, _decode_wish)
    if not desk.push.apps.names:
        raise Problem(409, "push_off", "Nothing is pushed to phones from here.")
    address = AppAddress(wish.token.lower(), wish.app, wish.environment)
    wrong = wrong_with_app(address, desk.push.apps)
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)
    desk.access.note(request, [actor.id])
    kept = await desk.apps.keep(actor.id, _encode(address).decode())
    return json_response(KeptDevice(id=kept), headers={"Cache-Control": "no-store"})


async def remove_mobile_device(request: web.Request) -> web.Response:
    """204 nothing is told there any more; 404 where it is none of the caller's."""
    return await removed_from(request.app[DESK].apps, request)


ROUTES = [
    Route(
        "GET",
        "/api/v1/me/mobile-devices",
        list_mobile_devices,
        tag="contacts",
        answers={200: Answer("The phones.", MobileDevicesBody, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
    Route(
        "POST",
        "/api/v1/me/mobile-devices",
        add_mobile_device,
        tag="contacts",
        body=MobileDeviceWish,
        answers={200: Answer("It is kept.", KeptDevice, headers=("Cache-Control",))},
        problems=("push_off",),
        touches=TOUCH,
    ),
    Route(
        "DELETE",
        "/api/v1/me/mobile-devices/{id}",
        remove_mobile_device,
        tag="contacts",
        answers={204: Answer("It is forgotten.")},
        touches=TOUCH,
    ),
]
