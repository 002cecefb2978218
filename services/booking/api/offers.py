"""What is held for whoever was refused, so that nobody else takes it while they look at it?

It is only advice: whatever stands in its way, the refusal is told, and what is near comes unheld.
It is asked for together, in one record of the log, and for few at a time: not for a crowd.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

from services.booking import metrics
from services.booking.config import Config
from services.booking.memory import Identities
from services.booking.replies import Answers
from services.booking.rules.life import Booking
from services.booking.rules.offers import (
    Offered,
    SlotIds,
    hold_ids,
    is_alive,
    offered,
    offered_before,
    others_of,
    others_wanted,
    sets_instead,
    unheld,
)
from services.booking.store import Bookings
from services.booking.store.database import OUTAGES
from shared.clock import DatabaseClock
from shared.messages import (
    BookPlaces,
    HoldPlaces,
    MovePlaces,
    PlacesHeld,
    PlaceWish,
    Refused,
    ReleaseHold,
)

log = logging.getLogger(__name__)

AGAIN_SECONDS = 0.05
"""A refusal so much older than the request was told before, to the same wish: what was held then is
looked for. One that is younger holds under the same ids, which holds nothing twice.
"""


class Offers:
    """Holds places for those who were refused, and lets go of what they did not take."""

    def __init__(
        self,
        config: Config,
        answers: Answers,
        bookings: Bookings,
        identities: Identities,
        clock: DatabaseClock,
    ) -> None:
        self._answers = answers
        self._bookings = bookings
        self._identities = identities
        self._clock = clock
        self._config = config
        self._this_second = 0
        self._offers = 0

    async def instead(
        self, refused: Refused, asked: BookPlaces | HoldPlaces, home: int, began: float
    ) -> tuple[Offered, ...]:
        """What is near, each held if it may be; the same to whoever asks the same again."""
        near, slot_id = refused.alternatives, refused.slot_id
        if slot_id is None:
            return ()
        wished = {place.slot_id for place in asked.places}
        if (asked.at - refused.at).total_seconds() > AGAIN_SECONDS:
            kept = await self._own(asked.owner_id, hold_ids(asked.id))
            return offered_before(near, kept, wished=wished, now=self._clock.now())
        if not near:
            return ()
        if not self._may_hold():
            metrics.offers["crowd"].inc()
            return unheld(near)
        sets = sets_instead(asked.places, slot_id, near)
        held = await self.hold_each(asked.id, asked.owner_id, sets, home=home, began=began)
        return tuple(offered(*pair, wished) for pair in zip(near, held, strict=True))

    async def doses_instead(
        self, refused: Refused, asked: MovePlaces, booking: Booking, began: float
    ) -> tuple[Offered, ...]:
        """Doses that would be well apart, each held, and with them what the move wants besides.

        Any of them leads to all that was held for the wish: `held_with`.
        """
        near, slot_id = refused.alternatives, refused.slot_id
        wished = {place.slot_id for place in asked.places}
        if (asked.at - refused.at).total_seconds() > AGAIN_SECONDS:
            kept = await self._own(booking.owner_id, hold_ids(asked.id))
            doses = [hold for hold in kept if not {p.slot_id for p in hold.places} <= wished]
            return offered_before(near, doses, wished=wished, now=self._clock.now())
        if not near or not self._may_hold():
            return unheld(near)
        others = others_wanted(asked.places, slot_id, booking.places)
        seats = sum(place.slot_id == slot_id for place in asked.places)
        sets = [(other.slot_id,) * seats for other in near]
        held = await self.hold_each(
            asked.id,
            booking.owner_id,
            sets if not others else [*sets, others],
            home=booking.home,
            began=began,
            ttl_seconds=self._config.dose_offer_seconds,
        )
        return tuple(offered(*pair, wished) for pair in zip(near, held[: len(near)], strict=True))

    async def held_with(self, hold: Booking) -> list[Booking]:
        """What is held for the wish for which this is held: this and those beside it."""
        beside = await self._own(hold.owner_id, others_of(hold.id))
        now = self._clock.now()
        return [one for one in (hold, *beside) if is_alive(one, now)]

    async def hold_each(
        self,
        wish_id: UUID,
        owner_id: UUID,
        sets: Sequence[SlotIds],
        *,
        home: int,
        began: float,
        ttl_seconds: int | None = None,
    ) -> list[PlacesHeld | None]:
        """Hold each of these sets of places, all or nothing of it, for as long as offers are held.

        All are asked for at once, under ids that the wish's gives: asked again, they are held once.
        """
        answers = await self._answers.try_each(
            [
                HoldPlaces(
                    owner_id=owner_id,
                    places=tuple(PlaceWish(slot_id=slot_id) for slot_id in slot_ids),
                    ttl_seconds=ttl_seconds or self._config.offer_seconds,
                    **self._head(hold_id, wish_id, began),
                )
                for hold_id, slot_ids in zip(hold_ids(wish_id), sets, strict=False)
            ],
            home,
            began,
        )
        held = [answer if isinstance(answer, PlacesHeld) else None for answer in answers]
        metrics.offers["held"].inc(len(held) - held.count(None))
        metrics.offers["not_held"].inc(held.count(None))
        return held

    async def let_go(self, hold: Booking, began: float) -> None:
        """Release what was held beside this one for the same wish: it was the one they took."""
        beside = await self._own(hold.owner_id, others_of(hold.id))
        now = self._clock.now()
        alive = [other for other in beside if is_alive(other, now)]
        if alive:
            await self._answers.try_each(
                [
                    ReleaseHold(
                        booking_id=other.id,
                        **self._head(uuid5(other.id, "let go"), hold.id, began),
                    )
                    for other in alive
                ],
                hold.home,
                began,
            )

    def _may_hold(self) -> bool:
        """Not while a crowd waits, and only so many a second: those who book come first."""
        second = int(asyncio.get_running_loop().time())
        if second != self._this_second:
            self._this_second, self._offers = second, 0
        self._offers += 1
        is_crowd = self._answers.seated > self._config.offer_crowd_seats
        return not is_crowd and self._offers <= self._config.offers_per_second_max

    async def _own(self, owner_id: UUID, ids: Sequence[UUID]) -> list[Booking]:
        try:
            return await self._bookings.own_of(self._identities.ids(owner_id), ids)
        except OUTAGES as error:
            log.warning("offers were not looked up", extra={"error": repr(error)})
            return []

    def _head(self, command_id: UUID, cause: UUID, began: float) -> dict[str, Any]:
        """Decided later it would be held for nobody: its deadline is the caller's patience."""
        patience = self._answers.patience_left(began)
        return {
            "id": command_id,
            "cause": cause,
            "at": self._clock.now(),
            "body_hash": command_id.bytes,
            "deadline": self._clock.after(patience),
            "reply_to": self._answers.reply_to,
        }
