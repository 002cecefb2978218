"""In which order do processes come and go while a stack is up, and what if one does not start?"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.local import scaling
from deploy.local.__main__ import _counts
from deploy.local.crew import Crew
from deploy.local.parts import NotReadyError, Part, services
from deploy.local.plan import counts_of
from deploy.local.scaling import Scaler, ask_for
from deploy.local.stack import Stack
from tests.edges import a_stack

LIMIT_SECONDS = 20.0
LIVES, DIES = ("sleep", "60"), ("false",)


class House:
    """A supervisor's crew with an edge that writes down what it is told of, and what then runs."""

    def __init__(self, stack: Stack, command: tuple[str, ...]) -> None:
        self.stack = stack
        self.counts = {"slots": 1, "booking": 1}
        self.told: list[tuple[dict[str, int], set[str]]] = []
        self._command = command
        edge = self._part("edge", LIVES)
        firsts = [self._part(name, LIVES) for name in ("slots", "booking")]
        self.crew = Crew(stack, [*firsts, edge], lambda: None)
        self.scaler = Scaler(stack, self.crew, self.counts, lambda: None)

    def part(self, _stack: Stack, service: str, instance: int) -> Part:
        """Instead of a service, a program that does nothing."""
        return self._part(services.name_of(service, instance), self._command)

    def _part(self, name: str, command: tuple[str, ...]) -> Part:
        async def rescaled(_pid: int) -> None:
            self.told.append((dict(self.counts), self.running()))

        async def answers() -> None:
            if command == DIES:
                raise NotReadyError("it does not answer")

        about = {"rescaled": rescaled} if name == "edge" else {}
        folder = str(self.stack.home)
        return Part(name=name, ports={}, command=command, folder=folder, probe=answers, **about)

    def running(self) -> set[str]:
        """Who is there and ready."""
        return {each.part.name for each in self.crew.keepers if each.ready.is_set()}

    async def wish(self, counts: Mapping[str, int]) -> str:
        """Ask as `make up SCALE=…` does; the trouble there was."""
        wish = ask_for(counts, self.stack.home)
        self.scaler.ask()
        async with asyncio.timeout(LIMIT_SECONDS):
            while self.scaler.scaled.wish_id != wish.id:  # noqa: ASYNC110 - it is looked at
                await asyncio.sleep(0.02)
        return self.scaler.scaled.trouble


@pytest.fixture
async def house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    made = House(a_stack(tmp_path), getattr(request, "param", LIVES))
    made.stack.logs.mkdir(parents=True)
    monkeypatch.setattr(services, "part", made.part)
    made.crew.begin(made.crew.keepers)
    async with asyncio.timeout(LIMIT_SECONDS):
        while len(made.running()) < 3:  # noqa: ASYNC110 - it is looked at
            await asyncio.sleep(0.02)
    working = asyncio.create_task(made.scaler.run())
    yield made
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    await made.crew.end_all()


async def test_who_comes_is_ready_before_the_edge_knows_them_and_who_goes_is_forgotten_first(
    house: House,
) -> None:
    more = await house.wish({"slots": 2, "booking": 3})
    fewer = await house.wish({"slots": 1, "booking": 2})

    everybody = {"edge", "slots", "slots-1", "booking", "booking-1", "booking-2"}
    assert (more, fewer) == ("", "")
    assert house.told == [
        ({"slots": 2, "booking": 3}, everybody),
        ({"slots": 1, "booking": 2}, everybody),
    ]
    assert house.running() == {"edge", "slots", "booking", "booking-1"}
    assert counts_of(house.running()) == house.counts


@pytest.mark.parametrize("house", [DIES], indirect=True)
async def test_where_one_does_not_start_nothing_is_changed_and_it_is_said_why(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scaling, "DEATHS_BEFORE_READY_MAX", 1)

    trouble = await house.wish({"slots": 1, "booking": 2})

    assert trouble == "booking-1 does not start; see its log"
    assert (house.counts, house.told) == ({"slots": 1, "booking": 1}, [])
    assert house.running() == {"edge", "slots", "booking"}


async def test_who_is_let_go_is_no_reason_for_all_to_stop_and_whoever_ends_by_themselves_is(
    house: House,
) -> None:
    await house.wish({"slots": 1, "booking": 2})
    watched = asyncio.create_task(house.crew.until_one_ends())
    await house.wish({"slots": 1, "booking": 1})
    await asyncio.sleep(0.05)
    still = watched.done()
    edge = house.crew.find("edge")
    assert edge is not None

    await edge.stop()

    await asyncio.wait_for(watched, LIMIT_SECONDS)
    assert not still


def test_a_number_alone_is_of_front_desks_and_referees() -> None:
    assert _counts("3") == {"slots": 3, "booking": 3}
    assert _counts("booking=2,notify=4") == {"booking": 2, "notify": 4}
