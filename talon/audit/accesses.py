"""Is the access log of each service whole, as its hashes and the services' own logs say?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from deploy.local.stack import Stack
from shared.access import store
from shared.access.verifier import Flaw, Walk, flaws_of_register
from shared.access.writer import ANCHORED
from talon.audit.facts import Broken, Where
from talon.audit.load import SQL
from talon.audit.rules import Finding, Promise

SERVICES = ("booking", "notify")
"""Those through whose doors a patient's data go."""

FLAWS_MAX = 100
"""So many of one service are named; more are as bad."""

Anchors = dict[UUID, dict[int, bytes]]
"""By chain and number: the hash that was said outside of the database."""


class Anchored(msgspec.Struct, frozen=True):
    """A line of a service's log that says where a chain stands."""

    service: str
    says: str
    chain: UUID
    batch: int
    hash: str


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one service's access log."""

    service: str
    chains: int
    open_chains: int
    batches: int
    entries: int
    anchors: int
    flaws: list[Flaw]


def anchors_in(folder: Path) -> dict[str, Anchors]:
    """By service, what was said in the logs that are there."""
    anchors: dict[str, Anchors] = {}
    for path in sorted(folder.glob("*.log*")):
        for line in _anchored_in(path):
            chains = anchors.setdefault(line.service, {})
            chains.setdefault(line.chain, {})[line.batch] = bytes.fromhex(line.hash)
    return anchors


async def look(
    connection: asyncpg.Connection, stack: Stack, logs: Path | None = None
) -> list[Whole]:
    """Every chain of each service. What the logs say is read first, so it is in the database."""
    anchors = anchors_in(logs or stack.logs)
    return [await verify(connection, one, anchors.get(one, {})) for one in SERVICES]


async def verify(connection: asyncpg.Connection, schema: str, anchors: Anchors) -> Whole:
    """The access log in a schema, as of one moment."""
    await connection.execute(SQL["begin"])
    try:
        await connection.execute(SQL["look_into"], schema)
        return await _verify(connection, schema, anchors)
    finally:
        await connection.execute("ROLLBACK")


async def _verify(connection: asyncpg.Connection, schema: str, anchors: Anchors) -> Whole:
    register = await store.register(connection)
    openings = {chain.id: chain.hash for chain in register}
    written = await store.chains_written(connection)
    flaws = list(flaws_of_register(register))
    batches = entries = open_chains = 0
    for chain in sorted(openings.keys() | written | anchors.keys()):
        walk = Walk(chain, openings.get(chain), anchors.get(chain, {}))
        async for batch in store.batches(connection, chain):
            flaws += walk.take(batch)
            batches += 1
        flaws += walk.end()
        entries += walk.entries
        open_chains += not walk.closed
    return Whole(
        service=schema,
        chains=len(register),
        open_chains=open_chains,
        batches=batches,
        entries=entries,
        anchors=sum(map(len, anchors.values())),
        flaws=flaws[:FLAWS_MAX],
    )


def said(whole: Whole) -> str:
    """A service's access log in one line."""
    verdict = f"{len(whole.flaws):,} flaws" if whole.flaws else "whole"
    return (
        f"accesses: {whole.service}: {verdict}; {whole.entries:,} accesses in {whole.batches:,}"
        f" batches of {whole.chains:,} chains ({whole.open_chains:,} open),"
        f" {whole.anchors:,} anchors in the logs"
    )


def finding(found: Sequence[Whole]) -> Finding:
    """The same as one of the promises that are audited."""
    broken = [_broken(whole.service, flaw) for whole in found for flaw in whole.flaws]
    says = "nothing of who looked at what was changed, moved, taken out or cut off"
    return Finding(Promise("accesses", says, lambda witness, world: iter(())), broken)


def named(service: str, flaw: Flaw) -> str:
    """Which row it is."""
    where = f"chain {flaw.chain}, batch" if flaw.chain else "the register of chains, row"
    return f"{service}: {where} {flaw.seq}: {flaw.kind}: {flaw.says}"


def _broken(service: str, flaw: Flaw) -> Broken:
    where: Where = "notify" if service == "notify" else "booking"
    return Broken(
        about=named(service, flaw), where=where, expected="as it was written", found=flaw.kind
    )


def _anchored_in(path: Path) -> Iterator[Anchored]:
    decode = msgspec.json.Decoder(Anchored).decode
    phrase = ANCHORED.encode()
    with path.open("rb") as lines:
        for line in lines:
            if phrase not in line:
                continue
            try:
                read = decode(line[line.find(b"{") :])
            except msgspec.MsgspecError:
                # A line that is cut where the log was set aside, or only quotes the phrase.
                continue
            if read.says == ANCHORED:
                yield read
