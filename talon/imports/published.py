"""What is a clinic and what is a slot, as a source publishes them? As the doors take them."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from shared.messages import (
    CAPACITY_MAX,
    Dose,
    Instant,
    Latitude,
    Longitude,
    OptionalText,
    Text,
)
from talon.imports.faults import LineError, from_validation

T = TypeVar("T")

VACCINATION = "vaccination"
KEY_CHARACTERS_MAX = 1_000
CLINICS_MAX = 20_000
"""Clinics are kept in memory, since every slot refers to one; slots are not."""

Key = Annotated[
    str, Meta(min_length=1, max_length=KEY_CHARACTERS_MAX, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""The source's own name of a thing; nothing in it moves a terminal's cursor."""

TIME_ZONES = frozenset(available_timezones())

OPEN = {"free": True, "busy": False, "busy-unavailable": False, "busy-tentative": False}
"""FHIR's words for a slot that can be had or not; a source's `entered-in-error` is neither."""


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken for so: the zone where a source has none, the service whatever it says."""

    time_zone: str = ""
    service: str = ""


class Clinic(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic of the source; with `talon_id` one that Talon has, whose facts are Talon's own."""

    key: Key
    name: Text
    time_zone: str
    """Empty for a clinic that Talon has, where the source does not say it."""

    address: OptionalText = ""
    district: OptionalText = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    talon_id: UUID | None = None

    @property
    def zone(self) -> ZoneInfo:
        """By which its days begin, as far as the source knows."""
        return zone_of(self.time_zone or "UTC")


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A slot of the source, and where it stands there."""

    key: Key
    clinic_key: Key
    service: Text
    product: OptionalText = ""
    dose: Dose | None = None
    starts_at: Instant
    ends_at: Instant
    capacity: Annotated[int, Meta(ge=1, le=CAPACITY_MAX)]
    open: bool
    day: date
    """Its day on the clinic's own calendar."""

    file: str
    line: int

    @property
    def where(self) -> str:
        """The place as an editor takes it."""
        return f"{self.file}:{self.line}"


@lru_cache(maxsize=1_000)
def zone_of(name: str) -> ZoneInfo:
    """The zone of this name; a line that names no zone is bad."""
    if name not in TIME_ZONES:
        raise LineError("wrong_value", f"{name!r} is no IANA time zone such as Europe/Moscow")
    return ZoneInfo(name)


def clinic_of(**about: Any) -> Clinic:
    """A clinic of these facts, if the doors would take it."""
    if about["time_zone"] or about.get("talon_id") is None:
        zone_of(about["time_zone"])
    if (about.get("latitude") is None) != (about.get("longitude") is None):
        raise LineError("missing_field", "a position has a latitude and a longitude")
    return _fitting(about, Clinic)


def slot_of(**about: Any) -> Slot:
    """A slot of these facts, if the doors would take it."""
    slot = _fitting(about, Slot)
    if slot.ends_at <= slot.starts_at:
        raise LineError("ends_before_start", f"it ends at {slot.ends_at}, before it starts")
    return slot


def is_open(status: str) -> bool:
    """Whether a slot of this status can be booked."""
    if status not in OPEN:
        raise LineError("wrong_value", f"{status!r} is no status; there are {', '.join(OPEN)}")
    return OPEN[status]


def instant_of(text: str, zone: ZoneInfo | None = None) -> datetime:
    """A moment; where the text has no offset it is meant in this zone, if there is one."""
    try:
        said = datetime.fromisoformat(text)
        if len(text) <= len("2030-05-14"):
            raise _no_moment(text)
        if said.tzinfo is not None:
            return said.astimezone(UTC)
        if zone is None:
            raise LineError("wrong_value", f"{text!r} has no offset from UTC, such as Z or -05:00")
        moment = said.replace(tzinfo=zone).astimezone(UTC)
        back = moment.astimezone(zone).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise _no_moment(text) from None
    if back != said:
        raise LineError("wrong_value", f"{said} does not exist there: clocks leap over it")
    return moment


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The day it is there at that moment."""
    try:
        return moment.astimezone(zone).date()
    except OverflowError:
        raise _no_moment(str(moment)) from None


def _no_moment(text: str) -> LineError:
    return LineError("wrong_value", f"{text!r} is no time such as 2030-05-14T09:00")


def _fitting(about: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(about, kind)
    except msgspec.ValidationError as error:
        raise from_validation(error) from None
