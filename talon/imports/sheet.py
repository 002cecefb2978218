"""What does a table of slots offer? A CSV file: a header, then a row for each slot."""

import math
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from uuid import UUID

from talon.imports.faults import Fault, LineError
from talon.imports.published import (
    CLINICS_MAX,
    Assumed,
    Clinic,
    Slot,
    clinic_of,
    day_of,
    instant_of,
    is_open,
    slot_of,
)
from talon.imports.rows import Row, Table, rows_of

COLUMNS = (
    "clinic_source_id",
    "clinic_id",
    "clinic_name",
    "time_zone",
    "address",
    "district",
    "latitude",
    "longitude",
    "service",
    "product",
    "dose",
    "starts_at",
    "ends_at",
    "capacity",
    "slot_source_id",
    "status",
)
TABLE = Table(columns=COLUMNS, needed=("starts_at", "ends_at"), kind="csv")


def template() -> str:
    """A table to begin with: clinics without a real house, slots that are long to come."""
    return files("talon.imports").joinpath("template.csv").read_text("utf-8")


class Reader:
    """One pass over a table."""

    def __init__(self, path: Path, assumed: Assumed, delimiter: str = "") -> None:
        self._path = path
        self._assumed = assumed
        self._delimiter = delimiter
        self._clinics: dict[str, tuple[Clinic, int]] = {}

    def read(self) -> Iterator[Clinic | Slot | Fault]:
        """Each clinic where it is first named, each slot, and each row that is neither."""
        for line, fields in rows_of(self._path, TABLE, self._delimiter):
            if isinstance(fields, LineError):
                yield self._fault(line, fields, {})
                continue
            try:
                clinic, is_new = self._clinic(fields, line)
                if is_new:
                    yield clinic
                yield self._slot(fields, clinic, line)
            except LineError as error:
                yield self._fault(line, error, fields)

    # ---- from fields to a clinic and a slot ----------------------------------------------------

    def _clinic(self, row: Row, line: int) -> tuple[Clinic, bool]:
        """The row's clinic: told in full where it is first named, and never differently later."""
        key, talon_id = clinic_key(row)
        found = self._clinics.get(key)
        if found is not None:
            _need_same(row, *found)
            return found[0], False
        if len(self._clinics) >= CLINICS_MAX:
            raise LineError("too_many", f"a source may have {CLINICS_MAX:,} clinics")
        clinic = clinic_of(
            key=key,
            name=row["clinic_name"] or (key if talon_id else ""),
            time_zone=_zone_named(row["time_zone"] or self._assumed.time_zone, talon_id),
            address=row["address"],
            district=row["district"],
            latitude=_number(row, "latitude", float),
            longitude=_number(row, "longitude", float),
            talon_id=talon_id,
        )
        self._clinics[key] = (clinic, line)
        return clinic, True

    def _slot(self, row: Row, clinic: Clinic, line: int) -> Slot:
        zone = clinic.zone if clinic.time_zone else None
        starts_at = instant_of(row["starts_at"], zone)
        service = self._assumed.service or row["service"]
        named = f"{clinic.key} {service} {row['product']} {row['dose']} {starts_at:%Y-%m-%dT%H:%MZ}"
        return slot_of(
            key=row["slot_source_id"] or named,
            clinic_key=clinic.key,
            service=service,
            product=row["product"],
            dose=_number(row, "dose", int),
            starts_at=starts_at,
            ends_at=instant_of(row["ends_at"], zone),
            capacity=1 if not row["capacity"] else _number(row, "capacity", int),
            open=is_open(row["status"] or "free"),
            day=day_of(starts_at, clinic.zone),
            file=self._path.name,
            line=line,
        )

    def _fault(self, line: int, error: LineError, row: Row) -> Fault:
        named = row.get("slot_source_id", "")
        return Fault(
            file=self._path.name,
            line=line,
            code=error.code,
            reason=error.reason,
            slot=named,
            hides_slot=not named,
        )


def clinic_key(row: Row) -> tuple[str, UUID | None]:
    if not row["clinic_id"]:
        if not row["clinic_source_id"]:
            raise LineError("missing_field", "it has neither clinic_source_id nor clinic_id")
        return row["clinic_source_id"], None
    try:
        talon_id = UUID(row["clinic_id"])
    except ValueError:
        raise LineError("wrong_value", f"clinic_id {row['clinic_id']!r} is no UUID") from None
    return f"talon {talon_id}", talon_id


def _zone_named(name: str, talon_id: UUID | None) -> str:
    """A clinic of Talon's own has its zone there; one that is to be made needs it said."""
    if not name and talon_id is None:
        raise LineError("missing_field", "its clinic has no time_zone; --time-zone says it for all")
    return name


def _need_same(row: Row, clinic: Clinic, line: int) -> None:
    """What a later row says of its clinic is either nothing or the same."""
    said = {
        "clinic_name": clinic.name,
        "time_zone": clinic.time_zone,
        "address": clinic.address,
        "district": clinic.district,
    }
    for name, before in said.items():
        if row[name] and row[name] != before:
            raise LineError("clinic_differs", f"{name} is {row[name]!r}, in line {line} {before!r}")
    position = _number(row, "latitude", float), _number(row, "longitude", float)
    if position != (None, None) and position != (clinic.latitude, clinic.longitude):
        raise LineError("clinic_differs", f"its position is another one than in line {line}")


def _number(row: Row, name: str, kind: Callable[[str], float]) -> float | None:
    """A number as people write it, with a comma where they do; None where there is none."""
    text = row[name].replace(",", ".")
    if not text:
        return None
    try:
        number = kind(text)
        if math.isfinite(number):
            return number
    except ValueError:
        pass
    code = "bad_capacity" if name == "capacity" else "wrong_value"
    raise LineError(code, f"{name} {row[name]!r} is no number")
