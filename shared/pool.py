"""Who has a connection to PostgreSQL, and how long was it waited for?"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg

WAIT_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0)
"""The waits that are told apart: none to speak of, or so long that people notice."""


class Pool(asyncpg.Pool):
    """asyncpg's pool, which tells how long each connection was waited for, got or not."""

    on_wait: Callable[[float], None] = staticmethod(lambda seconds: None)

    async def _acquire(self, timeout: float | None) -> Any:
        """Every way to a connection leads through here: `acquire`, `fetch` and the others."""
        began = time.monotonic()
        try:
            return await super()._acquire(timeout)  # type: ignore[misc]  # no stub has it
        finally:
            self.on_wait(time.monotonic() - began)

    def use(self) -> list[tuple[tuple[str], float]]:
        """How many connections there are now, by what they do."""
        return use_of([self])


def use_of(pools: Sequence[asyncpg.Pool]) -> list[tuple[tuple[str], float]]:
    """The same of several pools together."""
    idle = sum(pool.get_idle_size() for pool in pools)
    in_use = sum(pool.get_size() for pool in pools) - idle
    return [(("in_use",), in_use), (("idle",), idle)]
