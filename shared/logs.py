"""How does a service say what is unusual? One JSON object per line, ids only, never a person."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

_RESERVED = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


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
