"""Does a patient find, keep, book, move and cancel both doses of a campaign as one?"""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk, Practice
from tests.page_visitor import NARROW, WIDE, Visitor, is_network
from tests.pages.conftest import Visit

LOOK_SECONDS, SOON_SECONDS = 0.1, 5.0
"""That a hold has ended is told beside the answer to the move, and comes a moment later."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


def a_product() -> str:
    """A product of which no other test has slots."""
    return f"Product No. {uuid4().int % 10**9:09}"


def near(n: int) -> dict[str, float]:
    """Somewhere far from all others; the two of one number are a kilometre apart."""
    return {"latitude": 60 + n % 2_000 / 100, "longitude": n % 17_000 / 100}


async def a_booked_pair(desk: Desk, practice: Practice, token: str) -> str:
    slots = practice.slots
    places = [{"slot_id": slots["09:00"], "dose": 1}, {"slot_id": slots["09:30"], "dose": 2}]
    body = {"places": places, "campaign_id": await desk.campaign()}
    return str((await desk.ask("POST", "/bookings", token, body))["id"])


async def held(desk: Desk, token: str) -> list[set[str]]:
    """The slots of each hold of theirs."""
    holds = (await desk.ask("GET", "/holds", token))["holds"]
    return [{place["slot_id"] for place in hold["places"]} for hold in holds]


async def none_is_held_soon(desk: Desk, token: str) -> bool:
    for _ in range(int(SOON_SECONDS / LOOK_SECONDS)):
        if not await held(desk, token):
            return True
        await asyncio.sleep(LOOK_SECONDS)
    return False


def slots_of(booking: dict[str, Any]) -> dict[int, str]:
    return {place["dose"]: place["slot_id"] for place in booking["places"]}


async def chooses_day(visitor: Visitor, day: date) -> None:
    await visitor.page.locator(f'.day:has(input[value="{day}"])').click()


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_both_doses_are_found_at_two_clinics_kept_booked_and_cancelled_as_one(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    product, campaign, n = a_product(), await desk.campaign(), uuid4().int
    one = await (await desk.practice(**near(n))).gives(1, "09:00", product=product)
    other = await desk.practice(**near(n))
    await other.gives(2, "08:30", later=2, product=product)  # too soon after the first
    await other.gives(2, "09:30", later=3, product=product)
    token = desk.patient()
    visitor = await visit(language, width)
    await visitor.goes_to(f"#/pairs/{campaign}?product={product}", token)

    await expect(visitor.shows("pairs.near_first")).to_be_visible()
    await visitor.looks_near(one.name)
    pair = visitor.page.locator(".pair")
    await expect(pair.locator(".where")).to_contain_text([one.name, other.name])
    await expect(pair.locator(".clock")).to_have_text(["09:00–09:30", "09:30–10:00"])
    await pair.get_by_text(visitor.said("pairs.choose"), exact=True).click()
    await expect(visitor.dialog.locator(".ticket")).to_have_count(2)
    await expect(visitor.dialog.locator(".kept")).to_be_visible()
    assert await held(desk, token) == [{one.slots["09:00"], other.slots["09:30"]}]
    await visitor.button("pair.do", n=1).click()
    await visitor.button("done.to_bookings").click()

    await expect(visitor.page.locator(".booking")).to_have_count(1)
    await expect(visitor.page.locator(".booking .ticket")).to_have_count(2)
    [booking] = await desk.bookings(token)
    assert slots_of(booking) == {1: one.slots["09:00"], 2: other.slots["09:30"]}
    assert (booking["campaign_id"], await held(desk, token)) == (campaign, [])

    await visitor.page.get_by_text(visitor.said("cancel.begin"), exact=True).click()
    await expect(visitor.dialog.locator(".ticket")).to_have_count(2)
    await visitor.button("cancel.do").click()
    await expect(visitor.shows("done.cancel.text")).to_be_visible()
    assert await desk.bookings(token) == []


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_a_first_dose_that_moves_too_far_takes_along_a_second_that_is_kept_for_it(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    product, token = a_product(), desk.patient()
    practice = await (await desk.practice()).gives(1, "09:00", product=product)
    await practice.gives(2, "09:30", later=3, product=product)
    await practice.gives(1, "10:00", later=4, product=product)
    await practice.gives(2, "10:30", later=8, product=product)
    await a_booked_pair(desk, practice, token)
    visitor = await (await visit(language, width)).goes_to("#/bookings", token)

    await visitor.page.get_by_text(visitor.said("move.begin"), exact=True).first.click()
    await chooses_day(visitor, practice.day + timedelta(days=4))
    await visitor.slot("10:00").click()
    await visitor.button("move.do").click()
    await expect(visitor.shows("alternatives.doses")).to_be_visible()
    await expect(visitor.dialog.locator(".alternatives .kept")).to_have_count(1)
    assert {practice.slots["10:30"]} in await held(desk, token)
    # Until then the pair is booked as before.
    [before] = await desk.bookings(token)
    assert slots_of(before) == {1: practice.slots["09:00"], 2: practice.slots["09:30"]}

    await visitor.dialog.locator(".offer").click()
    await expect(visitor.dialog.locator(".clock")).to_have_text(["10:00–10:30", "10:30–11:00"])
    await expect(visitor.dialog.locator(".kept")).to_be_visible()
    await visitor.button("pair.move").click()
    await expect(visitor.shows("done.move.text")).to_be_visible()

    [after] = await desk.bookings(token)
    assert slots_of(after) == {1: practice.slots["10:00"], 2: practice.slots["10:30"]}
    assert await none_is_held_soon(desk, token)
    visitor.forgives(is_network)


async def test_both_doses_are_booked_by_keyboard_alone(desk: Desk, visit: Visit) -> None:
    product = a_product()
    practice = await (await desk.practice()).gives(1, "09:00", product=product)
    await practice.gives(2, "09:30", later=5, product=product)
    await desk.campaign()
    visitor = await (await visit()).goes_to("#/", desk.patient())
    press = visitor.page.keyboard.press

    await visitor.tabs_to("a.way")
    await press("Enter")
    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("pairs.title"))
    await visitor.tabs_to("#near")
    await visitor.page.locator(f'option[value="{practice.name}"]').wait_for(state="attached")
    await visitor.page.keyboard.type(practice.name)
    await press("Enter")
    await visitor.tabs_to("#product")
    await visitor.page.keyboard.type(product)
    await press("Enter")
    await visitor.tabs_to(".pair button")
    await press("Enter")
    await visitor.tabs_to("dialog .primary")
    await press("Enter")

    await expect(visitor.shows("done.book.text")).to_be_visible()
    await press("Escape")
    # The focus is on the page again, where one goes on from.
    assert await visitor.evaluate("document.activeElement !== document.body")


async def test_whoever_finds_a_dose_taken_is_offered_another_with_which_the_pair_stays_whole(
    desk: Desk, visit: Visit
) -> None:
    product, campaign = a_product(), await desk.campaign()
    practice = await (await desk.practice()).gives(1, "09:00", product=product)
    await practice.gives(2, "09:30", later=3, product=product)
    await practice.gives(2, "10:30", later=4, product=product)
    token = desk.patient()
    visitor = await (await visit()).goes_to(f"#/pairs/{campaign}?product={product}", token)
    await visitor.looks_near(practice.name)
    # Nothing could be held, and what is seen is a moment old, so somebody may have been quicker.
    await visitor.page.route("**/api/v1/holds", lambda route: route.abort())
    await visitor.page.get_by_text(visitor.said("pairs.choose"), exact=True).click()
    await visitor.button("pair.do", n=1).wait_for()
    await visitor.page.route("**/api/v1/slots/*", lambda route: route.abort())
    await desk.book(practice.slots["09:30"], desk.patient(), dose=2)

    await visitor.button("pair.do", n=1).click()
    await expect(visitor.shows("problem.slot_full")).to_be_visible()
    await visitor.page.unroute("**/api/v1/slots/*")
    await visitor.page.unroute("**/api/v1/holds")
    await visitor.dialog.locator(".offer", has_text="10:30").click()
    await visitor.button("pair.do", n=1).click()
    await expect(visitor.shows("done.book.text")).to_be_visible()

    [booking] = await desk.bookings(token)
    assert slots_of(booking) == {1: practice.slots["09:00"], 2: practice.slots["10:30"]}
    visitor.forgives(is_network)
