"""Who has slots of their own at which clinic? A table with a row for each, in FHIR's words.

Read, compared with what Talon has, and said where that is otherwise: said again, nothing is to do.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec

from shared.messages import OptionalText, Text
from talon.imports.faults import Fault, Faults, LineError, from_validation
from talon.imports.identity import Identity
from talon.imports.rows import Row, Table, rows_of
from talon.imports.sheet import clinic_key

COLUMNS = (
    "clinic_source_id",
    "clinic_id",
    "identifier",
    "practitioner_id",
    "name",
    "qualification",
    "active",
)
TABLE = Table(columns=COLUMNS, needed=("identifier", "name"), kind="practitioners")
ACTIVE = {"": True, "true": True, "false": False}


class Practitioner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a clinic, as Talon has them and as everybody may see them."""

    id: UUID
    name: Text
    qualification: OptionalText = ""
    active: bool = True


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One row: who is to be known at which clinic, and where it stands."""

    clinic_id: UUID
    who: Practitioner
    file: str
    line: int


class Staff(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done at one clinic."""

    new: tuple[Practitioner, ...] = ()
    changed: tuple[Practitioner, ...] = ()
    same: int = 0


class AsksStaff(Protocol):
    """Talon, as `talon.imports.desk` asks it."""

    async def practitioners(self, clinic_id: UUID) -> Sequence[Practitioner] | None:
        """Who has slots of their own there; None where there is no such clinic."""

    async def say_practitioner(self, clinic_id: UUID, who: Practitioner) -> None:
        """This is what is said of them there from now on."""


class Tally(msgspec.Struct, kw_only=True):
    """What was found and done at all of them."""

    clinics: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0

    def count(self, staff: Staff) -> None:
        """One clinic more."""
        self.clinics += 1
        self.new += len(staff.new)
        self.changed += len(staff.changed)
        self.same += staff.same


def template() -> str:
    """A table to begin with."""
    return files("talon.imports").joinpath("practitioners.csv").read_text("utf-8")


def read(path: Path, identity: Identity, delimiter: str = "") -> Iterator[Entry | Fault]:
    """Each row as an entry, or what is wrong with it; of two about the same the first counts."""
    seen: dict[tuple[UUID, UUID], int] = {}
    for line, row in rows_of(path, TABLE, delimiter):
        try:
            if isinstance(row, LineError):
                raise row
            entry = _entry(row, identity, file=path.name, line=line)
            first = seen.setdefault((entry.clinic_id, entry.who.id), line)
            if first != line:
                raise LineError("duplicate", f"line {first} speaks of the same at the same clinic")
            yield entry
        except LineError as error:
            yield Fault(file=path.name, line=line, code=error.code, reason=error.reason)


def difference(told: Iterable[Practitioner], known: Sequence[Practitioner]) -> Staff:
    """What the table says otherwise than Talon; whom it does not name stays as they are."""
    before = {one.id: one for one in known}
    wanted = list(told)
    return Staff(
        new=tuple(one for one in wanted if one.id not in before),
        changed=tuple(one for one in wanted if before.get(one.id, one) != one),
        same=sum(before.get(one.id) == one for one in wanted),
    )


async def take_in(
    desk: AsksStaff, entries: Iterable[Entry], faults: Faults, *, dry_run: bool = False
) -> Tally:
    """Clinic by clinic: what is there, what is otherwise, and, if it is meant, say so."""
    tally = Tally()
    at: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        at[entry.clinic_id].append(entry)
    for clinic_id, those in at.items():
        known = await desk.practitioners(clinic_id)
        if known is None:
            for one in those:
                reason = f"Talon has no clinic {clinic_id}; import its slots first, or name its id"
                faults.note(
                    Fault(file=one.file, line=one.line, code="unknown_clinic", reason=reason)
                )
            continue
        staff = difference([one.who for one in those], known)
        tally.count(staff)
        if not dry_run:
            for who in (*staff.new, *staff.changed):
                await desk.say_practitioner(clinic_id, who)
    return tally


def _entry(row: Row, identity: Identity, *, file: str, line: int) -> Entry:
    key, talon_id = clinic_key(row)
    if not row["identifier"] and not row["practitioner_id"]:
        raise LineError("missing_field", "it has neither identifier nor practitioner_id")
    if row["active"].lower() not in ACTIVE:
        raise LineError("wrong_value", f"active {row['active']!r} is neither true nor false")
    said = {
        "id": row["practitioner_id"] or identity.practitioner(row["identifier"]),
        "name": row["name"],
        "qualification": row["qualification"],
        "active": ACTIVE[row["active"].lower()],
    }
    try:
        who = msgspec.convert(said, Practitioner)
    except msgspec.ValidationError as error:
        raise from_validation(error) from None
    return Entry(clinic_id=talon_id or identity.clinic(key), who=who, file=file, line=line)
