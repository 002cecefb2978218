"""What arrives in a mailbox of a mail server that others wrote, and what does it refuse?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from services.notify.channels import AwayError, Dispatch
from services.notify.channels.email.mail import compose
from services.notify.channels.email.smtp import Line
from services.notify.rules import Accepted, Refused
from services.notify.texts import LOCALES, wording
from talon.previews import Example, examples
from tests.notify_bookings import NOON, a_place, cancelled, confirmed, moved
from tests.notify_calendar import by_ical_js, by_icalendar
from tests.notify_postfix import BYTES_MAX, Postfix, a_postfix

SENDER = "no-reply@talon.example"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ARRIVAL_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.02
WRITTEN_BY_THE_SERVER = {b"Return-Path", b"X-Original-To", b"Delivered-To", b"Received"}


@pytest.fixture(scope="module")
def postfix() -> Iterator[Postfix]:
    with a_postfix() as server:
        yield server


@pytest.fixture
async def line(postfix: Postfix) -> AsyncIterator[Line]:
    opened = Line(("127.0.0.1", postfix.port), sender=SENDER, send_seconds=5.0)
    await opened.open()
    yield opened
    await opened.close()


def dispatch(event: Any, name: str, **about: Any) -> Dispatch:
    return Dispatch(
        event=event,
        key=uuid5(UUID(int=1), str(event.id)),
        recipient=f"{name}@example.org",
        at=NOW,
        expires_at=NOON,
        **about,
    )


def written(message: Dispatch) -> bytes:
    """The mail as we hand it over."""
    return compose(
        message.event,
        sender=SENDER,
        recipient=message.recipient,
        at=message.at,
        language=message.language,
        confirm_at=message.confirm_at,
        move_at=message.move_at,
        cancel_at=message.cancel_at,
        join_at=message.join_at,
        unsubscribe_at=message.unsubscribe_at,
        perhaps_again=message.perhaps_again,
    )


def as_sent(arrived: bytes) -> bytes:
    """A mail without what the server wrote above it, with the line ends that it had on the wire."""
    lines = arrived.split(b"\n")
    while lines[0].partition(b":")[0] in WRITTEN_BY_THE_SERVER or lines[0].startswith(b"\t"):
        lines.pop(0)
    return b"\r\n".join(lines)


async def arrived(look: Callable[[], list[bytes]], count: int) -> list[bytes]:
    async with asyncio.timeout(ARRIVAL_SECONDS_MAX):
        while True:
            found = look()
            if len(found) >= count:
                return found
            await asyncio.sleep(LOOK_SECONDS)


async def test_every_message_in_every_language_arrives_as_it_was_written(
    postfix: Postfix, line: Line
) -> None:
    sent = [_of(example, language) for example in examples() for language in LOCALES]

    outcomes = [await line.send(message) for message in sent]

    assert set(outcomes) == {Accepted()}
    mails = await arrived(lambda: postfix.mails_of("patient-1"), len(sent))
    assert sorted(map(as_sent, mails)) == sorted(map(written, sent))
    read = [message_from_bytes(mail, policy=default) for mail in mails]
    words = [wording(one.event, one.language).subject for one in sent]
    assert sorted(mail["Subject"] for mail in read) == sorted(words)
    for mail in read:
        assert isinstance(mail, EmailMessage)
        assert [part.defects for part in mail.walk() if part.defects] == []
        # One header of each kind, and on one line what programs look for.
        assert all(len(mail.get_all(name) or []) == 1 for name in ("Message-ID", "Date", "From"))


def _of(example: Example, language: Any) -> Dispatch:
    # Each language's message is an event of its own, so that each mail has an id of its own.
    event = msgspec.structs.replace(
        example.event, id=uuid5(example.event.id, f"{example.name} {language}")
    )
    return dispatch(
        event,
        "patient-1",
        language=language,
        confirm_at=example.confirm_at,
        move_at=example.move_at,
        cancel_at=example.cancel_at,
        join_at=example.join_at,
        perhaps_again=example.perhaps_again,
        unsubscribe_at=example.unsubscribe_at,
    )


async def test_what_was_moved_and_cancelled_is_gone_from_the_calendar_behind_the_server(
    postfix: Postfix, line: Line
) -> None:
    first, second = a_place(), a_place(NOON.replace(month=8))
    told = [
        confirmed(first),
        moved(to=[second], away_from=[first], version=2),
        cancelled(second, version=3),
    ]

    for event in told:
        assert await line.send(dispatch(event, "patient-2")) == Accepted()

    mails = await arrived(lambda: postfix.mails_of("patient-2"), len(told))
    for kept in (by_ical_js(mails), by_icalendar(mails)):
        assert len(kept.known) == 1
        assert sorted(number for _, _, number in kept.told) == [0, 1, 2]
        assert kept.left == []


async def test_what_the_server_refuses_is_known_as_refused_and_the_next_mail_goes(
    postfix: Postfix, line: Line
) -> None:
    before = len(postfix.mails_of("patient-1"))
    long = msgspec.structs.replace(a_place(), clinic_address="x" * BYTES_MAX)

    nobody = await line.send(dispatch(confirmed(), "nobody"))
    elsewhere = await line.send(
        msgspec.structs.replace(dispatch(confirmed(), "x"), recipient="patient-1@example.net")
    )
    later = await line.send(dispatch(confirmed(), "later"))
    too_long = await line.send(dispatch(confirmed(long), "patient-1"))
    after = await line.send(dispatch(confirmed(), "patient-1"))

    assert nobody == Refused(550, "RCPT")
    assert elsewhere == Refused(554, "RCPT")
    assert later == Refused(450, "RCPT")
    assert too_long == Refused(552, "content")
    assert after == Accepted()
    assert len(await arrived(lambda: postfix.mails_of("patient-1"), before + 1)) == before + 1


async def test_a_server_that_is_gone_is_away_before_anything_is_begun(postfix: Postfix) -> None:
    nowhere = Line(("127.0.0.1", 1), sender=SENDER, send_seconds=1.0)

    with pytest.raises(AwayError):
        await nowhere.open()
    assert not nowhere.is_open
