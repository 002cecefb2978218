"""How is a text message handed over by HTTP, so that it is known afterwards what is known?

Until the first byte of the form every failure is certain; from then on only what the API says in
its own words is. A gateway before it that gives up does not know whether it has the message.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec
from aiohttp import (
    ClientResponse,
    ClientSession,
    encode_basic_auth,
)
from yarl import URL

from services.notify.channels import AwayError, Dispatch
from services.notify.channels.http import SharedSession, posted
from services.notify.channels.sms.desk import SmsDesk
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
from services.notify.rules.segments import segments

log = logging.getLogger(__name__)

NAME = "twilio"
PARTS_MAX = 10
VALID_SECONDS_MAX = 36_000
"""The longest that the API lets a message wait; it is then told by nobody."""

TOO_MANY = 20_429
AUTHENTICATION = frozenset({401, 403, 407})
ANSWER_BYTES_MAX = 65_536
SLOW_SECONDS, SLOW_SECONDS_MAX = 2.0, 3_600.0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose messages they are, and where the API is. `sender` is a number, or a service's id."""

    address: str
    sid: str
    token: str
    sender: str
    callback: str
    keyed: bool
    connections: int
    send_seconds: float
    valid_seconds_max: float


class Said(msgspec.Struct, frozen=True):
    """What of the API's answer matters, whether it has taken the message or not."""

    sid: str = ""
    code: int | None = None


_decode = msgspec.json.Decoder(Said).decode


class TwilioProvider:
    """The API, over a few connections."""

    channel: Channel = "sms"
    name: str = NAME

    def __init__(self, account: Account, desk: SmsDesk, words: Callable[[Dispatch], str]) -> None:
        self.account = account
        self.desk = desk
        self.words = words
        self.keyed = account.keyed
        self.lines_max = account.connections
        self.session = SharedSession(
            account.connections,
            account.send_seconds,
            headers={
                "Accept-Encoding": "identity",
                "Authorization": encode_basic_auth(account.sid, account.token),
                "User-Agent": "Talon",
            },
        )

    def line(self) -> "TwilioLine":
        """One of those who share the connections."""
        return TwilioLine(self)


class TwilioLine:
    """One message at a time."""

    def __init__(self, provider: TwilioProvider) -> None:
        self._provider = provider
        self._session: ClientSession | None = None
        self._is_away = False
        account = provider.account
        self._url = URL(account.address) / f"2010-04-01/Accounts/{account.sid}/Messages.json"

    @property
    def is_open(self) -> bool:
        """True until the API could not be reached."""
        return self._session is not None and not self._is_away

    async def open(self) -> None:
        """Knock: while nobody is there nothing is claimed, and no attempt is used up."""
        try:
            async with asyncio.timeout(self._provider.account.send_seconds):
                _, writer = await asyncio.open_connection(self._url.host, self._url.port)
        except (OSError, TimeoutError) as error:
            raise AwayError(repr(error)) from error
        writer.close()
        self._is_away = False
        if self._session is None:
            self._session = self._provider.session.enter()

    async def close(self) -> None:
        """No more is sent here."""
        if self._session is not None:
            self._session = None
            await self._provider.session.leave()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one text, within the limit, and say what became of it."""
        if self._session is None:
            return NotHandedOver("open")
        try:
            form = self._form(dispatch)
        except Exception as error:
            log.error("a text message was not written", exc_info=error)
            return Unwritable(type(error).__name__)
        outcome = await self._ask(self._session, form, dispatch)
        self._is_away = isinstance(outcome, NotHandedOver)
        if isinstance(outcome, Accepted):
            await self._provider.desk.taken(dispatch.key, NAME, [outcome.reference])
        return outcome

    def _form(self, dispatch: Dispatch) -> dict[str, str]:
        account, text = self._provider.account, self._provider.words(dispatch)
        if segments(text) > PARTS_MAX:
            raise ValueError("a text message of too many parts")
        left = (dispatch.expires_at - dispatch.at).total_seconds()
        valid = int(max(1, min(left, account.valid_seconds_max, VALID_SECONDS_MAX)))
        form = {"To": dispatch.recipient, "Body": text, "ValidityPeriod": str(valid)}
        form["MessagingServiceSid" if account.sender.startswith("MG") else "From"] = account.sender
        if account.callback:
            form["StatusCallback"] = account.callback
        return form

    async def _ask(
        self, session: ClientSession, form: dict[str, str], dispatch: Dispatch
    ) -> Outcome:
        headers = {"I-Twilio-Idempotency-Token": str(dispatch.key)} if self._provider.keyed else {}
        return await posted(session, self._url, form, headers, _read)


async def _read(answer: ClientResponse) -> Outcome:
    body = await answer.content.read(ANSWER_BYTES_MAX)
    return outcome_of(answer.status, body, answer.headers.get("Retry-After", ""))


def outcome_of(status: int, body: bytes, retry_after: str = "") -> Outcome:
    """What the API's answer says of the message it was asked to take."""
    try:
        said = _decode(body)
    except msgspec.MsgspecError:
        said = None
    if 200 <= status < 300:
        # Without an id it is taken all the same, and no callback will be known to be its own.
        return Accepted(said.sid if said else "")
    if said is None or said.code is None:
        # Somebody between us and the API: what they refuse never got there; what they lose may.
        return Refused(LATER, f"messages, http {status}") if status < 500 else Unanswered()
    if status == 429 or said.code == TOO_MANY:
        return SlowDown(_seconds_of(retry_after))
    for_now = status >= 500 or status in AUTHENTICATION
    return Refused(LATER if for_now else NEVER, f"messages, code {said.code}")


def _seconds_of(retry_after: str) -> float:
    if not retry_after.isdecimal():
        return SLOW_SECONDS
    return min(max(float(retry_after), SLOW_SECONDS), SLOW_SECONDS_MAX)
