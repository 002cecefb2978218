"""Is a wish pursued, under its own key, until its answer is definite?"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from talon.doors import Doors
from talon.rush import asking
from talon.rush.asking import TURNED_AWAY_MAX, Asker
from talon.rush.journal import Journal, Line, read
from talon.rush.wishes import Person, Wish
from tests.audit_stories import ALICE, VISIT, asked

BOOKED = {"id": str(VISIT), "status": "booked", "version": 1, "places": []}
PENDING = {"id": str(VISIT), "status": "pending", "version": 0, "places": []}
LOCATION = {"Location": f"/api/v1/bookings/{VISIT}"}
SLAM = "slam"


class Desk:
    """A front desk that answers as it is told to, one answer after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str]] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The next answer; SLAM hangs up."""
        self.asked.append((request.method, request.headers.get("Idempotency-Key", "")))
        answer = self.answers.pop(0)
        if answer == SLAM:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        status, body = answer
        return web.json_response(body, status=status, headers=LOCATION if status == 202 else {})


Settle = Callable[[Desk], Any]


@pytest.fixture
async def settle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settle]:
    """Settles Alice's wish at a desk; gives the last line and all that were written."""
    for name in ("POLL_SECONDS", "AGAIN_SECONDS_MIN"):
        monkeypatch.setattr(asking, name, 0.01)
    servers: list[TestServer] = []
    session = aiohttp.ClientSession()

    async def settle_at(desk: Desk) -> tuple[Line, list[Line]]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", desk.answer)
        server = TestServer(app)
        await server.start_server()
        servers.append(server)
        doors = Doors(session, str(server.make_url("")).rstrip("/"))
        journal = Journal(tmp_path / "journal")
        wish = Wish(
            key="one", act="book", person=Person(id=ALICE, token="alice's"), asked=(asked(),)
        )
        last = await Asker(doors, journal, lambda line: None).settle(wish, 0.0)
        journal.close()
        return last, list(read(tmp_path / "journal"))

    yield settle_at
    await session.close()
    for server in servers:
        await server.close()


async def test_a_definite_answer_ends_it(settle: Settle):
    desk = Desk((409, {"code": "slot_full"}))

    last, written = await settle(desk)

    assert (last.verdict, last.code) == ("refused", "slot_full")
    assert written == [last]


async def test_silence_and_unknown_outcomes_are_asked_again_under_the_same_key(settle: Settle):
    desk = Desk(SLAM, (504, {"code": "outcome_unknown"}), (500, {}), (201, BOOKED))

    last, written = await settle(desk)

    assert (last.verdict, last.booking) == ("ok", VISIT)
    assert {key for _, key in desk.asked} == {"one"}
    assert [line.verdict for line in written] == ["unknown", "unknown", "unknown", "ok"]
    assert [line.how for line in written] == ["ask", "again", "again", "again"]


async def test_a_pending_booking_is_looked_up_until_it_is_decided(settle: Settle):
    desk = Desk((202, PENDING), (200, PENDING), (503, {}), (200, BOOKED))

    last, written = await settle(desk)

    assert last.verdict == "ok"
    assert [method for method, _ in desk.asked] == ["POST", "GET", "GET", "GET"]
    assert [line.how for line in written] == ["ask", "poll", "poll", "poll"]


async def test_who_is_turned_away_goes_home_after_a_few_times(settle: Settle):
    desk = Desk(*[(503, {"code": "unavailable"})] * TURNED_AWAY_MAX)

    last, _ = await settle(desk)

    assert last.verdict == "away"
    assert desk.answers == []


async def test_who_may_be_booked_does_not_go_home_when_turned_away(settle: Settle):
    desk = Desk(SLAM, *[(503, {"code": "unavailable"})] * TURNED_AWAY_MAX, (201, BOOKED))

    last, _ = await settle(desk)

    assert last.verdict == "ok"
