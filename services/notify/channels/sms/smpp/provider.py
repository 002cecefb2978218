"""How are many messages handed to an SMSC at the same time, and each one's end learned?

A line is a seat in the window of a bound session: as many may be without an answer at once.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec
from aiosmpplib.protocol import SubmitSm

from services.notify.channels import AwayError, Dispatch
from services.notify.channels.sms.desk import SmsDesk
from services.notify.channels.sms.smpp import pdus
from services.notify.channels.sms.smpp.pdus import Delivered, Pdu
from services.notify.channels.sms.smpp.receipts import is_text, report_of
from services.notify.channels.sms.smpp.session import Account, LostError, Session
from services.notify.channels.sms.smpp.texts import submits
from services.notify.rules import (
    LATER,
    NEVER,
    Accepted,
    Channel,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    Unwritable,
)
from services.notify.rules.texting import Reply

log = logging.getLogger(__name__)

NAME = "smpp"
PART_AGAIN_SECONDS = 0.5
SLOW_SECONDS = 2.0
"""How long nothing is tried after the SMSC said that it has too much to do."""

STAGE = "submit_sm"
SLOW = frozenset({0x14, 0x58})
"""Its queue is full; we are too quick."""

FOR_NOW = frozenset({0x04, 0x08, 0x45, 0x64, 0xFF})
"""Not bound so, a system's error, a failed submit, a temporary one, an unknown one."""

VENDORS = 0x400
"""Statuses from here on are each vendor's own: nobody can say that they are for good."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How an SMSC is spoken to."""

    sender: str
    send_seconds: float
    valid_seconds_max: float
    binds: int
    window: int


class SmppProvider:
    """An SMSC, by one or more bound sessions."""

    channel: Channel = "sms"
    name = NAME
    keyed = False

    def __init__(
        self,
        account: Account,
        settings: Settings,
        desk: SmsDesk,
        words: Callable[[Dispatch], str],
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._words = words
        self._sessions = [Session(account, self._take) for _ in range(settings.binds)]
        self._seats = 0

    @property
    def lines_max(self) -> int:
        """As many as all windows have seats."""
        return self._settings.binds * self._settings.window

    @property
    def sessions_open(self) -> int:
        """How many sessions are bound."""
        return sum(session.is_open for session in self._sessions)

    def line(self) -> "SmppLine":
        """One more seat, on the sessions in turn."""
        session = self._sessions[self._seats % len(self._sessions)]
        self._seats += 1
        return SmppLine(session, self._settings, self._desk, self._words)

    async def keep(self, pause_seconds: float = 1.0) -> None:
        """Stay bound though nothing is to be sent: receipts and replies come all the same."""
        while True:
            for session in self._sessions:
                if not session.is_open:
                    try:
                        await session.open()
                    except AwayError as error:
                        log.warning("the SMSC is away", extra={"error": str(error)})
            await asyncio.sleep(pause_seconds)

    async def _take(self, delivered: Sequence[Delivered]) -> bool:
        reports = [report for each in delivered if (report := report_of(each)) is not None]
        replies = [
            Reply(f"+{e.source.lstrip('+')}", pdus.text_of(e), is_whole=pdus.is_whole(e))
            for e in delivered
            if is_text(e)
        ]
        return await self._desk.take(NAME, reports, replies)


class SmppLine:
    """One seat in a session's window."""

    def __init__(
        self,
        session: Session,
        settings: Settings,
        desk: SmsDesk,
        words: Callable[[Dispatch], str],
    ) -> None:
        self._session = session
        self._settings = settings
        self._desk = desk
        self._words = words
        session.taken_by.add(self)

    @property
    def is_open(self) -> bool:
        """True while the session is bound and answers."""
        return self._session.is_open

    async def open(self) -> None:
        """Bind, unless another seat has done so."""
        self._session.taken_by.add(self)
        await self._session.open()

    async def close(self) -> None:
        """The last to go says goodbye: others may be waiting for an answer."""
        self._session.taken_by.discard(self)
        if not self._session.taken_by:
            await self._session.close()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one text, in as many parts as it takes, and say what became of it."""
        until = asyncio.get_running_loop().time() + self._settings.send_seconds
        left = (dispatch.expires_at - dispatch.at).total_seconds()
        try:
            messages = submits(
                self._words(dispatch),
                sender=self._settings.sender,
                recipient=dispatch.recipient,
                key=dispatch.key,
                valid_seconds=min(left, self._settings.valid_seconds_max),
            )
        except Exception as error:
            log.error("a text message was not written", exc_info=error)
            return Unwritable(type(error).__name__)
        references: list[str] = []
        for message in messages:
            said = await self._submit(message, until, begun=bool(references))
            if not isinstance(said, Accepted):
                # Of a text that was taken in part nobody can say what its reader sees.
                return Unanswered() if references else said
            references.append(said.reference)
        await self._desk.taken(dispatch.key, NAME, references)
        return Accepted(references[0])

    async def _submit(self, message: SubmitSm, until: float, *, begun: bool) -> Outcome:
        """A part behind others is tried again while there is time: else they were in vain."""
        loop = asyncio.get_running_loop()
        while True:
            said = await self._ask(message, until - loop.time())
            for_now = isinstance(said, SlowDown) or (isinstance(said, Refused) and said.code < 500)
            if not (begun and for_now) or loop.time() + PART_AGAIN_SECONDS >= until:
                return said
            await asyncio.sleep(PART_AGAIN_SECONDS)

    async def _ask(self, message: SubmitSm, seconds: float) -> Outcome:
        try:
            answer = await self._session.submit(message, max(0.001, seconds))
        except LostError as error:
            return Unanswered() if error.written else NotHandedOver(STAGE)
        return outcome_of(answer)


def outcome_of(answer: Pdu) -> Outcome:
    """What an SMSC's answer says of what it was asked to take."""
    if answer.status == pdus.OK and answer.command == pdus.SUBMIT_SM_RESP:
        return Accepted(pdus.message_id_of(answer))
    if answer.status in SLOW:
        return SlowDown(SLOW_SECONDS)
    for_now = answer.status in FOR_NOW or answer.status >= VENDORS
    return Refused(LATER if for_now else NEVER, f"{STAGE}, status {answer.status:#010x}")
