"""What becomes of those who come, when five times as many come as are taken?"""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web

from tests.edges import Edge, Said, an_edge, an_origin

HOLDS = "/api/v1/holds"
BOOKINGS = "/api/v1/bookings"
CAP = 100
TIMES = 5
RUSH_SECONDS = 1.2
QUIET_SECONDS = 0.6
SERVICE_SECONDS = 0.02
SLOW_SECONDS = 0.01
LIMITS = {"TALON_EDGE_WISHES_PER_SECOND_MAX": str(CAP)}
REFUSED_SECONDS_MAX = 0.1
"""The bar. One in twenty may take longer here: everything is on one machine, and others are too."""


async def _serve(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(SERVICE_SECONDS)
    return web.Response(status=201)


async def _arrive(edge: Edge, per_second: float, seconds: float) -> list[Said]:
    """People who come at a steady pace, whatever became of those before them."""
    began, coming = time.monotonic(), []
    for nth in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + nth / per_second - time.monotonic()))
        coming.append(asyncio.create_task(edge.ask("POST", BOOKINGS, data=b"{}")))
    return await asyncio.gather(*coming)


async def test_as_many_as_are_taken_are_served_and_the_others_know_at_once(tmp_path: Path) -> None:
    async with an_edge(tmp_path, **LIMITS) as edge, an_origin(edge.stack, "booking", _serve):
        rush = await _arrive(edge, CAP * TIMES, RUSH_SECONDS)
        quiet = await _arrive(edge, CAP / 2, QUIET_SECONDS)

    served = [said for said in rush if said.status == 201]
    refused = [said for said in rush if said.status == 429]
    assert len(served) >= 0.9 * CAP * RUSH_SECONDS
    assert len(served) <= 1.1 * (CAP * RUSH_SECONDS + CAP / 4) + CAP * 0.5
    assert len(served) + len(refused) == len(rush)
    assert {said.headers["Retry-After"] for said in refused} == {"1"}
    late = [said for said in refused if said.seconds > REFUSED_SECONDS_MAX]
    assert len(late) <= len(refused) / 20
    assert [said.status for said in quiet].count(201) >= 0.9 * len(quiet)


@pytest.mark.parametrize(("open_at_once", "is_served"), [("40", True), ("4000", False)])
async def test_a_slow_desk_works_for_those_who_still_wait_if_no_more_are_let_in_than_it_answers(
    tmp_path: Path, open_at_once: str, is_served: bool
) -> None:
    one_at_a_time = asyncio.Lock()

    async def serve(_request: web.Request) -> web.StreamResponse:
        # As a desk with one core, which does not see who has given up.
        async with one_at_a_time:
            await asyncio.sleep(SLOW_SECONDS)
        return web.Response(status=201)

    limits = {"TALON_EDGE_DESK_MAX": open_at_once, "TALON_EDGE_BOOKING_SECONDS": "1"}
    async with an_edge(tmp_path, **limits) as edge, an_origin(edge.stack, "booking", serve):
        await _arrive(edge, 6 / SLOW_SECONDS, 0.5)
        later = await _arrive(edge, 2 / SLOW_SECONDS, 1.0)

    served = [said for said in later if said.status == 201]
    assert (len(served) > 0.25 / SLOW_SECONDS) is is_served


async def test_in_the_rush_who_confirms_moves_or_gives_back_is_let_in_and_so_is_who_looks(
    tmp_path: Path,
) -> None:
    hold = {"Talon-Hold": str(uuid4())}
    async with an_edge(tmp_path, **LIMITS) as edge, an_origin(edge.stack, "booking", _serve):
        rush = asyncio.create_task(_arrive(edge, CAP * TIMES, 0.6))
        await asyncio.sleep(0.3)
        said = [
            await edge.ask("POST", BOOKINGS, data=b"{}", headers=hold),
            await edge.ask("POST", f"{BOOKINGS}/{uuid4()}/cancel", data=b"{}"),
            await edge.ask("POST", f"{BOOKINGS}/{uuid4()}/reschedule", data=b"{}"),
            await edge.ask("DELETE", f"/api/v1/holds/{uuid4()}"),
            await edge.get(BOOKINGS),
        ]
        await rush

    assert [each.status for each in said] == [201] * 5


@pytest.mark.parametrize(
    ("path", "headers"),
    [(BOOKINGS, {}), (HOLDS, {}), (HOLDS, {"Talon-Hold": str(uuid4())})],
    ids=["bookings", "holds", "holds that are said to confirm one"],
)
async def test_an_address_has_its_own_number_and_what_is_refused_does_not_count(
    tmp_path: Path, path: str, headers: dict[str, str]
) -> None:
    few = {"TALON_EDGE_ADDRESS_WISHES_PER_SECOND_MAX": "10"}
    wish = {"data": b"{}", "headers": headers}
    async with an_edge(tmp_path, **few) as edge, an_origin(edge.stack, "booking") as origin:
        await asyncio.gather(*(edge.ask("POST", path, **wish) for _ in range(60)))
        at_once = len(origin.asked)
        await asyncio.sleep(0.5)
        later = await edge.ask("POST", path, **wish)

    assert 10 <= at_once <= 20
    assert later.status == 200


async def test_searches_in_everything_keep_nobody_from_reading_a_page(tmp_path: Path) -> None:
    async def search(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/series"):
            await over.wait()
        return web.Response()

    over = asyncio.Event()
    async with (
        an_edge(tmp_path, TALON_EDGE_SEARCHES_MAX="4") as edge,
        an_origin(edge.stack, "slots", search),
    ):
        wanted = [f"/api/v1/series?nth={nth}" for nth in range(12)]
        searches = [asyncio.create_task(edge.get(path)) for path in wanted]
        done, _ = await asyncio.wait(searches, timeout=0.5)
        page = await edge.get("/api/v1/slots?clinic=1")
        over.set()
        await asyncio.gather(*searches)

    assert [task.result().code for task in done] == ["unavailable"] * 8
    assert page.status == 200


async def test_a_desk_that_stands_still_is_asked_so_much_and_no_more_of_each_kind(
    tmp_path: Path,
) -> None:
    async def stand(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    over = asyncio.Event()
    limits = {"TALON_EDGE_DESK_MAX": "5", "TALON_EDGE_LOOKS_MAX": "3"}
    async with (
        an_edge(tmp_path, **limits) as edge,
        an_origin(edge.stack, "booking", stand) as origin,
    ):
        wishes = [asyncio.create_task(edge.ask("POST", BOOKINGS, data=b"{}")) for _ in range(20)]
        looks = [asyncio.create_task(edge.get(BOOKINGS)) for _ in range(20)]
        done, _ = await asyncio.wait([*wishes, *looks], timeout=0.5)
        cancel = asyncio.create_task(edge.ask("POST", f"{BOOKINGS}/{uuid4()}/cancel", data=b"{}"))
        await asyncio.sleep(0.1)
        asked = [request.method for request in origin.asked]
        over.set()
        cancelled = await cancel
        await asyncio.gather(*wishes, *looks)

    assert {task.result().code for task in done} == {"unavailable"}
    assert (asked.count("GET"), asked.count("POST")) == (3, 5 + 1)
    assert cancelled.status == 200
