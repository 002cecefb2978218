"""How is a person told by e-mail? Over SMTP; a mail server knows no keys and sends no receipts."""

from services.notify.channels.email.smtp import Line
from services.notify.config import Config
from services.notify.rules import Channel


class Smtp:
    """The mail server, as the sender's provider."""

    channel: Channel = "email"
    name = "smtp"
    keyed = False

    def __init__(self, config: Config) -> None:
        self.lines_max = config.smtp_connections_max
        self._config = config

    def line(self) -> Line:
        """One more connection, not open yet."""
        config = self._config
        return Line(config.smtp_server, sender=config.smtp_from, send_seconds=config.send_seconds)
