"""What does one person do that morning, from the first click to the last?"""

import asyncio
import time
from collections.abc import Callable
from random import Random
from uuid import UUID

import msgspec

from talon.city.plan import VACCINATION, VISIT, Slot
from talon.doors import Doors
from talon.rush import mixture
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Act, Line, Offer, Seat
from talon.rush.mixture import Kind, draw
from talon.rush.score import Score
from talon.rush.wishes import Person, Wish

TRIES_MAX = 3
"""Who finds a slot full looks elsewhere, and gives up after so many times."""


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """What all visitors share."""

    doors: Doors
    asker: Asker
    chooser: Chooser
    campaign_id: UUID
    score: Score


class Visitor:
    """One person's morning. `name` makes their keys their own."""

    def __init__(self, town: Town, person: Person, name: str) -> None:
        self._town = town
        self._person = person
        self._name = name
        self._dice = Random(name)
        self._wishes = 0
        self._kind: Kind = mixture.kind_of(self._dice, has_dependants=bool(person.dependants))

    async def come(self, due: float) -> None:
        """Everything this person does."""
        match self._kind:
            case "impossible":
                await self._try_the_impossible(due)
            case "hold":
                await self._hold_first(due)
            case _:
                booked = await self._insist("book", due)
                if booked is not None:
                    await self._think_again(booked)

    # ---- what people come for ------------------------------------------------------------------

    async def _insist(self, act: Act, due: float) -> Line | None:
        """Ask; where all is taken ask elsewhere. The granted line, or None."""
        seats = self._seats()
        for _ in range(TRIES_MAX):
            line = await self._ask(act, seats, due=due)
            if line.verdict == "ok":
                return line
            if line.code != "slot_full":
                return None
            if len(seats) == 1 and line.offered and self._dice.random() < mixture.TAKES_AN_OFFER:
                taken = await self._take(line.offered[0], seats[0])
                if taken.verdict == "ok":
                    return taken
            seats = await self._seats_elsewhere(seats)
            due = time.monotonic()
        return None

    async def _take(self, offer: Offer, seat: Seat) -> Line:
        """What is held for them instead: it is nobody else's for a minute."""
        await self._think()
        instead = msgspec.structs.replace(seat, slot_id=offer.slot_id)
        return await self._ask("confirm", (instead,), about=offer.hold_id)

    async def _hold_first(self, due: float) -> None:
        """A place is held while the form is filled in; some never come back."""
        end = draw(self._dice, mixture.HOLD_ENDS)
        seats = self._seats()
        ttl = mixture.FORGOTTEN_SECONDS if end == "forget" else mixture.HOLD_SECONDS
        held = await self._ask("hold", seats, due=due, ttl_seconds=ttl)
        if held.verdict != "ok" or end == "forget":
            return
        await self._think()
        if end == "release":
            await self._ask("release", (), about=held.booking)
            return
        booked = await self._ask("confirm", seats, about=held.booking)
        if booked.verdict == "ok":
            await self._think_again(booked)

    async def _think_again(self, booked: Line) -> None:
        """Some of those who have a booking give it back or want another time."""
        after = draw(self._dice, mixture.AFTERWARDS)
        booking_id = booked.booking or booked.about
        if after == "keep" or booking_id is None:
            return
        await self._think()
        if after == "cancel":
            await self._ask("cancel", (), about=booking_id)
        else:
            await self._ask("move", self._seats(), about=booking_id)

    async def _try_the_impossible(self, due: float) -> None:
        """What must be refused, whoever asks."""
        chooser, dice = self._town.chooser, self._dice
        clinic_id = chooser.clinic(dice)
        match draw(dice, mixture.FOLLIES):
            case "too-close":
                one, two = chooser.too_close(dice, clinic_id)
                await self._ask("book", _doses(one, two), due=due)
            case "too-many":
                slot = chooser.slot(dice, clinic_id, VACCINATION)
                await self._ask("hold", (Seat(slot.id),) * (slot.capacity + 1), due=due)
            case "a-strangers":
                await self._ask("cancel", (), about=UUID(int=dice.getrandbits(128)), due=due)
            case "twice":
                if await self._insist("book", due) is not None:
                    await self._think()
                    await self._ask("book", self._seats())

    # ---- asking --------------------------------------------------------------------------------

    async def _ask(
        self,
        act: Act,
        seats: tuple[Seat, ...],
        *,
        about: UUID | None = None,
        due: float | None = None,
        ttl_seconds: int = mixture.HOLD_SECONDS,
    ) -> Line:
        """One wish to its end; some press the button twice."""
        self._wishes += 1
        wish = Wish(
            key=f"{self._name}-{self._wishes}",
            act=act,
            person=self._person,
            asked=seats,
            campaign=self._campaign() if act in ("book", "confirm") else None,
            about=about,
            ttl_seconds=ttl_seconds,
        )
        pressed = time.monotonic() if due is None else due
        asker = self._town.asker
        twice = self._dice.random() / mixture.PRESSED_TWICE
        if twice < 0.5:
            line, _ = await asyncio.gather(asker.settle(wish, pressed), asker.repeat(wish))
            return line
        line = await asker.settle(wish, pressed)
        if twice < 1.0 and line.verdict in ("ok", "refused"):
            await asker.repeat(wish)
        return line

    async def _think(self) -> None:
        await asyncio.sleep(
            self._dice.uniform(mixture.THINK_SECONDS_MIN, mixture.THINK_SECONDS_MAX)
        )

    def _campaign(self) -> UUID | None:
        return None if self._kind == "visit" else self._town.campaign_id

    # ---- which seats ---------------------------------------------------------------------------

    def _seats(self, where: Callable[[Random], UUID] | None = None) -> tuple[Seat, ...]:
        """Seats of the kind this person came for, at a clinic that `where` draws."""
        chooser, dice = self._town.chooser, self._dice
        where = where or chooser.clinic
        clinic_id = where(dice)
        match self._kind:
            case "pair":
                return _doses(*chooser.pair(dice, clinic_id, clinic_id))
            case "pair-across":
                return _doses(*chooser.pair(dice, clinic_id, where(dice)))
            case "family":
                return self._for_all(chooser.slot(dice, clinic_id, VACCINATION))
            case "visit":
                return (Seat(chooser.slot(dice, clinic_id, VISIT).id),)
            case _:
                return (Seat(chooser.slot(dice, clinic_id, VACCINATION).id, dose=1),)

    def _for_all(self, first: Slot) -> tuple[Seat, ...]:
        """The guardian and every dependant, each with the first dose."""
        people = (self._person.id, *self._person.dependants)
        slots = self._town.chooser.together(first, len(people))
        return tuple(Seat(slot.id, who, 1) for slot, who in zip(slots, people, strict=True))

    async def _seats_elsewhere(self, full: tuple[Seat, ...]) -> tuple[Seat, ...]:
        """Who wants one seat looks what is free that day; others go where it is less crowded."""
        if len(full) == 1:
            free = await self._look(full[0].slot_id)
            if free is not None:
                return (msgspec.structs.replace(full[0], slot_id=free),)
        return self._seats(self._town.chooser.any_clinic)

    async def _look(self, slot_id: UUID) -> UUID | None:
        """A free slot of the same clinic, day and service, as the page shows it.

        None where there is none, and of a slot that staff opened since the city was planned.
        """
        slot = self._town.chooser.by_id.get(slot_id)
        if slot is None:
            return None
        doors = self._town.doors
        url = f"{doors.api}/slots?clinic={slot.clinic_id}&date={slot.day}&service={slot.service}"
        self._town.score.looks += 1
        answer = await doors.ask("GET", url)
        if answer.status != 200:
            return None
        free = [shown.id for shown in _decode_page(answer.body).slots if shown.free > 0]
        return self._dice.choice(free) if free else None


class Shown(msgspec.Struct, frozen=True):
    """What a person looks for on the page."""

    id: UUID
    free: int


class Page(msgspec.Struct, frozen=True):
    """One page of slots."""

    slots: tuple[Shown, ...]


_decode_page = msgspec.json.Decoder(Page).decode


def _doses(one: Slot, two: Slot) -> tuple[Seat, ...]:
    return Seat(one.id, dose=1), Seat(two.id, dose=2)
