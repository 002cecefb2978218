"""What is read of a table of practitioners, and what is otherwise in Talon?"""

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talon.imports.faults import Fault, SourceError
from talon.imports.identity import Identity
from talon.imports.practitioners import Entry, Practitioner, difference, read, template

SOURCE = Identity(source="numbered clinics")
HEADER = "clinic_source_id,clinic_id,identifier,practitioner_id,name,qualification,active"


def read_all(folder: Path, *rows: str, header: str = HEADER) -> tuple[list[Entry], list[Fault]]:
    """Everything in a table, by kind."""
    path = folder / "practitioners.csv"
    path.write_text("\n".join((header, *rows)) + "\n", "utf-8")
    items = list(read(path, SOURCE))
    entries = [item for item in items if isinstance(item, Entry)]
    return entries, [item for item in items if isinstance(item, Fault)]


def test_the_template_is_a_table_without_a_bad_row(tmp_path: Path) -> None:
    header, *rows = template().splitlines()

    entries, faults = read_all(tmp_path, *rows, header=header)

    assert (len(entries), faults) == (3, [])
    assert [entry.who.active for entry in entries] == [True, True, False]


def test_who_works_at_two_clinics_is_one_person_at_both(tmp_path: Path) -> None:
    (one, other), _ = read_all(
        tmp_path,
        "1,,LIC-1,,Practitioner No. 1,Cardiologist,",
        "2,,LIC-1,,Practitioner No. 1,Cardiologist,TRUE",
    )

    assert one.who == other.who
    assert one.who.id == SOURCE.practitioner("LIC-1")
    assert [one.clinic_id, other.clinic_id] == [SOURCE.clinic("1"), SOURCE.clinic("2")]


def test_talon_s_own_ids_are_taken_as_they_are(tmp_path: Path) -> None:
    clinic, doctor = uuid4(), uuid4()

    [entry], _ = read_all(tmp_path, f",{clinic},,{doctor},Practitioner No. 1,,")

    assert (entry.clinic_id, entry.who.id) == (clinic, doctor)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",,LIC-1,,Practitioner No. 1,,", "missing_field"),
        ("1,,,,Practitioner No. 1,,", "missing_field"),
        ("1,,LIC-1,,,,", "wrong_value"),
        ("1,,LIC-1,,Practitioner No. 1,,perhaps", "wrong_value"),
        ("1,,,nobody,Practitioner No. 1,,", "wrong_value"),
        ("1,nowhere,LIC-1,,Practitioner No. 1,,", "wrong_value"),
        ("1,,LIC-1,,Practitioner No. 1,,,more", "malformed_row"),
        ("1,,LIC-0,,Practitioner No. 0,Surgeon,", "duplicate"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_its_neighbours_come_in(
    tmp_path: Path, row: str, code: str
) -> None:
    good = "1,,LIC-0,,Practitioner No. 0,,"

    entries, faults = read_all(tmp_path, good, row, "1,,LIC-9,,Practitioner No. 9,,")

    assert [entry.who.name for entry in entries] == ["Practitioner No. 0", "Practitioner No. 9"]
    assert [(fault.line, fault.code) for fault in faults] == [(3, code)]


@pytest.mark.parametrize("header", ["identifier,name", "clinic_id,identifier,nmae", "", "name"])
def test_a_table_with_another_header_is_none(tmp_path: Path, header: str) -> None:
    with pytest.raises(SourceError, match="practitioners --template"):
        read_all(tmp_path, header=header)


PEOPLE = st.dictionaries(
    st.integers(0, 5), st.tuples(st.sampled_from(["", "Surgeon"]), st.booleans())
)


def _those(people: dict[int, tuple[str, bool]]) -> list[Practitioner]:
    return [
        Practitioner(id=UUID(int=n), name=f"Practitioner No. {n}", qualification=what, active=is_so)
        for n, (what, is_so) in people.items()
    ]


@given(PEOPLE, PEOPLE)
def test_said_once_nothing_is_to_do_the_second_time_and_nobody_is_lost(
    told: dict[int, tuple[str, bool]], known: dict[int, tuple[str, bool]]
) -> None:
    staff = difference(_those(told), _those(known))

    after = known | {one.id.int: (one.qualification, one.active) for one in staff.new}
    after |= {one.id.int: (one.qualification, one.active) for one in staff.changed}
    assert after == known | told
    assert difference(_those(told), _those(after)).same == len(told)
