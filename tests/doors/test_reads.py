"""Do the readers read what they are told to, and note it truly?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from talon.city.plan import draw_up
from talon.reads import lines, pages
from talon.reads.lines import Queue
from talon.reads.tally import Tally

PLAN = draw_up(1, datetime.now(UTC).date() + timedelta(days=1), clinics=8, patients=10)
LIMIT_SECONDS = 5.0
LOOK_SECONDS = 0.01


class Edge(NamedTuple):
    """A server that stands for the edge, what it was asked, and a line to it."""

    queue: Queue
    asked: list[tuple[str, str | None]]


@pytest.fixture
async def edge(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Edge]:
    """One line to a server whose page is two seconds old, has an ETag, and can break off."""
    monkeypatch.setattr(lines, "CONNECT_AGAIN_SECONDS", 0.01)
    asked: list[tuple[str, str | None]] = []

    async def answer(request: web.Request) -> web.Response:
        seen = request.headers.get("If-None-Match")
        asked.append((request.path, seen))
        if request.path == "/breaks":
            assert request.transport is not None
            request.transport.abort()
        as_of = (datetime.now(UTC) - timedelta(seconds=2)).isoformat()
        headers = {"ETag": 'W/"one"', "Talon-As-Of": as_of}
        if seen == 'W/"one"':
            return web.Response(status=304, headers=headers)
        return web.Response(body=b"x" * 100_000, headers=headers)

    app = web.Application()
    app.router.add_get("/{path}", answer)
    async with TestServer(app) as server:
        queue = Queue(Tally())
        assert server.port is not None
        keeping = asyncio.create_task(lines.keep(queue, "127.0.0.1", server.port))
        yield Edge(queue, asked)
        keeping.cancel()


async def _until_read(queue: Queue, count: int) -> None:
    for _ in range(int(LIMIT_SECONDS / LOOK_SECONDS)):
        if queue.tally.summarize(0).reads == count and queue.free:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise AssertionError("never read")


async def test_a_page_seen_before_is_asked_for_with_its_etag(edge: Edge) -> None:
    for _ in range(3):
        edge.queue.want("/page")
    await _until_read(edge.queue, 3)

    summary = edge.queue.tally.summarize(0)
    assert edge.asked == [("/page", None), ("/page", 'W/"one"'), ("/page", 'W/"one"')]
    assert summary.statuses == {"304": 2, "200": 1}
    assert 2.0 <= summary.age_max_seconds < 3.0


async def test_a_page_that_broke_off_is_counted_and_the_next_one_is_read(edge: Edge) -> None:
    edge.queue.want("/breaks")
    edge.queue.want("/page")
    await _until_read(edge.queue, 2)

    assert edge.queue.tally.summarize(0).statuses == {"0": 1, "200": 1}


def test_popular_pages_are_drawn_more_often_and_every_kind_is_there() -> None:
    drawn = pages.draw(PLAN, Random(1), 1.0)

    kinds = {page.partition("?")[0] for page in drawn}
    assert kinds == {"/availability", "/slots", "/clinics"}
    assert len(drawn) == pages.PAGES
    assert max(drawn.count(page) for page in set(drawn)) > 50
