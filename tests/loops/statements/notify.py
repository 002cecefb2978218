"""What do the messenger's statements in `services/notify/sql/` do?"""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from tests.loops.clockwork import Wait
from tests.loops.database import Row, Session, Statement

Wrote = Generator[Wait, None, int]
Gave = Generator[Wait, None, list[Row]]

LIVE = ("home", "seq", "owner_id", "event")
WRITTEN = ("event_id", "booking_id", "version", "owner_id", "kind", "expires_at", "event")
SEALED = dict.fromkeys(
    ("generation", "master_id", "wrapped", "quiet_begins", "quiet_ends", "time_zone", "language")
) | {"versions": [1], "sealed": [b""]}
REMINDER = (
    *(
        "booking_id",
        "owner_id",
        "clinic_id",
        "starts_at",
        "version",
        "made_at",
        "due_at",
        "part",
        "places",
    ),
)
MARK = ("id", "state", "tried", "wait_seconds", "note", "reference", "perhaps")


def keep_live_events(session: Session, *columns: Sequence[Any]) -> Wrote:
    for values in zip(*columns, strict=True):
        row = dict(zip(LIVE, values, strict=True))
        yield from session.lock("live_event", row["home"], row["seq"])
        if session.row("live_event", row["home"], row["seq"]) is not None:
            raise asyncpg.UniqueViolationError("one_event_per_number")
        session.write("live_event", row["home"], row["seq"], row=row)
    return 0


def write_down(session: Session, *given: Sequence[Any]) -> Gave:
    """Rows get their ids in the order in which they are written, committed or not.

    Nothing in these histories is told by consent only.
    """
    *columns, by_consent = given
    assert not by_consent
    new = unreached = 0
    for values in zip(*columns, strict=True):
        row = dict(zip(WRITTEN, values, strict=True))
        yield from session.lock("told_once", row["event_id"], row["owner_id"], 0)
        if session.row("told_once", row["event_id"], row["owner_id"], 0):
            continue
        message_id = next(session.database.ids)
        row |= {"id": message_id, "state": "waiting", "attempts": 0, "note": ""}
        row |= {"written_at": session.now, "due_at": session.now}
        row |= dict.fromkeys(("claimed_by", "claimed_until", "settled_at", "provider", "reference"))
        row |= {"channel": "email", "perhaps_again": False}
        if session.row("contact", row["owner_id"]) is None:
            row |= {"state": "no_address", "settled_at": session.now}
            unreached += 1
        yield from session.lock("message", message_id)
        session.write("message", message_id, row=row)
        entry = (row["event_id"], row["owner_id"], 0)
        session.write("told_once", *entry, row={"id": message_id})
        new += 1
    return [{"new": new, "unreached": unreached, "declined": 0}]


def put_on_list(session: Session, *columns: Sequence[Any]) -> Gave:
    """Nobody calls anybody in these histories, so nobody is put on a list."""
    yield from ()
    return []


def plan_reminders(session: Session, *columns: Sequence[Any]) -> Wrote:
    for values in zip(*columns, strict=True):
        row = dict(zip(REMINDER, values, strict=True))
        key = (row["booking_id"], row["owner_id"], row["clinic_id"], row["starts_at"])
        yield from session.lock("reminder", *key)
        if session.row("reminder", *key) is None:
            session.write("reminder", *key, row=row)
    return 0


def drop_reminders(session: Session, *columns: Sequence[Any]) -> Wrote:
    versions = {tuple(key): version for *key, version in zip(*columns, strict=True)}
    for key, row in session.rows("reminder"):
        if row["version"] < versions.get((row["booking_id"], row["owner_id"]), 0):
            yield from session.lock(*key)
            session.write("reminder", *key[1:])
    return 0


def overtake_reminders(session: Session, *columns: Sequence[Any]) -> Wrote:
    """Nobody hands a reminder over in these histories, so there is none among the messages."""
    yield from ()
    return 0


def _messages(session: Session) -> list[Row]:
    return [row for _, row in session.rows("message")]


def has_due(session: Session, channel: str) -> list[Row]:
    due = any(_is_due(row, channel, session) for row in _messages(session))
    return [{"exists": due}]


def claim_messages(
    session: Session,
    claimer: UUID,
    seconds: float,
    limit: int,
    channel: str,
    provider: str,
    since_seconds: float,
) -> Gave:
    now, rows, given = session.now, _messages(session), []
    since = now - timedelta(seconds=since_seconds)
    due = [row for row in rows if _is_due(row, channel, session) and row["due_at"] > since]
    due = [r for r in due if not _has_earlier(r, rows) and session.is_free("message", r["id"])]
    for row in sorted(due, key=lambda row: (row["due_at"], row["id"]))[:limit]:
        yield from session.lock("message", row["id"])
        state = "expired" if row["expires_at"] <= now else "claimed"
        after = row | {"state": state, "settled_at": None if state == "claimed" else now}
        if state == "claimed":
            until = now + timedelta(seconds=seconds)
            after |= {"claimed_by": claimer, "claimed_until": until, "provider": provider}
        session.write("message", row["id"], row=after)
        given.append(after | SEALED | {"perhaps": False, "at": now})
    return given


def _is_due(row: Row, channel: str, session: Session) -> bool:
    """True for what waits for this channel, and no longer for its time."""
    waits = row["state"] == "waiting" and row["channel"] == channel
    return waits and bool(row["due_at"] <= session.now)


def _has_earlier(row: Row, rows: Sequence[Row]) -> bool:
    """True when of the same booking an older message is not settled."""
    return any(
        other["booking_id"] == row["booking_id"]
        and other["owner_id"] == row["owner_id"]
        and other["version"] < row["version"]
        and other["state"] in ("waiting", "claimed")
        for other in rows
    )


def mark_messages(session: Session, claimer: UUID, *columns: Sequence[Any]) -> Gave:
    marked = []
    for values in zip(*columns, strict=True):
        mark = dict(zip(MARK, values, strict=True))
        yield from session.lock("message", mark["id"])
        row = session.row("message", mark["id"])
        assert row is not None, "a message is never deleted"
        knows_better = row["state"] == "unknown" and mark["state"] in (
            "sent",
            "delivered",
            "failed",
        )
        if row["claimed_by"] != claimer or not (row["state"] == "claimed" or knows_better):
            continue
        waits = mark["state"] == "waiting"
        later = max(row["due_at"], session.now + timedelta(seconds=mark["wait_seconds"]))
        after: Row = {
            "state": mark["state"],
            "attempts": row["attempts"] + mark["tried"],
            "due_at": later if waits else row["due_at"],
            "claimed_by": None if waits else row["claimed_by"],
            "claimed_until": None,
            "settled_at": None if waits else session.now,
            "note": mark["note"],
            "provider": row["provider"] if not waits or mark["perhaps"] else None,
            "reference": mark["reference"],
        }
        session.write("message", mark["id"], row=row | after)
        marked.append({name: (row | after)[name] for name in ("id", "state", "event")})
    return marked


def hold_back_later(session: Session, ids: Sequence[int]) -> Wrote:
    """Nothing is held back for what nobody can be told by."""
    yield from ()
    return 0


def fall_over(session: Session, ids: Sequence[int], again: Sequence[bool]) -> list[Row]:
    """Everybody here is reached by e-mail and by nothing else."""
    return []


def receipts_to_apply(session: Session, limit: int) -> list[Row]:
    """A mail server sends none."""
    return []


def forget_receipts(session: Session, days: int) -> Wrote:
    """So there is none to forget."""
    yield from ()
    return 0


def give_up_lost(session: Session, limit: int, provider: str, keyed: bool) -> Gave:
    lost = []
    for row in _messages(session):
        over = row["state"] == "claimed" and row["claimed_until"] < session.now
        if over and len(lost) < limit and session.is_free("message", row["id"]):
            yield from session.lock("message", row["id"])
            after = {"state": "unknown", "claimed_until": None, "settled_at": session.now}
            session.write("message", row["id"], row=row | after)
            given = ("id", "state", "event_id", "booking_id", "event")
            lost.append({name: (row | after)[name] for name in given})
    return lost


DONE: tuple[Statement, ...] = (
    keep_live_events,
    write_down,
    plan_reminders,
    put_on_list,
    drop_reminders,
    overtake_reminders,
    has_due,
    claim_messages,
    mark_messages,
    hold_back_later,
    fall_over,
    receipts_to_apply,
    forget_receipts,
    give_up_lost,
)
