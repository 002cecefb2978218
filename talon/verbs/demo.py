"""Shows Talon at work: a city, a rush and an audit, from nothing to nothing."""

import argparse
import asyncio
import os
import subprocess
import sys
import time

import asyncpg

from deploy.local.settings import CHECKOUT
from deploy.local.stack import SERVICES, SUPERUSER, Stack
from shared.statements import load
from talon.city import plan
from talon.mistakes import MistakeError
from talon.progress import console
from talon.verbs import audit, city, rush

SQL = load("talon.verbs")


def add_options(words: argparse.ArgumentParser) -> None:
    """The options of its three acts."""
    words.add_argument("--rate", type=float, default=rush.RATE, help="people per second")
    words.add_argument("--seconds", type=float, default=rush.SECONDS)
    words.add_argument("--clinics", type=int, default=plan.CLINICS)
    words.add_argument("--patients", type=int, default=plan.PATIENTS)
    words.add_argument("--seed", type=int, default=plan.SEED)
    words.add_argument("--quiet-seconds", type=float, default=audit.QUIET_SECONDS)


def run(stack: Stack, options: argparse.Namespace) -> int:
    """The audit's exit code. SABOTAGE=1 spoils one row first; KEEP=1 leaves the stack running."""
    began = time.monotonic()
    _stack(stack, "reset")
    try:
        _stack(stack, "up")
        city.run(stack, options)
        rush.run(stack, options)
        if os.environ.get("SABOTAGE"):
            asyncio.run(_sabotage(stack))
        code = audit.run(stack, options)
    except BaseException:
        _stack(stack, "down")
        raise
    if os.environ.get("KEEP"):
        _explain(stack)
    else:
        _stack(stack, "down")
    console().print(f"demo: {time.monotonic() - began:.0f} s")
    return code


def _stack(stack: Stack, verb: str) -> None:
    """The stack's own command, in the open."""
    command = [sys.executable, "-m", "deploy.local", verb, "--stack", stack.name]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        raise MistakeError(f"the stack did not go {verb}; see: make logs STACK={stack.name}")


async def _sabotage(stack: Stack) -> None:
    """Lose one booked place behind everybody's back; an audit worth its name finds it."""
    await asyncio.sleep(audit.QUIET_SECONDS / 30)
    connection = await asyncpg.connect(stack.dsn(SUPERUSER), timeout=5)
    try:
        place_id = await connection.fetchval(SQL["lose_a_place"])
    finally:
        await connection.close(timeout=5)
    console().print(f"sabotage: place {place_id} was deleted behind everybody's back")


def _explain(stack: Stack) -> None:
    out = console()
    for service in SERVICES:
        out.print(
            f"  {service:<8} API {stack.api(service)}/api/v1  ops {stack.ops(service)}/metrics"
        )
    out.print(f"  mail     {stack.inbox}")
    out.print(f"  end it with: make down STACK={stack.name}")
