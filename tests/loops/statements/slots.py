"""What do the referee's statements in `services/slots/sql/` do?"""

from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.slots.store.said import SAID_OF_SLOTS
from services.slots.store.seats import Row as Place
from tests.loops.clockwork import Wait
from tests.loops.database import Row, Session, Statement

Wrote = Generator[Wait, None, int]
Gave = Generator[Wait, None, list[Row]]

CLINIC = ("id", "name", "time_zone", "address", "district", "latitude", "longitude")
OPENED = (
    "id", "clinic_id", "service", "starts_at", "ends_at",
    "capacity", "held", "booked", "open", "version",
)  # fmt: skip
COUNTED = ("id", "capacity", "held", "booked", "open", "version", "extra", "version_before")
ANSWER = ("id", "body_hash", "outcome", "reply")


def answered(session: Session, ids: Sequence[UUID]) -> list[Row]:
    rows = [session.row("answer", command_id) for command_id in dict.fromkeys(ids)]
    return [{name: row[name] for name in ANSWER} for row in rows if row is not None]


def _places(session: Session) -> list[Row]:
    return [row for _, row in session.rows("place")]


def slots_of_bookings(session: Session, ids: Sequence[UUID]) -> list[Row]:
    found = {row["slot_id"] for row in _places(session) if row["booking_id"] in ids}
    return [{"slot_id": slot_id} for slot_id in sorted(found)]


def due_holds(session: Session, homes: Sequence[int], limit: int) -> list[Row]:
    due = [
        row
        for row in _places(session)
        if row["home"] in homes and row["state"] != "booked" and row["expires_at"] <= session.now
    ]
    due.sort(key=lambda row: (row["expires_at"], row["id"]))
    found = dict.fromkeys(row["booking_id"] for row in due[:limit])
    return [{"booking_id": booking_id} for booking_id in found]


def lock_slots(session: Session, ids: Sequence[UUID]) -> Gave:
    found: list[Row] = []
    for slot_id in sorted(set(ids)):
        if session.row("slot", slot_id) is not None:
            yield from session.lock("slot", slot_id)
            slot = session.row("slot", slot_id)
            assert slot is not None, "a slot is never deleted"
            clinic = session.row("clinic", slot["clinic_id"])
            assert clinic is not None, "a clinic is never deleted"
            about = clinic | {"clinic_id": clinic["id"], "clinic_name": clinic["name"]}
            found.append(about | slot)
    return found


def read_places(
    session: Session,
    ids: Sequence[UUID],
    slot_ids: Sequence[UUID],
    claims: Sequence[bytes],
    owner_ids: Sequence[UUID],
) -> list[Row]:
    at, found = session.now, []
    for row in _places(session):
        named = row["booking_id"] in ids
        is_over = row["state"] == "held" and row["expires_at"] <= at
        if named:
            found.append(row | {"why": "named", "at": at})
        if row["slot_id"] in slot_ids and is_over and not named:
            found.append(row | {"why": "dead", "at": at})
        if row["claim"] is not None and row["claim"] in claims and not named:
            found.append(row | {"why": "claim", "at": at})
        if row["owner_id"] in owner_ids and not named:
            found.append(row | {"why": "hand", "at": at})
    found.sort(key=lambda row: (row["booking_id"], row["ordinal"]))
    return found or [{"at": at, "why": None} | dict.fromkeys(Place._fields)]


def read_clinics(session: Session, ids: Sequence[UUID]) -> list[Row]:
    rows = [session.row("clinic", clinic_id) for clinic_id in ids]
    return [row for row in rows if row is not None]


def delete_places(session: Session, ids: Sequence[UUID]) -> Wrote:
    for place_id in ids:
        row = session.row("place", place_id)
        if row is not None:
            yield from _lock_place(session, row)
            if (row := session.row("place", place_id)) is not None:
                _unseat(session, row)
    return 0


def make_known(session: Session, *columns: Any) -> Gave:
    wrote: Row = {"clinics": 0, "opened": 0}
    for row in _rows(CLINIC, columns[:7]):
        wrote["clinics"] += yield from _insert(session, "clinic", row)
    for row in _rows((*OPENED, *SAID_OF_SLOTS), columns[7:]):
        _not_overbooked(session, row)
        wrote["opened"] += yield from _insert(session, "slot", row)
    return [wrote]


def save(
    session: Session,
    counted: Sequence[tuple[Any, ...]],
    seated: Sequence[tuple[Any, ...]],
    answers: Sequence[tuple[Any, ...]],
    at: datetime,
    *_: Any,
) -> Gave:
    count_of_slots = 0
    for values in counted:
        count_of_slots += yield from count(session, dict(zip(COUNTED, values, strict=True)))
    for values in seated:
        yield from _seat(session, dict(zip(Place._fields, values, strict=True)))
    for values in answers:
        row = dict(zip(ANSWER, values, strict=True)) | {"decided_at": at}
        yield from _insert_or_fail(session, "answer", row)
    return [{"count": count_of_slots}]


def _rows(names: Iterable[str], columns: Sequence[Sequence[Any]]) -> list[Row]:
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _insert(session: Session, table: str, row: Row) -> Wrote:
    """ON CONFLICT DO NOTHING."""
    yield from session.lock(table, row["id"])
    if session.row(table, row["id"]) is not None:
        return 0
    session.write(table, row["id"], row=row)
    return 1


def _insert_or_fail(session: Session, table: str, row: Row) -> Generator[Wait, None, None]:
    if not (yield from _insert(session, table, row)):
        raise asyncpg.UniqueViolationError(table)


def count(session: Session, row: Row) -> Wrote:
    """Only from the version that was read."""
    yield from session.lock("slot", row["id"])
    before, version = session.row("slot", row["id"]), row.pop("version_before")
    anyway = "the_version_read" in session.database.without
    if before is None or (before["version"] != version and not anyway):
        return 0
    _not_overbooked(session, row)
    session.write("slot", row["id"], row=before | row)
    return 1


def _not_overbooked(session: Session, row: Row) -> None:
    if "never_overbooked" in session.database.without:
        return
    if min(row["held"], row["booked"]) < 0 or _taken(row) > row["capacity"] + row["extra"]:
        raise asyncpg.CheckViolationError("never_overbooked")


def _taken(row: Row) -> int:
    taken: int = row["held"] + row["booked"]
    return taken


def limit_slots(session: Session, ids: Sequence[UUID], *columns: Any) -> Wrote:
    """Locked and counted already; the last word of the batch on each."""
    versions, closes, cancels, extras, people, at = columns
    for nth, slot_id in enumerate(ids):
        before = session.row("slot", slot_id)
        assert before is not None, "it is changed, so it is there"
        limits = {"closes_minutes_before": closes[nth], "cancel_until_minutes_before": cancels[nth]}
        session.write("slot", slot_id, row=before | limits)
        if people[nth] is not None:
            key = (slot_id, versions[nth])
            yield from session.lock("overbooking", *key)
            row = {"extra": extras[nth], "by_id": people[nth], "at": at}
            session.write("overbooking", *key, row=row)
    return len(ids)


def forget_doses(session: Session, ids: Sequence[UUID]) -> Wrote:
    """Their slots are locked, so nobody else writes them."""
    for place_id in ids:
        if session.row("place_dose", place_id) is not None:
            yield from session.lock("place_dose", place_id)
            session.write("place_dose", place_id)
    return len(ids)


def note_doses(
    session: Session, ids: Sequence[UUID], slot_ids: Sequence[UUID], doses: Sequence[int]
) -> Wrote:
    for place_id, slot_id, dose in zip(ids, slot_ids, doses, strict=True):
        slot = session.row("slot", slot_id)
        assert slot is not None, "somebody is booked in it, so it is there"
        if slot["dose"] != dose:
            raise asyncpg.CheckViolationError("only_the_dose_that_the_slot_is_for")
        yield from session.lock("place_dose", place_id)
        session.write("place_dose", place_id, row={"slot_id": slot_id, "dose": dose})
    return len(ids)


def _indexes(row: Row) -> list[tuple[Any, ...]]:
    """The entries of the unique indexes over places."""
    entries: list[tuple[Any, ...]] = [("one_row_per_seat", row["booking_id"], row["ordinal"])]
    if row["hand"] is not None:
        entries.append(("one_place_per_number_in_a_hand", row["owner_id"], row["hand"]))
    if row["claim"] is not None:
        entries.append(("one_live_place_per_claim", row["claim"]))
    return entries


def _lock_place(session: Session, row: Row) -> Generator[Wait, None, None]:
    yield from session.lock("place", row["id"])
    for entry in _indexes(row):
        yield from session.lock(*entry)


def _seat(session: Session, row: Row) -> Generator[Wait, None, None]:
    """Whichever of the four unique indexes has it already says so."""
    yield from _lock_place(session, row)
    entries = [e for e in _indexes(row) if e[0] not in session.database.without]
    if session.row("place", row["id"]) or any(session.row(*entry) for entry in entries):
        raise asyncpg.UniqueViolationError("place")
    session.write("place", row["id"], row=row)
    for entry in _indexes(row):
        session.write(*entry, row={"id": row["id"]})


def _unseat(session: Session, row: Row) -> None:
    session.write("place", row["id"])
    for entry in _indexes(row):
        session.write(*entry)


def answer_failed(
    session: Session, command_id: UUID, body_hash: bytes, reply: bytes, at: datetime
) -> Wrote:
    row = {"id": command_id, "body_hash": body_hash, "outcome": "failed", "reply": reply}
    return (yield from _insert(session, "answer", row | {"decided_at": at}))


DONE: tuple[Statement, ...] = (
    answered,
    slots_of_bookings,
    due_holds,
    lock_slots,
    read_places,
    read_clinics,
    delete_places,
    make_known,
    save,
    limit_slots,
    forget_doses,
    note_doses,
    answer_failed,
)
