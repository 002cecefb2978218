"""What is read of a table of slots, and which of its rows are not taken?"""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon.imports.faults import Fault, SourceError
from talon.imports.published import Assumed, Clinic, Slot
from talon.imports.sheet import COLUMNS, Reader, template
from tests.publications import MOSCOW, NINE, sorted_out

ROW = {
    "clinic_source_id": "1",
    "clinic_name": "Polyclinic No. 1",
    "time_zone": "Europe/Moscow",
    "service": "vaccination",
    "starts_at": "2030-05-14T09:00",
    "ends_at": "2030-05-14T09:30",
}
NOTHING = Assumed()


def a_table(*rows: dict[str, Any], delimiter: str = ",", columns: tuple[str, ...] = COLUMNS) -> str:
    """A table of these rows, each as `ROW` where it says nothing else."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROW | row for row in rows)
    return out.getvalue()


def read(
    folder: Path, table: str | bytes, assumed: Assumed = NOTHING, delimiter: str = ""
) -> tuple[list[Clinic], list[Slot], list[Fault]]:
    """Everything in a table, by kind."""
    path = folder / "slots.csv"
    path.write_bytes(table if isinstance(table, bytes) else table.encode())
    return sorted_out(Reader(path, assumed, delimiter).read())


def test_the_template_is_a_table_without_a_bad_row(tmp_path: Path):
    assert template().splitlines()[0].split(",") == list(COLUMNS)

    clinics, slots, faults = read(tmp_path, template())

    assert faults == []
    assert [clinic.name for clinic in clinics] == ["Polyclinic No. 1", "Polyclinic No. 2"]
    assert [slot.starts_at.hour for slot in slots] == [6, 6, 3]
    assert [slot.open for slot in slots] == [True, False, True]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_stands_between_the_fields_is_found(tmp_path: Path, delimiter: str):
    table = a_table({"address": "Moscow, 1 Long Street; yard"}, delimiter=delimiter)

    (clinic,), (slot,), faults = read(tmp_path, table)

    assert faults == []
    assert clinic.address == "Moscow, 1 Long Street; yard"
    assert slot.starts_at == NINE


def test_what_stands_between_the_fields_may_be_said(tmp_path: Path):
    table = a_table({}, delimiter=";")

    _, slots, _ = read(tmp_path, table, delimiter=";")

    assert len(slots) == 1


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path):
    table = a_table({"latitude": "55,75", "longitude": "37,6"}, delimiter=";")

    (clinic,), _, faults = read(tmp_path, b"\xef\xbb\xbf" + table.replace("\n", "\r\n").encode())

    assert faults == []
    assert (clinic.latitude, clinic.longitude) == (55.75, 37.6)


def test_a_field_may_have_a_line_of_its_own(tmp_path: Path):
    rows = a_table({"product": "2"}, {"slot_source_id": "x"}).replace(",2,", ',"2\n",')

    _, slots, faults = read(tmp_path, rows)

    assert faults == []
    assert [(slot.product, slot.line) for slot in slots] == [("2", 3), ("", 4)]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"clinic_source_id": ""}, "missing_field"),
        ({"clinic_source_id": "2", "clinic_name": ""}, "wrong_value"),
        ({"clinic_source_id": "2", "time_zone": ""}, "missing_field"),
        ({"clinic_source_id": "2", "time_zone": "Moscow"}, "wrong_value"),
        ({"clinic_source_id": "2", "latitude": "55.7"}, "missing_field"),
        ({"clinic_source_id": "2", "latitude": "91", "longitude": "0"}, "wrong_value"),
        ({"clinic_source_id": "2", "latitude": "nan", "longitude": "nan"}, "wrong_value"),
        ({"clinic_id": "1"}, "wrong_value"),
        ({"clinic_name": "Another"}, "clinic_differs"),
        ({"latitude": "55.7", "longitude": "37.6"}, "clinic_differs"),
        ({"slot_source_id": "\x1b[2J"}, "wrong_value"),
        ({"service": ""}, "wrong_value"),
        ({"starts_at": ""}, "wrong_value"),
        ({"starts_at": "14.05.2030 9:00"}, "wrong_value"),
        ({"ends_at": "2030-05-14T08:00"}, "ends_before_start"),
        ({"capacity": "0"}, "bad_capacity"),
        ({"capacity": "1.5"}, "bad_capacity"),
        ({"capacity": "100000"}, "bad_capacity"),
        ({"dose": "7"}, "wrong_value"),
        ({"dose": "first"}, "wrong_value"),
        ({"status": "cancelled"}, "wrong_value"),
        ({"service": "a\x01b"}, "wrong_value"),
    ],
)
def test_a_bad_row_is_told_and_the_good_ones_beside_it_are_kept(
    tmp_path: Path, wrong: dict[str, str], code: str
):
    table = a_table({"slot_source_id": "a"}, wrong, {"slot_source_id": "b"})

    _, slots, faults = read(tmp_path, table)

    assert [slot.key for slot in slots] == ["a", "b"]
    assert [(fault.code, fault.where) for fault in faults] == [(code, "slots.csv:3")]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'"1"x,,\n', "malformed_row"),
        (b"," * 30 + b"\n", "nothing"),
        (b"1," + b"," * 30 + b"\n", "malformed_row"),
        ("1,,Поликлиника\n".encode("cp1251"), "not_utf8"),
        (b"1," + b"x" * 70_000 + b"\n", "line_too_long"),
    ],
)
def test_a_line_that_is_no_row_is_told(tmp_path: Path, line: bytes, code: str):
    table = a_table({"slot_source_id": "a"}).encode() + line
    table += a_table({"slot_source_id": "b"}).encode().split(b"\n", 1)[1]

    _, slots, faults = read(tmp_path, table)

    assert [slot.key for slot in slots] == ["a", "b"]
    assert [fault.code for fault in faults] == ([] if code == "nothing" else [code])


def test_a_quote_that_is_never_closed_swallows_few_rows(tmp_path: Path):
    row = a_table({}).split("\n", 1)[1]
    table = a_table({}) + '"' + row * 500

    _, slots, faults = read(tmp_path, table)

    assert faults[0].code == "malformed_row"
    assert len(slots) > 400


def test_a_clinic_is_told_once(tmp_path: Path):
    short = {"clinic_name": "", "time_zone": "", "slot_source_id": "b"}

    clinics, slots, faults = read(tmp_path, a_table({}, short))

    assert faults == []
    assert len(clinics) == 1
    assert [slot.clinic_key for slot in slots] == ["1", "1"]


def test_the_zone_may_be_said_for_all(tmp_path: Path):
    (clinic,), (slot,), _ = read(tmp_path, a_table({"time_zone": ""}), MOSCOW)

    assert (clinic.time_zone, slot.starts_at) == ("Europe/Moscow", NINE)


def test_a_clinic_of_talon_s_own_needs_only_its_id(tmp_path: Path):
    known = UUID("00000000-0000-4000-8000-000000000001")
    own = {"clinic_source_id": "", "clinic_id": str(known), "clinic_name": "", "time_zone": ""}

    offset = {"starts_at": "2030-05-14T09:00+03:00", "ends_at": "2030-05-14T09:30+03:00"}

    (clinic,), (slot,), faults = read(tmp_path, a_table(own | offset, own))

    assert clinic.talon_id == known
    assert slot.starts_at == NINE
    assert "offset" in faults[0].reason


def test_a_time_that_the_clocks_leap_over_does_not_exist(tmp_path: Path):
    row = {"time_zone": "Europe/Berlin", "starts_at": "2030-03-31T02:30"}

    _, _, (fault,) = read(tmp_path, a_table(row))

    assert "leap" in fault.reason


def test_a_slot_without_a_name_is_known_by_its_clinic_service_and_time(tmp_path: Path):
    _, slots, _ = read(tmp_path, a_table({}, {"ends_at": "2030-05-14T10:00"}, {"dose": "2"}))

    assert slots[0].key == slots[1].key
    assert slots[0].key != slots[2].key


@pytest.mark.parametrize(
    "header",
    [
        "",
        "clinic_source_id,starts_at\n",
        "starts_at,ends_at\n",
        "clinic_source_id,starts_at,ends_at,capcity\n",
        "clinic_source_id,starts_at,ends_at,ends_at\n",
        "1,Polyclinic No. 1\n",
    ],
)
def test_a_table_without_its_header_is_no_table(tmp_path: Path, header: str):
    with pytest.raises(SourceError, match="--template"):
        read(tmp_path, header)


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Z"]), min_size=1)


@given(
    name=WORDS.map(lambda text: text[:200]),
    product=WORDS.map(lambda text: text[:200]),
    minutes=st.integers(1, 600),
    capacity=st.integers(1, 10_000),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_what_was_written_is_read(
    tmp_path_factory: Any, name: str, product: str, minutes: int, capacity: int, delimiter: str
):
    start = datetime(2030, 5, 14, 9, tzinfo=UTC)
    row = {
        "clinic_name": name,
        "product": product,
        "starts_at": start.isoformat(),
        "ends_at": (start + timedelta(minutes=minutes)).isoformat(),
        "capacity": capacity,
    }

    (clinic,), (slot,), faults = read(
        tmp_path_factory.getbasetemp(), a_table(row, delimiter=delimiter)
    )

    assert faults == []
    assert (clinic.name, slot.product, slot.capacity) == (name, product, capacity)
    assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
