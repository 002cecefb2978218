"""What does a provider of messages tell later of what it took? It comes by a signed request."""

from aiohttp import web

from services.notify.api.desk import DESK
from services.notify.channels.sms import twilio
from shared.openapi import Answer, Route
from shared.problems import Problem


async def take_twilio_callback(request: web.Request) -> web.Response:
    """204 what the provider of text messages says of one of them is kept, however often it says so.

    The body is a form, signed in X-Twilio-Signature by the account's token over this address and
    all its fields. Nothing in it is read before that was found good.
    """
    callbacks = request.app[DESK].callbacks
    signature = request.headers.get("X-Twilio-Signature", "")
    body = await request.read()
    if not twilio.is_signed(callbacks.address, body, callbacks.token, signature):
        raise Problem(403, "signature_wrong", "This was not signed by the provider of messages.")
    said = twilio.read_callback(body)
    if not await callbacks.desk.take(twilio.NAME, said.reports, said.replies):
        raise Problem(
            503,
            "unavailable",
            "It cannot be kept now; send it again.",
            headers={"Retry-After": "5"},
        )
    return web.Response(status=204)


ROUTES = [
    Route(
        "POST",
        "/api/v1/receipts/twilio",
        take_twilio_callback,
        tag="receipts",
        answers={204: Answer("It is kept.")},
        problems=("body_too_large", "signature_wrong"),
    )
]
