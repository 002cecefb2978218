"""What is known of a request over HTTP/2 that nobody answered, or answered by halves?"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from services.notify.channels import AwayError
from services.notify.channels.mobile_push.connection import (
    ANSWER_BYTES_MAX,
    Answer,
    Connection,
    Heard,
    call,
)
from services.notify.rules import NotHandedOver, Unanswered
from tests.notify_http2 import Doing, Server, Session, a_server

CONTENT = b"x" * 1_000
PATIENCE_SECONDS = 5.0


def takes(session: Session, stream: int) -> None:
    session.h2.send_headers(stream, [(":status", "200")], end_stream=True)


def resets(code: ErrorCodes) -> Doing:
    return lambda session, stream: session.h2.reset_stream(stream, code)


def says_goodbye(last: int) -> Doing:
    """To whoever asks for a second time, after the first was answered."""

    def do(session: Session, stream: int) -> None:
        if stream == 1:
            takes(session, stream)
        else:
            session.h2.close_connection(last_stream_id=last)

    return do


def hangs_up(session: Session, stream: int) -> None:
    session.transport.abort()


def says_nothing(session: Session, stream: int) -> None:
    return


def talks_nonsense(session: Session, stream: int) -> None:
    session.transport.write(b"HTTP/1.1 200 OK\r\n\r\n" * 10)


@asynccontextmanager
async def calling(server: Server) -> AsyncIterator[Connection]:
    connection = await call(server.peer)
    try:
        yield connection
    finally:
        await connection.close()


async def asked(connection: Connection) -> Heard:
    return await connection.post("/3/device/0a", {"apns-topic": "a.b"}, CONTENT)


@pytest.mark.parametrize(
    ("do", "heard"),
    [
        (resets(ErrorCodes.REFUSED_STREAM), NotHandedOver("refused")),
        (resets(ErrorCodes.CANCEL), Unanswered()),
        (resets(ErrorCodes.INTERNAL_ERROR), Unanswered()),
        (hangs_up, Unanswered()),
        (says_nothing, Unanswered()),
        (talks_nonsense, Unanswered()),
    ],
)
async def test_once_it_is_written_only_their_word_that_they_never_looked_is_certain(
    tmp_path: Path, do: Doing, heard: Heard
) -> None:
    async with a_server(tmp_path, do) as server, calling(server) as connection:
        assert await asked(connection) == heard
        assert not connection.is_open
        assert await asked(connection) == NotHandedOver("connection")

        assert [session.asked for session in server.sessions] == [[1]]


@pytest.mark.parametrize(
    ("last", "heard"),
    [
        (1, NotHandedOver("refused")),
        (3, Unanswered()),
        (0, Unanswered()),
        (2**31 - 1, Unanswered()),
    ],
)
async def test_a_goodbye_says_which_request_was_the_last_that_they_looked_at(
    tmp_path: Path, last: int, heard: Heard
) -> None:
    async with a_server(tmp_path, says_goodbye(last)) as server, calling(server) as connection:
        first, second = await asked(connection), await asked(connection)

    assert isinstance(first, Answer)
    assert second == heard


async def test_a_goodbye_between_two_requests_is_heard_before_the_next(tmp_path: Path) -> None:
    async with a_server(tmp_path, takes) as server, calling(server) as connection:
        await asked(connection)
        assert connection.is_open
        server.sessions[0].h2.close_connection()
        server.sessions[0].flush()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while connection.is_open:  # noqa: ASYNC110 - nobody else is told
                await asyncio.sleep(0.01)

        assert await asked(connection) == NotHandedOver("connection")
        assert server.sessions[0].asked == [1]


async def test_whoever_does_not_listen_asks_all_the_same_and_nobody_knows(tmp_path: Path) -> None:
    async with a_server(tmp_path, takes) as server, calling(server) as connection:
        await asked(connection)
        ear = connection._transport
        assert ear is not None
        ear.pause_reading()
        server.sessions[0].h2.close_connection(last_stream_id=2**31 - 1)
        server.sessions[0].flush()
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_later(0.1, ear.resume_reading)

        assert await connection.is_there()
        assert await asked(connection) == Unanswered()


async def test_what_is_said_between_two_requests_is_answered_and_ends_nothing(
    tmp_path: Path,
) -> None:
    def takes_and_goes_on(session: Session, stream: int) -> None:
        takes(session, stream)
        session.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1_000})
        session.h2.ping(b"12345678")

    async with a_server(tmp_path, takes_and_goes_on) as server, calling(server) as connection:
        for _ in range(3):
            assert isinstance(await asked(connection), Answer)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while server.sessions[0].pongs < 3:  # noqa: ASYNC110 - nobody else is told
                await asyncio.sleep(0.01)

        assert connection.is_open
        assert [session.asked for session in server.sessions] == [[1, 3, 5]]


@pytest.mark.parametrize("then", [hangs_up, says_nothing])
async def test_an_answer_that_breaks_off_says_all_the_same_what_it_had_said(
    tmp_path: Path, then: Doing
) -> None:
    def begins(session: Session, stream: int) -> None:
        session.h2.send_headers(stream, [(":status", "400"), ("apns-id", "a")])
        session.h2.send_data(stream, b'{"rea')
        session.flush()
        asyncio.get_running_loop().call_later(0.05, then, session, stream)

    async with a_server(tmp_path, begins) as server, calling(server) as connection:
        heard = await asked(connection)

        assert heard == Answer(400, {":status": "400", "apns-id": "a"}, b'{"rea')
        assert not connection.is_open


async def test_no_answer_is_read_for_longer_than_answers_are(tmp_path: Path) -> None:
    def says_much(session: Session, stream: int) -> None:
        session.h2.send_headers(stream, [(":status", "200")])
        for _ in range(5):
            session.h2.send_data(stream, b"x" * ANSWER_BYTES_MAX)

    async with a_server(tmp_path, says_much) as server, calling(server) as connection:
        heard = await asked(connection)

        assert isinstance(heard, Answer)
        assert len(heard.body) == ANSWER_BYTES_MAX
        assert not connection.is_open


async def test_whoever_has_no_room_for_a_message_is_not_sent_half_of_it(tmp_path: Path) -> None:
    async with a_server(tmp_path, takes) as server, calling(server) as connection:
        assert isinstance(await asked(connection), Answer)
        server.sessions[0].h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 10})
        server.sessions[0].flush()
        await asyncio.sleep(0.1)

        assert await asked(connection) == NotHandedOver("connection")
        assert server.sessions[0].content == len(CONTENT)


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)])
async def test_whoever_speaks_something_else_is_not_spoken_to(
    tmp_path: Path, protocols: tuple[str, ...]
) -> None:
    async with a_server(tmp_path, takes, protocols=protocols) as server:
        with pytest.raises(AwayError):
            await call(server.peer)


async def test_whoever_is_cut_off_by_our_own_end_leaves_nothing_open(tmp_path: Path) -> None:
    async with a_server(tmp_path, says_nothing) as server, calling(server) as connection:
        asking = asyncio.create_task(asked(connection))
        await asyncio.sleep(0.05)
        asking.cancel()

        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not connection.is_open


def test_it_is_so_on_the_loop_of_the_services_as_well(tmp_path: Path) -> None:
    async def one_after_the_other() -> list[Heard]:
        async with a_server(tmp_path, says_goodbye(1)) as server, calling(server) as connection:
            return [await asked(connection) for _ in range(3)]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        heard = runner.run(one_after_the_other())

    assert [type(each) for each in heard] == [Answer, NotHandedOver, NotHandedOver]
