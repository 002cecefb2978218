"""Where could something about a person turn up that should be nowhere? Every place is looked into.

A canary is a word that is nobody's and nothing's: put into a personal field, it is found wherever
that field leaks to. Whoever adds a personal field puts a canary into it in
`tests/journeys/test_canaries.py`. Everybody of a city has an address under one domain, which is a
canary after a rush and after a campaign of faults.
"""

import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg

from deploy.local import state
from deploy.local.stack import AUDITOR, SERVICES, SUPERUSER, Stack
from shared.topics import TOPICS
from tests.faults.records import read_all
from tests.town import family

OF_A_CITY = "example.invalid"
"""The domain of every address in a city."""

NOT_READ = ("mail", "secrets", "handed", "kafka/data", "postgres", "prometheus/data")
"""In the stack's home: what is sent, what is secret, and what is read in another way."""

COLUMNS = """SELECT n.nspname, c.relname, a.attname
               FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
               JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              WHERE c.relkind IN ('r', 'm') AND n.nspname = ANY ($1::text[])"""

SECONDS_MAX = 10.0


def shapes(canary: str) -> list[bytes]:
    """As it is, and as it looks in an address, in hexadecimal and in UTF-16."""
    raw = canary.encode()
    quoted = urllib.parse.quote(canary, safe="").encode()
    return [raw, quoted, raw.hex().encode(), canary.encode("utf-16-le")]


async def found(stack: Stack, canaries: list[str]) -> list[str]:
    """Every place in which one of them is, with its name."""
    looked_for = [(canary, shapes(canary)) for canary in canaries]
    places: list[str] = []
    async for place, text in _everything(stack):
        for canary, looks in looked_for:
            places += [f"{canary} in {place}" for shape in looks if shape in text][:1]
    return sorted(places)


async def _everything(stack: Stack) -> AsyncIterator[tuple[str, bytes]]:
    for about in (_files(stack), _processes(stack), _numbers(stack)):
        for place, text in about:
            yield place, text
    async for place, text in _topics(stack):
        yield place, text
    async for place, text in _rows(stack):
        yield place, text


def _files(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """Logs, configurations, what the edge remembers."""
    for path in sorted(stack.home.rglob("*")):
        name = str(path.relative_to(stack.home))
        if path.is_file() and not name.startswith(NOT_READ):
            with suppress(FileNotFoundError):
                yield name, path.read_bytes()


def _processes(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """What everybody sees who lists processes, and what their owner sees."""
    live = state.read_live(stack.home)
    assert live is not None
    parts = [part.process.pid for part in live.parts if part.process is not None]
    for pid in [live.supervisor.pid, *(pid for part in parts for pid in family(part))]:
        for what in ("cmdline", "environ"):
            # A connection may have ended meanwhile, and its process with it.
            with suppress(FileNotFoundError, ProcessLookupError):
                yield f"process {pid} {what}", Path(f"/proc/{pid}/{what}").read_bytes()


def _numbers(stack: Stack) -> Iterator[tuple[str, bytes]]:
    """What is counted: names and labels."""
    live = state.read_live(stack.home)
    assert live is not None
    names = {part.name for part in live.parts}
    urls = [stack.supervisor, *([stack.edge_ops] if "edge" in names else [])]
    urls += [f"http://127.0.0.1:{part.ports['ops']}" for part in live.parts if "ops" in part.ports]
    looked_at = [f"{url}/metrics" for url in urls]
    if "prometheus" in names:
        every = urllib.parse.quote('{__name__=~".+"}')
        looked_at.append(f"{stack.prometheus}/federate?match[]={every}")
    for url in looked_at:
        with urllib.request.urlopen(url, timeout=SECONDS_MAX) as answer:
            yield url, answer.read()


async def _topics(stack: Stack) -> AsyncIterator[tuple[str, bytes]]:
    for topic in TOPICS:
        for partition, records in (
            await read_all(stack.broker(AUDITOR), topic.name)
        ).records.items():
            for record in records:
                headers = b" ".join(value for _, value in record.headers)
                text = b" ".join((record.key or b"", record.value or b"", headers))
                yield f"{topic.name} {partition} {record.offset}", text


async def _rows(stack: Stack) -> AsyncIterator[tuple[str, bytes]]:
    """Every column of every table, as text."""
    connection = await asyncpg.connect(stack.dsn(SUPERUSER))
    try:
        for place in await connection.fetch(COLUMNS, list(SERVICES)):
            schema, name, column = place
            rows = f'SELECT string_agg("{column}"::text, chr(10)) FROM {schema}.{name}'  # noqa: S608
            text: str | None = await connection.fetchval(rows)
            yield ".".join(place), (text or "").encode()
    finally:
        await connection.close()
