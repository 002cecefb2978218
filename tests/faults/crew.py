"""Who is at it besides the rush? People who move back and forth, who want a thing twice, and staff.

Each goes by a seed of their own, and asks for everything under a key until the answer is definite;
what nobody answered in the middle of it all is asked once more when all is well again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid5

import msgspec

from shared.topics import home_of
from talon.city.home import City
from talon.city.plan import CITY, VACCINATION, VISIT, Slot, operator_id, patient_id
from talon.doors import Answer, Doors
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Journal, Line, Seat
from talon.rush.wishes import Person, Wish
from talon.tokens import Signer

PAUSE_SECONDS = 0.7
STAFF_SECONDS_MAX = 40.0
HOURS = 3.0
MOVERS = 8
LOOKS_MAX = 100
"""How often a clinic of another home is looked for."""
GUESTS_PER_SLOT = 3
AT_ONCE_MAX = 32
ROUNDS_MAX = 3
DEFINITE = ("ok", "refused")
OPEN, SHUT = "free", "busy-unavailable"


class Remembering(Asker):
    """Asks as the rush does, and knows every wish afterwards, so that it can be asked again."""

    def __init__(self, doors: Doors, journal: Journal, listener: Callable[[Line], None]) -> None:
        super().__init__(doors, journal, self._hear)
        self.lines: list[Line] = []
        self.wishes: dict[str, Wish] = {}
        self._verdicts: dict[str, str] = {}
        self._told = listener

    async def settle(self, wish: Wish, due: float) -> Line:
        """As the rush does."""
        self.wishes[wish.key] = wish
        return await super().settle(wish, due)

    async def ask_again(self) -> int:
        """Everything that never got a definite answer; returns how many still have none.

        Some at a time: after a long outage they are thousands, and one is patient.
        """
        room = asyncio.Semaphore(AT_ONCE_MAX)

        async def ask(key: str) -> None:
            async with room:
                await self.settle(self.wishes[key], time.monotonic())

        for _ in range(ROUNDS_MAX):
            left = [key for key in self.wishes if self._verdicts.get(key) not in DEFINITE]
            if not left:
                break
            await asyncio.gather(*(ask(key) for key in left))
        return sum(self._verdicts.get(key) not in DEFINITE for key in self.wishes)

    def _hear(self, line: Line) -> None:
        self.lines.append(line)
        if self._verdicts.get(line.wish) != "ok":
            self._verdicts[line.wish] = line.verdict
        self._told(line)


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What all of them share."""

    city: City
    doors: Doors
    asker: Remembering
    chooser: Chooser
    name: str

    def person(self, number: int) -> Person:
        """The patient of this number."""
        return Person(id=patient_id(self.city.plan.seed, number), token=self.city.tokens[number])


async def move_back_and_forth(crowd: Crowd, number: int) -> None:
    """Books a visit, moves it to another time, moves it back, for ever."""
    dice = Random(f"{crowd.name}/mover/{number}")
    person = crowd.person(number)
    wishes = 0

    async def ask(act: Any, slot: Slot, about: UUID | None) -> Line:
        nonlocal wishes
        wishes += 1
        key = f"{crowd.name}-mover-{number}-{wishes}"
        wish = Wish(key=key, act=act, person=person, asked=(Seat(slot.id),), about=about)
        return await crowd.asker.settle(wish, time.monotonic())

    while True:
        here, there = (
            crowd.chooser.slot(dice, crowd.chooser.any_clinic(dice), VISIT) for _ in range(2)
        )
        booked = await ask("book", here, None)
        while booked.verdict == "ok":
            await asyncio.sleep(dice.uniform(0.2, PAUSE_SECONDS))
            moved = await ask("move", there, booked.booking)
            if moved.verdict not in DEFINITE:
                break
            if moved.verdict == "ok":
                here, there = there, here
            elif moved.code not in ("slot_full", "slot_closed"):
                break
        await asyncio.sleep(PAUSE_SECONDS)


async def want_it_twice(crowd: Crowd, numbers: range, per_second: float) -> None:
    """One dose for one person, wanted in two clinics at the same moment: one may say yes."""
    dice = Random(f"{crowd.name}/twins")
    for number in numbers:
        person = crowd.person(number)
        asks = []
        for nth in range(2):
            slot = crowd.chooser.slot(dice, crowd.chooser.any_clinic(dice), VACCINATION)
            wish = Wish(
                key=f"{crowd.name}-twin-{number}-{nth}",
                act="book",
                person=person,
                asked=(Seat(slot.id, dose=1),),
                campaign=crowd.city.plan.campaign.id,
            )
            asks.append(crowd.asker.settle(wish, time.monotonic()))
        both = asyncio.gather(*asks)
        await asyncio.sleep(dice.expovariate(per_second))
        await both


async def want_the_same(crowd: Crowd, numbers: range, per_second: float) -> None:
    """Two people want the same two visits at the same moment, each asking for another one first.

    The visits are in clinics of two homes, so that two referees decide about both slots at once.
    """
    dice = Random(f"{crowd.name}/rivals")
    for one, other in zip(numbers[::2], numbers[1::2], strict=False):
        here, there = _in_two_homes(crowd, dice)
        asks = []
        for number, slots in ((one, (here, there)), (other, (there, here))):
            wish = Wish(
                key=f"{crowd.name}-rival-{number}",
                act="book",
                person=crowd.person(number),
                asked=tuple(Seat(slot.id) for slot in slots),
            )
            asks.append(crowd.asker.settle(wish, time.monotonic()))
        both = asyncio.gather(*asks)
        await asyncio.sleep(dice.expovariate(per_second))
        await both


def _in_two_homes(crowd: Crowd, dice: Random) -> tuple[Slot, Slot]:
    here = crowd.chooser.slot(dice, crowd.chooser.any_clinic(dice), VISIT)
    for _ in range(LOOKS_MAX):
        there = crowd.chooser.slot(dice, crowd.chooser.any_clinic(dice), VISIT)
        if home_of(there.clinic_id) != home_of(here.clinic_id):
            return here, there
    raise RuntimeError("all clinics of this city have one home")


# ---- staff -------------------------------------------------------------------------------------


class Closed(msgspec.Struct, kw_only=True):
    """A slot that staff opened, let people book, and closed with all that was booked in it."""

    slot_id: UUID
    bookings: list[UUID]
    done: bool = False


class Staff:
    """Shuts and reopens slots, changes how many they take, closes some for good."""

    def __init__(self, crowd: Crowd, signer: Signer) -> None:
        self.capacities: dict[UUID, set[int]] = {}
        """How many each slot that was touched may take now; one number where that is certain."""
        self.closed: list[Closed] = []
        self.changes = 0
        self._crowd = crowd
        self._signer = signer
        self._token = signer.sign(operator_id(crowd.city.plan.seed), ["operator"], hours=HOURS)
        self._keys = 0
        self._in_doubt: set[UUID] = set()
        self._open: dict[str, Callable[[], Awaitable[Answer]]] = {}

    async def change(self, name: str) -> None:
        """One slot after the other: another capacity, or shut for a moment."""
        dice = Random(f"{self._crowd.name}/staff/{name}")
        slots = [s for nth, s in enumerate(self._crowd.city.plan.slots) if nth % 2 == int(name)]
        while True:
            slot = dice.choice(slots)
            if slot.id in self._in_doubt:
                continue
            if dice.random() < 0.5:
                await self._change_capacity(slot, dice.choice((-1, 1)))
            else:
                await self._patch(slot.id, {"status": SHUT})
                await asyncio.sleep(dice.uniform(0.2, PAUSE_SECONDS))
                await self._patch(slot.id, {"status": OPEN})
            self.changes += 1
            await asyncio.sleep(dice.uniform(0.2, PAUSE_SECONDS))

    async def close(self) -> None:
        """Open a slot, let three people book it, close it with their bookings, again and again."""
        dice = Random(f"{self._crowd.name}/closer")
        nth = 0
        while True:
            nth += 1
            closed = await self._opened(dice, nth)
            if closed is not None:
                guests = [self._guest(closed.slot_id, nth, seat) for seat in range(GUESTS_PER_SLOT)]
                await asyncio.gather(*(self._book(closed, guest) for guest in guests))
                self.closed.append(closed)
                await self._shut_for_good(closed)
            await asyncio.sleep(PAUSE_SECONDS)

    async def ask_again(self) -> int:
        """What never got a definite answer; returns how much still has none."""
        until = time.monotonic() + STAFF_SECONDS_MAX
        while self._open and time.monotonic() < until:
            for key, ask in list(self._open.items()):
                if _is_definite(await ask()):
                    self._open.pop(key, None)
        for closed in self.closed:
            while not closed.done and time.monotonic() < until:
                await self._shut_for_good(closed)
        return len(self._open) + sum(not closed.done for closed in self.closed)

    async def _shut_for_good(self, closed: Closed) -> None:
        """One more wish for it: the one before may have expired, and is done for."""
        said = await self._patch(closed.slot_id, {"status": SHUT, "cancel_bookings": True})
        closed.done = said.status == 200

    async def _change_capacity(self, slot: Slot, by: int) -> None:
        before = self.capacities.get(slot.id, {slot.capacity})
        wanted = max(1, max(before) + by)
        said = await self._patch(slot.id, {"capacity": wanted})
        if said.status == 200:
            self.capacities[slot.id] = {wanted}
        elif not _is_definite(said):
            # What is in doubt may still be done, and would undo what is asked for later.
            self.capacities[slot.id] = before | {wanted}
            self._in_doubt.add(slot.id)

    async def _patch(self, slot_id: UUID, body: dict[str, Any]) -> Answer:
        url = f"{self._crowd.doors.api}/slots/{slot_id}"
        return await self._until_definite("PATCH", url, self._token, body)

    async def _opened(self, dice: Random, nth: int) -> Closed | None:
        clinic_id = self._crowd.chooser.any_clinic(dice)
        starts_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2, minutes=nth)
        slot = {
            "id": uuid5(CITY, f"{self._crowd.name}/closing/{nth}"),
            "service": VISIT,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=10),
            "capacity": GUESTS_PER_SLOT,
        }
        url = f"{self._crowd.doors.api}/clinics/{clinic_id}/slots"
        said = await self._until_definite("POST", url, self._token, {"slots": [slot]})
        return Closed(slot_id=slot["id"], bookings=[]) if said.status == 201 else None

    def _guest(self, slot_id: UUID, nth: int, seat: int) -> tuple[str, dict[str, Any]]:
        """Somebody of whom the journal knows nothing: the audit leaves them to us."""
        guest = uuid5(CITY, f"{self._crowd.name}/guest/{nth}/{seat}")
        token = self._signer.sign(guest, ["patient"], hours=HOURS)
        return token, {"places": [{"slot_id": slot_id}]}

    async def _book(self, closed: Closed, guest: tuple[str, dict[str, Any]]) -> None:
        token, body = guest
        url = f"{self._crowd.doors.api}/bookings"
        for _ in range(5):
            said = await self._until_definite("POST", url, token, body)
            if said.status == 201:
                closed.bookings.append(msgspec.json.decode(said.body)["id"])
                return
            await asyncio.sleep(PAUSE_SECONDS)  # the front desk may not know the slot yet

    async def _until_definite(self, method: str, url: str, token: str, body: Any) -> Answer:
        self._keys += 1
        key = f"{self._crowd.name}-staff-{self._keys}"

        async def ask() -> Answer:
            return await self._crowd.doors.ask(method, url, token=token, key=key, body=body)

        self._open[key] = ask
        until = time.monotonic() + STAFF_SECONDS_MAX
        while not _is_definite(said := await ask()) and time.monotonic() < until:
            await asyncio.sleep(PAUSE_SECONDS)
        if _is_definite(said):
            self._open.pop(key, None)
        return said


def _is_definite(said: Answer) -> bool:
    """Yes or no, for ever; `expired` is a no as any other, and only what has no answer is open."""
    return said.status in (200, 201) or (400 <= said.status < 500 and said.status != 429)
