"""What does a table of slots offer? A CSV file: a header, then a row for each slot."""

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from uuid import UUID

from talon.imports.faults import Fault, LineError, SourceError
from talon.imports.lines import LINE_BYTES_MAX, lines_of
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
NEEDED = ("starts_at", "ends_at")
DELIMITERS = (",", ";", "\t")
FIELD_CHARACTERS_MAX = 4_000
"""A quote that is never closed swallows no more of a file than this."""

Row = Mapping[str, str]


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
        for line, fields in self._rows():
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

    # ---- from lines to named fields ------------------------------------------------------------

    def _rows(self) -> Iterator[tuple[int, Row | LineError]]:
        """Each row's line number with its fields by column, or with what is wrong with the row."""
        csv.field_size_limit(FIELD_CHARACTERS_MAX)
        text = _Text(self._path)
        columns, delimiter = _columns(_header(text), self._delimiter)
        rows = csv.reader(text, delimiter=delimiter, strict=True)
        while True:
            try:
                values = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield text.line, LineError("malformed_row", f"it is no row: {error}")
                continue
            except LineError as error:
                yield text.line, error
                continue
            if any(value.strip() for value in values):
                yield text.line, _named(values, columns)

    # ---- from fields to a clinic and a slot ----------------------------------------------------

    def _clinic(self, row: Row, line: int) -> tuple[Clinic, bool]:
        """The row's clinic: told in full where it is first named, and never differently later."""
        key, talon_id = _clinic_key(row)
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


class _Text:
    """The file's lines as text, and the number of the last one."""

    def __init__(self, path: Path) -> None:
        self.line = 0
        self._lines = lines_of(path)

    def __iter__(self) -> "_Text":
        return self

    def __next__(self) -> str:
        self.line, raw = next(self._lines)
        if raw is None:
            raise LineError("line_too_long", f"it has more than {LINE_BYTES_MAX:,} bytes")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise LineError("not_utf8", "it is not UTF-8; save the table as CSV UTF-8") from None


def _header(text: _Text) -> str:
    try:
        return next(text, "")
    except LineError as error:
        raise SourceError(f"the first line is no header: {error.reason}") from None


def _columns(header: str, delimiter: str) -> tuple[list[str], str]:
    """The header's columns, and what stands between them: no column's name has it inside."""
    found = delimiter or max(DELIMITERS, key=header.count)
    columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=found), [])]
    unknown = [name for name in columns if name not in COLUMNS]
    missing = [name for name in NEEDED if name not in columns]
    if "clinic_source_id" not in columns and "clinic_id" not in columns:
        missing.append("clinic_source_id")
    if unknown or missing or len(set(columns)) < len(columns):
        said = f"not known: {', '.join(unknown) or 'none'}; missing: {', '.join(missing) or 'none'}"
        raise SourceError(
            f"the first line is not a header as `talon import csv --template` prints it ({said})"
        )
    return columns, found


def _named(values: list[str], columns: list[str]) -> Row | LineError:
    if len(values) > len(columns):
        return LineError("malformed_row", f"it has {len(values)} fields, the header {len(columns)}")
    given = dict(zip(columns, (value.strip() for value in values), strict=False))
    return {name: given.get(name, "") for name in COLUMNS}


def _clinic_key(row: Row) -> tuple[str, UUID | None]:
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
