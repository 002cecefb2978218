"""What does one person do who comes to a waiting room: wait, look, leave, or come in and book?"""

import asyncio
import time
from collections.abc import Callable
from random import Random
from uuid import UUID

import msgspec

from bench.drills.tally import Tally
from talon.city.plan import VACCINATION
from talon.doors import Answer, Doors
from talon.rush.asking import Asker
from talon.rush.choice import Chooser
from talon.rush.journal import Line, Seat
from talon.rush.wishes import Person, Wish

TRIES_MAX = 4
"""Who finds a slot full looks elsewhere, and gives up after so many times."""

PATIENCE_SECONDS = 400.0
"""How long people wait, on average; those who leave tell nobody."""

JOINS_TWICE = 0.2
"""Who opens a second tab."""

AGAIN_SECONDS = 0.5


class Ticket(msgspec.Struct):
    """What a person is told of their place; before the draw it has no number."""

    place: int | None
    ticket: str
    look_again_seconds: int


class Pass(msgspec.Struct):
    """It is their turn."""

    admission_pass: str


class Serving(msgspec.Struct):
    """How far the line is, as everybody is told."""

    state: str
    serving: int
    people: int


class GoneError(Exception):
    """They had enough, or the drill is over."""


_ticket = msgspec.json.Decoder(Ticket).decode
_pass = msgspec.json.Decoder(Pass).decode
serving_of = msgspec.json.Decoder(Serving).decode


class Town(msgspec.Struct, frozen=True, kw_only=True):
    """What all of them share. `room_url` is the waiting room's."""

    doors: Doors
    asker: Asker
    chooser: Chooser
    campaign_id: UUID
    room_url: str
    tally: Tally
    around_share: float
    ends_at: float
    """When nobody waits any longer, by `time.monotonic`."""


class Visitor:
    """One person's morning; the same name does the same."""

    def __init__(self, town: Town, person: Person, name: str) -> None:
        self._town = town
        self._person = person
        self._name = name
        self._dice = Random(name)
        patience = self._dice.expovariate(1 / PATIENCE_SECONDS)
        self._until = min(town.ends_at, time.monotonic() + patience)
        self._wishes = 0

    async def come(self) -> None:
        """Everything they do."""
        tally = self._town.tally
        tally.count("arrived")
        if self._dice.random() < self._town.around_share:
            await self._go_around()
        try:
            ticket = await self._join()
            if self._dice.random() < JOINS_TWICE:
                await self._same_place(ticket)
            admission_pass = await self._wait(ticket)
        except GoneError:
            tally.count("left")
            return
        tally.count("admitted")
        person = msgspec.structs.replace(self._person, admission_pass=admission_pass)
        await self._book(person)

    async def _go_around(self) -> None:
        """Booking by the address itself, without a pass."""
        line = await self._ask(self._person, self._seat(self._town.chooser.clinic))
        self._town.tally.count("around" if line.verdict == "ok" else "turned_back")

    async def _join(self) -> Ticket:
        """A place in line: asked for until there is one."""
        while True:
            answer = await self._send("POST", "/tickets", {}, token=self._person.token)
            if answer.status == 200:
                self._town.tally.count("joined")
                return _ticket(answer.body)
            self._town.tally.count(f"join: {answer.code}")
            await self._pause(answer.retry_after or AGAIN_SECONDS)

    async def _same_place(self, first: Ticket) -> None:
        """A second tab has the same place."""
        answer = await self._send("POST", "/tickets", {}, token=self._person.token)
        if answer.status == 200 and first.place is not None:
            same = _ticket(answer.body).place == first.place
            self._town.tally.count("same place" if same else "another place")

    async def _wait(self, ticket: Ticket) -> str:
        """Look now and then how far it is; the pass when it is their turn."""
        pause: float = ticket.look_again_seconds
        while True:
            await self._pause(pause)
            if ticket.place is None:
                ticket = await self._join_again()
                pause = ticket.look_again_seconds
                if ticket.place is None:
                    continue
            answer = await self._send("GET", "", None)
            if answer.status != 200 or serving_of(answer.body).serving < ticket.place:
                pause = self._dice.uniform(2.0, 4.0)
                continue
            answer = await self._send("POST", "/passes", {"ticket": ticket.ticket})
            if answer.status == 200:
                return _pass(answer.body).admission_pass
            pause = answer.retry_after or AGAIN_SECONDS

    async def _join_again(self) -> Ticket:
        answer = await self._send("POST", "/tickets", {}, token=self._person.token)
        if answer.status == 200:
            return _ticket(answer.body)
        await self._pause(answer.retry_after or AGAIN_SECONDS)
        return Ticket(None, "", 1)

    async def _book(self, person: Person) -> None:
        where = self._town.chooser.clinic
        for _ in range(TRIES_MAX):
            line = await self._ask(person, self._seat(where))
            if line.verdict == "ok" or line.code != "slot_full":
                return
            where = self._town.chooser.any_clinic
        self._town.tally.count("found nothing")

    async def _ask(self, person: Person, seat: Seat) -> Line:
        self._wishes += 1
        wish = Wish(
            key=f"{self._name}-{self._wishes}",
            act="book",
            person=person,
            asked=(seat,),
            campaign=self._town.campaign_id,
        )
        return await self._town.asker.settle(wish, time.monotonic())

    def _seat(self, where: Callable[[Random], UUID]) -> Seat:
        chooser = self._town.chooser
        slot = chooser.slot(self._dice, where(self._dice), VACCINATION)
        return Seat(slot.id, dose=1)

    async def _send(self, method: str, path: str, body: object, *, token: str = "") -> Answer:
        url = f"{self._town.room_url}{path}"
        answer = await self._town.doors.ask(method, url, token=token, body=body)
        self._town.tally.heard(answer)
        return answer

    async def _pause(self, seconds: float) -> None:
        """Nobody waits longer than their patience."""
        if time.monotonic() + seconds > self._until:
            await asyncio.sleep(max(0.0, self._until - time.monotonic()))
            raise GoneError
        await asyncio.sleep(seconds)
