"""What is somebody told when a service is away, and is what they sent ever sent twice?"""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from shared.problems import Problem
from tests.edges import an_edge, an_origin, cut, hang

BOOKINGS = "/api/v1/bookings"
TWO = {"booking": 2}
CHANGES = ["POST", "PATCH"]


async def test_what_reached_no_service_changed_nothing_and_may_be_asked_again(
    tmp_path: Path,
) -> None:
    async with an_edge(tmp_path) as edge:
        said = await edge.ask("POST", BOOKINGS, data=b"{}")

    assert (said.status, said.code) == (503, "unavailable")
    assert said.headers["Retry-After"] == "1"
    assert b"Nothing was changed" in said.body
    assert said.seconds < 1.0


@pytest.mark.parametrize("method", CHANGES)
async def test_what_was_sent_and_got_no_answer_is_unknown_and_is_not_sent_again(
    tmp_path: Path, method: str
) -> None:
    async with (
        an_edge(tmp_path, scale=TWO) as edge,
        an_origin(edge.stack, "booking", cut) as first,
        an_origin(edge.stack, "booking", cut, instance=1) as second,
    ):
        said = await edge.ask(method, BOOKINGS, data=b"{}")

    assert (said.status, said.code) == (504, "outcome_unknown")
    assert b"same Idempotency-Key" in said.body
    assert len(first.asked) + len(second.asked) == 1


async def test_if_the_edge_were_told_that_a_post_may_be_sent_again_it_would_be(
    tmp_path: Path,
) -> None:
    async with (
        an_edge(
            tmp_path,
            scale=TWO,
            instead={
                "proxy_next_upstream error timeout": "proxy_next_upstream error non_idempotent"
            },
        ) as edge,
        an_origin(edge.stack, "booking", cut) as first,
        an_origin(edge.stack, "booking", cut, instance=1) as second,
    ):
        await edge.ask("POST", BOOKINGS, data=b"{}")

    assert (len(first.asked), len(second.asked)) == (1, 1)


async def test_a_service_that_says_nothing_is_not_waited_for_longer_than_was_said(
    tmp_path: Path,
) -> None:
    async with (
        an_edge(tmp_path, scale=TWO, TALON_EDGE_BOOKING_SECONDS="1") as edge,
        an_origin(edge.stack, "booking", hang) as first,
        an_origin(edge.stack, "booking", hang, instance=1) as second,
    ):
        said = await edge.ask("POST", BOOKINGS, data=b"{}")

    assert (said.status, said.code) == (504, "outcome_unknown")
    assert 0.9 < said.seconds < 1.5
    assert len(first.asked) + len(second.asked) == 1


async def test_a_read_that_got_no_answer_is_asked_once_more_elsewhere(tmp_path: Path) -> None:
    async with (
        an_edge(tmp_path, scale=TWO) as edge,
        an_origin(edge.stack, "booking", cut) as first,
        an_origin(edge.stack, "booking", instance=1) as second,
    ):
        answers = [await edge.get(BOOKINGS) for _ in range(4)]

    assert [answer.status for answer in answers] == [200] * 4
    assert len(first.asked) == 1
    assert len(second.asked) == 4


@pytest.mark.parametrize("method", ["GET", *CHANGES])
async def test_a_process_that_is_away_is_passed_over(tmp_path: Path, method: str) -> None:
    async with (
        an_edge(tmp_path, scale=TWO) as edge,
        an_origin(edge.stack, "booking", instance=1) as second,
    ):
        answers = [await edge.ask(method, BOOKINGS) for _ in range(6)]

    assert [answer.status for answer in answers] == [200] * 6
    assert len(second.asked) == 6


async def test_a_service_that_comes_back_is_asked_again_soon(tmp_path: Path) -> None:
    async with an_edge(tmp_path, scale=TWO) as edge:
        assert (await edge.get(BOOKINGS)).status == 503

        async with an_origin(edge.stack, "booking"):
            began = time.monotonic()
            while (await edge.get(BOOKINGS)).status != 200:
                assert time.monotonic() - began < 3.0
                await asyncio.sleep(0.05)


async def test_a_service_s_own_refusal_is_handed_on_as_it_is(tmp_path: Path) -> None:
    async def refuse(_request: web.Request) -> web.StreamResponse:
        return Problem(503, "unavailable", "All seats are taken.").response()

    async with an_edge(tmp_path) as edge, an_origin(edge.stack, "booking", refuse):
        said = await edge.ask("POST", BOOKINGS, data=b"{}")

    assert (said.status, said.code) == (503, "unavailable")
    assert b"All seats are taken." in said.body


async def _said_of_a_link(home: Path, **about: Any) -> str:
    """What the edge has in its log when somebody uses a link and its service is away."""
    async with an_edge(home, **about) as edge:
        await edge.get("/api/v1/links/TOKEN")
        await edge.get("/api/v1/unsubscribe/TOKEN")
        return (edge.stack.logs / "edge.log").read_text("utf-8")


async def test_a_link_is_in_no_line_of_the_log_though_its_service_is_away(tmp_path: Path) -> None:
    assert "TOKEN" not in await _said_of_a_link(tmp_path)


@pytest.mark.parametrize("path", ["links", "unsubscribe"])
async def test_if_the_edge_wrote_of_links_as_of_all_else_there_would_be_one(
    tmp_path: Path, path: str
) -> None:
    guard, none = f"{path}/ {{\n            error_log stderr crit;", f"{path}/ {{"

    assert "TOKEN" in await _said_of_a_link(tmp_path, instead={guard: none})
