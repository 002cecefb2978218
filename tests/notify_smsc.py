"""How does a test stand beside an SMSC that others wrote? It tells one of npm what to do."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / ".talon" / "peers" / "node_modules"
PATIENCE_SECONDS = 10.0


class Smsc:
    """A running peer: what it heard, and what it is to do."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.heard: list[dict[str, Any]] = []
        self.port = 0
        self.process = process
        self._something = asyncio.Condition()

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._something:
                self.heard.append(json.loads(line))
                self._something.notify_all()

    async def tell(self, **what: Any) -> None:
        """Say what it is to do, and wait until it has heard: its other ear may be quicker."""
        assert self.process.stdin is not None
        before = len(self.all("told"))
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        await self.until("told", before + 1)

    async def begin_anew(self) -> None:
        """As if it had just been started."""
        await self.tell(anew=True)
        self.heard.clear()

    async def so_far(self, kind: str) -> list[dict[str, Any]]:
        """All that it has heard of this kind until now."""
        await self.tell()
        return self.all(kind)

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [said for said in self.heard if kind in said]

    async def until(self, kind: str, times: int = 1) -> list[dict[str, Any]]:
        """What it heard of this kind, once that was so often."""
        return await self.when(lambda: self.all(kind), lambda found: len(found) >= times)

    async def when(
        self,
        look: Callable[[], list[dict[str, Any]]],
        enough: Callable[[list[dict[str, Any]]], bool],
    ) -> list[dict[str, Any]]:
        async with asyncio.timeout(PATIENCE_SECONDS), self._something:
            await self._something.wait_for(lambda: enough(look()))
        return look()


@asynccontextmanager
async def an_smsc(port: int = 0, **environment: str) -> AsyncIterator[Smsc]:
    """An SMSC that takes everything until it is told otherwise."""
    assert MODULES.is_dir(), "the peers are missing: make setup ALSO=peers"
    process = await asyncio.create_subprocess_exec(
        "node",
        str(ROOT / "tests" / "peers" / "smsc.js"),
        str(port),
        env=os.environ | {"NODE_PATH": str(MODULES)} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    smsc = Smsc(process)
    listening = asyncio.create_task(smsc.listen())
    try:
        smsc.port = (await smsc.until("port"))[0]["port"]
        yield smsc
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening
