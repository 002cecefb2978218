"""What stands around a provider? Whoever looks at each message; all else is let through."""

from services.notify.channels import Dispatch, Line, Provider
from services.notify.rules import Channel, Outcome


class Around:
    """A provider as it is; whoever stands around it says what its lines are."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.channel: Channel = provider.channel
        self.name: str = provider.name
        self.keyed: bool = provider.keyed
        self.lines_max: int = provider.lines_max


class AroundLine:
    """A line as it is."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def is_open(self) -> bool:
        """True while something can be handed over."""
        return self._line.is_open

    async def open(self) -> None:
        """Call the provider."""
        await self._line.open()

    async def close(self) -> None:
        """Say goodbye."""
        await self._line.close()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one message."""
        return await self._line.send(dispatch)
