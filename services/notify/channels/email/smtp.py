"""How is a mail handed to the server, so that it is known afterwards what is known?

The dialogue is driven step by step. Until the first byte of the content every failure is certain;
from then until the server's last reply nobody can say, whatever the library's exception is named.
"""

import asyncio
import logging

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from aiosmtplib.protocol import PERIOD_REGEX, SMTPProtocol, normalize_message_line_endings

from services.notify.channels import AwayError, Dispatch
from services.notify.channels.email.mail import compose
from services.notify.rules import (
    Accepted,
    NotHandedOver,
    Outcome,
    Refused,
    Unanswered,
    Unwritable,
)

log = logging.getLogger(__name__)

START_INPUT = 354
QUIT_SECONDS = 1.0


class Line:
    """One connection to the mail server, kept open for many messages."""

    def __init__(self, server: tuple[str, int], *, sender: str, send_seconds: float) -> None:
        host, port = server
        # The name said in EHLO is given, since it would else be asked of the network.
        self._client = SMTP(
            hostname=host, port=port, timeout=send_seconds, local_hostname="talon.example"
        )
        self._sender = sender
        self._seconds = send_seconds
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """True while nobody has hung up."""
        return self._client.is_connected

    async def open(self) -> None:
        """Call the server; AwayError when it does not answer."""
        try:
            await self._client.connect()
            await self._client.ehlo()
        except (SMTPException, OSError) as error:
            self._client.close()
            raise AwayError(repr(error)) from error

    async def close(self) -> None:
        """Say goodbye, within a limit."""
        if self.is_open:
            try:
                await self._client.quit(timeout=QUIT_SECONDS)
            except (SMTPException, OSError) as error:
                log.info("the mail server did not say goodbye", extra={"error": repr(error)})
        self._client.close()

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one mail, within the limit, and say what became of it."""
        try:
            content = self._written(dispatch)
        except Exception as error:
            # One message that cannot be put into words must not keep the others from being told.
            log.error("a mail was not written", exc_info=error)
            return Unwritable(type(error).__name__)
        return await self._send(content, dispatch.recipient)

    def _written(self, dispatch: Dispatch) -> bytes:
        return compose(
            dispatch.event,
            sender=self._sender,
            recipient=dispatch.recipient,
            at=dispatch.at,
            language=dispatch.language,
            confirm_at=dispatch.confirm_at,
            move_at=dispatch.move_at,
            cancel_at=dispatch.cancel_at,
            join_at=dispatch.join_at,
            unsubscribe_at=dispatch.unsubscribe_at,
            perhaps_again=dispatch.perhaps_again,
        )

    async def _send(self, content: bytes, recipient: str) -> Outcome:
        self._until = asyncio.get_running_loop().time() + self._seconds
        stage = "MAIL"
        try:
            await self._client.mail(self._sender, timeout=self._left())
            stage = "RCPT"
            await self._client.rcpt(recipient, timeout=self._left())
            stage = "DATA"
            reply = await self._client.execute_command(b"DATA", timeout=self._left())
            if reply.code != START_INPUT:
                raise SMTPResponseException(reply.code, reply.message)
        except SMTPResponseException as error:
            return await self._refused(error.code, stage)
        except (SMTPException, OSError):
            self._client.close()
            return NotHandedOver(stage)
        return await self._send_content(content)

    async def _send_content(self, content: bytes) -> Outcome:
        protocol = self._client.protocol
        if protocol is None or not protocol.is_connected:
            return NotHandedOver("content")
        try:
            code = await self._final_code(protocol, content)
        except (SMTPException, OSError):
            code = 0
        if 200 <= code < 300:
            return Accepted()
        if 400 <= code < 600:
            return Refused(code, "content")
        self._client.close()
        return Unanswered()

    async def _final_code(self, protocol: SMTPProtocol, content: bytes) -> int:
        """The server's last word about the content."""
        protocol.write(PERIOD_REGEX.sub(b"..", normalize_message_line_endings(content)) + b".\r\n")
        reply = await protocol.read_response(timeout=self._left())
        return reply.code

    async def _refused(self, code: int, stage: str) -> Outcome:
        """A refusal leaves the line usable once it is reset; words that are no reply do not."""
        if not 400 <= code < 600:
            self._client.close()
            return NotHandedOver(stage)
        try:
            await self._client.rset(timeout=self._left())
        except (SMTPException, OSError):
            self._client.close()
        return Refused(code, stage)

    def _left(self) -> float:
        return max(0.001, self._until - asyncio.get_running_loop().time())
