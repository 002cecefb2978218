"""How does a command get onto the log, with others?

Commands for a partition ride together in one record: at once when nothing is in flight, else with
what gathers until the broker has answered, at most a few milliseconds.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from shared import faultpoints
from shared.log import Appender, LogAwayError, Outgoing
from shared.messages import Command
from shared.topics import COMMANDS_PER_RECORD_MAX, SLOTS_COMMANDS

TICK_SECONDS = 0.008
"""How long commands gather while a record of their partition is in flight."""

_encode = msgspec.msgpack.Encoder().encode

Handed = tuple[bytes, asyncio.Future[Any], Callable[[None], None] | None]
"""An encoded command, who gets to know when it is lost, and what is called when it is not."""


class Commands:
    """Hands commands over to the log, many in one record."""

    def __init__(self, appender: Appender) -> None:
        self._appender = appender
        self._gathering: dict[int, list[Handed]] = {}
        self._in_flight: dict[int, int] = {}
        self._flushes: dict[int, asyncio.Task[None]] = {}

    @property
    def away(self) -> bool:
        """True while nothing can be handed over."""
        return self._appender.away

    async def hand_over(self, command: Command, partition: int) -> None:
        """Return once the command is in the producer's hands; LogAwayError if it never was."""
        handed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.post(command, partition, handed, handed.set_result)
        await handed

    def post(
        self,
        command: Command,
        partition: int,
        sender: asyncio.Future[Any],
        on_handed: Callable[[None], None] | None = None,
    ) -> None:
        """Put the command with the others that go next; the sender gets LogAwayError if it never
        was in the producer's hands, and may leave meanwhile.
        """
        if self._appender.away:
            raise LogAwayError
        self._gathering.setdefault(partition, []).append((_encode(command), sender, on_handed))
        if partition not in self._flushes:
            self._flushes[partition] = asyncio.create_task(self._flush(partition))

    async def _flush(self, partition: int) -> None:
        if self._in_flight.get(partition):
            await asyncio.sleep(TICK_SECONDS)
        try:
            while gathered := self._gathering.pop(partition, None):
                for start in range(0, len(gathered), COMMANDS_PER_RECORD_MAX):
                    await self._send(partition, gathered[start : start + COMMANDS_PER_RECORD_MAX])
        finally:
            del self._flushes[partition]

    async def _send(self, partition: int, gathered: list[Handed]) -> None:
        value = _encode([command for command, _, _ in gathered])
        try:
            acknowledged = await self._appender.append(
                Outgoing(topic=SLOTS_COMMANDS.name, partition=partition, key=None, value=value)
            )
        except LogAwayError as error:
            for _, sender, _ in gathered:
                if not sender.done():
                    sender.set_exception(error)
            return
        self._in_flight[partition] = self._in_flight.get(partition, 0) + 1
        acknowledged.add_done_callback(lambda done: self._landed(partition, done))
        for _, sender, on_handed in gathered:
            if on_handed is not None and not sender.done():
                on_handed(None)

    def _landed(self, partition: int, done: asyncio.Future[None]) -> None:
        self._in_flight[partition] -= 1
        # Seen: whoever waits for the reply will ask again with the same id.
        if not done.cancelled() and done.exception() is None:
            faultpoints.reach(faultpoints.HANDED_OVER)
