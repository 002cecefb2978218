"""Does a person have as many visits of a service as there may be, or one too near?"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from uuid import UUID

from services.booking.api.desk import Desk
from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.limits import Beyond, has_limits
from services.booking.rules.visits import Service
from shared.problems import Problem

IN_WORDS = {
    "bookings_max": "This person has as many visits of this service ahead as there may be.",
    "days_between": "This person has another visit of this service too near to this one.",
}

GATEWAY_TIMEOUT = 504
UNLIMITED = nullcontext()

Visits = Mapping[tuple[UUID, str], list[datetime]]


def within_limits(
    desk: Desk,
    services: Mapping[str, Service],
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    booking_id: UUID,
) -> AbstractAsyncContextManager[None]:
    """What is asked in this block is within the limits of its services; a Problem where it is not.

    Where it is refused, nothing of it counts. Without limits nothing is asked of the database.
    """
    visits = _limited(wanted, slots, services)
    return _seated(desk, services, visits, booking_id) if visits else UNLIMITED


@asynccontextmanager
async def _seated(
    desk: Desk, services: Mapping[str, Service], visits: Visits, booking_id: UUID
) -> AsyncIterator[None]:
    try:
        for (person_id, name), starts in visits.items():
            await _need_seat(desk, services[name], person_id, booking_id, starts)
        yield
    except Problem as problem:
        # Under a key used twice the first wish may stand; what became of a wish may be unknown.
        if problem.code != "key_reused" and problem.status != GATEWAY_TIMEOUT:
            await desk.seats.give_back(booking_id)
        raise


async def _need_seat(
    desk: Desk, service: Service, person_id: UUID, booking_id: UUID, starts: list[datetime]
) -> None:
    ids = desk.identities.ids(person_id)
    said = await desk.seats.take(service, ids, booking_id, starts=starts, at=desk.clock.now())
    if isinstance(said, Beyond):
        raise Problem(
            409,
            "limit_reached",
            f"{IN_WORDS[said.limit]} Another may be from {said.until:%Y-%m-%d} on.",
            limit=said.limit,
            service=service.name,
            patient_id=person_id,
            until=said.until,
        )


def _limited(
    wanted: Sequence[Wanted],
    slots: Mapping[UUID, SlotFacts],
    services: Mapping[str, Service],
) -> Visits:
    """The visits by person and service, of services that have a limit; mostly none."""
    visits: dict[tuple[UUID, str], list[datetime]] = defaultdict(list)
    for place in wanted:
        slot = slots.get(place.slot_id)
        if slot is not None and has_limits(services.get(slot.service)):
            visits[place.patient_id, slot.service].append(slot.starts_at)
    return visits
