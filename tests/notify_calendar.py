"""What does a calendar of others make of our mails? It is asked, and so is a second one."""

import json
import os
import subprocess
from collections.abc import Iterable
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, NamedTuple

from icalendar import Calendar

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / ".talon" / "peers" / "node_modules"


class Entry(NamedTuple):
    """One entry as a calendar shows it."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str


class Kept(NamedTuple):
    """Which entries were ever heard of, how each message was numbered, and what is left."""

    known: list[str]
    told: list[tuple[str, str, int]]
    left: list[Entry]


def parts_of(mails: Iterable[bytes]) -> list[dict[str, str]]:
    """The calendars in mails, in order, as a mail program finds them."""
    found = []
    for content in mails:
        mail = message_from_bytes(content, policy=default)
        assert isinstance(mail, EmailMessage)
        for part in mail.walk():
            if part.get_content_type() == "text/calendar":
                method = str(part.get_param("method"))
                found.append({"method": method, "text": part.get_content()})
    return found


def by_ical_js(mails: Iterable[bytes]) -> Kept:
    """What is in the calendar afterwards, as npm's ical.js reads it."""
    assert MODULES.is_dir(), "the peers are missing: make setup ALSO=peers"
    done = subprocess.run(
        ["node", str(ROOT / "tests" / "peers" / "calendar.js")],
        env=os.environ | {"NODE_PATH": str(MODULES)},
        input=json.dumps(parts_of(mails)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return Kept(
        known=told["known"],
        told=[(one["method"], one["uid"], one["sequence"]) for one in told["seen"]],
        left=[_entry(one) for one in told["left"]],
    )


def _entry(one: dict[str, str]) -> Entry:
    times = [datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at")]
    return Entry(one["uid"], *times, one["summary"], one["location"])


def by_icalendar(mails: Iterable[bytes]) -> Kept:
    """The same by Python's icalendar."""
    known: dict[str, tuple[int, Entry | None]] = {}
    told = []
    for part in parts_of(mails):
        calendar: Any = Calendar.from_ical(part["text"])
        method = str(calendar["method"])
        assert method == part["method"]
        for event in calendar.walk("VEVENT"):
            uid, number = str(event["uid"]), int(event["sequence"])
            told.append((method, uid, number))
            if uid in known and known[uid][0] > number:
                continue
            gone = method == "CANCEL" or event["status"] == "CANCELLED"
            times = (event["dtstart"].dt, event["dtend"].dt)
            words = (str(event["summary"]), str(event["location"]))
            known[uid] = (number, None if gone else Entry(uid, *times, *words))
    return Kept(list(known), told, [entry for _, entry in known.values() if entry])
