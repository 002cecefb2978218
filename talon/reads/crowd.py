"""How are the readers told how many pages the bookings so far are worth?"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack
from talon.mistakes import MistakeError
from talon.reads.tally import ReadsSummary

TELL_SECONDS = 0.1
END_SECONDS = 15.0


class Readers:
    """The process that reads, from outside."""

    def __init__(self, per_booking: int, bookings: Callable[[], int]) -> None:
        self.summary = ReadsSummary()
        self._per_booking = per_booking
        self._bookings = bookings
        self._told = 0

    async def tell(self, process: asyncio.subprocess.Process) -> None:
        """For ever: how many more are owed."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            self._tell_once(process)

    async def end(self, process: asyncio.subprocess.Process) -> None:
        """What is still owed, then the end of its input; it answers with the summary."""
        try:
            self._tell_once(process)
            assert process.stdin is not None
            process.stdin.close()
            said, _ = await asyncio.wait_for(process.communicate(), END_SECONDS)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise MistakeError(f"the readers ended with {process.returncode}, as shown above")
        self.summary = msgspec.json.decode(said, type=ReadsSummary)

    def _tell_once(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        more = self._bookings() - self._told
        self._told += more
        process.stdin.write(b"%d\n" % (more * self._per_booking))


@asynccontextmanager
async def reading(
    stack: Stack, *, per_booking: int, bookings: Callable[[], int]
) -> AsyncIterator[Readers]:
    """Read so many pages for each booking while the block runs; the summary is there after it."""
    readers = Readers(per_booking, bookings)
    if per_booking == 0:
        yield readers
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "talon.reads", "--stack", stack.name),
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    telling = asyncio.create_task(readers.tell(process))
    try:
        yield readers
    finally:
        telling.cancel()
        await readers.end(process)
