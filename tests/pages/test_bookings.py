"""Does a patient see, move and cancel what they have booked, as it changes?"""

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk
from tests.page_visitor import NARROW, WIDE
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON_MS = 2_000
"""Within this time a change is shown wherever its patient looks."""


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_a_booking_is_cancelled_only_when_that_is_confirmed(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit(language, width)).goes_to("#/bookings", token)
    begin = visitor.page.get_by_text(visitor.said("cancel.begin"), exact=True)

    await begin.click()
    await visitor.button("cancel.keep").click()
    assert len(await desk.bookings(token)) == 1
    # The focus is back on the button that opened the dialog.
    await expect(begin).to_be_focused()

    await begin.click()
    await visitor.button("cancel.do").click()
    await expect(visitor.shows("done.cancel.text")).to_be_visible()
    await visitor.dialog.locator(".actions button").click()

    assert await desk.bookings(token) == []
    status = visitor.page.locator(".past .status")
    await expect(status).to_have_text(visitor.said("status.cancelled"), timeout=SOON_MS)
    await expect(visitor.page.get_by_text(visitor.said("bookings.none"))).to_be_visible()


async def test_what_is_cancelled_in_another_tab_is_shown_at_once(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    booking = await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit("ru")).goes_to("#/bookings", token)
    await expect(visitor.page.locator(".booking .status")).to_have_text("Записано")

    await desk.ask("POST", f"/bookings/{booking}/cancel", token, {})

    cancelled = visitor.page.locator(".past .booking .status")
    await expect(cancelled).to_have_text("Отменено", timeout=SOON_MS)
    await expect(visitor.page.locator("#announcements")).to_contain_text("Отменено: ")


async def test_a_clinic_that_closes_a_time_takes_the_booking_off_the_page(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit()).goes_to("#/bookings", token)
    await expect(visitor.page.locator(".tickets .booking")).to_be_visible()

    closing = {"status": "busy-unavailable", "cancel_bookings": True}
    await desk.ask("PATCH", f"/slots/{practice.slots['09:00']}", desk.operator, closing)

    cancelled = visitor.page.locator(".past .booking .status")
    await expect(cancelled).to_have_text(visitor.said("status.cancelled"), timeout=SOON_MS)


async def test_a_booking_is_moved_to_another_time_and_never_without_one(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00", "15:30"])
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit("ru", NARROW)).goes_to("#/bookings", token)

    await visitor.page.get_by_text(visitor.said("move.begin"), exact=True).click()
    await expect(visitor.page.locator(".bar")).to_contain_text("09:00–09:30")
    await visitor.slot("15:30").click()
    await visitor.button("move.do").click()
    await expect(visitor.shows("done.move.text")).to_be_visible()
    await visitor.button("done.to_bookings").click()

    await expect(visitor.page.locator(".booking .when")).to_contain_text("15:30–16:00")
    [booking] = await desk.bookings(token)
    assert [place["slot_id"] for place in booking["places"]] == [practice.slots["15:30"]]
    await visitor.goes_to(practice.address())
    await expect(visitor.page.locator(".bar")).to_have_count(0)


async def test_whoever_has_second_thoughts_keeps_the_time_they_have(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    visitor = await (await visit()).goes_to("#/bookings", token)

    await visitor.page.get_by_text(visitor.said("move.begin"), exact=True).click()
    await visitor.button("move.keep").click()

    await expect(visitor.page.locator(".bar")).to_have_count(0)
    await expect(visitor.page.locator("h1")).to_be_focused()
    [booking] = await desk.bookings(token)
    assert booking["version"] == 1


async def test_one_slot_of_a_booking_is_moved_and_the_other_stays(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00", "10:00", "11:00"])
    token = desk.patient()
    slots = practice.slots
    places = [{"slot_id": slots["09:00"], "dose": 1}, {"slot_id": slots["10:00"], "dose": 2}]
    await desk.ask("POST", "/bookings", token, {"places": places})
    visitor = await (await visit()).goes_to("#/bookings", token)

    await visitor.page.get_by_text(visitor.said("move.begin"), exact=True).nth(1).click()
    await visitor.slot("11:00").click()
    await visitor.button("move.do").click()
    await expect(visitor.shows("done.move.text")).to_be_visible()

    [booking] = await desk.bookings(token)
    moved = {place["slot_id"]: place["dose"] for place in booking["places"]}
    assert moved == {slots["09:00"]: 1, slots["11:00"]: 2}


async def test_whoever_has_nothing_booked_is_shown_the_way(desk: Desk, visit: Visit) -> None:
    visitor = await (await visit()).goes_to("#/bookings", desk.patient())

    await visitor.page.locator("main").get_by_role("link", name="Find a place").click()

    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("find.title"))
