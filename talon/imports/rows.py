"""Which rows has a table? A CSV file: a header that names the columns, then the rows."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from talon.imports.faults import LineError, SourceError
from talon.imports.lines import LINE_BYTES_MAX, lines_of

DELIMITERS = (",", ";", "\t")
FIELD_CHARACTERS_MAX = 4_000
"""A quote that is never closed swallows no more of a file than this."""

Row = Mapping[str, str]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Which columns a table may have and which it needs; `kind` is how its template is asked for.

    Each row says of which clinic it is, by the source's name of it or by Talon's id.
    """

    columns: tuple[str, ...]
    needed: tuple[str, ...]
    kind: str


def rows_of(path: Path, table: Table, delimiter: str = "") -> Iterator[tuple[int, Row | LineError]]:
    """Each row's line number with its fields by column, or with what is wrong with the row."""
    csv.field_size_limit(FIELD_CHARACTERS_MAX)
    text = _Text(path)
    columns, delimiter = _columns(_header(text), table, delimiter)
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
            yield text.line, _named(values, columns, table)


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


def _columns(header: str, table: Table, delimiter: str) -> tuple[list[str], str]:
    """The header's columns, and what stands between them: no column's name has it inside."""
    found = delimiter or max(DELIMITERS, key=header.count)
    columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=found), [])]
    unknown = [name for name in columns if name not in table.columns]
    missing = [name for name in table.needed if name not in columns]
    if "clinic_source_id" not in columns and "clinic_id" not in columns:
        missing.append("clinic_source_id")
    if unknown or missing or len(set(columns)) < len(columns):
        said = f"not known: {', '.join(unknown) or 'none'}; missing: {', '.join(missing) or 'none'}"
        raise SourceError(
            f"the first line is not a header as `talon import {table.kind} --template` prints it"
            f" ({said})"
        )
    return columns, found


def _named(values: list[str], columns: list[str], table: Table) -> Row | LineError:
    if len(values) > len(columns):
        return LineError("malformed_row", f"it has {len(values)} fields, the header {len(columns)}")
    given = dict(zip(columns, (value.strip() for value in values), strict=False))
    return {name: given.get(name, "") for name in table.columns}
