"""What is a part of the stack, and what must be known to start, watch and stop it?"""

import signal
import sys
from collections.abc import Awaitable, Callable

import msgspec

from deploy.local.settings import Port


class NotReadyError(Exception):
    """The part runs but does not answer as it should yet; the message says what is missing."""


class HopelessError(Exception):
    """Starting again cannot help; the message says what a person must do."""


MAIL_NICENESS = 5
"""Mail may be late at the peak, visibly; whoever waits for an answer may not."""


async def nothing() -> None:
    """What a part does that has nothing to prepare or to settle."""


async def not_concerned(_pid: int) -> None:
    """What a part does that does not know how many processes a service has."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One supervised process. All it needs to live is in here; the keeper knows no names."""

    name: str
    needs: tuple[str, ...] = ()
    """Parts that must have been ready once before this one is started."""
    ports: dict[str, Port]
    command: tuple[str, ...]
    environment: dict[str, str] = {}
    folder: str
    """The working directory."""
    user: str | None = None
    """The account to run as, when that is not ours."""
    niceness: int = 0
    """How much it stands back when the cores are all busy: 0 not at all, 19 altogether."""
    prepare: Callable[[], Awaitable[None]] = nothing
    """Before each start: files and folders."""
    probe: Callable[[], Awaitable[None]]
    """Raises `NotReadyError`, or anything of the network's, until the part answers."""
    settle: Callable[[], Awaitable[None]] = nothing
    """Once it answers, before it counts as ready: roles, topics. Harmless to repeat."""
    rescaled: Callable[[int], Awaitable[None]] = not_concerned
    """While it runs, as this process: a service has more or fewer processes than before. Returns
    when it goes by that."""
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    """What the kernel sends it when the supervisor dies without a word."""
    stop_seconds: float = 15.0


def python(module: str) -> tuple[str, ...]:
    """The command that runs a module of this checkout in the interpreter we run in."""
    return (sys.executable, "-m", module)
