"""Is it their turn, where a waiting room is before a place? By a pass, or by the staff's own door.

Where there is a room before a place, nobody has it but by way of the room. Of which service a
wanted slot is, is known, or there would be a way around.
"""

from collections.abc import Iterable
from uuid import UUID

from aiohttp import web

from services.booking.admission.passes import campaign_let_in
from services.booking.api.desk import Desk, InASlot, problem_of
from services.booking.rules.eligibility import SlotFacts
from services.booking.rules.line import Room
from services.booking.rules.refusals import TOLD
from services.booking.rules.staff_door import retry_seconds
from shared.policy import Allowed
from shared.problems import Problem


def need_turn(
    request: web.Request,
    desk: Desk,
    who: Allowed,
    campaign_id: UUID | None,
    places: Iterable[InASlot],
    *,
    slots: dict[UUID, SlotFacts],
    has: Iterable[str] = (),
) -> None:
    """Who asks for themselves comes with a pass. What they `has`, by services, they came in for."""
    rooms = _rooms_before(desk, campaign_id, places, slots, has)
    if not rooms:
        return
    let_in = campaign_let_in(request)
    if (
        let_in is not None
        and desk.identities.who(let_in[0]) == who.actor.id
        and any(room.campaign_id == let_in[1] for room in rooms)
    ):
        return
    raise Problem(
        403,
        "pass_needed",
        "There is a waiting room before this; come in with a pass from there.",
        campaign_id=rooms[0].campaign_id,
    )


async def need_staff_turn(
    desk: Desk,
    wish_id: UUID,
    campaign_id: UUID | None,
    places: Iterable[InASlot],
    *,
    slots: dict[UUID, SlotFacts],
    has: Iterable[str] = (),
) -> None:
    """Who asks for a patient comes by the staff's door, as many a second as a person allows."""
    for room in _rooms_before(desk, campaign_id, places, slots, has)[:1]:
        said = await desk.waiting.staff.come(room.campaign_id, wish_id)
        if said == "not_open":
            raise problem_of(TOLD["not_open"])
        if said == "never":
            raise Problem(
                403,
                "pass_needed",
                "Staff have no share of those who come in here; the patient waits in the line.",
                campaign_id=room.campaign_id,
            )
        if said > 0:
            raise Problem(
                429,
                "staff_quota_used",
                "As many came in by the staff's door as may for now; nothing was handed over.",
                headers={"Retry-After": str(retry_seconds(said))},
                campaign_id=room.campaign_id,
            )


def _rooms_before(
    desk: Desk,
    campaign_id: UUID | None,
    places: Iterable[InASlot],
    slots: dict[UUID, SlotFacts],
    has: Iterable[str],
) -> list[Room]:
    """Through any of which one comes to these places; nearly always none."""
    lines = desk.waiting.lines
    if not lines.is_anywhere:
        return []
    for place in places:
        if place.slot_id not in slots:
            raise problem_of(TOLD["unknown"], slot_id=place.slot_id)
    new = {slot.service for slot in slots.values()}.difference(has)
    return lines.rooms_before(campaign_id, new) if new else []
