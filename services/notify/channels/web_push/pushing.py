"""How is a message handed to a push service, so that it is known afterwards what is known?

Until the first byte of the content every failure is certain; from then until the service's answer
nobody can say.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Self

import msgspec
from aiohttp import ClientResponse, ClientSession
from yarl import URL

from services.notify.channels import Dispatch
from services.notify.channels.http import SharedSession, posted
from services.notify.channels.web_push.content import content_of, sealed
from services.notify.channels.web_push.signing import Signer
from services.notify.config import Config
from services.notify.rules import (
    NEVER,
    Accepted,
    Channel,
    Gone,
    NotHandedOver,
    Outcome,
    Refused,
    SlowDown,
    Unanswered,
    Unwritable,
)
from services.notify.rules.push import (
    PushServices,
    Subscription,
    slow_seconds,
    topic_of,
    ttl_seconds,
    urgency_of,
)
from services.notify.texts import short

ANSWER_HEADER_BYTES_MAX = 4_096
UNCERTAIN = frozenset({502, 504})
"""A gateway that gave up does not say whether whom it had asked took the message."""

Saying = Callable[[Dispatch], str]
"""What is shown, on a screen that others may see."""

_decode = msgspec.json.Decoder(Subscription).decode


class WebPush:
    """Every known push service as one provider: which it is chooses the device's browser."""

    channel: Channel = "web_push"
    name: str = "webpush"
    keyed: bool = False

    def __init__(
        self,
        *,
        services: PushServices,
        signer: Signer,
        say: Saying,
        lines_max: int,
        send_seconds: float,
    ) -> None:
        self.lines_max = lines_max
        self.services = services
        self.signer = signer
        self.say = say
        self.session = SharedSession(
            lines_max, send_seconds, max_field_size=ANSWER_HEADER_BYTES_MAX
        )

    @classmethod
    def of(cls, config: Config) -> Self:
        """As the settings have it; ValueError where they are none."""
        contact = config.push_contact or f"mailto:{config.smtp_from}"
        return cls(
            services=PushServices.parse(config.push_services),
            signer=Signer.of(config.push_key, contact),
            say=_said,
            lines_max=config.push_connections_max,
            send_seconds=config.send_seconds,
        )

    def part_of(self, dispatch: Dispatch) -> str:
        """The push service of the device's browser; what cannot be read is nobody's trouble."""
        try:
            return _decode(dispatch.recipient).origin
        except msgspec.MsgspecError:
            return "unreadable"

    def line(self) -> "PushLine":
        """One of those who share the connections."""
        return PushLine(self)


class PushLine:
    """One message at a time to whichever push service it goes to."""

    def __init__(self, provider: WebPush) -> None:
        self._provider = provider
        self._session: ClientSession | None = None

    @property
    def is_open(self) -> bool:
        """True from `open` to `close`: a service that is away is another's trouble."""
        return self._session is not None

    async def open(self) -> None:
        """Nobody is called before there is something to say."""
        if self._session is None:
            self._session = self._provider.session.enter()

    async def close(self) -> None:
        """No more is sent here."""
        if self._session is not None:
            self._session = None
            await self._provider.session.leave()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Push one message, within the limit, and say what became of it."""
        session = self._session
        if session is None:
            return NotHandedOver("open")
        try:
            subscription = _decode(dispatch.recipient)
            content = sealed(content_of(dispatch, self._provider.say(dispatch)), subscription)
        except (msgspec.MsgspecError, ValueError) as error:
            return Unwritable(type(error).__name__)
        if not self._provider.services.take(subscription.endpoint):
            # It was known when it was taken, and is not any more.
            return Gone()
        return await self._ask(session, subscription, dispatch, content)

    async def _ask(
        self, session: ClientSession, subscription: Subscription, dispatch: Dispatch, content: bytes
    ) -> Outcome:
        async def read(answer: ClientResponse) -> Outcome:
            return outcome_of(answer.status, answer.headers.get("Retry-After", ""), dispatch.at)

        url = URL(subscription.endpoint, encoded=True)
        return await posted(session, url, content, self._headers(subscription, dispatch), read)

    def _headers(self, subscription: Subscription, dispatch: Dispatch) -> dict[str, str]:
        return {
            "Authorization": self._provider.signer.authorization(subscription.origin, dispatch.at),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(ttl_seconds(dispatch.at, dispatch.expires_at)),
            "Topic": topic_of(dispatch.event.booking_id),
            "Urgency": urgency_of(dispatch.event),
            "User-Agent": "Talon",
        }


def outcome_of(status: int, retry_after: str, at: datetime) -> Outcome:
    """What a push service's answer means."""
    if 200 <= status < 300:
        return Accepted()
    if status in (404, 410):
        return Gone()
    if status in (429, 503):
        return SlowDown(slow_seconds(retry_after, at))
    if status in UNCERTAIN:
        return Unanswered()
    if status >= 500:
        return NotHandedOver(str(status))
    return Refused(NEVER, f"push, status {status}")


def _said(dispatch: Dispatch) -> str:
    return short(dispatch.event, dispatch.language, perhaps_again=dispatch.perhaps_again)
