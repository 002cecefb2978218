"""Who may not hold a slot again at once, and from when on may they?"""

from typing import Any

from services.booking.api.desk import Desk
from services.booking.rules.holding import not_again
from shared.messages import HoldPlaces
from shared.problems import Problem


async def need_pause(desk: Desk, command: HoldPlaces) -> None:
    """Who let a slot run out books it, or holds another; for a while they do not hold it again."""
    seconds = desk.hold_again_seconds
    if not seconds:
        return
    wanted = sorted({place.slot_id for place in command.places})
    ids = desk.identities.ids(command.owner_id)
    lately, now = await desk.bookings.held_lately(ids, wanted, command.id, seconds)
    if now is None:
        return
    again = not_again(lately, wanted, now=now, seconds=seconds)
    if again is not None:
        more: dict[str, Any] = {} if again.hold_id is None else {"hold_id": again.hold_id}
        raise Problem(
            409,
            "held_lately",
            "This slot was held for you and not given back, or is held for you now; `until` says "
            "from when on it may be held again.",
            slot_id=again.slot_id,
            until=again.until,
            **more,
        )
