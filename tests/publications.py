"""What do the tests import? Small publications and tables of clinics that only have numbers."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from talon.imports.faults import Fault
from talon.imports.published import Assumed, Clinic, Slot
from talon.imports.smart import MANIFEST, Reader, in_folder

PUBLISHER = "https://clinics.example/feed/"
NAMES = "http://fhir-registry.smarthealthit.org/StructureDefinition/"
MOSCOW = Assumed(time_zone="Europe/Moscow")
NINE = datetime(2030, 5, 14, 6, 0, tzinfo=UTC)
"""By the clocks of Moscow."""


def a_location(number: int = 1, **more: Any) -> dict[str, Any]:
    """A clinic without a position."""
    return {
        "resourceType": "Location",
        "id": f"clinic-{number}",
        "name": f"Polyclinic No. {number}",
        "address": {"line": ["1 Long Street"], "city": "Moscow", "postalCode": "101000"},
    } | more


def a_schedule(number: int = 1, **more: Any) -> dict[str, Any]:
    """First doses of CVX 208 in the clinic of this number."""
    service = {"system": "http://clinics.example/services", "code": "covid19-immunization"}
    product = {"system": "http://hl7.org/fhir/sid/cvx", "code": "208", "display": "A vaccine"}
    return {
        "resourceType": "Schedule",
        "id": f"doses-{number}",
        "actor": [{"reference": f"Location/clinic-{number}"}],
        "serviceType": [{"coding": [service]}],
        "extension": [
            {"url": f"{NAMES}vaccine-dose", "valueInteger": 1},
            {"url": f"{NAMES}vaccine-product", "valueCoding": product},
        ],
    } | more


def a_slot_line(
    key: str = "slot-1",
    *,
    clinic: int = 1,
    starts_at: datetime = NINE,
    capacity: Any = 2,
    **more: Any,
) -> dict[str, Any]:
    """Half an hour in the clinic of this number."""
    return {
        "resourceType": "Slot",
        "id": key,
        "schedule": {"reference": f"Schedule/doses-{clinic}"},
        "status": "free",
        "start": starts_at.isoformat(),
        "end": (starts_at + timedelta(minutes=30)).isoformat(),
        "extension": [{"url": f"{NAMES}slot-capacity", "valueInteger": capacity}],
    } | more


def publish(
    folder: Path,
    slots: Iterable[dict[str, Any] | str],
    *,
    clinics: int = 1,
    locations: Iterable[dict[str, Any]] | None = None,
) -> Path:
    """Write a publication down; a slot given as text is written as it is."""
    numbers = range(1, clinics + 1)
    files = {
        "Location": ("locations.ndjson", locations or [a_location(n) for n in numbers]),
        "Schedule": ("schedules.ndjson", [a_schedule(n) for n in numbers]),
        "Slot": ("slots.ndjson", slots),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.values():
        written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / name).write_text("".join(f"{line}\n" for line in written), encoding="utf-8")
    manifest = {
        "transactionTime": "2030-05-01T00:00:00Z",
        "request": f"{PUBLISHER}{MANIFEST}",
        "output": [
            {"type": kind, "url": f"{PUBLISHER}{name}"} for kind, (name, _) in files.items()
        ],
        "error": [],
    }
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def read(folder: Path, assumed: Assumed = MOSCOW) -> tuple[list[Clinic], list[Slot], list[Fault]]:
    """Everything in a publication, by kind."""
    return sorted_out(Reader(in_folder(folder), assumed).read())


def sorted_out(
    items: Iterable[Clinic | Slot | Fault],
) -> tuple[list[Clinic], list[Slot], list[Fault]]:
    """What was read, by kind."""
    found = list(items)
    return (
        [item for item in found if isinstance(item, Clinic)],
        [item for item in found if isinstance(item, Slot)],
        [item for item in found if isinstance(item, Fault)],
    )
