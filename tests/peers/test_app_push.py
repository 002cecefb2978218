"""What does others' push service for apps get from us, and what do we make of its answers?"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.notify.channels import AwayError
from services.notify.channels.mobile_push import AppLine, MobilePush, connection
from services.notify.rules import (
    Accepted,
    Gone,
    NotHandedOver,
    Refused,
    SlowDown,
    Unanswered,
    Unreached,
    Untried,
    Unwritable,
)
from services.notify.rules.apps import AppAddress, kept_until, name_of
from services.notify.rules.push import topic_of
from shared.logs import set_up
from tests.certificates import a_certificate, a_key
from tests.notify_apns import APP, Apns, a_phone, an_apns
from tests.notify_bookings import BOOKING, a_place, cancelled
from tests.notify_devices import a_dispatch
from tests.notify_doors import a_config

pytestmark = pytest.mark.asyncio(loop_scope="module")

SEND_SECONDS = 1.0
PATIENCE_SECONDS = 5.0
PHONE = a_phone()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[Apns]:
    async with an_apns() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def apns(peer: Apns) -> Apns:
    await peer.begin_anew()
    await peer.knows(PHONE)
    return peer


def a_line(apns: Apns, **settings: Any) -> AppLine:
    given = apns.settings | {"send_seconds": SEND_SECONDS} | settings
    return MobilePush.of(a_config("none", **given)).line()


@asynccontextmanager
async def opened(apns: Apns, **settings: Any) -> AsyncIterator[AppLine]:
    line = a_line(apns, **settings)
    await line.open()
    try:
        yield line
    finally:
        await line.close()


# ---- what it gets --------------------------------------------------------------------------------


async def test_the_app_reads_it_and_apple_is_told_what_to_do_with_it(apns: Apns) -> None:
    dispatch = a_dispatch(PHONE, confirm_at="https://talon.example/#/link/coming/SECRET")
    async with opened(apns) as line:
        outcome = await line.send(dispatch)

    (shown,) = await apns.shown()
    headers = apns.all("accepted")[0]["accepted"]["headers"]
    name = str(name_of(dispatch.key, PHONE.token))
    assert outcome == Accepted(name)
    assert shown["aps"]["alert"]["title"] == "Talon"
    assert "июля" in shown["aps"]["alert"]["body"]
    assert (shown["url"], shown["tag"], shown["lang"]) == ("#/bookings", topic_of(BOOKING), "ru")
    assert "SECRET" not in str(shown)
    assert headers[":path"] == f"/3/device/{PHONE.token}"
    assert headers["apns-id"] == name
    assert headers["apns-topic"] == APP
    assert headers["apns-push-type"] == "alert"
    assert headers["apns-priority"] == "5"
    assert headers["apns-collapse-id"] == topic_of(BOOKING)
    assert headers["apns-expiration"] == str(kept_until(dispatch.at, dispatch.expires_at))


async def test_what_cannot_wait_wakes_the_phone(apns: Apns) -> None:
    async with opened(apns) as line:
        await line.send(a_dispatch(PHONE, event=cancelled(a_place(), version=2)))
        await apns.shown()

    assert apns.all("accepted")[0]["accepted"]["headers"]["apns-priority"] == "10"


async def test_many_messages_go_over_one_connection_and_the_same_signature(apns: Apns) -> None:
    async with opened(apns) as line:
        outcomes = []
        for _ in range(5):
            outcomes.append(await line.send(a_dispatch(PHONE)))
            assert line.is_open
        await apns.shown()

    signatures = {each["accepted"]["headers"]["authorization"] for each in apns.all("accepted")}
    assert all(isinstance(each, Accepted) for each in outcomes)
    assert len(apns.all("connected")) == 1
    assert len(signatures) == 1


# ---- what it refuses -----------------------------------------------------------------------------


async def test_a_phone_that_does_not_have_the_app_any_more_is_gone(apns: Apns) -> None:
    await apns.tell("expire", PHONE.token)

    async with opened(apns) as line:
        assert await line.send(a_dispatch(PHONE)) == Gone()
        assert await line.send(a_dispatch(a_phone(2))) == Gone()

    assert [each["rejected"] for each in apns.all("rejected")] == [
        "UNREGISTERED",
        "DEVICE_TOKEN_NOT_FOR_TOPIC",
    ]


async def test_whoever_signs_with_another_key_pushes_to_nobody(apns: Apns) -> None:
    async with opened(apns, apns_key=a_key()) as line:
        forged = await line.send(a_dispatch(PHONE))
    async with opened(apns, apns_key_id="ABC123DEFX") as line:
        unknown = await line.send(a_dispatch(PHONE))

    assert forged == unknown == Refused(554, "apns, 403 InvalidProviderToken")
    assert await apns.shown() == []


async def test_a_signature_of_yesterday_is_refused_for_now(apns: Apns) -> None:
    async with opened(apns) as line:
        outcome = await line.send(a_dispatch(PHONE, at=datetime.now(UTC) - timedelta(days=1)))

    assert outcome == Refused(451, "apns, 403 ExpiredProviderToken")


REFUSALS = {
    "TOO_MANY_REQUESTS": SlowDown(10.0),
    "TOO_MANY_PROVIDER_TOKEN_UPDATES": SlowDown(10.0),
    "SERVICE_UNAVAILABLE": SlowDown(10.0),
    "SHUTDOWN": SlowDown(10.0),
    "INTERNAL_SERVER_ERROR": NotHandedOver("500"),
    "PAYLOAD_TOO_LARGE": Refused(554, "apns, 413 PayloadTooLarge"),
    "TOPIC_DISALLOWED": Refused(554, "apns, 400 TopicDisallowed"),
    "BAD_DEVICE_TOKEN": Gone(),
}


async def test_what_is_certainly_not_taken_says_whether_to_come_again(apns: Apns) -> None:
    await apns.tell("next", *REFUSALS)

    async with opened(apns) as line:
        said = [await line.send(a_dispatch(PHONE)) for _ in REFUSALS]
        after = await line.send(a_dispatch(PHONE))

    assert said == list(REFUSALS.values())
    assert isinstance(after, Accepted)
    assert len(apns.all("connected")) == 1


async def test_of_an_app_that_is_not_set_any_more_nobody_is_asked(apns: Apns) -> None:
    elsewhere = AppAddress(PHONE.token, APP, "sandbox")

    async with opened(apns) as line:
        assert await line.send(a_dispatch(elsewhere)) == Unreached()
        assert isinstance(await line.send(a_dispatch(PHONE, recipient="{}")), Unwritable)
        assert isinstance(await line.send(a_dispatch(PHONE)), Accepted)

    assert len(await apns.shown()) == 1


# ---- what it does not say ------------------------------------------------------------------------


async def test_taken_and_then_silent_is_unknown_and_nothing_more_goes_there(apns: Apns) -> None:
    await apns.tell("next", "hang")

    async with opened(apns, send_seconds=0.3) as line:
        said, doubted, is_open = (
            await line.send(a_dispatch(PHONE)),
            await line.send(a_dispatch(PHONE)),
            line.is_open,
        )
        await line.open()
        after = await line.send(a_dispatch(PHONE))

    assert (said, doubted, is_open) == (Unanswered(), Untried(), False)
    assert isinstance(after, Accepted)
    assert len(apns.all("connected")) == 2


async def test_a_message_s_silence_is_no_other_line_s(apns: Apns) -> None:
    await apns.tell("next", "hang")

    async with opened(apns, send_seconds=0.5) as one, opened(apns) as other:
        hanging = asyncio.create_task(one.send(a_dispatch(PHONE)))
        await apns.until("hangs")
        assert isinstance(await other.send(a_dispatch(PHONE)), Accepted)
        assert await hanging == Unanswered()


async def test_killed_after_the_content_is_unknown_and_of_what_was_not_begun_it_is_known() -> None:
    async with an_apns() as apns:
        await apns.knows(PHONE)
        await apns.tell("next", "ok", "ok", "die")
        async with opened(apns) as idle, opened(apns, send_seconds=5.0) as line:
            said = [await each.send(a_dispatch(PHONE)) for each in (idle, line, line, line)]
            async with asyncio.timeout(PATIENCE_SECONDS):
                while idle.is_open:  # noqa: ASYNC110 - nobody else is told
                    await asyncio.sleep(0.01)

            kinds = [type(each) for each in said]
            assert kinds == [Accepted, Accepted, Unanswered, Untried]
            assert await idle.send(a_dispatch(PHONE)) == Untried()
            with pytest.raises(AwayError):
                await line.open()


async def test_a_server_that_said_goodbye_is_asked_nothing() -> None:
    async with an_apns() as apns:
        await apns.knows(PHONE)
        async with opened(apns) as line:
            await line.send(a_dispatch(PHONE))
            await apns.tell("shut")

            assert await line.send(a_dispatch(PHONE)) == Untried()
            assert not line.is_open


async def test_a_connection_that_was_silent_for_long_is_not_trusted(
    apns: Apns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(apns) as line:
        await line.send(a_dispatch(PHONE))
        monkeypatch.setattr(connection, "SILENT_SECONDS_MAX", 0.0)
        assert not line.is_open
        assert await line.send(a_dispatch(PHONE)) == Untried()

        monkeypatch.undo()
        await line.open()
        assert line.is_open


async def test_nobody_else_is_taken_for_it(apns: Apns, tmp_path: Any) -> None:
    certificate, _ = a_certificate()
    (tmp_path / "other.pem").write_text(certificate)

    for other in ("", str(tmp_path / "other.pem")):
        with pytest.raises(AwayError):
            await a_line(apns, apns_ca=other).open()
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(AwayError):
            await a_line(apns, apns_server=f"127.0.0.1:{port}").open()


# ---- who hears of it -----------------------------------------------------------------------------


@pytest.fixture
def at_debug(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """All that a service says, at the level at which most is said."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    set_up("notify", "debug")
    yield capsys
    root.handlers, root.level = handlers, level
    logging.getLogger("hpack").setLevel(logging.WARNING)


async def test_no_log_has_a_phone_s_token_at_any_level(
    apns: Apns, at_debug: pytest.CaptureFixture[str]
) -> None:
    async def said() -> str:
        async with opened(apns) as line:
            assert isinstance(await line.send(a_dispatch(PHONE)), Accepted)
        return at_debug.readouterr().err

    guarded = await said()
    logging.getLogger("hpack").setLevel(logging.DEBUG)
    unguarded = await said()

    assert PHONE.token not in guarded
    assert PHONE.token in unguarded
