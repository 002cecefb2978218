"""How do the guests' clinics look to the world? A SMART Scheduling Links publication in a folder.

github.com/smart-on-fhir/smart-scheduling-links, specification.md: a manifest that names files of
Locations, Schedules and Slots, one resource a line.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from talon.city.plan import GUESTS, VACCINATION, Clinic, Plan, Slot, guest_key

EXTENSIONS = "http://fhir-registry.smarthealthit.org/StructureDefinition"
SERVICES = "http://fhir-registry.smarthealthit.org/CodeSystem/service-type"
IMMUNIZATION = "covid19-immunization"
FILES = {"Location": "locations", "Schedule": "schedules", "Slot": "slots"}


def publish(plan: Plan, folder: Path) -> Path:
    """Write the publication; what an earlier one left there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    guests = {clinic.id: clinic for clinic in plan.clinics if clinic.guest}
    slots = [slot for slot in plan.slots if slot.clinic_id in guests]
    offered = sorted({(guests[slot.clinic_id].number, slot.service) for slot in slots})
    lines = {
        "Location": map(_location, guests.values()),
        "Schedule": (_schedule(number, service) for number, service in offered),
        "Slot": (_slot(guests[slot.clinic_id].number, slot) for slot in slots),
    }
    for kind, name in FILES.items():
        _write(folder / f"{name}.ndjson", lines[kind])
    manifest = {
        "transactionTime": datetime.now(UTC).isoformat(timespec="seconds"),
        "request": GUESTS.source,
        "output": [
            {"type": kind, "url": GUESTS.source.replace("$bulk-publish", f"{name}.ndjson")}
            for kind, name in FILES.items()
        ],
    }
    _write(folder / "$bulk-publish", [manifest])
    return folder


def _location(clinic: Clinic) -> dict[str, Any]:
    return {
        "resourceType": "Location",
        "id": str(clinic.number),
        "name": clinic.name,
        "address": {"line": [clinic.address], "district": clinic.district.name},
        "position": {"latitude": clinic.latitude, "longitude": clinic.longitude},
    }


def _schedule(number: int, service: str) -> dict[str, Any]:
    code = IMMUNIZATION if service == VACCINATION else service
    return {
        "resourceType": "Schedule",
        "id": f"{number}-{service}",
        "actor": [{"reference": f"Location/{number}"}],
        "serviceType": [{"coding": [{"system": SERVICES, "code": code}]}],
    }


def _slot(number: int, slot: Slot) -> dict[str, Any]:
    return {
        "resourceType": "Slot",
        "id": guest_key(number, slot.service, slot.starts_at),
        "schedule": {"reference": f"Schedule/{number}-{slot.service}"},
        "status": "free",
        "start": slot.starts_at.isoformat(),
        "end": slot.ends_at.isoformat(),
        "extension": [{"url": f"{EXTENSIONS}/slot-capacity", "valueInteger": slot.capacity}],
    }


def _write(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
