"""What happens on the morning? People join, come again, are drawn, come late, and are let in."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter, process_time
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import msgspec
from rich.console import Console

from bench.rush import cpu
from bench.rush.patients import PEOPLE, TOKEN_HOURS, sign
from bench.waiting.crowd import Answered, ask_all, request_of
from bench.waiting.found import Result, correlation, gain_sigmas, inverted
from deploy.local.stack import SUPERUSER, Stack
from shared.statements import load
from talon.doors import Doors, open_doors
from talon.mistakes import MistakeError
from talon.quantiles import quantile
from talon.tokens import Signer

SQL = load("bench.waiting")

DRAW_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.1
MORE_SECONDS = 4.0
"""For so much longer than it is looked at there are people whose turn it is."""

MORE_TIMES = 9
"""So often the bots come again."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How large a morning is."""

    people: int
    rounds: int
    late: int
    bots: int
    speed: float
    seconds: float
    connections: int


FULL = Sizes(
    people=100_000,
    rounds=3,
    late=20_000,
    bots=500,
    speed=200.0,
    seconds=30.0,
    connections=256,
)
SHORT = Sizes(
    people=300,
    rounds=1,
    late=100,
    bots=20,
    speed=40.0,
    seconds=2.5,
    connections=32,
)


class Told(msgspec.Struct, frozen=True):
    """What is looked at of a ticket, or of a room."""

    place: int | None = None
    ticket: str = ""
    serving: int = 0


class Joined(msgspec.Struct, frozen=True, kw_only=True):
    """One round of joining."""

    campaign: UUID
    per_second: float
    milliseconds: list[float]
    cpu_us: dict[str, float]
    others: float


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a morning takes place: a front desk's address, its database, and who comes there."""

    door: str
    dsn: str
    operator: str
    tokens: list[str]
    roots: dict[str, int]
    """The processes whose CPU time is told, by name."""


class Morning:
    """A front desk with nobody else at it."""

    def __init__(self, place: Place, sizes: Sizes, out: Console, doors: Doors) -> None:
        self._sizes = sizes
        self._out = out
        self._doors = doors
        self._roots = place.roots
        self._door = place.door
        self._dsn = place.dsn
        self._operator = place.operator
        self._campaigns: list[UUID] = []
        self._tokens = place.tokens

    async def run(self) -> Result:
        """All of it; in the end no room is open any more."""
        try:
            return await self._run()
        finally:
            for campaign in self._campaigns:
                await self._ask_operator("DELETE", f"/campaigns/{campaign}/waiting-room", {})

    async def _run(self) -> Result:
        sizes = self._sizes
        await self._show_tokens()
        rounds = [await self._join(nth) for nth in range(sizes.rounds)]
        last = rounds[-1].campaign
        bots = await self._come_again(last)
        drawn_seconds, pairs = await self._draw(last)
        compared, wrong = await self._come_late(last)
        places = await self._places(last)
        admitted = await self._let_in(last, places)
        rates = sorted(one.per_second for one in rounds)
        waits = sorted(wait for one in rounds for wait in one.milliseconds)
        own = [places[person] for person in bots if person in places]
        return Result(
            people=len(pairs),
            joins_per_second=round(median(rates), 1),
            joins_per_second_lowest=round(rates[0], 1),
            joins_per_second_highest=round(rates[-1], 1),
            join_p50_ms=round(quantile(waits, 0.5), 2),
            join_p99_ms=round(quantile(waits, 0.99), 2),
            cpu_us_per_join=_medians([one.cpu_us for one in rounds]),
            draw_seconds=round(drawn_seconds, 2),
            correlation=round(correlation(pairs), 5),
            inversions=wrong / max(compared, 1),
            compared=compared,
            bots=sizes.bots,
            bots_places=len(own) + len(places) - sizes.people - sizes.late,
            bots_gain_sigmas=round(gain_sigmas(own, sizes.people), 2),
            speed_set=sizes.speed,
            admissions_per_second=round(admitted, 2),
            disturbed=round(median(one.others for one in rounds), 3),
        )

    async def _show_tokens(self) -> None:
        """Whoever comes where there is no room is sent away once it is known who asks."""
        answers = await self._ask(self._wishes(uuid4(), self._tokens))
        if {one.status for one in answers} != {404}:
            raise MistakeError("the tokens were not looked at")

    async def _join(self, nth: int) -> Joined:
        """Everybody takes a place in a room of its own, before it is drawn."""
        campaign = await self._a_room(nth)
        wishes = self._wishes(campaign, self._tokens[: self._sizes.people])
        before, began, client = cpu.now(self._roots), perf_counter(), process_time()
        answers = await self._ask(wishes, 200)
        seconds = perf_counter() - began
        used = cpu.between(before, cpu.now(self._roots))
        spent = used.by_name | {"client": process_time() - client}
        own = {name: each / len(wishes) * 1e6 for name, each in spent.items() if each}
        rate = len(wishes) / seconds
        self._out.print(f"  {rate:,.0f} joins a second, µs of CPU each: {_rounded(own)}")
        return Joined(
            campaign=campaign,
            per_second=rate,
            milliseconds=[(one.at - one.asked_at) * 1000 for one in answers],
            cpu_us=own,
            others=used.others,
        )

    async def _come_again(self, campaign: UUID) -> list[UUID]:
        """Some come nine times more, by many windows at once; whose ids they are."""
        tokens = self._tokens[: self._sizes.bots]
        await self._ask(self._wishes(campaign, tokens * MORE_TIMES), 200)
        return [uuid5(PEOPLE, str(number)) for number in range(self._sizes.bots)]

    async def _draw(self, campaign: UUID) -> tuple[float, list[tuple[int, int]]]:
        """The hour has come: how long the draw took, and everybody's arrival and place."""
        began = perf_counter()
        await self._sql("the_hour_has_come", campaign)
        while not (await self._sql("is_drawn", campaign))[0]["is_drawn"]:
            if perf_counter() - began > DRAW_SECONDS_MAX:
                raise MistakeError("the draw was not made")
            await asyncio.sleep(LOOK_SECONDS)
        seconds = perf_counter() - began
        rows = await self._sql("waiters", campaign)
        return seconds, [(row["arrival"], row["place"]) for row in rows]

    async def _come_late(self, campaign: UUID) -> tuple[int, int]:
        """Others come after it, in some order: how many are compared, how many stand wrong."""
        late = self._tokens[self._sizes.people :]
        answers = await self._ask(self._wishes(campaign, late), 200)
        came = []
        for one in answers:
            place = msgspec.json.decode(one.body, type=Told).place
            assert place is not None, "who comes late has a place"
            came.append((one.asked_at, one.at, place))
        return inverted(came)

    async def _places(self, campaign: UUID) -> dict[UUID, int]:
        rows = await self._sql("waiters", campaign)
        return {row["person_id"]: row["place"] for row in rows}

    async def _let_in(self, campaign: UUID, places: dict[UUID, int]) -> float:
        """How many passes a second are given while the line moves at a set speed."""
        sizes, path = self._sizes, f"/campaigns/{campaign}/waiting-room"
        speeds = {"speed_min": sizes.speed, "speed_max": sizes.speed}
        await self._ask_operator("PATCH", path, speeds)
        begins = await self._serving(path)
        ends = begins + sizes.speed * (sizes.seconds + MORE_SECONDS)
        soon = [
            token
            for number, token in enumerate(self._tokens)
            if begins < places[uuid5(PEOPLE, str(number))] <= ends
        ]
        answers = await self._ask(self._wishes(campaign, soon), 200)
        tickets = {}
        for one in answers:
            told = msgspec.json.decode(one.body, type=Told)
            tickets[told.place] = told.ticket
        first = before = await self._serving(path)
        while first == before:
            await asyncio.sleep(LOOK_SECONDS / 4)
            first = await self._serving(path)
        began = last = perf_counter()
        passed = first
        while perf_counter() - began < sizes.seconds:
            await asyncio.sleep(LOOK_SECONDS / 4)
            serving, at = await self._serving(path), perf_counter()
            turn = [tickets[place] for place in range(passed + 1, serving + 1)]
            body = [msgspec.json.encode({"ticket": ticket}) for ticket in turn]
            come = [request_of(self._door, f"{path}/passes", body=each) for each in body]
            if come:
                await self._ask(come, 200)
                passed, last = serving, at
        return (passed - first) / (last - began)

    async def _serving(self, path: str) -> int:
        answer = await self._doors.ask("GET", f"{self._door}/api/v1{path}")
        return msgspec.json.decode(answer.body, type=Told).serving

    # ---- how it is asked -------------------------------------------------------------------------

    def _wishes(self, campaign: UUID, tokens: Sequence[str]) -> list[bytes]:
        path = f"/campaigns/{campaign}/waiting-room/tickets"
        return [request_of(self._door, path, token=token) for token in tokens]

    async def _ask(self, requests: Sequence[bytes], status: int = 0) -> list[Answered]:
        answers = await ask_all(self._door, requests, connections=self._sizes.connections)
        other = [one for one in answers if status and one.status != status]
        if other:
            raise MistakeError(f"{len(other)} answers such as {other[0].status} {other[0].body!r}")
        return answers

    async def _a_room(self, nth: int) -> UUID:
        now = datetime.now(UTC)
        campaign = await self._ask_operator(
            "POST",
            "/campaigns",
            {"name": f"Morning No. {nth}", "service": f"morning-{uuid4().hex[:8]}", "doses": 1}
            | {"min_days": 0, "max_days": 0, "opens_at": (now + timedelta(days=1)).isoformat()},
        )
        path = f"/campaigns/{campaign['id']}/waiting-room"
        opens_at = (now - timedelta(hours=1)).isoformat()
        speeds = {"speed_min": 0.1, "speed_max": 1.0}
        await self._ask_operator("POST", path, {"opens_at": opens_at} | speeds)
        self._campaigns.append(UUID(campaign["id"]))
        return self._campaigns[-1]

    async def _ask_operator(self, method: str, path: str, body: Any) -> Any:
        url = f"{self._door}/api/v1{path}"
        answer = await self._doors.ask(
            method, url, token=self._operator, key=str(uuid4()), body=body
        )
        if answer.status not in (200, 201):
            raise MistakeError(f"{method} {path}: {answer.status} {answer.code}")
        return msgspec.json.decode(answer.body)

    async def _sql(self, name: str, campaign: UUID) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(
            self._dsn, server_settings={"search_path": "booking, public"}
        )
        try:
            return await connection.fetch(SQL[name], campaign)
        finally:
            await connection.close()


async def measure(stack: Stack, sizes: Sizes, out: Console, roots: dict[str, int]) -> Result:
    """A morning on a stack that is up."""
    place = Place(
        door=stack.api("booking"),
        dsn=stack.dsn(SUPERUSER),
        operator=Signer(stack).sign(uuid4(), ["operator"], hours=TOKEN_HOURS),
        tokens=sign(stack, sizes.people + sizes.late),
        roots=roots,
    )
    async with open_doors(stack) as doors:
        return await Morning(place, sizes, out, doors).run()


def _medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    names = {name for one in rounds for name in one}
    return {name: round(median(one.get(name, 0.0) for one in rounds), 1) for name in sorted(names)}


def _rounded(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.0f}" for name, value in sorted(values.items()))
