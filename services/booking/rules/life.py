"""What becomes of a booking or hold when something is told about it?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal, assert_never
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from shared.messages import (
    BookingCancelled,
    BookingMoved,
    BookingRestored,
    CancelReason,
    HoldExpired,
    HoldReleased,
    HoldRenewed,
    Modality,
    PlacesBooked,
    PlacesHeld,
    Refusal,
    TakenPlace,
)

Status = Literal[
    "pending", "held", "booked", "cancelled", "noshow", "refused", "expired", "released"
]
Kind = Literal["hold", "booking"]
Shown = Literal["pending", "booked", "cancelled", "noshow", "refused", "expired"]
LaterEvent = (
    PlacesHeld
    | HoldRenewed
    | HoldReleased
    | HoldExpired
    | BookingMoved
    | BookingCancelled
    | BookingRestored
)
LifeEvent = PlacesBooked | LaterEvent

UNKNOWN = "unknown"
REFUSED_AS_EXPIRED = "Refused as expired"
MISSED = "BookingCancelled as missed"

NEXT: dict[str, dict[str, Status]] = {
    UNKNOWN: {"PlacesHeld": "held", "PlacesBooked": "booked"},
    "pending": {
        "PlacesHeld": "held",
        "PlacesBooked": "booked",
        "Refused": "refused",
        REFUSED_AS_EXPIRED: "expired",
    },
    "held": {
        "HoldRenewed": "held",
        "PlacesBooked": "booked",
        "HoldReleased": "released",
        "HoldExpired": "expired",
    },
    "booked": {"BookingMoved": "booked", "BookingCancelled": "cancelled", MISSED: "noshow"},
    # What was refused under a key used twice may still turn out to be the first of the two.
    "refused": {"PlacesHeld": "held", "PlacesBooked": "booked"},
    "expired": {},
    "cancelled": {},
    # The clinic may have been wrong.
    "noshow": {"BookingRestored": "booked"},
    "released": {},
}
"""status x event -> status. The diagram in `docs/journeys/booking.md` is compared with it."""

LEADS_TO: dict[str, Status] = {event: to for row in NEXT.values() for event, to in row.items()}
"""Where each event leads, wherever it was told: the table gives every event one outcome."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One seat as its owner sees it and as it is kept; a hold's has no person yet.

    `follows` is the earlier booking it comes after, `based_on` the referral it was given for.
    """

    id: UUID
    slot_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    clinic_id: UUID
    clinic_name: str
    clinic_address: str
    time_zone: str
    patient_id: UUID | None
    dose: int | None
    modality: Modality = "physical"
    practitioner_id: UUID | None = None
    cancel_until: datetime | None = None
    follows: UUID | UnsetType = UNSET
    based_on: UUID | UnsetType = UNSET


Places = tuple[Place, ...]


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """A booking or hold as the front desk knows it. `kind` is what its owner asked it to be.

    `version` 0: the referee has not said yes, so there are no places. `late`: one of its places was
    given up later than the clinic asked for. `booked_by`: who at a clinic made it for its owner.
    """

    id: UUID
    owner_id: UUID
    kind: Kind
    status: Status
    version: int
    home: int
    made_at: datetime
    campaign_id: UUID | None = None
    places: Places = ()
    expires_at: datetime | None = None
    reason: Refusal | None = None
    late: bool = False
    cancelled_by: CancelReason | None = None
    booked_by: UUID | None = None

    @property
    def shown(self) -> Shown:
        """The status of a booking in its owner's words: a hold being confirmed is pending."""
        if self.status == "held":
            return "refused" if self.reason else "pending"
        return "expired" if self.status == "released" else self.status


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one or several events make of a booking; None leaves a thing as it is."""

    id: UUID
    version: int
    status: Status
    home: int
    at: datetime
    owner_id: UUID | None = None
    kind: Kind | None = None
    campaign_id: UUID | None = None
    places: Places | None = None
    expires_at: datetime | None = None
    late: bool = False
    cancelled_by: CancelReason | None = None
    booked_by: UUID | None = None


def change_of(event: LifeEvent) -> Change:
    """What one event changes; only what makes a booking or hold says whose it is."""
    if isinstance(event, PlacesBooked):
        return _booked(event)
    return Change(
        id=event.booking_id,
        version=event.version,
        status=LEADS_TO[_named(event)],
        home=event.home,
        at=event.at,
        **_said_by(event),
    )


def _booked(event: PlacesBooked) -> Change:
    """What most events say, which is worked out twice for each booking."""
    return Change(
        id=event.booking_id,
        version=event.version,
        status=LEADS_TO["PlacesBooked"],
        home=event.home,
        at=event.at,
        owner_id=event.owner_id,
        kind="booking",
        campaign_id=event.campaign_id,
        places=places_of(event.places),
        booked_by=None if event.by is UNSET else event.by,
    )


def _said_by(event: LaterEvent) -> dict[str, Any]:
    """What of a change any other event says."""
    match event:
        case PlacesHeld():
            about = {"owner_id": event.owner_id, "kind": "hold", "expires_at": event.expires_at}
            return about | {"places": places_of(event.places)}
        case BookingMoved():
            return {"places": places_of(event.places), "late": event.late}
        case BookingRestored():
            return {"places": places_of(event.places)}
        case HoldRenewed():
            return {"expires_at": event.expires_at}
        case BookingCancelled():
            return {
                "late": event.late,
                "cancelled_by": None if event.missed else event.reason,
            }
        case HoldReleased() | HoldExpired():
            return {}
        case _:
            assert_never(event)


def _named(event: LifeEvent) -> str:
    """The event as it stands in the table."""
    is_missed = isinstance(event, BookingCancelled) and event.missed
    return MISSED if is_missed else type(event).__name__


def fold(changes: Iterable[Change]) -> list[Change]:
    """One change per booking, the highest version's, sorted so that nobody waits in a circle."""
    last: dict[UUID, Change] = {}
    for change in sorted(changes, key=lambda change: (change.id.bytes, change.version)):
        before = last.get(change.id)
        last[change.id] = change if before is None else _then(before, change)
    return list(last.values())


def evolve(booking: Booking | None, change: Change) -> Booking:
    """The booking after the change; a change that says whose it is can make one."""
    if booking is None:
        assert change.owner_id is not None
        assert change.kind is not None
        return Booking(
            id=change.id,
            owner_id=change.owner_id,
            kind=change.kind,
            status=change.status,
            version=change.version,
            home=change.home,
            made_at=change.at,
            campaign_id=change.campaign_id,
            places=change.places or (),
            expires_at=change.expires_at,
            late=change.late,
            cancelled_by=change.cancelled_by,
            booked_by=change.booked_by,
        )
    return msgspec.structs.replace(
        booking,
        status=change.status,
        version=change.version,
        kind=change.kind or booking.kind,
        campaign_id=change.campaign_id or booking.campaign_id,
        places=booking.places if change.places is None else change.places,
        expires_at=change.expires_at or booking.expires_at,
        late=change.late or booking.late,
        cancelled_by=change.cancelled_by,
        booked_by=change.booked_by or booking.booked_by,
    )


def places_of(taken: Iterable[TakenPlace]) -> Places:
    """The seats as they are kept."""
    return tuple(
        Place(
            id=place.id,
            slot_id=place.slot_id,
            service=place.service,
            starts_at=place.starts_at,
            ends_at=place.ends_at,
            clinic_id=place.clinic_id,
            clinic_name=place.clinic_name,
            clinic_address=place.clinic_address,
            time_zone=place.time_zone,
            patient_id=place.patient_id,
            dose=place.dose,
            modality=place.modality,
            practitioner_id=place.practitioner_id,
            cancel_until=place.cancel_until,
            follows=place.follows,
            based_on=place.based_on,
        )
        for place in taken
    )


def _then(before: Change, after: Change) -> Change:
    """Both, one after the other: what the later one leaves is as the earlier one says."""
    return msgspec.structs.replace(
        after,
        owner_id=after.owner_id or before.owner_id,
        kind=after.kind or before.kind,
        campaign_id=after.campaign_id or before.campaign_id,
        places=before.places if after.places is None else after.places,
        expires_at=after.expires_at or before.expires_at,
        late=after.late or before.late,
        booked_by=after.booked_by or before.booked_by,
    )
