"""How does a service say what is unusual? One JSON object per line, ids only, never a person."""

import logging
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

LINES_ONE_IN = 1_000
"""Of so many bookings one is spoken of, unless somebody wants more or fewer."""

SLOW_SECONDS = 1.0
SLOW_LINES_PER_SECOND_MAX = 10
"""On a slow morning everything is slow, and a line for each would make it slower."""

HEADERS: ContextVar[Mapping[str, str] | None] = ContextVar("headers", default=None)
"""Those of the request on whose behalf something is done, where there is one."""

REQUEST_ID = "X-Request-Id"
"""Given by the edge; whoever made one up themselves is not believed there."""

_RESERVED = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class Lines:
    """Which commands get a line of their own: those of a few bookings, the same in every service,
    so that their whole story can be read; and a few of those that were slow.
    """

    def __init__(self, one_in: int = LINES_ONE_IN) -> None:
        self._one_in = one_in
        self._second = 0
        self._slow_lines = 0

    def wants(self, booking_id: UUID, seconds: float) -> bool:
        """True when this one is spoken of."""
        if booking_id.int % self._one_in == 0:
            return True
        return seconds > SLOW_SECONDS and self._has_room()

    def _has_room(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._slow_lines = second, 0
        self._slow_lines += 1
        return self._slow_lines <= SLOW_LINES_PER_SECOND_MAX


class JsonFormatter(logging.Formatter):
    """Writes a record's own fields and whatever was given as `extra`."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "from": record.name,
            "says": record.getMessage(),
        }
        headers = HEADERS.get()
        if headers is not None and REQUEST_ID in headers:
            line["request"] = headers[REQUEST_ID]
        line |= {k: v for k, v in record.__dict__.items() if k not in _RESERVED}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def set_up(service: str, level: str) -> None:
    """Send everything at `level` and above to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # aiokafka says at INFO and WARNING what it retries by itself; it drowns the rest in an outage.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # It says at DEBUG each header of each request, and with them to which phone it goes.
    logging.getLogger("hpack").setLevel(logging.WARNING)
