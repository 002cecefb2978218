"""How does somebody ask until there is an answer that holds? Under one key, however often."""

import asyncio
import time
from random import Random
from typing import Any
from uuid import UUID, uuid4

import msgspec

from talon.doors import Answer, Doors

AGAIN_SECONDS_MIN = 0.2
AGAIN_SECONDS_MAX = 2.0
PATIENCE_SECONDS = 90.0
PENDING, TOO_MANY = 202, 429


class Asker:
    """One person's way to Talon."""

    def __init__(self, doors: Doors, person: UUID, token: str, dice: Random) -> None:
        self.person = person
        self.requests = 0
        self.repeats = 0
        self.unanswered: list[str] = []
        self._doors = doors
        self._token = token
        self._dice = dice

    async def ask(self, method: str, path: str, body: Any) -> Answer | None:
        """The definite answer; None where there was none for too long, which is not forgiven."""
        key, url = str(uuid4()), f"{self._doors.api}{path}"
        until, pause = time.monotonic() + PATIENCE_SECONDS, AGAIN_SECONDS_MIN
        while time.monotonic() < until:
            said = await self._doors.ask(method, url, token=self._token, key=key, body=body)
            self.requests += 1
            if _is_definite(said):
                return said
            self.repeats += 1
            # As a browser does: later and later, and not in step with the others.
            await asyncio.sleep(max(pause, said.retry_after) * self._dice.uniform(0.6, 1.0))
            pause = min(pause * 2, AGAIN_SECONDS_MAX)
        self.unanswered.append(f"{method} {path}")
        return None


def body_of(said: Answer | None) -> dict[str, Any]:
    """What an answer says; nothing where there was none."""
    found: dict[str, Any] = {} if said is None else msgspec.json.decode(said.body)
    return found


def _is_definite(said: Answer) -> bool:
    """Yes or no: not "perhaps", "not now", "not decided yet", or silence."""
    return 200 <= said.status < 500 and said.status not in (PENDING, TOO_MANY)
