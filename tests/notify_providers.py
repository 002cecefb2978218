"""Which provider does a test tell the sender to speak to? One that does what it is told."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from services.notify.channels import Dispatch
from services.notify.rules import Accepted, Channel, Outcome

Answering = Callable[[Dispatch], Awaitable[Outcome]]


class Obliging:
    """A provider of any channel that answers as it is told to, and remembers what it was given."""

    def __init__(
        self, channel: Channel, name: str = "", *, keyed: bool = False, lines_max: int = 1
    ) -> None:
        self.channel: Channel = channel
        self.name = name or f"some {channel}"
        self.keyed = keyed
        self.lines_max = lines_max
        self.given: list[Dispatch] = []
        self.answer: Answering = _accepted

    @property
    def keys(self) -> list[UUID]:
        """By what it knows what it was given."""
        return [dispatch.key for dispatch in self.given]

    def line(self) -> "Line":
        """One more line, not open yet."""
        return Line(self)


class Line:
    """One line to it."""

    def __init__(self, provider: Obliging) -> None:
        self._provider = provider
        self.is_open = False

    async def open(self) -> None:
        """It always answers."""
        self.is_open = True

    async def close(self) -> None:
        """Without a word."""
        self.is_open = False

    async def send(self, dispatch: Dispatch) -> Outcome:
        """What the test says."""
        self._provider.given.append(dispatch)
        return await self._provider.answer(dispatch)


async def _accepted(dispatch: Dispatch) -> Outcome:
    return Accepted(reference=str(dispatch.key))
