"""Where does mail go on a developer's machine? Into a file, one line each, and nowhere else."""

import argparse
import asyncio
import json
import os
import signal
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_HEADERS = BytesHeaderParser(policy=policy.default)


class Inbox:
    """The file that witnesses which messages arrived. A line is written before the 250 is given."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._drop_half_line()

    def keep(self, envelope: Envelope) -> None:
        """Append one message in one write."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        headers = _HEADERS.parsebytes(content)
        fields = json.dumps(
            {
                "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "message_id": headers["Message-ID"],
                "mail_from": envelope.mail_from,
                "rcpt_to": envelope.rcpt_tos,
                "subject": headers["Subject"],
                "raw": content.decode(errors="replace"),
            }
        )
        line = fields.encode() + b"\n"
        if os.write(self._file, line) != len(line):
            self._drop_half_line()
            raise OSError("the disk is full")

    def close(self) -> None:
        """Nothing is buffered here; the file is merely let go."""
        os.close(self._file)

    def _drop_half_line(self) -> None:
        """A line that was cut off belongs to a message that was never acknowledged."""
        size = os.fstat(self._file).st_size
        end = size
        while end > 0:
            start = max(0, end - 65536)
            newline = os.pread(self._file, end - start, start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end != size:
            os.ftruncate(self._file, end)


class Taker:
    """What aiosmtpd calls when a message is complete."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, then say so."""
        self._inbox.keep(envelope)
        return "250 OK"


async def serve(options: argparse.Namespace) -> None:
    """Take mail until told to stop."""
    inbox = Inbox(options.inbox)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def connection() -> SMTP:
        return SMTP(
            Taker(inbox),
            data_size_limit=options.message_bytes_max,
            enable_SMTPUTF8=True,
            # Given, since the library would else ask the network for its name at each connection.
            hostname="localhost",
            loop=loop,
        )

    server = await loop.create_server(connection, options.host, options.port)
    await stop.wait()
    server.close()
    inbox.close()


def main() -> None:
    """The command line: python -m deploy.local.sink"""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.sink", description=__doc__)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--inbox", required=True, type=Path)
    parser.add_argument("--message-bytes-max", required=True, type=int)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
