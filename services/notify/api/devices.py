"""On which devices is a person told while no page is open? They say so here, on each of them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.notify.api.desk import DESK
from services.notify.rules.push import (
    ENDPOINT_LENGTH_MAX,
    KEY_TEXT_LENGTH_MAX,
    Subscription,
    SubscriptionKeys,
    known_by,
    wrong_with_subscription,
)
from services.notify.store import Devices
from shared.access.entries import Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem
from shared.web import json_response, path_id, read_body

KeyText = Annotated[str, Meta(min_length=1, max_length=KEY_TEXT_LENGTH_MAX)]


class DeviceKeys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As a browser's subscription has them, in base64url."""

    p256dh: KeyText
    auth: KeyText


class DeviceWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the browser said when it subscribed for the `server_key`."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=ENDPOINT_LENGTH_MAX)]
    keys: DeviceKeys


class DeviceBody(msgspec.Struct, frozen=True, kw_only=True):
    """One device; by `device`, the SHA-256 of its endpoint in base64url, it knows itself again."""

    id: UUID
    device: str
    made_at: datetime


class DevicesBody(msgspec.Struct, frozen=True, kw_only=True):
    """For which key a browser subscribes (null: nothing is pushed); the newest device first."""

    server_key: str | None
    subscriptions: list[DeviceBody]


class KeptDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What was kept."""

    id: UUID


_decode_wish = msgspec.json.Decoder(DeviceWish)
_decode_kept = msgspec.json.Decoder(Subscription).decode
_encode = msgspec.json.Encoder().encode


async def list_devices(request: web.Request) -> web.Response:
    """200 on which devices the caller is told, and for which key a browser subscribes."""
    desk, actor = request.app[DESK], allowed(request).actor
    desk.access.note(request, [actor.id])
    found = await desk.browsers.of(actor.id)
    body = DevicesBody(
        server_key=desk.push.server_key,
        subscriptions=[
            DeviceBody(
                id=one.id,
                device=known_by(_decode_kept(one.address).endpoint),
                made_at=one.made_at,
            )
            for one in found
        ],
    )
    return json_response(body, headers={"Cache-Control": "no-store"})


async def add_device(request: web.Request) -> web.Response:
    """200 it is told there from now on; of six the oldest is not told any more.

    A device is told what is one person's: whoever was told there before is not any more.
    """
    desk, actor = request.app[DESK], allowed(request).actor
    wish = await read_body(request, _decode_wish)
    if desk.push.server_key is None:
        raise Problem(409, "push_off", "Nothing is pushed from here.")
    keys = SubscriptionKeys(wish.keys.p256dh.rstrip("="), wish.keys.auth.rstrip("="))
    subscription = Subscription(wish.endpoint, keys)
    wrong = wrong_with_subscription(subscription, desk.push.services)
    if wrong is not None:
        raise Problem(422, "invalid_body", wrong)
    desk.access.note(request, [actor.id])
    kept = await desk.browsers.keep(actor.id, _encode(subscription).decode())
    return json_response(KeptDevice(id=kept), headers={"Cache-Control": "no-store"})


async def remove_device(request: web.Request) -> web.Response:
    """204 nothing is told there any more; 404 where it is none of the caller's."""
    return await removed_from(request.app[DESK].browsers, request)


async def removed_from(devices: Devices, request: web.Request) -> web.Response:
    """204 this one of the caller's devices is forgotten; 404 where it is none of theirs."""
    desk, who = request.app[DESK], allowed(request)
    device_id = path_id(request, "device")
    desk.access.note(request, [who.actor.id])
    own = await devices.of(who.actor.id)
    found = who.own("device", next((one for one in own if one.id == device_id), None))
    await devices.forget(found)
    return web.Response(status=204)


TOUCH = Touch("contacts", ("device",))

ROUTES = [
    Route(
        "GET",
        "/api/v1/me/push-subscriptions",
        list_devices,
        tag="contacts",
        answers={200: Answer("The devices.", DevicesBody, headers=("Cache-Control",))},
        touches=TOUCH,
    ),
    Route(
        "POST",
        "/api/v1/me/push-subscriptions",
        add_device,
        tag="contacts",
        body=DeviceWish,
        answers={200: Answer("It is kept.", KeptDevice, headers=("Cache-Control",))},
        problems=("push_off",),
        touches=TOUCH,
    ),
    Route(
        "DELETE",
        "/api/v1/me/push-subscriptions/{id}",
        remove_device,
        tag="contacts",
        answers={204: Answer("It is forgotten.")},
        touches=TOUCH,
    ),
]
