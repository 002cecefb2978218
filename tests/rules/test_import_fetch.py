"""How does a publication come over HTTP, and what stops it?"""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from talon.imports.faults import SourceError
from talon.imports.fetch import ATTEMPTS_MAX, Limits, fetch
from talon.imports.smart import MANIFEST, Reader
from tests.publications import MOSCOW, PUBLISHER, a_slot_line, publish, sorted_out

PATIENT = Limits(pause_seconds=0.0)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def publisher(folder: Path, answer: Answer | None = None) -> AsyncIterator[str]:
    """A server that has a folder's files, or answers for `slots.ndjson` as it is told."""
    app = web.Application()
    if answer is not None:
        app.router.add_get("/feed/slots.ndjson", answer)
    app.router.add_static("/feed", folder)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/feed/"
    finally:
        await runner.cleanup()


def name_relatively(folder: Path) -> None:
    """Addresses that hold wherever the publication lies."""
    path = folder / MANIFEST
    path.write_text(path.read_text("utf-8").replace(PUBLISHER, ""), encoding="utf-8")


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """A publication of two slots."""
    folder = publish(tmp_path / "feed", [a_slot_line("slot-1"), a_slot_line("slot-2")])
    name_relatively(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Where it is laid."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("entry", ["", MANIFEST])
async def test_a_publication_is_read_from_its_address(feed: Path, here: Path, entry: str):
    async with publisher(feed) as url:
        publication = await fetch(f"{url}{entry}", here)

    clinics, slots, faults = sorted_out(Reader(publication, MOSCOW).read())

    assert (len(clinics), [slot.key for slot in slots], faults) == (1, ["slot-1", "slot-2"], [])
    assert slots[0].where == "slots.ndjson:1"


async def test_a_publisher_that_says_its_address_is_known_by_it(feed: Path, here: Path):
    manifest = json.loads((feed / MANIFEST).read_text("utf-8")) | {"request": "https://a.example/"}
    (feed / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    async with publisher(feed) as url:
        publication = await fetch(url, here)

    assert publication.source == "https://a.example/"


async def test_a_server_that_is_busy_is_asked_again(feed: Path, here: Path):
    asked = []

    async def busy_once(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) < ATTEMPTS_MAX:
            return web.Response(status=503)
        return web.FileResponse(feed / "slots.ndjson")

    async with publisher(feed, busy_once) as url:
        await fetch(url, here, PATIENT)

    assert len(asked) == ATTEMPTS_MAX


async def _never_well(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500)


async def _gone(request: web.Request) -> web.StreamResponse:
    return web.Response(status=404)


async def _in_circles(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/feed/slots.ndjson"})


async def _elsewhere(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "file:///etc/hostname"})


async def _without_end(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(1_000):
        await answer.write(b"x" * 10_000)
    return answer


async def _packed(request: web.Request) -> web.StreamResponse:
    body = gzip.compress(b"x" * 10_000_000)
    return web.Response(body=body, headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_never_well, "answered 500"),
        (_gone, "answered 404"),
        (_in_circles, "more than 5 times"),
        (_elsewhere, "did not answer|no address|no http"),
        (_without_end, "more bytes"),
        (_packed, "more bytes"),
    ],
)
async def test_half_a_publication_is_none(feed: Path, here: Path, answer: Answer, said: str):
    limits = msgspec.structs.replace(PATIENT, publication_bytes_max=100_000)

    async with publisher(feed, answer) as url:
        with pytest.raises(ExceptionGroup) as told:
            await fetch(url, here, limits)

    assert told.group_contains(SourceError, match=said)


async def test_a_server_that_says_nothing_is_not_waited_for(feed: Path, here: Path):
    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.02)

    limits = msgspec.structs.replace(PATIENT, file_seconds_max=0.2)

    async with publisher(feed, slow) as url:
        with pytest.raises(ExceptionGroup) as told:
            await fetch(url, here, limits)

    assert told.group_contains(SourceError, match="in time")


async def test_nobody_there_is_told(here: Path):
    with pytest.raises(SourceError, match="did not answer"):
        await fetch("http://127.0.0.1:9/feed/", here, PATIENT)


@pytest.mark.parametrize("address", ["file:///etc/", "ftp://clinics.example/", "http://["])
async def test_only_the_web_is_asked(here: Path, address: str):
    with pytest.raises(SourceError, match="no http"):
        await fetch(address, here)


async def test_no_manifest_leads_elsewhere_than_to_the_web(feed: Path, here: Path):
    manifest = (feed / MANIFEST).read_text("utf-8")
    elsewhere = manifest.replace("slots.ndjson", "file:///etc/slots.ndjson")
    (feed / MANIFEST).write_text(elsewhere, encoding="utf-8")

    async with publisher(feed) as url:
        with pytest.raises(ExceptionGroup) as told:
            await fetch(url, here)

    assert told.group_contains(SourceError, match="no http")
