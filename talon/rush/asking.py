"""How does one wish get its one answer, however often it must be asked?

What may have been done is asked for again under the same key, or looked up where the answer said to
look, until somebody says yes or no or patience runs out. Each answer is written down first.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from talon.doors import Answer, Doors
from talon.rush.journal import How, Journal, Line, Verdict
from talon.rush.verdicts import judge, judge_poll, offered, said
from talon.rush.wishes import Wish, request_of

POLL_SECONDS = 0.3
AGAIN_SECONDS_MIN = 0.3
AGAIN_SECONDS_MAX = 3.0
TURNED_AWAY_MAX = 4
"""Nothing was done, so one may also go home; a wish that may have been done is pursued longer."""

PATIENCE_SECONDS = 60.0
LOOKED_UP = ("book", "hold")
"""What makes something new can be looked up where it will be; a change to what is there is asked
for again, since what is there does not say whether this wish has changed it."""

Listener = Callable[[Line], None]


class Asker:
    """Asks, writes down, and tells those who count."""

    def __init__(self, doors: Doors, journal: Journal, listener: Listener) -> None:
        self._doors = doors
        self._journal = journal
        self._listener = listener

    async def settle(self, wish: Wish, due: float) -> Line:
        """Ask until it is definite; the last line tells how it ended."""
        until = time.monotonic() + PATIENCE_SECONDS
        pause, turned_away, perhaps_done = AGAIN_SECONDS_MIN, 0, False
        line, answer = await self._ask(wish, "ask", due)
        while line.verdict not in ("ok", "refused") and time.monotonic() < until:
            if line.verdict == "away" and not perhaps_done:
                turned_away += 1
                if turned_away >= TURNED_AWAY_MAX:
                    break
            else:
                perhaps_done = True
            if line.verdict == "pending" and wish.act in LOOKED_UP and answer.location:
                return await self._poll(wish, answer.location, until)
            await asyncio.sleep(max(pause, answer.retry_after))
            pause = min(pause * 2, AGAIN_SECONDS_MAX)
            line, answer = await self._ask(wish, "again", None)
        return line

    async def repeat(self, wish: Wish) -> Line:
        """Ask once more for what may be answered already, as people do who press twice."""
        line, _ = await self._ask(wish, "again", None)
        return line

    async def _ask(self, wish: Wish, how: How, due: float | None) -> tuple[Line, Answer]:
        method, url, body = request_of(wish, self._doors)
        return await self._once(wish, how, (method, url, body), due=due)

    async def _poll(self, wish: Wish, location: str, until: float) -> Line:
        """Look where the answer said to look; a look that fails says nothing."""
        url = location if location.startswith("http") else self._doors.origin + location
        while True:
            await asyncio.sleep(POLL_SECONDS)
            line, _ = await self._once(wish, "poll", ("GET", url, None), due=None)
            if line.verdict in ("ok", "refused") or time.monotonic() > until:
                return line

    async def _once(
        self, wish: Wish, how: How, request: tuple[str, str, Any], *, due: float | None
    ) -> tuple[Line, Answer]:
        method, url, body = request
        key = "" if how == "poll" else wish.key
        try:
            answer = await self._doors.ask(
                method,
                url,
                token=wish.person.token,
                admission_pass=wish.person.admission_pass,
                key=key,
                body=body,
                due=due,
            )
        except asyncio.CancelledError:
            # Whoever stops the rush leaves no wish without a line: it may have been done.
            self._note(wish, how, Answer(status=0, seconds=0.0, fault="stopped"), "unknown")
            raise
        verdict = judge_poll(answer) if how == "poll" else judge(answer)
        return self._note(wish, how, answer, verdict), answer

    def _note(self, wish: Wish, how: How, answer: Answer, verdict: Verdict) -> Line:
        found = said(answer)
        line = Line(
            at=round(time.time(), 3),
            wish=wish.key,
            act=wish.act,
            how=how,
            owner=wish.person.id,
            verdict=verdict,
            status=answer.status,
            code=answer.code or (found.reason or "" if verdict == "refused" else ""),
            seconds=round(answer.seconds, 4),
            about=wish.about,
            asked=wish.asked,
            campaign=wish.campaign,
            booking=found.id,
            state=found.status,
            version=found.version,
            given=found.places,
            expires_at=found.expires_at,
            offered=offered(answer),
        )
        self._journal.write(line)
        self._listener(line)
        return line


def booking_of(line: Line) -> UUID | None:
    """The booking or hold that a granted wish made or is about."""
    return line.booking or line.about
