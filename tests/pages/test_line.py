"""Does somebody wait before a campaign by the page, and book at their turn?"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.page_practice import Desk, Practice
from tests.page_visitor import NARROW, Visitor, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON = timedelta(seconds=5)
"""After it the draw is made: so long a page may take to be there and join."""

AT_ONCE = timedelta(seconds=1.5)
LATER = timedelta(hours=1)
LOOKS = 6
"""So many in a row come to each of two front desks."""

MakeMorning = Callable[..., Awaitable["Morning"]]


class Morning:
    """A campaign for a service of its own, with a waiting room, and a practice with its places."""

    def __init__(self, desk: Desk, practice: Practice, campaign: str, service: str) -> None:
        self.desk = desk
        self.practice = practice
        self.campaign = campaign
        self.service = service
        self.address = f"#/line/{campaign}"

    async def changes(self, **speeds: float) -> None:
        """So many people a second come in from now on."""
        path = f"/campaigns/{self.campaign}/waiting-room"
        await self.desk.ask("PATCH", path, self.desk.operator, speeds)

    async def joins(self, token: str) -> Any:
        """Somebody takes a place who is not at the page."""
        return await self.desk.ask(
            "POST", f"/campaigns/{self.campaign}/waiting-room/tickets", token, {}
        )

    async def closes(self) -> None:
        """Nobody needs a pass any more: others have the stack after us."""
        await self.desk.ask(
            "DELETE", f"/campaigns/{self.campaign}/waiting-room", self.desk.operator, {}
        )
        await self.is_seen("closed")

    async def is_seen(self, *states: str) -> None:
        """Wait until every front desk sees the room so."""
        path, seen = f"/campaigns/{self.campaign}/waiting-room", 0
        while seen < LOOKS:
            await asyncio.sleep(0.1)
            state = await self.desk.look(path)
            seen = seen + 1 if state in states else 0


@pytest_asyncio.fixture(loop_scope="session")
async def mornings(desk: Desk) -> AsyncIterator[MakeMorning]:
    """Makes campaigns with waiting rooms, and closes these at the end."""
    made: list[Morning] = []

    async def make(opens_in: timedelta, **speeds: float) -> Morning:
        made.append(await a_morning(desk, opens_in, **speeds))
        return made[-1]

    yield make
    for morning in made:
        await morning.closes()


async def a_morning(desk: Desk, opens_in: timedelta, **speeds: float) -> Morning:
    """It opens so soon; the room has been open for an hour."""
    service = f"service-{uuid4().hex[:8]}"
    practice = await (await desk.practice()).opens(["09:00", "09:30"], service=service)
    now = datetime.now(UTC)
    body = {"name": "Autumn", "service": service, "doses": 2, "min_days": 0, "max_days": 0}
    body |= {"opens_at": (now + opens_in).isoformat()}
    campaign = (await desk.ask("POST", "/campaigns", desk.operator, body))["id"]
    room = {"opens_at": (now - timedelta(hours=1)).isoformat()} | speeds
    await desk.ask("POST", f"/campaigns/{campaign}/waiting-room", desk.operator, room)
    morning = Morning(desk, practice, campaign, service)
    await morning.is_seen("gathering", "drawing", "serving")
    return morning


async def its_turn(visitor: Visitor) -> None:
    """Wait until the page says so, aloud and in its title."""
    said = visitor.page.locator("[role=status]", has_text=TURN[visitor.language])
    await expect(said).to_be_visible(timeout=20_000)
    await expect(visitor.page).to_have_title(re.compile(visitor.said("line.title_turn")))


TURN = {"en": "It is your turn.", "ru": "Ваша очередь подошла."}


async def test_a_patient_is_drawn_waits_is_let_in_and_books(
    desk: Desk, visit: Visit, mornings: MakeMorning
) -> None:
    morning = await mornings(SOON, speed_min=0.1, speed_max=0.1)
    token = desk.patient()
    visitor = await (await visit("en", NARROW)).goes_to(morning.address, token)
    await visitor.button("line.join").click()
    await expect(visitor.button("line.leave")).to_be_visible()
    others = [desk.patient() for _ in range(3)]
    for other in others:
        await morning.joins(other)

    # It survives a reload, and another window has the same place.
    await visitor.page.reload()
    place = visitor.page.locator(".line-place")
    await expect(place).to_have_text(re.compile(r"Your place: [1-5]"), timeout=20_000)
    other = await (await visit("ru")).goes_to(morning.address, token)
    await other.button("line.join").click()
    number = (await place.inner_text()).rpartition(" ")[2]
    await expect(other.page.locator(".line-place")).to_have_text(f"Ваше место: {number}")
    await visitor.page.locator(".draw summary").click()
    await visitor.button("draw.check").click()
    await expect(visitor.shows("draw.right")).to_be_visible()

    await morning.changes(speed_min=10, speed_max=10)
    await its_turn(visitor)
    await its_turn(other)
    assert await visitor.axe() == []
    await visitor.page.get_by_role("link", name=visitor.said("line.choose")).click()
    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("pairs.title"))
    await visitor.evaluate("address => { location.hash = address }", address(morning))
    await visitor.slot("09:30").click()
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("done.book.text")).to_be_visible()
    assert len(await desk.bookings(token)) == 1


async def test_who_comes_without_a_pass_is_shown_the_way_to_the_room(
    desk: Desk, visit: Visit, mornings: MakeMorning
) -> None:
    morning = await mornings(LATER)
    visitor = await (await visit("ru", NARROW)).goes_to(address(morning), desk.patient())

    await visitor.slot("09:00").click()
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("problem.pass_needed")).to_be_visible()
    await visitor.dialog.get_by_role("link", name=visitor.said("line.to")).click()

    await expect(visitor.button("line.join")).to_be_visible()
    assert await visitor.axe() == []
    visitor.forgives(is_network)


async def test_who_stands_behind_more_people_than_there_are_places_is_told_so(
    desk: Desk, visit: Visit, mornings: MakeMorning
) -> None:
    morning = await mornings(AT_ONCE, speed_min=0.1, speed_max=0.1)
    for _ in range(6):
        await morning.joins(desk.patient())
    visitor = await (await visit("ru", NARROW)).goes_to(morning.address, desk.patient())

    await visitor.button("line.join").click()

    await expect(visitor.shows("line.few", "few", n=2)).to_be_visible(timeout=20_000)
    await expect(visitor.page).to_have_title(re.compile("Перед вами"))
    assert await visitor.axe() == []


async def test_who_leaves_finds_their_place_again(
    desk: Desk, visit: Visit, mornings: MakeMorning
) -> None:
    morning = await mornings(LATER)
    visitor = await (await visit()).goes_to(morning.address, desk.patient())
    await visitor.button("line.join").click()

    await visitor.button("line.leave").click()
    await expect(visitor.shows("line.left")).to_be_visible()
    await visitor.button("line.join").click()

    await expect(visitor.button("line.leave")).to_be_visible()


async def test_where_there_is_no_room_it_says_so(visit: Visit) -> None:
    visitor = await (await visit("ru")).goes_to(f"#/line/{uuid4()}")

    await expect(visitor.shows("line.lost")).to_be_visible()
    visitor.forgives(is_network)


def address(morning: Morning) -> str:
    """Where the places are."""
    return morning.practice.address(morning.service)
