"""What becomes of those who come, when five and ten times as many come as are taken?

The capacity is capped by a setting of the edge. People come at a steady pace, whatever became of
those before them: half as many as are taken, then five times as many, then half again, then ten
times. Told are how many were served of those that could be, how long these and the refused waited,
and how soon it was as before. The last line is `RESULT {json}`; 1 where a bar is missed.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import uvloop

from bench.scale import a_clinic
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.doors import open_doors
from talon.mistakes import MistakeError
from talon.progress import console
from talon.quantiles import quantile
from talon.tokens import Signer

SETTING = "TALON_EDGE_WISHES_PER_SECOND_MAX"
PEOPLE = 4_000
LINES = 1_500
QUIET_SHARE = 0.5
QUIET_SECONDS = 5.0
BACK_SECONDS_MAX = 10.0
WINDOW_SECONDS = 1.0
BACK_TIMES = 2.0
"""It is as before when 99 of 100 in a second waited no longer than twice what they did before."""

BACK_SECONDS_MIN = 0.05
"""And no shorter than this is asked for: of so short waits twice is nothing."""

BARS = {5: 0.95, 10: 0.9}
ADMITTED_SECONDS_MAX = 2.0
REFUSED_SECONDS_MAX = 0.1
SERVED = (201, 202)
REFUSED = (429, 503)
HEAD_END = b"\r\n\r\n"
LENGTH = b"\r\nContent-Length: "


class Came(msgspec.Struct, frozen=True):
    """One who came: since the beginning of the phase, how they were answered, and how soon."""

    at: float
    status: int
    seconds: float


class Line(asyncio.Protocol):
    """One connection, for one request at a time: as little work for it as Python can do."""

    def __init__(self, free: "list[Line]") -> None:
        self._free = free
        self._transport: asyncio.Transport | None = None
        self._heard: Callable[[int], None] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be used."""
        self._transport = cast("asyncio.Transport", transport)
        self._free.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waited has no answer."""
        if self in self._free:
            self._free.remove(self)
        self._tell(0)

    def ask(self, request: bytes, heard: Callable[[int], None]) -> None:
        """Send it; `heard` gets the status, or 0."""
        assert self._transport is not None
        self._heard = heard
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """An answer, or a piece of one."""
        self._buffer += data
        end = self._buffer.find(HEAD_END)
        if end < 0:
            return
        at = self._buffer.find(LENGTH, 0, end)
        length = int(self._buffer[at + len(LENGTH) : end].split(b"\r\n", 1)[0]) if at > 0 else 0
        if len(self._buffer) < end + len(HEAD_END) + length:
            return
        status, self._buffer = int(self._buffer[9:12]), b""
        self._free.append(self)
        self._tell(status)

    def _tell(self, status: int) -> None:
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(status)


class Crowd:
    """People with tokens, who come one after the other; each wish is another place."""

    def __init__(self, stack: Stack, slots: list[str], tokens: list[str]) -> None:
        self._host, _, port = stack.edge.removeprefix("http://").rpartition(":")
        self._port = int(port)
        self._slots = slots
        self._tokens = tokens
        self._free: list[Line] = []
        self._nth = 0

    async def connect(self) -> None:
        """As many connections as may be waited on at once."""
        loop = asyncio.get_running_loop()
        for _ in range(LINES - len(self._free)):
            await loop.create_connection(lambda: Line(self._free), self._host, self._port)

    async def come(self, per_second: float, seconds: float) -> list[Came]:
        """So many a second for so long; returns when all are answered."""
        await self.connect()
        came: list[Came] = []
        began, sent, count = time.monotonic(), 0, int(per_second * seconds)
        while sent < count:
            owed = min(count, int((time.monotonic() - began) * per_second) + 1)
            while sent < owed:
                self._one(began, came)
                sent += 1
            await asyncio.sleep(0.002)
        async with asyncio.timeout(20):
            while len(came) < count:  # noqa: ASYNC110 - whoever counts does not call
                await asyncio.sleep(0.05)
        return came

    def _one(self, began: float, came: list[Came]) -> None:
        now = time.monotonic()
        if not self._free:
            came.append(Came(now - began, 0, 0.0))
            return
        line = self._free.pop()
        line.ask(
            self._request(),
            lambda status: came.append(Came(now - began, status, time.monotonic() - now)),
        )

    def _request(self) -> bytes:
        nth, people = self._nth, len(self._tokens)
        self._nth += 1
        slot = self._slots[(nth + nth // people) % len(self._slots)]
        body = f'{{"places":[{{"slot_id":"{slot}"}}]}}'
        return (
            f"POST /api/v1/bookings HTTP/1.1\r\nHost: {self._host}\r\n"
            f"Authorization: Bearer {self._tokens[nth % people]}\r\n"
            f"Idempotency-Key: {UUID(int=nth << 64 | 1)}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


def told_of(rush: list[Came], cap: int, seconds: float) -> dict[str, Any]:
    """What a rush was like."""
    served = sorted(each.seconds for each in rush if each.status in SERVED)
    refused = sorted(each.seconds for each in rush if each.status in REFUSED)
    return {
        "came": len(rush),
        "served": len(served),
        "refused": len(refused),
        "failed": len(rush) - len(served) - len(refused),
        "statuses": dict(Counter(str(each.status) for each in rush)),
        "goodput": round(len(served) / (cap * seconds), 3),
        "admitted_p99_seconds": round(quantile(served, 0.99), 3) if served else None,
        "refused_p99_seconds": round(quantile(refused, 0.99), 3) if refused else None,
    }


def back_after(quiet: list[Came], before: float) -> float:
    """In which second after the rush it was as before, and stayed so; at worst all of them."""
    bar = max(BACK_TIMES * before, BACK_SECONDS_MIN)
    back = 0.0
    for second in range(int(BACK_SECONDS_MAX)):
        window = [each for each in quiet if second <= each.at < second + WINDOW_SECONDS]
        late = quantile(sorted(each.seconds for each in window), 0.99) > bar
        if late or any(each.status not in SERVED for each in window):
            back = second + WINDOW_SECONDS
    return back


async def measured(stack: Stack, cap: int, seconds: float, people: int = PEOPLE) -> dict[str, Any]:
    """On a stack that takes so many a second: what each rush was like, and which miss their bar."""
    signer, out = Signer(stack), console()
    async with open_doors(stack) as doors:
        slots = await a_clinic(doors, signer)
    tokens = [signer.sign(uuid4(), ["patient"], hours=1) for _ in range(people)]
    crowd = Crowd(stack, slots, tokens)
    # Everybody has been here before: their tokens are known.
    await crowd.come(cap * QUIET_SHARE, people / (cap * QUIET_SHARE))
    quiet = await crowd.come(cap * QUIET_SHARE, QUIET_SECONDS)
    before = quantile(sorted(each.seconds for each in quiet), 0.99)
    result: dict[str, Any] = {"cap_per_second": cap, "before_p99_seconds": round(before, 3)}
    missed = []
    for times, goodput in BARS.items():
        told = told_of(await crowd.come(cap * times, seconds), cap, seconds)
        after = await crowd.come(cap * QUIET_SHARE, BACK_SECONDS_MAX)
        told["back_seconds"] = back_after(after, before)
        result[f"times_{times}"] = told
        out.print(f"  {times} times: {told}")
        kept = (
            told["goodput"] >= goodput
            and (told["admitted_p99_seconds"] or 0) <= ADMITTED_SECONDS_MAX
            and (told["refused_p99_seconds"] or 0) <= REFUSED_SECONDS_MAX
            and told["back_seconds"] < BACK_SECONDS_MAX
        )
        if not kept:
            missed.append(times)
    return result | {"missed": missed}


async def _verb(stack: str, environ: dict[str, str], *words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", *words, f"--stack={stack}"),
        cwd=CHECKOUT,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise MistakeError(said.decode(errors="replace"))


async def on_a_stack(name: str, cap: int, seconds: float, people: int = PEOPLE) -> dict[str, Any]:
    """The same on a stack that is made anew for it, with this cap, and goes again."""
    environ = dict(os.environ) | {SETTING: str(cap)}
    await _verb(name, environ, "reset")
    await _verb(name, environ, "up")
    try:
        return await measured(named(name), cap, seconds, people)
    finally:
        await _verb(name, environ, "reset")


def main() -> int:
    """Measure on a stack of its own, which is made anew for it."""
    words = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    words.add_argument("--stack", default="bench")
    words.add_argument("--cap", type=int, default=1_000, help="wishes a second that are taken")
    words.add_argument("--seconds", type=float, default=10.0, help="how long each rush lasts")
    told = words.parse_args()
    try:
        result = uvloop.run(on_a_stack(told.stack, told.cap, told.seconds))
    except MistakeError as reason:
        print(f"bench overload: {reason}", file=sys.stderr)
        return 2
    print("RESULT", json.dumps(result), flush=True)
    return 1 if result["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
