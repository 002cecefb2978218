"""How is a person told by e-mail? Over SMTP; a mail server knows no keys and sends no receipts."""

from services.notify.channels.email.smtp import Line
from services.notify.config import Config
from services.notify.rules import Channel

NAMES = ("smtp", "smtp_second")
"""The first mail server, and who speaks while that is in trouble."""


class Smtp:
    """A mail server, as the sender's provider."""

    channel: Channel = "email"
    keyed = False

    def __init__(self, config: Config, nth: int = 0) -> None:
        self.name = NAMES[nth]
        self.lines_max = config.smtp_connections_max
        self._server = config.smtp_servers[nth]
        self._config = config

    def line(self) -> Line:
        """One more connection, not open yet."""
        config = self._config
        return Line(self._server, sender=config.smtp_from, send_seconds=config.send_seconds)
