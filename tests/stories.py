"""What do the tests tell their stories with? Slots, wishes and commands with sensible rest."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from aiokafka.structs import ConsumerRecord
from msgspec.structs import replace

from shared.batch import Item
from shared.messages import (
    BookPlaces,
    CancelBooking,
    ChangeClinic,
    ChangeSlot,
    Command,
    ConfirmHold,
    HoldPlaces,
    MovePlaces,
    OpenClinic,
    OpenSlot,
    PlaceWish,
    ReleaseHold,
    RenewHold,
    RestoreBooking,
)

NOON = datetime(2030, 5, 14, 12, 0, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)
CLINIC = UUID("00000000-0000-4000-8000-000000000001")
NAMES = UUID("00000000-0000-4000-8000-00000000face")


def an_id(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(NAMES, name)


def a_claim(name: str) -> bytes:
    """The same claim for the same name."""
    return an_id(f"claim {name}").bytes


def a_head(**given: Any) -> dict[str, Any]:
    """The head of a command nobody sent before, with time enough."""
    command_id = given.pop("id", None) or uuid4()
    return {
        "id": command_id,
        "cause": command_id,
        "at": NOON,
        "body_hash": command_id.bytes,
        "deadline": datetime(2099, 1, 1, tzinfo=UTC),
        "reply_to": 0,
    } | given


def wishes(*slot_ids: UUID, claims: tuple[bytes | None, ...] = ()) -> tuple[PlaceWish, ...]:
    """One wish per slot named, each with its claim if one is given."""
    padded = claims + (None,) * (len(slot_ids) - len(claims))
    return tuple(
        PlaceWish(slot_id=slot_id, claim=claim)
        for slot_id, claim in zip(slot_ids, padded, strict=True)
    )


def open_clinic(clinic_id: UUID = CLINIC, **about: Any) -> OpenClinic:
    """Clinic No. 1, in Moscow, unless it is said otherwise."""
    about = {"name": "Polyclinic No. 1", "time_zone": "Europe/Moscow"} | a_head(**about)
    return OpenClinic(clinic_id=clinic_id, **about)


def change_clinic(clinic_id: UUID = CLINIC, **change: Any) -> ChangeClinic:
    """Another name, address or position."""
    return ChangeClinic(clinic_id=clinic_id, **change, **a_head())


def open_slot(
    slot_id: UUID, capacity: int = 1, *, starts_at: datetime = TOMORROW, **about: Any
) -> OpenSlot:
    """A quarter of an hour at clinic No. 1, unless it is said otherwise."""
    about = {"clinic_id": CLINIC, "service": "vaccination"} | a_head(**about)
    return OpenSlot(
        slot_id=slot_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=15),
        capacity=capacity,
        **about,
    )


def change_slot(slot_id: UUID, **change: Any) -> ChangeSlot:
    """Another capacity, or shut, or reopened."""
    return ChangeSlot(slot_id=slot_id, **change, **a_head())


def book(
    *slot_ids: UUID,
    claims: tuple[bytes | None, ...] = (),
    dose: int | None = None,
    **head: Any,
) -> BookPlaces:
    """Places in these slots, all or none, each for this dose."""
    places = tuple(replace(place, dose=dose) for place in wishes(*slot_ids, claims=claims))
    return BookPlaces(owner_id=an_id("owner"), places=places, **a_head(**head))


def move(
    booking_id: UUID,
    *slot_ids: UUID,
    claims: tuple[bytes | None, ...] = (),
    doses: tuple[int, ...] = (),
    **head: Any,
) -> MovePlaces:
    """These slots instead; `doses` says which dose each is, all of one person."""
    places = wishes(*slot_ids, claims=claims)
    if doses:
        places = tuple(replace(p, dose=dose) for p, dose in zip(places, doses, strict=True))
    return MovePlaces(booking_id=booking_id, places=places, **a_head(**head))


def cancel(booking_id: UUID, **head: Any) -> CancelBooking:
    """Give it back."""
    said = {"reason": "clinic" if head.get("missed") else "patient"} | a_head(**head)
    return CancelBooking(booking_id=booking_id, **said)


def restore(
    booking_id: UUID, *slot_ids: UUID, claims: tuple[bytes | None, ...] = (), **head: Any
) -> RestoreBooking:
    """It was not missed after all."""
    places = wishes(*slot_ids, claims=claims)
    return RestoreBooking(booking_id=booking_id, places=places, **a_head(**head))


def miss_some(booking_id: UUID, came: Iterable[Any], **head: Any) -> MovePlaces:
    """Whoever is in these places came, and the others did not."""
    places = tuple(PlaceWish(slot_id=place.slot_id, keeps=place.id) for place in came)
    places = places or (PlaceWish(slot_id=an_id("Monday"), keeps=an_id("nobody's")),)
    return MovePlaces(booking_id=booking_id, places=places, missed=True, **a_head(**head))


def hold(*slot_ids: UUID, ttl_seconds: int = 300, owner: str = "owner", **head: Any) -> HoldPlaces:
    """Keep these for a while."""
    return HoldPlaces(
        owner_id=an_id(owner),
        places=wishes(*slot_ids),
        ttl_seconds=ttl_seconds,
        **a_head(**head),
    )


def renew(booking_id: UUID, ttl_seconds: int = 300) -> RenewHold:
    """Keep them longer."""
    return RenewHold(booking_id=booking_id, ttl_seconds=ttl_seconds, **a_head())


def release(booking_id: UUID) -> ReleaseHold:
    """Give the hold back."""
    return ReleaseHold(booking_id=booking_id, **a_head())


def confirm(
    booking_id: UUID, *slot_ids: UUID, claims: tuple[bytes | None, ...] = ()
) -> ConfirmHold:
    """Make a booking of the hold."""
    return ConfirmHold(
        booking_id=booking_id,
        owner_id=an_id("owner"),
        places=wishes(*slot_ids, claims=claims),
        **a_head(),
    )


def a_record(
    value: bytes | None,
    *,
    topic: str = "slots.commands",
    partition: int = 0,
    offset: int = 0,
    headers: tuple[tuple[str, bytes], ...] = (),
) -> ConsumerRecord:
    """A record as it comes from the log."""
    return ConsumerRecord(
        topic=topic,
        partition=partition,
        offset=offset,
        timestamp=int(NOON.timestamp() * 1000),
        timestamp_type=1,
        key=None,
        value=value,
        checksum=None,
        serialized_key_size=-1,
        serialized_value_size=len(value or b""),
        headers=headers,
    )


def as_items(*commands: Command, partition: int = 0, offset: int = 0) -> list[Item]:
    """Commands as if each came in a record of its own."""
    return [
        Item(
            partition,
            offset + n,
            0,
            True,
            command,
            "",
            b"",
            a_record(b"", partition=partition, offset=offset + n),
        )
        for n, command in enumerate(commands)
    ]
