"""Does somebody see what they were told, by what, and what became of it?"""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import expect

from deploy.local.stack import SUPERUSER
from tests.page_practice import Desk
from tests.page_tellings import MOVED_AND_TOLD, TELLINGS, shows_tellings, telling
from tests.page_visitor import NARROW, WIDE, is_network
from tests.pages.conftest import Visit
from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOLD_SECONDS = 10.0
"""How long it may take on a busy machine until a mail was handed over."""


async def is_sent(desk: Desk, token: str) -> None:
    """Wait until this patient was told something."""
    async with asyncio.timeout(TOLD_SECONDS):
        while True:
            found = (await desk.ask("GET", "/me/messages", token))["messages"]
            if [message["fate"] for message in found] == ["sent"]:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_whoever_booked_sees_that_a_mail_was_sent(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    visitor = await (await visit(language, width)).goes_to("#/messages", token)
    await expect(visitor.shows("messages.none")).to_be_visible()

    await desk.ask("PUT", "/me/contacts", token, {"email": "somebody@example.org"})
    await desk.book(practice.slots["09:00"], token)
    await is_sent(desk, token)
    await visitor.page.reload()

    told = visitor.page.locator(".told")
    await expect(told.locator("h2")).to_have_text(visitor.said("told.BookingConfirmed"))
    await expect(told.locator(".told-visits")).to_contain_text(practice.name)
    await expect(told.locator(".told-visits time")).to_contain_text("09:00")
    await expect(told.locator(".by")).to_have_text(visitor.said("channel.email"))
    await expect(told.locator(".fate")).to_have_text(visitor.said("fate.sent"))


async def test_what_fell_over_is_one_message_and_older_ones_come_when_asked_for(
    desk: Desk, visit: Visit
) -> None:
    visitor = await visit("en")
    missed = telling(0, "BookingMissed", "attendance", "email", "delivered")
    await shows_tellings(visitor, MOVED_AND_TOLD, [missed])
    await visitor.goes_to("#/messages", desk.patient())
    told = visitor.page.locator(".told")

    await expect(told).to_have_count(4)
    by_clinic = told.nth(1)
    await expect(by_clinic.locator("h2")).to_have_text(visitor.said("told.change.BookingRevoked"))
    fates = ["fate.failed", "fate.unknown", "fate.list.sent"]
    await expect(by_clinic.locator(".fate")).to_have_text([visitor.said(one) for one in fates])
    await expect(by_clinic).to_contain_text(visitor.said("messages.again"))
    await expect(told.nth(2).locator("[data-freed]")).to_contain_text("2 January, 09:00")

    await visitor.tabs_to("main button")
    await visitor.page.keyboard.press("Enter")

    await expect(told.nth(4)).to_be_focused()
    await expect(told.nth(4).locator("h2")).to_have_text(visitor.said("told.BookingMissed"))
    await expect(visitor.button("messages.older")).to_be_hidden()


async def test_without_a_connection_what_was_read_stays_and_the_page_says_so(
    desk: Desk, visit: Visit
) -> None:
    visitor = await visit("ru", NARROW)
    await visitor.page.route(TELLINGS, lambda route: route.abort())
    await visitor.goes_to("#/messages", desk.patient())
    await expect(visitor.shows("problem.offline")).to_be_visible()

    await visitor.page.unroute(TELLINGS)
    await shows_tellings(visitor, MOVED_AND_TOLD)
    await visitor.evaluate("dispatchEvent(new Event('online'))")
    await expect(visitor.page.locator(".told")).to_have_count(4)
    await visitor.page.unroute(TELLINGS)
    await visitor.page.route(TELLINGS, lambda route: route.abort())
    await visitor.evaluate("dispatchEvent(new Event('online'))")

    await expect(visitor.page.locator(".trouble")).to_have_text(visitor.said("fresh.offline"))
    await expect(visitor.page.locator(".told")).to_have_count(4)
    visitor.forgives(is_network)


async def test_an_operator_settles_what_nobody_knows_and_sees_what_the_patient_was_told(
    desk: Desk, visit: Visit, town: Town
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    await desk.ask("PUT", "/me/contacts", token, {"email": "somebody@example.org"})
    await desk.book(practice.slots["09:00"], token)
    await is_sent(desk, token)
    person = (await desk.ask("GET", "/me", token))["id"]
    database = await asyncpg.connect(town.stack.dsn(SUPERUSER))
    unknown = "UPDATE notify.message SET state = 'unknown' WHERE owner_id = $1"
    await database.execute(unknown, UUID(person))
    await database.close()

    visitor = await (await visit("en")).goes_to("#/unknown", desk.operator)
    card = visitor.page.locator(".told", has_text=person)
    await expect(card).to_contain_text(practice.name)
    assert await visitor.axe() == []
    settled = card.get_by_role("button", name=visitor.said("unknown.failed"))
    await settled.click()
    await expect(card).to_contain_text(visitor.said("unknown.note_missing"))
    await card.get_by_label(visitor.said("unknown.note")).fill("The provider has no trace of it.")
    await settled.click()

    await expect(card).to_have_count(0)
    await expect(visitor.page.locator("h1")).to_be_focused()
    await visitor.page.get_by_role("link", name=visitor.said("nav.told")).click()
    await visitor.page.get_by_label(visitor.said("told_to.patient")).fill(f" {person} ")
    await visitor.page.keyboard.press("Enter")
    await expect(visitor.shows("told_to.found", n=1)).to_be_visible()
    await expect(visitor.page.locator(".fate")).to_have_text(visitor.said("fate.failed"))
    assert await visitor.axe() == []
    assert person not in visitor.page.url


async def test_whoever_is_no_operator_finds_no_way_there_and_nothing_there(
    desk: Desk, visit: Visit
) -> None:
    visitor = await (await visit("ru")).goes_to("#/unknown", desk.patient())
    await expect(visitor.shows("problem.forbidden")).to_be_visible()
    await visitor.goes_to("#/told")
    await visitor.page.get_by_label(visitor.said("told_to.patient")).fill(str(UUID(int=7)))
    await visitor.button("told_to.find").click()

    await expect(visitor.shows("problem.forbidden")).to_be_visible()
    for view in ("told", "unknown"):
        await expect(visitor.page.locator(f"nav [href='#/{view}']")).to_be_hidden()
    visitor.forgives(is_network)
