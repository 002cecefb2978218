"""How is a message handed to Apple's push service, and what does its answer mean?"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Self

import msgspec

from services.notify.channels import Dispatch
from services.notify.channels.mobile_push.connection import Answer, Connection, Peer, call, trust
from services.notify.channels.mobile_push.content import content_of
from services.notify.channels.mobile_push.signing import Signer
from services.notify.config import Config
from services.notify.rules import (
    LATER,
    NEVER,
    Accepted,
    Channel,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    Unreached,
    Untried,
    Unwritable,
)
from services.notify.rules.apps import AppAddress, KnownApps, kept_until, name_of, priority_of
from services.notify.rules.push import slow_seconds, topic_of
from services.notify.texts import short

HOSTS = {
    "production": "api.push.apple.com:443",
    "sandbox": "api.sandbox.push.apple.com:443",
}
PATH = "/3/device/"

NOBODY = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic", "ExpiredToken", "Unregistered"})
"""Why no message will ever reach a phone by this token."""

FOR_NOW = frozenset({"ExpiredProviderToken", "IdleTimeout"})
"""What the next attempt may do better: it is signed anew, or goes over another connection."""

UNCERTAIN = frozenset({502, 504})
"""A gateway that gave up does not say whether whom it had asked took the message."""

REASON = re.compile(r"[A-Za-z]{1,40}")

Saying = Callable[[Dispatch], str]
"""What is shown, on a screen that others may see."""

_decode = msgspec.json.Decoder(AppAddress).decode


class Why(msgspec.Struct, frozen=True):
    """What a refusal says of itself."""

    reason: str = ""


_decode_why = msgspec.json.Decoder(Why).decode


class MobilePush:
    """Apple's push service, or who speaks as it does, over a few connections."""

    channel: Channel = "mobile_push"
    name: str = "apns"
    keyed: bool = False

    def __init__(
        self, *, peer: Peer, known: KnownApps, signer: Signer, say: Saying, lines_max: int
    ) -> None:
        self.peer = peer
        self.known = known
        self.signer = signer
        self.say = say
        self.lines_max = lines_max

    @classmethod
    def of(cls, config: Config) -> Self:
        """As the settings have it; ValueError or OSError where they are none."""
        server = config.apns_server or HOSTS[config.apns_environment]
        host, _, port = server.rpartition(":")
        return cls(
            peer=Peer(host, int(port), trust(config.apns_ca), config.send_seconds),
            known=KnownApps.parse(config.apns_apps, config.apns_environment),
            signer=Signer.of(config.apns_key, config.apns_key_id, config.apns_team_id),
            say=_said,
            lines_max=config.apns_connections_max,
        )

    def line(self) -> "AppLine":
        """One more connection, not open yet."""
        return AppLine(self)


class AppLine:
    """One message at a time, over a connection of its own."""

    def __init__(self, provider: MobilePush) -> None:
        self._provider = provider
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        """True while the connection is there, as far as that can be seen."""
        return self._connection is not None and self._connection.is_open

    async def open(self) -> None:
        """Call the push service, unless it is called; AwayError when it does not answer."""
        if not self.is_open:
            await self.close()
            self._connection = await call(self._provider.peer)

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Push one message, within the limit, and say what became of it."""
        connection = self._connection
        if connection is None or not await connection.is_there():
            return Untried()
        try:
            to = _decode(dispatch.recipient)
            content = content_of(dispatch, self._provider.say(dispatch))
        except (msgspec.MsgspecError, ValueError) as error:
            return Unwritable(type(error).__name__)
        if not self._provider.known.take(to):
            # By other settings it is one again, so it is not forgotten.
            return Unreached()
        headers = self._headers(to, dispatch)
        said = await connection.post(PATH + to.token, headers, content)
        if isinstance(said, Answer):
            return outcome_of(said, dispatch.at)
        return said

    def _headers(self, to: AppAddress, dispatch: Dispatch) -> dict[str, str]:
        return {
            "authorization": self._provider.signer.authorization(dispatch.at),
            "apns-id": str(name_of(dispatch.key, to.token)),
            "apns-push-type": "alert",
            "apns-topic": to.app,
            "apns-priority": priority_of(dispatch.event),
            "apns-expiration": str(kept_until(dispatch.at, dispatch.expires_at)),
            "apns-collapse-id": topic_of(dispatch.event.booking_id),
            "content-type": "application/json",
        }


def outcome_of(answer: Answer, at: datetime) -> Outcome:
    """What Apple's answer means."""
    status, reason = answer.status, _reason_of(answer.body)
    if status == 200:
        return Accepted(answer.headers.get("apns-id", ""))
    if status == 410 or (status == 400 and reason in NOBODY):
        return Gone()
    if status in (429, 503):
        return SlowDown(slow_seconds(answer.headers.get("retry-after", ""), at))
    if status in UNCERTAIN:
        return Unanswered()
    if status >= 500:
        return NotHandedOver(str(status))
    return Refused(LATER if reason in FOR_NOW else NEVER, f"apns, {status} {reason}".rstrip())


def _reason_of(body: bytes) -> str:
    """One word, as Apple has them; nothing else of an answer gets into a note or a log."""
    try:
        reason = _decode_why(body).reason
    except msgspec.MsgspecError:
        return ""
    return reason if REASON.fullmatch(reason) else ""


def _said(dispatch: Dispatch) -> str:
    return short(dispatch.event, dispatch.language, perhaps_again=dispatch.perhaps_again)
