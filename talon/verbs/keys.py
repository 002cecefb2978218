"""Changes the master keys that wrap persons' keys: status, add, rewrap, retire, rotate."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import uvloop

from deploy.local import vaults
from deploy.local.stack import Stack
from shared.vault import FileKeys, KeysAwayError, PersonKeys
from shared.vault.keyring import LOOK_SECONDS
from talon.mistakes import MistakeError

STEPS = ("status", "add", "rewrap", "retire", "rotate")
KEYS_MAX = 500
"""How many keys are wrapped anew in one transaction."""

CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 60.0
PAUSE_SECONDS = 0.2
REWRAP_SECONDS_MAX = 60.0
"""How long it is waited at the end for persons who are just being changed."""


def add_options(words: argparse.ArgumentParser) -> None:
    """Which step, for which services."""
    words.add_argument("step", choices=STEPS)
    words.add_argument(
        "--service", choices=vaults.SERVICES, action="append", help="all of them if none is said"
    )


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when the step is done; what was done stays done, so the same again goes on from there."""
    try:
        uvloop.run(_step(stack, options.step, options.service or vaults.SERVICES))
    except KeysAwayError as reason:
        raise MistakeError(str(reason)) from reason
    return 0


async def _step(stack: Stack, step: str, services: Sequence[str]) -> None:
    if step in ("add", "rotate"):
        for service in services:
            print(f"{service}: new master key {vaults.add_master(stack.vault(service))}")
    if step == "rotate":
        # Whatever runs wraps by the new key from then on.
        await asyncio.sleep(LOOK_SECONDS + PAUSE_SECONDS)
    for service in services:
        async with _keys_of(stack, service) as (keys, connection):
            if step in ("rewrap", "rotate"):
                print(f"{service}: {await rewrap(keys, connection)} keys wrapped anew")
            used = await keys.counts(connection)
            if step in ("retire", "rotate"):
                gone = vaults.drop_masters(stack.vault(service), set(used))
                print(f"{service}: master keys gone: {', '.join(gone) or 'none'}")
            for master_id, count in used.items():
                print(f"{service}: {count} keys wrapped by {master_id}")


async def rewrap(keys: PersonKeys, connection: asyncpg.Connection) -> int:
    """Every key by the newest master key, so many at a time; killed on the way, go on there."""
    done = 0
    deadline = asyncio.get_running_loop().time() + REWRAP_SECONDS_MAX
    while await keys.count_old(connection):
        some = await keys.rewrap(connection, KEYS_MAX)
        done += some
        if some == 0:
            if asyncio.get_running_loop().time() > deadline:
                raise MistakeError("some persons are changed all the time; try again later")
            await asyncio.sleep(PAUSE_SECONDS)
    return done


@asynccontextmanager
async def _keys_of(
    stack: Stack, service: str
) -> AsyncIterator[tuple[PersonKeys, asyncpg.Connection]]:
    try:
        connection = await asyncpg.connect(
            stack.dsn(service), timeout=CONNECT_SECONDS, command_timeout=STATEMENT_SECONDS
        )
    except (OSError, TimeoutError) as reason:
        raise MistakeError(
            f"PostgreSQL of stack {stack.name} does not answer: {reason}"
        ) from reason
    try:
        yield PersonKeys(service, FileKeys(stack.vault(service))), connection
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
