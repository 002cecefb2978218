"""Does a wish become exactly one booking, whatever happens on its way?"""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.page_practice import Desk
from tests.page_visitor import NARROW, WIDE, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

WISHES = "**/api/v1/bookings"


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_a_patient_books_a_place_and_sees_it_among_their_bookings(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    practice = await (await desk.practice()).opens(["09:00", "09:30"])
    visitor = await visit(language, width)
    await visitor.goes_to(practice.address(), desk.patient())

    await visitor.slot("09:30").click()
    await visitor.button("book.do", n=1).click()
    await visitor.button("done.to_bookings").click()

    booking = visitor.page.locator(".booking")
    await expect(booking).to_contain_text(practice.name)
    await expect(booking).to_contain_text("09:30–10:00")
    await expect(booking).to_contain_text(visitor.said("status.booked"))


async def test_a_patient_books_for_a_dependant_and_themselves_at_once(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=3)
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)

    await visitor.slot("09:00").click()
    await visitor.button("people.add").click()
    await visitor.dialog.get_by_label(visitor.said("person.dependant", n=1)).check()
    await visitor.button("book.do", "other", n=2).click()
    await expect(visitor.shows("done.book.text")).to_be_visible()

    [booking] = await desk.bookings(token)
    assert len({place["patient_id"] for place in booking["places"]}) == 2
    await visitor.button("done.to_bookings").click()
    await expect(visitor.page.locator(".who")).to_have_text("For whom: Me, Dependant 1")


async def test_more_people_than_there_are_places_are_told_so_before_they_ask(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    await desk.ask("POST", "/me/dependants", token, {})
    visitor = await (await visit("ru", NARROW)).goes_to(practice.address(), token)

    await visitor.slot("09:00").click()
    await visitor.dialog.get_by_label(visitor.said("person.dependant", n=1)).check()

    await expect(visitor.shows("book.too_many", n=1)).to_be_visible()
    ask = visitor.button("book.do", "few", n=2)
    await expect(ask).to_have_attribute("aria-disabled", "true")


async def test_a_place_is_booked_by_keyboard_alone(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00", "09:30"])
    visitor = await (await visit()).goes_to("#/", desk.patient())
    press = visitor.page.keyboard.press

    await visitor.tabs_to("input[name=service]:checked")
    await press("ArrowRight")
    await visitor.tabs_to("#near")
    await visitor.page.keyboard.type(practice.name)
    await press("Enter")
    await expect(visitor.page.locator(".clinics h3").first).to_have_text(practice.name)
    await visitor.tabs_to(".clinics a")
    await press("Enter")
    await expect(visitor.page.locator("h1")).to_have_text(practice.name)
    await visitor.tabs_to("button.slot")
    await press("Enter")
    await visitor.tabs_to("dialog .primary")
    await press("Enter")
    await expect(visitor.shows("done.book.text")).to_be_visible()
    await press("Escape")

    # The focus is back where it was, so one goes on from there.
    assert await visitor.evaluate("document.activeElement.matches('button.slot')")


async def test_pressing_twice_books_once(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=5)
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)

    await visitor.slot("09:00").click()
    await visitor.button("book.do", n=1).dblclick()
    await expect(visitor.shows("done.book.text")).to_be_visible()

    assert len(await desk.bookings(token)) == 1
    assert len(visitor.asked("/api/v1/bookings")) == 1


async def test_a_page_that_is_reloaded_before_the_answer_came_books_once(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=5)
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)
    heard = asyncio.Event()

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        heard.set()

    await visitor.page.route(WISHES, lose_the_answer)
    await visitor.slot("09:00").click()
    await visitor.button("book.do", n=1).click()
    await heard.wait()
    await visitor.page.unroute(WISHES, lose_the_answer)
    await visitor.page.reload()

    dock = visitor.page.locator("#dock")
    await expect(dock).to_contain_text(visitor.said("done.book"))
    await dock.get_by_role("button", name=visitor.said("dialog.close")).click()
    await expect(dock.locator("li")).to_have_count(0)
    assert len(await desk.bookings(token)) == 1
    visitor.forgives(is_network)


async def test_whoever_comes_too_late_is_offered_other_times(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00", "09:30"])
    visitor = await (await visit()).goes_to(practice.address(), desk.patient())
    # What is seen is a moment old and nothing could be held, so somebody may have been quicker.
    await visitor.page.route("**/api/v1/holds", lambda route: route.abort())
    await visitor.slot("09:00").click()
    await visitor.page.route("**/api/v1/slots/*", lambda route: route.abort())
    await desk.book(practice.slots["09:00"], desk.patient())

    await visitor.button("book.do", n=1).click()

    await expect(visitor.shows("problem.slot_full")).to_be_visible()
    await visitor.page.unroute("**/api/v1/slots/*")
    await visitor.page.unroute("**/api/v1/holds")
    # Of the dozen nearest everyone is offered another three, so it need not be the next half hour.
    await visitor.dialog.locator(".offer").first.click()
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("done.book.text")).to_be_visible()
    visitor.forgives(is_network)


async def test_who_is_booked_there_already_is_told_so_in_words(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=3)
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit("ru")).goes_to(practice.address(), token)

    await visitor.slot("09:00").click()
    await visitor.button("book.do", n=1).click()

    await expect(visitor.shows("problem.already_booked")).to_be_visible()
    await expect(visitor.dialog).not_to_contain_text("already_booked")
    visitor.forgives(is_network)


async def test_without_a_connection_it_says_so_and_asks_when_it_is_back(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)
    await visitor.slot("09:00").click()
    await expect(visitor.dialog.get_by_label(visitor.said("person.me"))).to_be_checked()

    await visitor.context.set_offline(True)
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("wish.offline.text")).to_be_visible()
    await visitor.context.set_offline(False)

    await expect(visitor.shows("done.book.text")).to_be_visible()
    assert len(await desk.bookings(token)) == 1
    visitor.forgives(is_network)
