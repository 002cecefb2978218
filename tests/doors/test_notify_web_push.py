"""What does a device read that is pushed to, and what becomes of it when the service fails?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import unused_port

from services.notify.channels.web_push import PushLine, Signer, WebPush
from services.notify.channels.web_push.content import CONTENT_BYTES_MAX
from services.notify.rules import (
    Accepted,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    Unwritable,
)
from services.notify.rules.push import PushServices, Subscription, SubscriptionKeys, topic_of
from tests.notify_bookings import BOOKING
from tests.notify_devices import a_dispatch
from tests.notify_push_service import (
    AUTH,
    P256DH,
    Answering,
    PushService,
    a_push_service,
    answering,
)

SIGNER = Signer.of("2Vd5QdTlTwsSWYsJiqDxKCLMW7oQ2EFLu2mqqKrEMlE", "mailto:a@talon.example")
OTHER = Signer.of("Fd5QdTlTwsSWYsJiqDxKCLMW7oQ2EFLu2mqqKrEMlEE", "mailto:a@talon.example")
SEND_SECONDS = 0.5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[PushService]:
    async with a_push_service() as running:
        yield running


@asynccontextmanager
async def a_line(
    origin: str, *, signer: Signer = SIGNER, said: str = "1 July, 12:00"
) -> AsyncIterator[PushLine]:
    provider = WebPush(
        services=PushServices.parse(origin),
        signer=signer,
        say=lambda dispatch: said,
        lines_max=2,
        send_seconds=SEND_SECONDS,
    )
    line = provider.line()
    await line.open()
    try:
        yield line
    finally:
        await line.close()


def a_device(origin: str) -> Subscription:
    return Subscription(f"{origin}/device", SubscriptionKeys(P256DH, AUTH))


async def pushed(answer: Answering) -> Outcome:
    async with answering(answer) as origin, a_line(origin) as line:
        return await line.send(a_dispatch(a_device(origin)))


# ---- a push service and a browser of others' making ----------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_the_device_reads_what_nobody_on_the_way_could(service: PushService) -> None:
    device, name = await service.subscribe(SIGNER.public_key)

    async with a_line(service.origin, said="1 июля, 12:00") as line:
        outcomes = [await line.send(a_dispatch(device)) for _ in range(2)]

    assert outcomes == [Accepted(), Accepted()]
    shown = {
        "title": "Talon",
        "body": "1 июля, 12:00",
        "url": "#/bookings",
        "tag": topic_of(BOOKING),
        "lang": "ru",
    }
    assert await service.read_on(name) == [shown, shown]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reminder_asks_whether_one_comes_and_a_device_knows_how_to_say_so(
    service: PushService,
) -> None:
    device, name = await service.subscribe(SIGNER.public_key)
    address = "https://talon.example/#/link/coming/TOKEN"

    async with a_line(service.origin) as line:
        await line.send(a_dispatch(device, confirm_at=address, language="en"))

    [shown] = await service.read_on(name)
    assert shown["coming"]["url"] == "#/link/coming/TOKEN"
    assert shown["coming"]["label"] == "I am coming"
    assert "talon.example" not in str(shown)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_subscription_that_ended_is_gone(service: PushService) -> None:
    device, name = await service.subscribe(SIGNER.public_key)
    await service.expire(name)

    async with a_line(service.origin) as line:
        outcome = await line.send(a_dispatch(device))

    assert outcome == Gone()
    assert await service.read_on(name) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_device_that_another_asked_for_is_not_pushed_to(service: PushService) -> None:
    device, name = await service.subscribe(SIGNER.public_key)

    async with a_line(service.origin, signer=OTHER) as line:
        outcome = await line.send(a_dispatch(device))

    assert outcome == Refused(554, "push, status 400")
    assert await service.read_on(name) == []


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_sealed_for_one_device_no_other_reads(service: PushService) -> None:
    one, _ = await service.subscribe(SIGNER.public_key)
    other, name = await service.subscribe(SIGNER.public_key)
    mixed_up = Subscription(other.endpoint, one.keys)

    async with a_line(service.origin) as line:
        outcome = await line.send(a_dispatch(mixed_up))

    assert isinstance(outcome, Refused)
    assert await service.read_on(name) == []


# ---- what goes wrong -----------------------------------------------------------------------------


async def test_a_push_service_is_told_how_long_and_how_urgent_and_in_whose_place() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        assert len(await request.read()) % 512 == 86 + 1 + 16
        return web.Response(status=201)

    assert await pushed(answer) == Accepted()

    headers = seen[0].headers
    assert 3_590 <= int(headers["TTL"]) <= 3_600
    assert headers["Urgency"] == "normal"
    assert headers["Topic"] == topic_of(BOOKING)
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Authorization"].startswith("vapid t=")
    assert "Cookie" not in headers


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (410, {}, Gone()),
        (413, {}, Refused(554, "push, status 413")),
        (429, {"Retry-After": "7"}, SlowDown(7.0)),
        (500, {}, NotHandedOver("500")),
        (502, {}, Unanswered()),
        (307, {"Location": "http://127.0.0.1:1/"}, Refused(554, "push, status 307")),
    ],
)
async def test_what_it_answers_decides_and_nobody_is_sent_elsewhere(
    status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, body=b"x" * 100_000)

    assert await pushed(answer) == outcome


async def test_where_nobody_answers_the_call_nobody_was_told() -> None:
    origin = f"http://127.0.0.1:{unused_port()}"
    async with a_line(origin) as line:
        assert await line.send(a_dispatch(a_device(origin))) == NotHandedOver("connect")


async def test_who_takes_the_content_and_hangs_up_or_says_nothing_leaves_it_unknown() -> None:
    async def hang_up(request: web.Request) -> web.Response:
        await request.read()
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def say_nothing(request: web.Request) -> web.Response:
        await asyncio.sleep(SEND_SECONDS * 2)
        return web.Response(status=201)

    assert await pushed(hang_up) == Unanswered()
    assert await pushed(say_nothing) == Unanswered()


async def test_an_address_of_a_service_that_is_not_known_any_more_is_asked_nothing() -> None:
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response(status=201)

    async with answering(answer) as origin, a_line("fcm.googleapis.com") as line:
        assert await line.send(a_dispatch(a_device(origin))) == Gone()
    assert not asked


async def test_what_is_no_subscription_or_too_long_is_our_mistake_and_harms_no_other() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=201)

    async with answering(answer) as origin:
        async with a_line(origin, said="x" * CONTENT_BYTES_MAX) as line:
            assert isinstance(await line.send(a_dispatch(a_device(origin))), Unwritable)
        async with a_line(origin) as line:
            outcome = await line.send(a_dispatch(a_device(origin), recipient="{}"))
            assert isinstance(outcome, Unwritable)
            assert await line.send(a_dispatch(a_device(origin))) == Accepted()
