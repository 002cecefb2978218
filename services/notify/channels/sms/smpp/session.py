"""How is one line to an SMSC kept, on which many speak at once? Bound, asked after, correlated.

Whoever hands something over learns one of three things: the SMSC's answer to just that; that the
line was gone before a word of it was written; or that it was written and nobody can say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

import msgspec
from aiosmpplib.protocol import SubmitSm

from services.notify.channels import AwayError
from services.notify.channels.sms.smpp import pdus
from services.notify.channels.sms.smpp.pdus import BrokenLineError, Delivered, Pdu

log = logging.getLogger(__name__)

GOODBYE_SECONDS = 1.0
DELIVERIES_WAITING_MAX = 500
DELIVERIES_AT_ONCE_MAX = 100
SEQUENCE_MAX = 0x7FFF_FFFF

Taking = Callable[[Sequence[Delivered]], Awaitable[bool]]
"""Keeps what was delivered: receipts and people's replies. False: not now, bring it again."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Where an SMSC is, who we are to it, and how long we wait for it."""

    host: str
    port: int
    user: str
    password: str
    system_type: str
    answer_seconds: float
    enquire_seconds: float
    tls: bool = False


class LostError(Exception):
    """No answer will come. `written` says whether there was a question."""

    def __init__(self, *, written: bool) -> None:
        super().__init__(written)
        self.written = written


class Session:
    """One bound connection."""

    def __init__(self, account: Account, take: Taking) -> None:
        self.taken_by: set[object] = set()
        self._account = account
        self._take = take
        self._writer: asyncio.StreamWriter | None = None
        self._running: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._asked: dict[int, asyncio.Future[Pdu]] = {}
        self._deliveries: asyncio.Queue[Pdu] = asyncio.Queue(DELIVERIES_WAITING_MAX)
        self._numbers = count(1)
        self._heard_at = 0.0
        self._doubted = False

    @property
    def is_open(self) -> bool:
        """True while it is bound and nothing was left without an answer since it last spoke."""
        return self._writer is not None and not self._doubted

    async def open(self) -> None:
        """Bind; AwayError when that is not possible now. A line in doubt is asked first."""
        async with self._opening:
            if self._writer is not None and self._doubted:
                await self._enquire()
            if self._writer is None:
                await self._bind()

    async def close(self) -> None:
        """Say goodbye, within a limit."""
        if self._writer is not None:
            try:
                await self._ask(pdus.unbind, GOODBYE_SECONDS)
            except LostError:
                log.info("the SMSC did not say goodbye")
        await self._end()

    async def submit(self, message: SubmitSm, seconds: float) -> Pdu:
        """The SMSC's answer to this message, or LostError."""
        if not self.is_open:
            raise LostError(written=False)
        try:
            return await self._ask(lambda number: pdus.submit(number, message), seconds)
        except LostError:
            # Nothing more is handed over until the SMSC has shown that it is there at all: else
            # what follows would become unknown one by one.
            self._doubted = True
            raise

    # ---- asking --------------------------------------------------------------------------------

    async def _ask(self, write: Callable[[int], bytes], seconds: float) -> Pdu:
        writer, number = self._writer, self._number()
        words = write(number)
        if writer is None or writer.is_closing():
            raise LostError(written=False)
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        writer.write(words)
        try:
            return await asyncio.wait_for(answer, seconds)
        except TimeoutError as error:
            raise LostError(written=True) from error
        finally:
            self._asked.pop(number, None)

    async def _enquire(self) -> None:
        """Ask whether it is there; who does not answer is hung up on."""
        try:
            await self._ask(pdus.enquire, self._account.answer_seconds)
            self._doubted = False
        except LostError:
            log.warning("the SMSC does not answer; the line is closed")
            await self._end()

    def _number(self) -> int:
        return (next(self._numbers) - 1) % SEQUENCE_MAX + 1

    # ---- beginning and end ---------------------------------------------------------------------

    async def _bind(self) -> None:
        account = self._account
        try:
            async with asyncio.timeout(account.answer_seconds):
                reader, writer = await asyncio.open_connection(
                    account.host, account.port, ssl=account.tls or None
                )
                try:
                    await self._introduce(reader, writer)
                except BaseException:
                    writer.close()
                    raise
        except (OSError, EOFError, TimeoutError, BrokenLineError) as error:
            raise AwayError(repr(error)) from error
        self._writer, self._doubted = writer, False
        self._heard_at = asyncio.get_running_loop().time()
        self._running = asyncio.create_task(self._run(reader, writer))

    async def _introduce(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        account, number = self._account, self._number()
        writer.write(
            pdus.bind(
                number,
                user=account.user,
                password=account.password,
                system_type=account.system_type,
            )
        )
        said = await pdus.read_pdu(reader)
        while said.command not in (pdus.BIND_TRANSCEIVER_RESP, pdus.GENERIC_NACK):
            said = await pdus.read_pdu(reader)
        if said.command == pdus.GENERIC_NACK or said.status != pdus.OK:
            raise AwayError(f"the SMSC refused the bind: {said.status:#x}")

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks = [
            asyncio.create_task(work)
            for work in (self._read(reader), self._keep(), self._hand_on())
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                log.warning("the line to the SMSC ended", extra={"error": repr(task.exception())})
        finally:
            for task in tasks:
                task.cancel()
            self._forget(writer)

    async def _end(self) -> None:
        running, self._running = self._running, None
        if self._writer is not None:
            self._forget(self._writer)
        if running is not None:
            running.cancel()
            await asyncio.wait([running])

    def _forget(self, writer: asyncio.StreamWriter) -> None:
        """Of what was asked on this line no answer will come."""
        writer.close()
        if self._writer is not writer:
            return
        self._writer = None
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(LostError(written=True))
        while not self._deliveries.empty():
            self._deliveries.get_nowait()

    # ---- what the SMSC says --------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            said = await pdus.read_pdu(reader)
            self._heard_at, self._doubted = asyncio.get_running_loop().time(), False
            if said.command & pdus.RESPONSE:
                self._answered(said)
            elif said.command == pdus.DELIVER_SM:
                self._delivered(said)
            elif said.command == pdus.ENQUIRE_LINK:
                self._say(pdus.answer(pdus.ENQUIRE_LINK_RESP, said.sequence))
            elif said.command == pdus.UNBIND:
                self._say(pdus.answer(pdus.UNBIND_RESP, said.sequence))
                return
            else:
                self._say(pdus.answer(pdus.GENERIC_NACK, said.sequence, pdus.INVALID_COMMAND))

    def _answered(self, said: Pdu) -> None:
        answer = self._asked.get(said.sequence)
        if answer is not None and not answer.done():
            answer.set_result(said)
        elif said.command == pdus.GENERIC_NACK:
            raise BrokenLineError(f"the SMSC understood something not: {said.status:#x}")

    def _delivered(self, said: Pdu) -> None:
        try:
            self._deliveries.put_nowait(said)
        except asyncio.QueueFull:
            self._say(pdus.answer(pdus.DELIVER_SM_RESP, said.sequence, pdus.TRY_LATER))

    async def _hand_on(self) -> None:
        """What was delivered is answered once it is kept: what is lost with us comes again."""
        while True:
            said = [await self._deliveries.get()]
            while not self._deliveries.empty() and len(said) < DELIVERIES_AT_ONCE_MAX:
                said.append(self._deliveries.get_nowait())
            read = {each.sequence: self._read_out(each) for each in said}
            kept = await self._keep_all([each for each in read.values() if each is not None])
            for sequence, each in read.items():
                status = pdus.NEVER_AGAIN if each is None else kept
                self._say(pdus.answer(pdus.DELIVER_SM_RESP, sequence, status))

    def _read_out(self, said: Pdu) -> Delivered | None:
        try:
            return pdus.delivered_of(said)
        except BrokenLineError as error:
            log.error("what the SMSC delivered cannot be read", extra={"error": repr(error)})
            return None

    async def _keep_all(self, delivered: Sequence[Delivered]) -> int:
        """The status that says whether it is kept. A mistake of ours ends no line."""
        try:
            return pdus.OK if await self._take(delivered) else pdus.TRY_LATER
        except Exception as error:
            log.error("what the SMSC delivered was not kept", exc_info=error)
            return pdus.TRY_LATER

    def _say(self, words: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(words)

    async def _keep(self) -> None:
        """Nothing was heard for a while: is anybody there?"""
        loop, every = asyncio.get_running_loop(), self._account.enquire_seconds
        while True:
            await asyncio.sleep(max(0.01, self._heard_at + every - loop.time()))
            if loop.time() - self._heard_at >= every:
                await self._ask(pdus.enquire, self._account.answer_seconds)
