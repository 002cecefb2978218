"""What does one line of a SMART Scheduling Links publication say?

Fields and extensions: github.com/smart-on-fhir/smart-scheduling-links, specification.md. Whatever
else a line has is not looked at.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from shared.messages import Text
from talon.imports.faults import LineError, from_validation
from talon.imports.published import (
    VACCINATION,
    Assumed,
    Clinic,
    Slot,
    clinic_of,
    day_of,
    instant_of,
    is_open,
    slot_of,
)

T = TypeVar("T")

CAPACITY = "slot-capacity"
PRODUCT = "vaccine-product"
DOSE = "vaccine-dose"
IMMUNIZATION_CODE = "57"
"""`Immunization` in HL7's own list of services."""


SourceName = Annotated[str, Meta(max_length=2_000, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Output(msgspec.Struct, frozen=True):
    """One file that the manifest names."""

    type: str
    url: SourceName


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """The entry of a publication."""

    transaction_time: Text
    output: tuple[Output, ...]
    request: SourceName = ""


class Coding(msgspec.Struct, frozen=True):
    """A word of some vocabulary."""

    system: str = ""
    code: str = ""
    display: str = ""


class Concept(msgspec.Struct, frozen=True):
    """The same thing in the words of several vocabularies."""

    coding: tuple[Coding, ...] = ()
    text: str = ""


class Extension(msgspec.Struct, frozen=True, rename="camel"):
    """A fact that FHIR itself has no field for; its address ends with its name."""

    url: str
    value_integer: int | None = None
    value_coding: Coding | None = None


class Reference(msgspec.Struct, frozen=True):
    """Another resource, as Type/id, with an address before it or not."""

    reference: str = ""


class Address(msgspec.Struct, frozen=True, rename="camel"):
    """Where a location is, for letters."""

    line: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    postal_code: str = ""
    district: str = ""


class Position(msgspec.Struct, frozen=True):
    """Where a location is, for maps."""

    latitude: float
    longitude: float


class Location(msgspec.Struct, frozen=True, rename="camel"):
    """A clinic."""

    resource_type: str
    id: str
    name: str
    address: Address = Address()
    position: Position | None = None


class Schedule(msgspec.Struct, frozen=True, rename="camel"):
    """What is offered at one location; its slots refer to it."""

    resource_type: str
    id: str
    actor: tuple[Reference, ...]
    service_type: tuple[Concept, ...] = ()
    extension: tuple[Extension, ...] = ()


class SlotLine(msgspec.Struct, frozen=True, rename="camel"):
    """A time at which it is offered."""

    resource_type: str
    id: str
    schedule: Reference
    status: str
    start: str
    end: str
    extension: tuple[Extension, ...] = ()


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What all slots of one schedule have in common."""

    clinic: Clinic
    service: str
    product: str
    dose: int | None


class Named(msgspec.Struct, frozen=True):
    """The least that can be read of a line that is wrong."""

    id: str


_decode_manifest = msgspec.json.Decoder(Manifest).decode
_decode_location = msgspec.json.Decoder(Location).decode
_decode_schedule = msgspec.json.Decoder(Schedule).decode
_decode_slot = msgspec.json.Decoder(SlotLine).decode
_decode_named = msgspec.json.Decoder(Named).decode


def manifest(raw: bytes) -> Manifest:
    """The manifest; a LineError where it is none."""
    return _decoded(raw, _decode_manifest)


def clinic(raw: bytes, assumed: Assumed) -> Clinic:
    """A Location's line."""
    said = _decoded(raw, _decode_location)
    _need_type("Location", said.resource_type)
    town = " ".join(part for part in (said.address.state, said.address.postal_code) if part)
    parts = (*said.address.line, said.address.city, town)
    return clinic_of(
        key=said.id,
        name=said.name,
        time_zone=assumed.time_zone,
        address=", ".join(part for part in parts if part),
        district=said.address.district or said.address.city,
        latitude=said.position.latitude if said.position else None,
        longitude=said.position.longitude if said.position else None,
    )


def schedule(
    raw: bytes, clinics: Callable[[str], Clinic | None], assumed: Assumed
) -> tuple[str, Offered]:
    """A Schedule's line: its id, and what it offers where."""
    said = _decoded(raw, _decode_schedule)
    _need_type("Schedule", said.resource_type)
    products = _values(said.extension, PRODUCT)
    doses = _values(said.extension, DOSE)
    # A slot has one product and one dose or says nothing of it; who offers several says nothing.
    product = products[0].value_coding if len(products) == 1 else None
    return said.id, Offered(
        clinic=_located(said.actor, clinics),
        service=assumed.service or service_of(said.service_type),
        product=(product.code or product.display) if product else "",
        dose=doses[0].value_integer if len(doses) == 1 else None,
    )


def slot(raw: bytes, schedules: Callable[[str], Offered | None], file: str, line: int) -> Slot:
    """A Slot's line."""
    said = _decoded(raw, _decode_slot)
    _need_type("Slot", said.resource_type)
    offered = schedules(_id_in(said.schedule.reference, "Schedule"))
    if offered is None:
        raise LineError("unknown_schedule", f"no {said.schedule.reference!r} could be read")
    starts_at = instant_of(said.start)
    return slot_of(
        key=said.id,
        clinic_key=offered.clinic.key,
        service=offered.service,
        product=offered.product,
        dose=offered.dose,
        starts_at=starts_at,
        ends_at=instant_of(said.end),
        capacity=_capacity(said.extension),
        open=is_open(said.status),
        day=day_of(starts_at, offered.clinic.zone),
        file=file,
        line=line,
    )


def name_in(raw: bytes) -> str:
    """The id of a line in which something else is wrong; empty where it has none."""
    try:
        return _decode_named(raw).id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def service_of(concepts: Sequence[Concept]) -> str:
    """Any immunization is a vaccination; whatever else keeps the source's own word."""
    codings = [coding for concept in concepts for coding in concept.coding]
    for coding in codings:
        if coding.code == IMMUNIZATION_CODE or "immunization" in coding.code:
            return VACCINATION
    words = [coding.code or coding.display for coding in codings]
    words += [concept.text for concept in concepts]
    for word in words:
        if word:
            return word
    raise LineError("missing_field", "it has no serviceType; --service says it for all")


def _decoded(raw: bytes, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(raw)
    except msgspec.ValidationError as error:
        raise from_validation(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LineError("malformed_json", f"it is not JSON: {error}") from None


def _need_type(wanted: str, found: str) -> None:
    if found != wanted:
        raise LineError("wrong_resource", f"it is a {found!r} in a file of {wanted}s")


def _located(actors: Sequence[Reference], clinics: Callable[[str], Clinic | None]) -> Clinic:
    for actor in actors:
        if (found := clinics(_id_in(actor.reference, "Location"))) is not None:
            return found
    said = ", ".join(actor.reference for actor in actors) or "none"
    raise LineError("unknown_location", f"its locations are {said!r}, and none could be read")


def _id_in(reference: str, kind: str) -> str:
    """The id in `Location/12` or `https://clinics.example/Location/12`."""
    before, _, found = reference.rpartition(f"{kind}/")
    return found if not before or before.endswith("/") else ""


def _values(extensions: Sequence[Extension], name: str) -> list[Extension]:
    return [extension for extension in extensions if extension.url.rpartition("/")[2] == name]


def _capacity(extensions: Sequence[Extension]) -> int | None:
    for extension in _values(extensions, CAPACITY):
        return extension.value_integer
    return 1
