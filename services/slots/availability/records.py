"""What is kept of a clinic, a day and a slot? As little as will do: there are a million slots.

The id of a slot is its 16 bytes, and an instant is microseconds since 1970, because an object for
each would weigh more than what it stands for. A slot refers to nothing that refers back, so the
garbage collector need not look at it.
"""

import logging
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from shared.messages import AsksFor, Modality, Resource

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE_US = 60_000_000


def microseconds(at: datetime) -> int:
    """An instant as it is kept."""
    return (at - EPOCH) // MICROSECOND


def instant(at_us: int) -> datetime:
    """What is kept, as the instant that it is."""
    return EPOCH + timedelta(microseconds=at_us)


def as_text(at: datetime) -> str:
    """An instant as it is shown; what is less than a millisecond is left off, so never too late."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


DAY_US_MAX = 26 * 3_600_000_000
"""No day is longer anywhere. What began so long ago began on a day that is over."""

CALENDAR_ENDS_US = microseconds(datetime(9999, 1, 1, tzinfo=UTC))
"""No slot is kept that begins later: a year on, arithmetic with days comes to its end."""


class Zone:
    """A time zone: which day is it at an instant, and when is that day over?"""

    def __init__(self, name: str) -> None:
        self._zone = _zone_named(name)
        self._day, self._begins_us, self._ends_us = 0, 0, 0

    def day_of(self, at_us: int) -> int:
        """The day of an instant, as its number in the calendar (`date.toordinal`)."""
        # Slots come by the thousand for one day, so the last one is remembered.
        if not self._begins_us <= at_us < self._ends_us:
            self._day = instant(at_us).astimezone(self._zone).toordinal()
            self._begins_us = self._midnight(self._day)
            self._ends_us = self._midnight(self._day + 1)
        return self._day

    def ends_us(self, day: int) -> int:
        """When the day is over."""
        return self._midnight(day + 1)

    def _midnight(self, day: int) -> int:
        return microseconds(datetime.combine(date.fromordinal(day), time(), self._zone))


def _zone_named(name: str) -> ZoneInfo:
    """The zone; UTC where nobody knows it, so that one clinic's mistake is not everybody's."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        log.error("a clinic's time zone is unknown", extra={"zone": name, "error": repr(error)})
        return ZoneInfo("UTC")


class Clinic(msgspec.Struct, kw_only=True, frozen=True):
    """A clinic, and what is said of it."""

    id: UUID
    name: str
    time_zone: str
    address: str
    district: str
    latitude: float | None
    longitude: float | None


class About(NamedTuple):
    """Whose time a slot is, and how one is seen there. Many slots share one of these."""

    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    resource: Resource = "service"
    asks_for: AsksFor = "nothing"


ORDINARY = About()


class Slot(msgspec.Struct, kw_only=True, gc=False, eq=False):
    """A slot and its counts. `sheet` is the number of the sheet on which it stands."""

    id: bytes
    starts_us: int
    ends_us: int
    product: str
    dose: int | None
    version: int
    capacity: int
    held: int
    booked: int
    open: bool
    extra: int = 0
    closes_minutes_before: int = 0
    cancel_until_minutes_before: int = 0
    about: About = ORDINARY
    sheet: int = 0

    @property
    def closes_us(self) -> int:
        """From then on nobody books it any more."""
        return self.starts_us - self.closes_minutes_before * MINUTE_US

    @property
    def cancel_until_us(self) -> int:
        """Who gives a place back later than this does so late."""
        return self.starts_us - self.cancel_until_minutes_before * MINUTE_US

    @property
    def free(self) -> int:
        """How many more people fit in."""
        return self.capacity + self.extra - self.held - self.booked


def slot_order(slot: Slot) -> tuple[int, bytes]:
    """Where a slot stands among others: by its start, then by its id."""
    return slot.starts_us, slot.id


def slot_start(slot: Slot) -> int:
    """When a slot begins."""
    return slot.starts_us


class Sheet(msgspec.Struct, kw_only=True, eq=False):
    """The slots of one service at one clinic on one of its days, in their order.

    `stamp` is new whenever one of them changes. `free` is how many places are free in all that is
    open, begun or not. `said` is the day as it is shown, None where it has to be said anew; it
    holds until `said_until_us`, when the next slot closes.
    """

    number: int
    clinic: Clinic
    service: str
    day: int
    slots: list[Slot]
    stamp: int
    free: int = 0
    said: bytes | None = None
    said_until_us: int = 0


class Said(NamedTuple):
    """Several days as they are shown: made at that stamp, and good until a slot closes."""

    stamp: int
    until_us: int
    days: bytes


class Shelf(msgspec.Struct, kw_only=True, eq=False):
    """All sheets of one service at one clinic, by day; `stamp` is the newest change of any.

    `said` has some stretches of days, from the first to the last, as they are shown.
    """

    clinic: Clinic
    service: str
    days: dict[int, Sheet]
    stamp: int
    said: dict[tuple[int, int], Said]
