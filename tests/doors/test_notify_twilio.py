"""What does a provider over HTTP get, and what do we believe of what it says, then and later?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from services.notify import store
from services.notify.channels import AwayError, Dispatch
from services.notify.channels.sms.twilio import (
    Account,
    TwilioProvider,
    is_signed,
    read_callback,
    signature_of,
)
from services.notify.rules import (
    Accepted,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    messages_for,
)
from services.notify.rules.texting import Reply, Report
from services.notify.store import Contacts
from tests.notify_bookings import ALICE, confirmed
from tests.notify_doors import Door, a_config, a_door
from tests.notify_senders import a_sender
from tests.stores.test_notify_replies import a_reminder, is_sent, lives_at, wishes
from tests.vaults import a_vault

PHONE = "+79161234567"
NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
TOKEN = "12345"
LINK_KEYS = '{"signs": 1, "keys": {"1": "' + "A" * 43 + '="}}'
CALLBACK = "https://talon.example/api/v1/receipts/twilio"

Answering = Callable[[web.Request], web.Response]


class Api:
    """Takes messages as it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[web.Request, dict[str, str]]] = []
        self.answer: Answering = lambda request: said(201, sid="SM1", status="queued")
        self.hangs_up = False
        self.silent_seconds = 0.0

    async def take(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append((request, form))
        await asyncio.sleep(self.silent_seconds)
        if self.hangs_up:
            assert request.transport is not None
            request.transport.abort()  # type: ignore[attr-defined]
        return self.answer(request)


class Desk:
    """Notes what was taken; nothing is brought here."""

    def __init__(self) -> None:
        self.noted: list[tuple[UUID, str, list[str]]] = []

    async def taken(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        self.noted.append((key, provider, list(references)))

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        raise AssertionError("it comes by the door")


def said(status: int, /, headers: dict[str, str] | None = None, **body: object) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    peer = Api()
    app = web.Application()
    app.router.add_post("/2010-04-01/Accounts/AC1/Messages.json", peer.take)
    async with TestServer(app) as server:
        peer.address = str(server.make_url("/"))  # type: ignore[attr-defined]
        yield peer


def an_account(address: str, **changed: object) -> Account:
    given = {
        "address": address,
        "sid": "AC1",
        "token": TOKEN,
        "sender": "+79160000000",
        "callback": CALLBACK,
        "keyed": False,
        "connections": 2,
        "send_seconds": 2.0,
        "valid_seconds_max": 3_600.0,
    }
    return Account(**given | changed)  # type: ignore[arg-type]


@asynccontextmanager
async def sending(address: str, **changed: object) -> AsyncIterator[Callable[[], object]]:
    line = TwilioProvider(
        an_account(address, **changed), Desk(), lambda dispatch: "Вы записаны"
    ).line()
    await line.open()

    async def send() -> Outcome:
        return await line.send(
            Dispatch(
                event=confirmed(),
                key=UUID(int=7),
                recipient=PHONE,
                at=NOW,
                expires_at=NOW + timedelta(minutes=30),
            )
        )

    try:
        yield send
    finally:
        await line.close()


# ---- what it gets -------------------------------------------------------------------------------


async def test_it_gets_a_form_with_who_asks_and_where_to_call_back(api: Api) -> None:
    async with sending(api.address) as send:
        outcome = await send()

    request, form = api.asked[0]
    assert outcome == Accepted("SM1")
    assert form == {
        "To": PHONE,
        "From": "+79160000000",
        "Body": "Вы записаны",
        "StatusCallback": CALLBACK,
        "ValidityPeriod": "1800",
    }
    assert request.headers["Authorization"] == "Basic QUMxOjEyMzQ1"
    assert "I-Twilio-Idempotency-Token" not in request.headers


async def test_a_provider_that_honours_keys_gets_the_messages_own(api: Api) -> None:
    async with sending(api.address, keyed=True, sender="MG1") as send:
        await send()

    request, form = api.asked[0]
    assert request.headers["I-Twilio-Idempotency-Token"] == str(UUID(int=7))
    assert form["MessagingServiceSid"] == "MG1"


async def test_one_that_honours_keys_is_asked_again_and_tells_it_once(
    api: Api, notify_dsn: str
) -> None:
    told: dict[str, int] = {}

    def once_a_key(request: web.Request) -> web.Response:
        key = request.headers["I-Twilio-Idempotency-Token"]
        told.setdefault(key, len(told))
        # Of each it takes the first time is never answered.
        api.hangs_up = len(api.asked) % 2 == 0
        return said(201, sid=f"SM{told[key]}")

    api.answer, api.hangs_up = once_a_key, True
    config = a_config("none", poll_seconds=0.02, backoff_seconds_min=0.02, attempts_max=5)
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=4) as pool:
        await Contacts(pool, a_vault("notify")).keep(ALICE, None, PHONE)
        provider = TwilioProvider(
            an_account(api.address, keyed=True, connections=1), Desk(), lambda dispatch: "Hello"
        )
        async with pool.acquire() as connection, connection.transaction():
            events = [confirmed(booking_id=uuid4()) for _ in range(5)]
            await store.write_down(connection, [m for e in events for m in messages_for(e)])
        sender = a_sender(provider, config, pool)
        running = asyncio.create_task(sender.run())
        async with asyncio.timeout(10):
            while await pool.fetchval(  # noqa: ASYNC110 - only the database knows
                "SELECT count(*) FROM message WHERE state IN ('waiting', 'claimed')"
            ):
                await asyncio.sleep(0.02)
        sender.stop()
        await running
        states = await pool.fetch("SELECT state, reference FROM message ORDER BY id")

    assert [row["state"] for row in states] == ["sent"] * 5
    assert len({row["reference"] for row in states}) == len(told) == 5
    assert len(api.asked) == 10


# ---- what it says at once -----------------------------------------------------------------------

WORDS: Sequence[tuple[web.Response, Outcome]] = [
    (said(400, code=21211, message="…", status=400), Refused(554, "messages, code 21211")),
    (said(400, code=21610), Refused(554, "messages, code 21610")),
    (said(401, code=20003), Refused(451, "messages, code 20003")),
    (said(429, code=20429), SlowDown(2.0)),
    (said(429, {"Retry-After": "7"}, code=20429), SlowDown(7.0)),
    (said(503, code=20503), Refused(451, "messages, code 20503")),
    (web.Response(status=502, text="<html>Bad Gateway"), Unanswered()),
    (web.Response(status=504), Unanswered()),
    (web.Response(status=413, text="too large"), Refused(451, "messages, http 413")),
    (web.Response(status=201, text="{"), Accepted("")),
]


async def test_what_the_api_says_itself_is_certain_and_what_a_gateway_lost_is_not(api: Api) -> None:
    async with sending(api.address) as send:
        for answer, outcome in WORDS:
            api.answer = lambda request, answer=answer: answer
            assert await send() == outcome


async def test_taken_and_then_hung_up_is_unknown_and_silence_is_too(api: Api) -> None:
    async with sending(api.address, send_seconds=0.5) as send:
        api.hangs_up = True
        assert await send() == Unanswered()
        api.hangs_up, api.silent_seconds = False, 0.7
        assert await send() == Unanswered()


async def test_where_nobody_listens_nothing_is_begun(api: Api) -> None:
    nowhere = f"http://127.0.0.1:{unused_port()}/"
    line = TwilioProvider(an_account(nowhere), Desk(), lambda dispatch: "Hello").line()
    with pytest.raises(AwayError):
        await line.open()

    async with TestServer(web.Application()) as server:
        address = str(server.make_url("/"))
        async with sending(address) as send:
            await server.close()
            assert await send() == NotHandedOver("connect")


# ---- what it says later -------------------------------------------------------------------------


def test_the_signature_is_the_one_that_others_have_worked_out():
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    address = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert signature_of(address, form.items(), "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_only_what_is_signed_over_this_address_and_these_fields_is_believed():
    form = [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("Empty", "")]
    body = urlencode(form).encode()
    signature = signature_of(CALLBACK, form, TOKEN)

    assert is_signed(CALLBACK, body, TOKEN, signature)
    assert not is_signed(CALLBACK, body + b"&To=x", TOKEN, signature)
    assert not is_signed(f"{CALLBACK}?a=1", body, TOKEN, signature)
    assert not is_signed(CALLBACK, body, "other", signature)
    assert not is_signed(CALLBACK, body, TOKEN, "")
    assert not is_signed(CALLBACK, body, "", signature_of(CALLBACK, form, ""))
    assert not is_signed(CALLBACK, b"\xff", TOKEN, signature)


@pytest.mark.parametrize(
    ("form", "reports", "replies"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, (Report("SM1", True),), ()),
        ({"MessageSid": "SM1", "MessageStatus": "undelivered"}, (Report("SM1", False),), ()),
        ({"MessageSid": "SM1", "MessageStatus": "failed"}, (Report("SM1", False),), ()),
        ({"MessageSid": "SM1", "MessageStatus": "queued"}, (), ()),
        ({"MessageSid": "SM1", "MessageStatus": "sent"}, (), ()),
        ({"MessageStatus": "delivered"}, (), ()),
        (
            {"MessageSid": "SM2", "SmsStatus": "received", "From": PHONE, "Body": "Да"},
            (),
            (Reply(PHONE, "Да", "SM2"),),
        ),
    ],
)
def test_an_end_is_told_and_what_is_on_its_way_is_not(
    form: dict[str, str], reports: tuple[Report, ...], replies: tuple[Reply, ...]
):
    told = read_callback(urlencode(form).encode())

    assert (told.reports, told.replies) == (reports, replies)


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    settings: dict[str, Any] = {"twilio_token": TOKEN, "twilio_callback": CALLBACK}
    settings |= {"sms_replies": True, "sms_from": "+79160000000", "link_keys": LINK_KEYS}
    async with a_door(notify_dsn, tmp_path, **settings) as opened:
        yield opened


async def called_back(door: Door, token: str = TOKEN, **form: str) -> int:
    headers = {
        "X-Twilio-Signature": signature_of(CALLBACK, form.items(), token),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    answer = await door.client.post(
        "/api/v1/receipts/twilio", data=urlencode(form), headers=headers
    )
    return answer.status


async def test_callbacks_out_of_order_and_repeated_tell_one_end(door: Door) -> None:
    key = uuid4()
    assert await door.texting.ask(key, PHONE, due=False) is None
    await door.texting.taken(key, "twilio", ["SM1"])

    for state in ("delivered", "sent", "queued", "delivered", "undelivered"):
        assert await called_back(door, MessageSid="SM1", MessageStatus=state) == 204

    assert {end[:3] for end in door.ends} == {("twilio", "SM1", "delivered")}
    assert [end.is_new for end in door.ends] == [True, False, False]


async def test_what_a_person_writes_back_is_kept_once_however_often_it_is_brought(
    door: Door,
) -> None:
    await lives_at(door.pool, ALICE, PHONE)
    await is_sent(door.pool, door.texting, a_reminder())
    reply = {"SmsStatus": "received", "From": PHONE, "Body": "2"}

    for sid in ("SM1", "SM1", "SM2"):
        assert await called_back(door, MessageSid=sid, **reply) == 204
    forged = await called_back(door, "other", MessageSid="SM3", **reply)

    assert forged == 403
    assert await wishes(door.pool) == [("cancel_booking", ALICE)]
    kept = await door.pool.fetch("SELECT reference, became FROM sms_reply ORDER BY kept_at")
    assert [tuple(row) for row in kept] == [("SM1", "cancel"), ("SM2", "repeated")]


async def test_a_reply_that_cannot_be_kept_now_is_asked_for_again(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lives_at(door.pool, ALICE, PHONE)
    await is_sent(door.pool, door.texting, a_reminder())
    reply = {"MessageSid": "SM1", "SmsStatus": "received", "From": PHONE, "Body": "2"}
    cut_off = "SELECT pg_terminate_backend(pg_backend_pid()), " + "$1::bigint"
    monkeypatch.setitem(store.SQL, "lock_number", cut_off)

    assert await called_back(door, **reply) == 503
    monkeypatch.undo()
    assert await called_back(door, **reply) == 204

    assert await wishes(door.pool) == [("cancel_booking", ALICE)]


async def test_what_somebody_else_signed_or_nobody_changes_nothing(door: Door) -> None:
    key = uuid4()
    await door.texting.ask(key, PHONE, due=False)
    await door.texting.taken(key, "twilio", ["SM1"])
    unsigned = await door.client.post(
        "/api/v1/receipts/twilio", data={"MessageSid": "SM1", "MessageStatus": "failed"}
    )

    assert unsigned.status == 403
    assert (await unsigned.json())["code"] == "signature_wrong"
    assert await called_back(door, "other", MessageSid="SM1", MessageStatus="failed") == 403
    assert door.ends == []


async def test_without_a_token_nobody_is_believed(notify_dsn: str, tmp_path: Path) -> None:
    async with a_door(notify_dsn, tmp_path, twilio_callback=CALLBACK) as door:
        assert await called_back(door, "", MessageSid="SM1", MessageStatus="failed") == 403
