"""Which mails arrived at the mail server? Read from its own file, headers and parts alone."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import msgspec

from talon.audit.facts import Mail

BOOKING = "x-talon-booking"
EVENT = "x-talon-event"

_FOLDED = re.compile(r"\r?\n[ \t]+")
_CALENDAR = re.compile(r"^content-type: text/calendar;[^\r\n]*method=\"?(\w+)", re.I | re.M)


class Received(msgspec.Struct, frozen=True):
    """One line of the mail server's file."""

    message_id: str | None
    rcpt_to: list[str]
    raw: str


def read(path: Path) -> Iterator[Mail]:
    """One mail per message and person; a message without an id is known by its whole text."""
    if not path.exists():
        return
    decode = msgspec.json.Decoder(Received).decode
    with path.open("rb") as file:
        for text in file:
            received = decode(text)
            for person in received.rcpt_to:
                yield mail_of(received, person)


def mail_of(received: Received, person: str) -> Mail:
    """What the audit goes by of one mail."""
    unfolded = _FOLDED.sub(" ", received.raw)
    head = re.split(r"\r?\n\r?\n", unfolded, maxsplit=1)[0]
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.splitlines())
    }
    methods = [method.upper() for method in _CALENDAR.findall(unfolded)]
    return Mail(
        person=person,
        message_id=received.message_id or received.raw,
        booking_id=_uuid(headers.get(BOOKING, "")),
        tells=headers.get(EVENT, ""),
        requests=methods.count("REQUEST"),
        cancels=methods.count("CANCEL"),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
