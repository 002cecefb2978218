"""What do people do who want a pair? Look, hold or book, leave, move, cancel, and come again."""

import asyncio
from random import Random
from typing import Any
from uuid import UUID

import msgspec

from talon.doors import Answer, Doors
from tests.pairs.asking import Asker, body_of
from tests.pairs.morning import DAYS_APART, SERVICE, Morning
from tests.pairs.sizes import Size

TTL_SECONDS = 30
"""The shortest that a door lets through."""

LOOK_SECONDS = 0.5
BOOKS_AT_ONCE = 0.5
TRIES_BLINDLY = 0.05
LEAVES = 0.2
CHANGES = 0.15
CANCELS = 0.3
THINKS_SECONDS = 1.0
CHANGES_UNTIL = 0.8
"""Once so much of the second doses is booked nobody changes any more, so all will be had."""

Pair = tuple[UUID, UUID]


class Scene:
    """What all of them see and share."""

    def __init__(self, doors: Doors, morning: Morning, size: Size) -> None:
        self.doors = doors
        self.morning = morning
        self.size = size
        self.over = asyncio.Event()
        self.booked = 0
        """How many pairs, when it was last looked."""
        self.shown: list[Pair] = []
        self.told: dict[UUID, UUID] = {}
        """Who was told of which booking that it is theirs."""
        self.strange: list[str] = []
        self.abandoned = 0

    async def look(self) -> None:
        """What the search shows, read as a page reads it; failing, what it showed before."""
        about = {"service": SERVICE, "product": self.morning.product, "limit": "100"}
        about |= {"min_days": str(DAYS_APART - 1), "max_days": str(DAYS_APART + 1)}
        asked = "&".join(f"{name}={value}" for name, value in about.items()).replace(" ", "%20")
        url = f"{self.doors.api}/series?{asked}&near=55.7,37.6"
        while not self.over.is_set():
            said = await self.doors.ask("GET", url)
            if said.status == 200:
                pairs = msgspec.json.decode(said.body)["pairs"]
                self.shown = [
                    (UUID(one["slot_id"]), UUID(two["slot_id"]))
                    for one, two in (pair["doses"] for pair in pairs)
                ]
            await asyncio.sleep(LOOK_SECONDS)


class Person:
    """Wants one pair, until they have it or there is none."""

    def __init__(self, scene: Scene, asker: Asker, dice: Random) -> None:
        self.asker = asker
        self._scene = scene
        self._dice = dice

    async def come(self) -> None:
        """From the arrival to the end."""
        scene, dice = self._scene, self._dice
        await asyncio.sleep(dice.uniform(0.0, scene.size.come_seconds))
        while not scene.over.is_set():
            # Where nothing is shown most people look again later; a few try all the same.
            if scene.shown or dice.random() < TRIES_BLINDLY:
                booking = await self._try_for(self._pair())
                if booking is not None and not await self._gives_up(booking):
                    return
            await asyncio.sleep(dice.uniform(0.3, scene.size.pause_seconds))

    def _pair(self) -> Pair:
        """One of those shown, with its second dose or another; or what may long be taken."""
        scene, dice = self._scene, self._dice
        first, second = dice.choice(list(scene.morning.firsts)), None
        if scene.shown and dice.random() < 0.8:
            first, second = dice.choice(scene.shown)
        if second is None or dice.random() < 0.6:
            second = dice.choice(list(scene.morning.seconds))
        return first, second

    async def _try_for(self, pair: Pair) -> UUID | None:
        if self._dice.random() < BOOKS_AT_ONCE:
            said = await self._book(pair)
            return self._noted(said) or await self._instead(pair, said)
        places = [{"slot_id": str(slot)} for slot in pair]
        body = {"places": places, "ttl_seconds": TTL_SECONDS}
        held = await self.asker.ask("POST", "/holds", body)
        if held is None or held.status != 201:
            return await self._instead(pair, held)
        hold = str(body_of(held)["id"])
        await asyncio.sleep(self._dice.uniform(0.0, THINKS_SECONDS))
        if self._dice.random() < LEAVES:
            await self._leave([hold])
            return None
        return self._noted(await self._book(pair, hold))

    async def _book(self, pair: Pair, hold: str = "") -> Answer | None:
        kept = {"hold_id": hold} if hold else {}
        campaign = {"campaign_id": str(self._scene.morning.campaign)}
        return await self.asker.ask("POST", "/bookings", {"places": doses(pair)} | campaign | kept)

    async def _instead(self, pair: Pair, said: Answer | None) -> UUID | None:
        """Whoever is refused is offered pairs that are held: takes one, or lets go of all."""
        body = body_of(said) if said is not None and said.status == 409 else {}
        offers = [one for one in body.get("alternatives", ()) if one.get("hold_id")]
        if not offers:
            return None
        if self._dice.random() < 0.5:
            await self._leave([one["hold_id"] for one in offers])
            return None
        one, refused = offers[0], UUID(body["slot_id"])
        other = UUID(one["slot_id"])
        pair = (other, pair[1]) if refused == pair[0] else (pair[0], other)
        booking = self._noted(await self._book(pair, one["hold_id"]))
        # What was held beside the one that was booked, the front desk has let go.
        if booking is None:
            await self._leave([offer["hold_id"] for offer in offers])
        return booking

    async def _leave(self, holds: list[str]) -> None:
        if self._dice.random() < self._scene.size.abandons:
            self._scene.abandoned += len(holds)
            return
        for hold in holds:
            await self.asker.ask("DELETE", f"/holds/{hold}", {})

    async def _gives_up(self, booking: UUID) -> bool:
        """Some move what they have, and some give it back; true for these."""
        scene, dice = self._scene, self._dice
        is_late = scene.booked >= CHANGES_UNTIL * scene.size.seconds
        if is_late or scene.over.is_set() or dice.random() > CHANGES:
            return False
        if dice.random() > CANCELS:
            path = f"/bookings/{booking}/reschedule"
            await self.asker.ask("POST", path, {"places": doses(self._pair())})
            return False
        said = await self.asker.ask("POST", f"/bookings/{booking}/cancel", {})
        if said is None or said.status != 200:
            return False
        del scene.told[booking]
        return True

    def _noted(self, said: Answer | None) -> UUID | None:
        if said is not None and said.code == "already_booked":
            self._scene.strange.append(f"{self.asker.person} has a pair and was never told so")
        if said is None or said.status != 201:
            return None
        booking = UUID(body_of(said)["id"])
        self._scene.told[booking] = self.asker.person
        return booking


def doses(pair: Pair) -> list[dict[str, Any]]:
    """The places as they are asked for."""
    return [{"slot_id": str(slot), "dose": dose} for dose, slot in enumerate(pair, 1)]
