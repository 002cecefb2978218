"""What do the projector's statements in `services/booking/sql/` do?"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any
from uuid import UUID

from tests.loops.clockwork import Wait
from tests.loops.database import Row, Session, Statement

Wrote = Generator[Wait, None, int]

CHANGE = (
    "id", "version", "status", "home", "at", "owner_id",
    "kind", "campaign_id", "places", "slot_ids", "expires_at",
)  # fmt: skip
OPENED = (
    "id", "clinic_id", "service", "starts_at", "ends_at", "open", "version",
    "modality", "practitioner_id", "resource", "asks_for",
)  # fmt: skip
CHANGED = ("id", "open", "version", "closing_id", "reopened")


def apply(session: Session, *columns: Any) -> Wrote:
    """As without pending wishes, which are the front desk's and not the projector's."""
    changes = [dict(zip(CHANGE, values, strict=True)) for values in zip(*columns[:11], strict=True)]
    late, by_clinic, _, booked_by = columns[14:18]
    for change, by_whom in zip(changes, booked_by, strict=True):
        change["booked_by"] = by_whom
        by = "clinic" if change["id"] in by_clinic else "patient"
        change["late"] = change["id"] in late
        change["cancelled_by"] = by if change["status"] == "cancelled" else None
    changes.sort(key=lambda change: change["id"])
    for change in changes:
        yield from _keep(session, change)
    return 0


def apply_made(session: Session, *columns: Any) -> Wrote:
    """As `apply` of bookings of one place, each for its owner alone."""
    names = ("id", "version", "home", "at", "owner_id", "campaign_id", "places", "slot_id")
    made = [dict(zip(names, values, strict=True)) for values in zip(*columns[:8], strict=True)]
    for change in sorted(made, key=lambda change: change["id"]):
        change |= {
            "slot_ids": f"{{{change.pop('slot_id')}}}",
            "expires_at": None,
            "booked_by": None,
        }
        change |= {"kind": "booking", "status": "booked", "late": False, "cancelled_by": None}
        yield from _keep(session, change)
    return 0


def _keep(session: Session, change: Mapping[str, Any]) -> Generator[Wait, None, None]:
    yield from session.lock("booking", change["id"])
    before = session.row("booking", change["id"])
    if change["owner_id"] is not None and before is None:
        new = {name: value for name, value in change.items() if name != "at"}
        new |= {"made_at": change["at"], "places_told": None}
        session.write("booking", change["id"], row=new)
    elif before is not None and 0 < before["version"] < change["version"]:
        session.write("booking", change["id"], row=_after(before, change))


def _after(before: Row, change: Mapping[str, Any]) -> Row:
    """Only what makes a booking says whose it is, and all of what it is; the rest say less."""
    after = before | {name: change[name] for name in ("status", "version", "cancelled_by")}
    after["late"] = before["late"] or change["late"]
    for name in ("places", "slot_ids", "expires_at"):
        after[name] = before[name] if change[name] is None else change[name]
    if change["owner_id"] is not None:
        after |= {name: change[name] for name in ("kind", "home", "campaign_id")}
        after["booked_by"] = change["booked_by"] or before["booked_by"]
    told_elsewhere = change["owner_id"] is not None or change["places"] is not None
    if before["status"] == "booked" and told_elsewhere and before["places_told"] is None:
        after["places_told"] = before["places"]
    return after


def known_bookings(session: Session, ids: Sequence[UUID]) -> list[Row]:
    rows = [session.row("booking", booking_id) for booking_id in ids]
    return [
        {
            "id": row["id"],
            "owner_id": row["owner_id"],
            "places": row["places_told"] or row["places"],
        }
        for row in rows
        if row is not None and row["version"] > 0
    ]


def catch_up(
    session: Session, ids: Sequence[UUID], versions: Sequence[int], places: Sequence[str | None]
) -> Wrote:
    for booking_id, version, told in zip(ids, versions, places, strict=True):
        yield from session.lock("booking", booking_id)
        row = session.row("booking", booking_id)
        if row is not None and row["places_told"] is not None:
            kept = told if row["version"] > version else None
            session.write("booking", booking_id, row=row | {"places_told": kept})
    return 0


def slots_opened(session: Session, *columns: Sequence[Any]) -> Wrote:
    for values in zip(*columns, strict=True):
        row = dict(zip(OPENED, values, strict=True))
        yield from session.lock("slot", row["id"])
        if session.row("slot", row["id"]) is None:
            session.write("slot", row["id"], row=row | {"closing_id": None})
    return 0


def slots_changed(session: Session, *columns: Sequence[Any]) -> Wrote:
    for values in zip(*columns, strict=True):
        change = dict(zip(CHANGED, values, strict=True))
        yield from session.lock("slot", change["id"])
        row = session.row("slot", change["id"])
        if row is not None and row["version"] < change["version"]:
            closing = change["closing_id"]
            if closing is None and not change["reopened"]:
                closing = row["closing_id"]
            after = {"open": change["open"], "version": change["version"], "closing_id": closing}
            session.write("slot", change["id"], row=row | after)
    return 0


def has_untold(session: Session, homes: Sequence[int]) -> list[Row]:
    """Nobody is erased here."""
    return [{"exists": False}]


def take_untold(session: Session, homes: Sequence[int], limit: int) -> list[Row]:
    """So of nobody is it to be told."""
    return []


def take_untold_steps(session: Session, homes: Sequence[int], limit: int) -> list[Row]:
    """Nobody is seen from afar here."""
    return []


def has_untold_announced(session: Session, homes: Sequence[int]) -> list[Row]:
    """Nothing is announced here."""
    return [{"exists": False}]


def take_announcement_steps(session: Session, homes: Sequence[int]) -> list[Row]:
    """So there is nothing to say of it."""
    return []


def take_announced(session: Session, homes: Sequence[int], limit: int) -> list[Row]:
    """And nobody is told."""
    return []


def services_with_reminders(session: Session) -> list[Row]:
    """No service says anything of its own."""
    return []


DONE: tuple[Statement, ...] = (
    apply,
    apply_made,
    known_bookings,
    catch_up,
    slots_opened,
    slots_changed,
    has_untold,
    take_untold,
    take_untold_steps,
    has_untold_announced,
    take_announcement_steps,
    take_announced,
    services_with_reminders,
)
