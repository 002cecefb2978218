"""What is read of a SMART Scheduling Links publication, and which of its lines are not taken?"""

import json
from pathlib import Path
from typing import Any

import pytest

from talon.imports import fhir
from talon.imports.faults import Fault, Faults, SourceError
from talon.imports.fhir import Coding, Concept
from talon.imports.lines import LINE_BYTES_MAX
from talon.imports.published import Assumed
from talon.imports.smart import MANIFEST, in_folder, name_of
from talon.imports.spool import open_spool
from talon.imports.taken import take_in
from tests.publications import (
    NAMES,
    NINE,
    a_location,
    a_schedule,
    a_slot_line,
    publish,
    read,
)


def the_fault(folder: Path) -> Fault:
    """The one bad line of a publication."""
    _, _, faults = read(folder)
    assert len(faults) == 1, faults
    return faults[0]


def test_a_slot_has_the_service_product_dose_and_capacity_that_are_published(tmp_path: Path):
    publish(tmp_path, [a_slot_line(capacity=7)])

    _, (slot,), faults = read(tmp_path)

    assert faults == []
    assert (slot.service, slot.product, slot.dose) == ("vaccination", "208", 1)
    assert (slot.capacity, slot.open, slot.starts_at) == (7, True, NINE)
    assert (slot.file, slot.line) == ("slots.ndjson", 1)


def test_a_clinic_without_a_position_is_a_clinic(tmp_path: Path):
    publish(tmp_path, [a_slot_line()])

    (clinic,), _, _ = read(tmp_path)

    assert clinic.name == "Polyclinic No. 1"
    assert clinic.address == "1 Long Street, Moscow, 101000"
    assert (clinic.district, clinic.latitude, clinic.longitude) == ("Moscow", None, None)


def test_a_clinic_is_where_its_publisher_says(tmp_path: Path):
    position = {"latitude": 55.75, "longitude": 37.6}
    publish(tmp_path, [], locations=[a_location(position=position)])

    (clinic,), _, _ = read(tmp_path)

    assert (clinic.latitude, clinic.longitude) == (55.75, 37.6)


def test_a_slot_without_a_capacity_takes_one(tmp_path: Path):
    publish(tmp_path, [a_slot_line(extension=[])])

    _, (slot,), _ = read(tmp_path)

    assert slot.capacity == 1


def test_a_busy_slot_is_a_closed_one(tmp_path: Path):
    publish(tmp_path, [a_slot_line(status="busy")])

    _, (slot,), _ = read(tmp_path)

    assert not slot.open


@pytest.mark.parametrize("start", ["2030-05-14T06:00:00Z", "2030-05-14T09:00+03", "20300514T06Z"])
def test_a_time_is_read_in_whatever_way_it_is_written(tmp_path: Path, start: str):
    publish(tmp_path, [a_slot_line(start=start)])

    _, (slot,), _ = read(tmp_path)

    assert slot.starts_at == NINE


def test_a_slot_may_name_its_schedule_by_its_address(tmp_path: Path):
    reference = {"reference": "https://clinics.example/fhir/Schedule/doses-1"}
    publish(tmp_path, [a_slot_line(schedule=reference)])

    _, slots, faults = read(tmp_path)

    assert (len(slots), faults) == (1, [])


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ('{"resourceType":"Slot","id":', "malformed_json"),
        ("[]", "wrong_value"),
        (json.dumps({"resourceType": "Slot", "id": "slot-1"}), "missing_field"),
        (a_location(id="slot-1"), "missing_field"),
        (a_slot_line(resourceType="Appointment"), "wrong_resource"),
        (a_slot_line(clinic=9), "unknown_schedule"),
        (a_slot_line(schedule={"reference": "Location/doses-1"}), "unknown_schedule"),
        (a_slot_line(end="2030-05-14T05:00:00Z"), "ends_before_start"),
        (a_slot_line(end="2030-05-14T06:00:00Z"), "ends_before_start"),
        (a_slot_line(capacity=0), "bad_capacity"),
        (a_slot_line(capacity=-4), "bad_capacity"),
        (a_slot_line(capacity=10_001), "bad_capacity"),
        (a_slot_line(capacity=None), "bad_capacity"),
        (a_slot_line(capacity="many"), "wrong_value"),
        (a_slot_line(status="entered-in-error"), "wrong_value"),
        (a_slot_line(start="2030-05-14"), "wrong_value"),
        (a_slot_line(start="2030-05-14T09:00:00"), "wrong_value"),
        (a_slot_line(start="0001-01-01T00:00:00+14:00"), "wrong_value"),
        (a_slot_line(start="tomorrow"), "wrong_value"),
        (a_slot_line(key=""), "wrong_value"),
    ],
)
def test_a_bad_line_is_told_and_the_good_ones_beside_it_are_kept(
    tmp_path: Path, wrong: Any, code: str
):
    publish(tmp_path, [a_slot_line("good-1"), wrong, a_slot_line("good-2")])

    _, slots, _ = read(tmp_path)
    fault = the_fault(tmp_path)

    assert [slot.key for slot in slots] == ["good-1", "good-2"]
    assert (fault.code, fault.where) == (code, "slots.ndjson:2")
    assert fault.reason


def test_a_bad_line_that_names_its_slot_hides_none(tmp_path: Path):
    publish(tmp_path, [a_slot_line(capacity=0)])
    named = the_fault(tmp_path)
    publish(tmp_path, ["{"])
    nameless = the_fault(tmp_path)

    assert (named.slot, named.hides_slot) == ("slot-1", False)
    assert (nameless.slot, nameless.hides_slot) == ("", True)


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path):
    publish(tmp_path, [a_slot_line()])
    with (tmp_path / "slots.ndjson").open("ab") as file:
        file.write(b'{"resourceType":"Slot","id":"\xff"}\n')

    assert the_fault(tmp_path).code == "malformed_json"


def test_a_line_that_is_too_long_is_bad_and_the_next_one_is_good(tmp_path: Path):
    publish(tmp_path, ["x" * (3 * LINE_BYTES_MAX), a_slot_line()])

    _, slots, _ = read(tmp_path)
    fault = the_fault(tmp_path)

    assert (fault.code, fault.line, fault.hides_slot) == ("line_too_long", 1, True)
    assert [slot.line for slot in slots] == [2]


def test_empty_lines_are_nothing(tmp_path: Path):
    publish(tmp_path, ["", a_slot_line(), "  "])

    _, slots, faults = read(tmp_path)

    assert (len(slots), faults) == (1, [])


def test_who_says_two_things_of_one_clinic_is_believed_the_first(tmp_path: Path):
    publish(tmp_path, [a_slot_line()], locations=[a_location(), a_location(name="Another")])

    (clinic,), _, _ = read(tmp_path)
    fault = the_fault(tmp_path)

    assert clinic.name == "Polyclinic No. 1"
    assert (fault.code, fault.where) == ("duplicate", "locations.ndjson:2")
    assert "locations.ndjson:1" in fault.reason


def test_of_two_slots_with_one_id_the_first_is_kept(tmp_path: Path):
    publish(tmp_path, [a_slot_line(capacity=2), a_slot_line(capacity=5)], clinics=1)
    faults = Faults(shown_max=3)
    clinics, slots, _ = read(tmp_path)

    with open_spool() as spool:
        take_in([*clinics, *slots], spool, faults)
        kept = spool.slots

    assert (kept, faults.by_code) == (1, {"duplicate": 1})
    assert "slots.ndjson:1" in faults.first["duplicate"][0].reason


def test_a_missing_file_is_told_and_may_hide_slots(tmp_path: Path):
    publish(tmp_path, [])
    (tmp_path / "slots.ndjson").unlink()

    fault = the_fault(tmp_path)

    assert (fault.code, fault.where, fault.hides_slot) == ("missing_file", "slots.ndjson", True)


def test_addresses_that_end_alike_are_told_and_read_once(tmp_path: Path):
    publish(tmp_path, [a_slot_line()])
    manifest = json.loads((tmp_path / MANIFEST).read_text("utf-8"))
    manifest["output"].append({"type": "Slot", "url": "https://other.example/slots.ndjson"})
    (tmp_path / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")

    _, slots, _ = read(tmp_path)

    assert len(slots) == 1
    assert (the_fault(tmp_path).code, the_fault(tmp_path).where) == ("duplicate", MANIFEST)


def test_no_address_leads_out_of_the_folder():
    assert name_of("https://clinics.example/a/%2e%2e/%2e%2e/etc/slots.ndjson?x=1") == "slots.ndjson"
    assert "/" not in name_of("https://clinics.example/a%2Fb/..%2F..")


@pytest.mark.parametrize("wrong", ["", "{}", "[]", '{"transactionTime": 1, "output": []}'])
def test_what_is_no_manifest_is_no_publication(tmp_path: Path, wrong: str):
    (tmp_path / MANIFEST).write_text(wrong, encoding="utf-8")

    with pytest.raises(SourceError, match="is no manifest"):
        in_folder(tmp_path)


def test_a_folder_without_a_manifest_is_no_publication(tmp_path: Path):
    with pytest.raises(SourceError, match="is missing"):
        in_folder(tmp_path)


@pytest.mark.parametrize(
    ("concept", "service"),
    [
        (Concept(coding=(Coding(code="57"),)), "vaccination"),
        (Concept(coding=(Coding(code="covid-19-immunization"),)), "vaccination"),
        (Concept(coding=(Coding(code="124"), Coding(code="57"))), "vaccination"),
        (Concept(coding=(Coding(code="general-practice"),)), "general-practice"),
        (Concept(coding=(Coding(display="Eye test"),)), "Eye test"),
        (Concept(text="Eye test"), "Eye test"),
    ],
)
def test_immunizations_are_vaccinations_and_the_rest_keeps_its_name(concept: Concept, service: str):
    assert fhir.service_of([concept]) == service


def test_who_imports_may_say_what_the_service_is(tmp_path: Path):
    publish(tmp_path, [a_slot_line()])

    _, (slot,), _ = read(tmp_path, Assumed(time_zone="UTC", service="flu"))

    assert slot.service == "flu"


def test_a_schedule_of_two_products_names_none(tmp_path: Path):
    products = [{"url": f"{NAMES}vaccine-product", "valueCoding": {"code": c}} for c in ("1", "2")]
    publish(tmp_path, [a_slot_line()])
    line = json.dumps(a_schedule(extension=products))
    (tmp_path / "schedules.ndjson").write_text(line, encoding="utf-8")

    _, (slot,), _ = read(tmp_path)

    assert (slot.product, slot.dose) == ("", None)


def test_the_slots_of_a_clinic_that_cannot_be_read_are_bad_but_known(tmp_path: Path):
    publish(tmp_path, [a_slot_line()], locations=[a_location(name="")])

    _, slots, faults = read(tmp_path)

    assert slots == []
    assert [fault.code for fault in faults] == [
        "wrong_value",
        "unknown_location",
        "unknown_schedule",
    ]
    assert not any(fault.hides_slot for fault in faults)
