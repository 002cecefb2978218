"""What may staff do with clinics and slots?"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from services.slots.rules.answers import count_of, refuse
from services.slots.rules.inventory import Inventory
from shared.messages import (
    ChangeClinic,
    ChangeSlot,
    ClinicChanged,
    ClinicOpened,
    OpenClinic,
    OpenSlot,
    Refused,
    SlotChanged,
    SlotCount,
    SlotOpened,
    answer_id,
)


def open_clinic(inventory: Inventory, command: OpenClinic, at: datetime) -> ClinicOpened | Refused:
    """Make a clinic known, once."""
    if command.clinic_id in inventory.clinics:
        return refuse(command, "exists", at)
    return ClinicOpened(
        id=answer_id(command.id, "ClinicOpened"),
        cause=command.id,
        at=at,
        clinic_id=command.clinic_id,
        name=command.name,
        time_zone=command.time_zone,
        address=command.address,
        district=command.district,
        latitude=command.latitude,
        longitude=command.longitude,
    )


def change_clinic(
    inventory: Inventory, command: ChangeClinic, at: datetime
) -> ClinicChanged | Refused:
    """Another name, address or position; what the command leaves out stays as it is."""
    clinic = inventory.clinics.get(command.clinic_id)
    if clinic is None:
        return refuse(command, "unknown", at)
    return ClinicChanged(
        id=answer_id(command.id, "ClinicChanged"),
        cause=command.id,
        at=at,
        clinic_id=clinic.id,
        name=clinic.name if command.name is None else command.name,
        time_zone=clinic.time_zone,
        address=clinic.address if command.address is None else command.address,
        district=clinic.district if command.district is None else command.district,
        latitude=clinic.latitude if command.latitude is None else command.latitude,
        longitude=clinic.longitude if command.longitude is None else command.longitude,
    )


def open_slot(inventory: Inventory, command: OpenSlot, at: datetime) -> SlotOpened | Refused:
    """Make a slot of a known clinic known, once."""
    if command.slot_id in inventory.slots:
        return refuse(command, "exists", at, command.slot_id)
    if command.clinic_id not in inventory.clinics:
        return refuse(command, "unknown", at)
    of_two = command.practitioner_id is not None and command.resource != "service"
    if command.ends_at <= command.starts_at or of_two:
        return refuse(command, "failed", at, command.slot_id)
    return SlotOpened(
        id=answer_id(command.id, "SlotOpened"),
        cause=command.id,
        at=at,
        slot_id=command.slot_id,
        clinic_id=command.clinic_id,
        service=command.service,
        product=command.product,
        dose=command.dose,
        modality=command.modality,
        practitioner_id=command.practitioner_id,
        resource=command.resource,
        asks_for=command.asks_for,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        count=SlotCount(
            slot_id=command.slot_id,
            version=1,
            capacity=command.capacity,
            held=0,
            booked=0,
            open=True,
            closes_minutes_before=command.closes_minutes_before,
            cancel_until_minutes_before=command.cancel_until_minutes_before,
        ),
    )


def change_slot(inventory: Inventory, command: ChangeSlot, at: datetime) -> SlotChanged | Refused:
    """Shut, reopen, or change its numbers, but never so that somebody in it is worse off."""
    slot = inventory.slots.get(command.slot_id)
    if slot is None:
        return refuse(command, "unknown", at, command.slot_id)
    now = count_of(slot)
    count = replace(now, **_asked(command))
    if count.extra > now.extra and command.by is None:
        # More people than places is what a person answers for, never what happens by itself.
        return refuse(command, "failed", at, command.slot_id)
    if _harms_who_is_in(now, count) or (command.only_empty and now.held + now.booked):
        return refuse(command, "in_use", at, command.slot_id)
    return SlotChanged(
        id=answer_id(command.id, "SlotChanged"),
        cause=command.id,
        at=at,
        count=count,
        cancel_bookings=command.cancel_bookings and not count.open,
        by=command.by if count.extra != now.extra else None,
    )


def _asked(command: ChangeSlot) -> dict[str, Any]:
    """What the command names of a slot's numbers."""
    names = ("capacity", "open", "extra", "closes_minutes_before", "cancel_until_minutes_before")
    asked = {name: getattr(command, name) for name in names}
    return {name: value for name, value in asked.items() if value is not None}


def _harms_who_is_in(now: SlotCount, count: SlotCount) -> bool:
    """No place for all of them, or late by a rule that was not so when they booked."""
    people = now.held + now.booked
    if count.capacity + count.extra < people:
        return True
    stricter = count.cancel_until_minutes_before > now.cancel_until_minutes_before
    return stricter and people > 0
