"""Is it written down already? Many wait for one batch: each for themselves, and not for ever."""

import asyncio
from collections import deque
from collections.abc import Generator


class Written:
    """Something that will be so once, for all who wait for it; one timer lets go of all of them.

    `asyncio.wait` has a timer and two callbacks for each: in a crowd that was a tenth of an answer.
    """

    __slots__ = ("_is_so", "_looks", "_loop", "_patience_seconds", "_waiting")

    def __init__(self, patience_seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._patience_seconds = patience_seconds
        self._is_so = False
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._looks: asyncio.TimerHandle | None = None

    def done(self) -> bool:
        """Is it so?"""
        return self._is_so

    def set(self) -> None:
        """It is so now: nobody waits any longer."""
        self._is_so = True
        if self._looks is not None:
            self._looks.cancel()
        while self._waiting:
            _let_go(self._waiting.popleft()[1])

    def __await__(self) -> Generator[asyncio.Future[None], None, None]:
        """Until it is so, however long that takes."""
        while not self._is_so:
            yield from self._one_more().__await__()

    async def patiently(self) -> bool:
        """Until it is so, or as long as one waits for it; whether it is."""
        if not self._is_so:
            await self._one_more()
        return self._is_so

    def _one_more(self) -> asyncio.Future[None]:
        mine: asyncio.Future[None] = self._loop.create_future()
        until = self._loop.time() + self._patience_seconds
        self._waiting.append((until, mine))
        if self._looks is None:
            self._looks = self._loop.call_at(until, self._look)
        return mine

    def _look(self) -> None:
        """Who came first has waited longest, since all have the same patience."""
        now = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            _let_go(self._waiting.popleft()[1])
        self._looks = self._loop.call_at(self._waiting[0][0], self._look) if self._waiting else None


def _let_go(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
