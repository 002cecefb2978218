"""What does a chapter know that has a stack to itself?"""

from rich.console import Console

from bench import stage
from bench.rush.found import Everything
from bench.rush.sizes import Sizes
from deploy.local.stack import Stack


class Scene:
    """A stack that may be taken down and brought up as the chapter needs it."""

    def __init__(self, stack: Stack, sizes: Sizes, every: Everything, out: Console) -> None:
        self.stack = stack
        self.sizes = sizes
        self.all = every
        self.out = out

    async def up(self, only: str = "") -> None:
        """From nothing, whole or these parts of it."""
        await stage.ask(self.stack, "reset")
        await stage.ask(self.stack, "up", *(("--only", only) if only else ()))

    def say(self, words: str) -> None:
        """A line to whoever watches."""
        self.out.print(f"  {words}", soft_wrap=True)
