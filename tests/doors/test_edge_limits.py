"""How much does the edge take, of one request and from one address, and what is said beyond?"""

import asyncio
import json
from pathlib import Path

from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.stack import Stack
from shared.web import BODY_BYTES_MAX
from tests.edges import an_edge, an_origin

BOOKINGS = "/api/v1/bookings"


async def test_a_body_of_the_largest_size_is_handed_on_and_a_larger_one_is_refused(
    tmp_path: Path,
) -> None:
    async with an_edge(tmp_path) as edge, an_origin(edge.stack, "booking") as origin:
        largest = await edge.ask("POST", BOOKINGS, data=b"x" * BODY_BYTES_MAX)
        larger = await edge.ask("POST", BOOKINGS, data=b"x" * (BODY_BYTES_MAX + 1))

    assert largest.status == 200
    assert (larger.status, larger.code) == (413, "body_too_large")
    assert len(origin.asked) == 1


async def test_a_header_or_an_address_that_is_too_long_is_refused(tmp_path: Path) -> None:
    async with an_edge(tmp_path, TALON_EDGE_HEADER_BYTES_MAX="4096") as edge:
        header = await edge.get("/", headers={"X-Long": "x" * 5000})
        address = await edge.get("/?long=" + "x" * 5000)

    assert (header.status, header.code) == (431, "headers_too_large")
    assert (address.status, address.code) == (414, "address_too_long")


async def test_what_is_not_http_is_refused_in_the_same_words_as_all_else(tmp_path: Path) -> None:
    async with an_edge(tmp_path) as edge:
        said = await _say(edge.stack, b"GET / HTTP/1.1\r\nno colon\r\n\r\n")

    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["code"] == "malformed_request"


async def test_an_address_that_asks_too_often_is_told_when_to_ask_again(tmp_path: Path) -> None:
    async with (
        an_edge(tmp_path, TALON_EDGE_ADDRESS_REQUESTS_PER_SECOND_MAX="10") as edge,
        an_origin(edge.stack, "booking") as origin,
    ):
        answers = await asyncio.gather(*(edge.get(BOOKINGS) for _ in range(30)))

    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.code for answer in refused} == {"too_many_requests"}
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    assert 10 <= len(origin.asked) <= 15
    assert len(refused) == 30 - len(origin.asked)


async def test_an_address_may_not_hold_every_connection(tmp_path: Path) -> None:
    async def wait(_request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    over = asyncio.Event()
    async with (
        an_edge(tmp_path, TALON_EDGE_ADDRESS_CONNECTIONS_MAX="5") as edge,
        an_origin(edge.stack, "booking", wait),
    ):
        asking = [asyncio.create_task(edge.get(BOOKINGS)) for _ in range(8)]
        done, _ = await asyncio.wait(asking, timeout=0.5)
        over.set()
        answers = await asyncio.gather(*asking)

    assert [task.result().code for task in done] == ["too_many_requests"] * 3
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 3


async def test_who_sends_too_slowly_is_not_waited_for(tmp_path: Path) -> None:
    async with (
        an_edge(tmp_path, TALON_EDGE_CLIENT_SECONDS="1") as edge,
        an_origin(edge.stack, "booking") as origin,
    ):
        half = b"POST /api/v1/bookings HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"

        said = await asyncio.wait_for(_say(edge.stack, half), 3.0)

    assert said == b""
    assert origin.asked == []


async def _say(stack: Stack, words: bytes) -> bytes:
    """Send these bytes, and read until the other side hangs up."""
    host, _, port = stack.edge.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(words)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_the_edge_tells_how_many_are_connected_to_whoever_asks_at_its_own_port(
    tmp_path: Path,
) -> None:
    async with an_edge(tmp_path) as edge:
        await edge.get("/")
        async with edge.client.get(f"{edge.stack.edge_ops}/metrics") as said:
            families = {
                family.name: family.samples
                for family in text_string_to_metric_families(await said.text())
            }

    states = {sample.labels["state"]: sample.value for sample in families["edge_connections"]}
    assert set(states) == {"reading", "writing", "waiting"}
    assert states["writing"] >= 1
    assert families["edge_connections_max"][0].value > 0
