"""How does a test stand beside others' push service for apps? It tells pushy's what to do."""

import asyncio
import base64
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from services.notify.rules.apps import AppAddress
from tests.certificates import a_certificate, a_key, public_half

ROOT = Path(__file__).resolve().parents[1]
JARS = ROOT / ".talon" / "peer-jars"
PROGRAM = ROOT / "tests" / "peers" / "Apns.java"
PATIENCE_SECONDS = 20.0

APP = "org.example.talon"
KEY_ID, TEAM_ID = "ABC123DEFG", "DEF123GHIJ"
KEY = a_key()
"""By which we say who asks; the peer is told its other half."""

OURS = {
    "apns_key": KEY,
    "apns_key_id": KEY_ID,
    "apns_team_id": TEAM_ID,
    "apns_apps": APP,
}
"""How a messenger is set that has an app of its own."""


class Apns:
    """A running peer: what it heard, and what it is to do."""

    def __init__(self, process: asyncio.subprocess.Process, ca: Path) -> None:
        self.heard: list[dict[str, Any]] = []
        self.port = 0
        self.process = process
        self.ca = ca
        self._something = asyncio.Condition()

    @property
    def settings(self) -> dict[str, Any]:
        """How a messenger is set that pushes here."""
        return OURS | {"apns_server": f"127.0.0.1:{self.port}", "apns_ca": str(self.ca)}

    async def listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._something:
                self.heard.append(json.loads(line))
                self._something.notify_all()

    async def tell(self, *words: str) -> None:
        """Say what it is to do, and wait until it has heard."""
        assert self.process.stdin is not None
        before = len(self.all("told"))
        self.process.stdin.write(" ".join(words).encode() + b"\n")
        await self.until("told", before + 1)

    async def begin_anew(self) -> None:
        """As if it had just been started; whoever hangs is let go."""
        await self.tell("anew")
        self.heard.clear()

    async def knows(self, phone: AppAddress) -> AppAddress:
        """The phone is one that it reaches."""
        await self.tell("know", phone.token)
        return phone

    async def shown(self) -> list[dict[str, Any]]:
        """What the phones were given of what it took, as the app reads it."""
        await self.tell("next")
        return [
            json.loads(base64.b64decode(said["accepted"]["payload"]))
            for said in self.all("accepted")
        ]

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [said for said in self.heard if kind in said]

    async def until(self, kind: str, times: int = 1) -> None:
        """It heard or said so that often."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._something:
            await self._something.wait_for(lambda: len(self.all(kind)) >= times)

    async def die(self) -> None:
        """Nobody is there any more."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def an_apns(port: int = 0) -> AsyncIterator[Apns]:
    """Pushy's, as long as the block runs; it takes what is in order for phones that it knows."""
    assert JARS.is_dir(), "the peers are missing: make setup ALSO=peers"
    with tempfile.TemporaryDirectory(prefix="talon-apns-") as name:
        folder = Path(name)
        certificate, secret = a_certificate()
        files = {"certificate": certificate, "secret": secret, "public": public_half(KEY)}
        for file, text in files.items():
            (folder / file).write_text(text)
        process = await asyncio.create_subprocess_exec(
            "java",
            *("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*", str(PROGRAM)),
            *(str(folder / file) for file in files),
            *(KEY_ID, TEAM_ID, APP, str(port)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        apns = Apns(process, folder / "certificate")
        listening = asyncio.create_task(apns.listen())
        try:
            await apns.until("port")
            apns.port = apns.all("port")[0]["port"]
            yield apns
        finally:
            await apns.die()
            await listening


def a_phone(nth: int = 1) -> AppAddress:
    """The `nth` phone with the app on it."""
    return AppAddress(f"{nth:064x}", APP, "production")
