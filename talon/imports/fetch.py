"""How does a publication come from its address into a folder? Within limits, each of them named."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from talon.imports.faults import SourceError
from talon.imports.fhir import Output
from talon.imports.smart import (
    KINDS,
    MANIFEST,
    MANIFEST_BYTES_MAX,
    Part,
    Publication,
    name_of,
    read_manifest,
)

SCHEMES = ("http", "https")
ATTEMPTS_MAX = 3
FILES_AT_ONCE = 4
CHUNK_BYTES = 65_536


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far a publisher is followed."""

    publication_bytes_max: int = 2_000_000_000
    """Of all files as they are on disk, so that no compressed one grows over it."""

    file_seconds_max: float = 300.0
    connect_seconds_max: float = 10.0
    redirects_max: int = 5
    pause_seconds: float = 1.0
    """Before the same file is asked for again."""


class _TooMuchError(Exception):
    """More bytes came than may."""


class _Budget:
    """How many bytes may still come, for all files together."""

    def __init__(self, bytes_left: int) -> None:
        self._left = bytes_left

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _TooMuchError


LIMITS = Limits()


async def fetch(url: str, folder: Path, limits: Limits = LIMITS) -> Publication:
    """Everything the publication at this address consists of, laid into the folder."""
    _need_web(url)
    address = f"{url}{MANIFEST}" if url.endswith("/") else url
    timeout = aiohttp.ClientTimeout(
        total=limits.file_seconds_max, sock_connect=limits.connect_seconds_max
    )
    connector = aiohttp.TCPConnector(limit=FILES_AT_ONCE)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
        fetcher = _Fetcher(session, limits)
        at = folder / MANIFEST
        await fetcher.fetch(address, at, _Budget(MANIFEST_BYTES_MAX))
        said = read_manifest(at)
        places = dict(_places(said.output, address, folder))
        budget = _Budget(limits.publication_bytes_max)
        async with asyncio.TaskGroup() as tasks:
            for part, place in places.items():
                tasks.create_task(fetcher.fetch(place, part.path, budget))
    return Publication(
        source=said.request or address, published=said.transaction_time, parts=tuple(places)
    )


class _Fetcher:
    """Fetches one file at a time, again where a server was only busy."""

    def __init__(self, session: aiohttp.ClientSession, limits: Limits) -> None:
        self._session = session
        self._limits = limits
        self._turn = asyncio.Semaphore(FILES_AT_ONCE)

    async def fetch(self, url: str, path: Path, budget: _Budget) -> None:
        """The file, or a SourceError that says what came instead: half a publication is none."""
        _need_web(url)
        async with self._turn:
            for _ in range(ATTEMPTS_MAX):
                said = await self._try(url, path, budget)
                if not said:
                    return
                await asyncio.sleep(self._limits.pause_seconds)
        raise SourceError(f"{url} {said}")

    async def _try(self, url: str, path: Path, budget: _Budget) -> str:
        """Empty when the file has come, else what a later attempt may do better."""
        try:
            return await self._ask(url, path, budget)
        except aiohttp.TooManyRedirects:
            times = self._limits.redirects_max
            raise SourceError(f"{url} leads on more than {times} times") from None
        except aiohttp.InvalidURL:
            raise SourceError(f"{url} is no address") from None
        except _TooMuchError:
            raise SourceError(f"{url}: more bytes came than a publication may have") from None
        except TimeoutError:
            return "did not answer in time"
        except aiohttp.ClientError as error:
            return f"did not answer: {error}"

    async def _ask(self, url: str, path: Path, budget: _Budget) -> str:
        async with self._session.get(url, max_redirects=self._limits.redirects_max) as answer:
            if answer.status >= 500 or answer.status == 429:
                return f"answered {answer.status}"
            if answer.status != 200:
                raise SourceError(f"{url} answered {answer.status}")
            with path.open("wb") as file:
                async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                    budget.spend(len(chunk))
                    file.write(chunk)
        return ""


def _places(outputs: tuple[Output, ...], address: str, folder: Path) -> Iterator[tuple[Part, str]]:
    """Where each file lies and is to lie: numbered, since some may have the same name."""
    for number, output in enumerate(outputs):
        if output.type in KINDS:
            path = folder / f"{number}.ndjson"
            yield (
                Part(kind=output.type, name=name_of(output.url), path=path),
                _joined(address, output.url),
            )


def _joined(address: str, url: str) -> str:
    """An address may be given from where the manifest is."""
    try:
        return urljoin(address, url)
    except ValueError:
        raise SourceError(f"{url} is no address") from None


def _need_web(url: str) -> None:
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        scheme = ""
    if scheme not in SCHEMES:
        raise SourceError(f"{url} is no http or https address")
