"""Does the page know who is here, and is nothing lost when it does not know any more?"""

from datetime import datetime

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk
from tests.page_visitor import is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOUR_MS = 3_600_000


async def test_a_token_in_the_address_is_taken_out_of_it_at_once(desk: Desk, visit: Visit) -> None:
    token = desk.patient()
    visitor = await visit()

    await visitor.page.goto(f"{visitor.base}/#token={token}")
    await expect(visitor.button("sign_in.leave")).to_be_visible()

    assert token not in visitor.page.url
    assert visitor.page.url.endswith("/#/")
    kept = await visitor.evaluate("[JSON.stringify(localStorage), document.cookie]")
    assert kept == ["{}", ""]


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_whoever_signs_in_while_booking_goes_on_booking(
    desk: Desk, visit: Visit, language: str
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    visitor = await (await visit(language)).goes_to(practice.address())

    await visitor.slot("09:00").click()
    await expect(visitor.shows("sign_in.honest")).to_be_visible()
    await visitor.dialog.get_by_label(visitor.said("sign_in.token")).fill("no token at all")
    await visitor.button("sign_in.do").click()
    await expect(visitor.shows("sign_in.wrong")).to_be_visible()
    await visitor.dialog.get_by_label(visitor.said("sign_in.token")).fill(token)
    await visitor.button("sign_in.do").click()
    await visitor.button("book.do", n=1).click()

    await expect(visitor.shows("done.book.text")).to_be_visible()
    assert len(await desk.bookings(token)) == 1


async def test_a_wish_waits_for_whoever_must_sign_in_again(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)
    await visitor.slot("09:00").click()
    await visitor.page.route(
        "**/api/v1/bookings",
        lambda route: route.fulfill(status=401, json={"code": "token_expired"}),
    )
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("wish.sign_in.text")).to_be_visible()
    await visitor.page.unroute("**/api/v1/bookings")
    await visitor.page.keyboard.press("Escape")

    await visitor.page.get_by_role("link", name=visitor.said("nav.bookings")).click()
    await expect(visitor.shows("sign_in.expired")).to_be_visible()
    await visitor.page.get_by_label(visitor.said("sign_in.token")).fill(token)
    await visitor.button("sign_in.do").click()

    await expect(visitor.page.locator(".booking")).to_contain_text("09:00–09:30")
    assert len(await desk.bookings(token)) == 1
    visitor.forgives(is_network)


async def test_a_wish_is_never_asked_in_another_persons_name(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    mine, anothers = desk.patient(), desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), mine)
    await visitor.slot("09:00").click()
    await visitor.page.route(
        "**/api/v1/bookings",
        lambda route: route.fulfill(status=401, json={"code": "token_expired"}),
    )
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("wish.sign_in.text")).to_be_visible()
    await visitor.page.unroute("**/api/v1/bookings")

    await visitor.goes_to("#/bookings", anothers)
    await expect(visitor.page.get_by_text(visitor.said("bookings.none"))).to_be_visible()

    assert await desk.bookings(anothers) == []
    await expect(visitor.page.locator("#dock li")).to_have_count(0)
    visitor.forgives(is_network)


async def test_when_the_time_is_over_the_page_asks_to_sign_in_again(
    desk: Desk, visit: Visit
) -> None:
    visitor = await visit()
    await visitor.page.clock.install(time=datetime.now())
    await visitor.goes_to("#/contacts", desk.patient())
    await expect(visitor.button("contacts.save")).to_be_enabled()

    await visitor.page.clock.fast_forward(HOUR_MS)

    await expect(visitor.shows("sign_in.expired")).to_be_visible()
    await expect(visitor.button("sign_in.leave")).to_have_count(0)


async def test_whoever_leaves_leaves_nothing_behind(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    visitor = await (await visit()).goes_to(practice.address(), desk.patient())
    await visitor.slot("09:00").click()
    await visitor.context.set_offline(True)
    await visitor.button("book.do", n=1).click()
    await expect(visitor.shows("wish.offline.text")).to_be_visible()
    await visitor.page.keyboard.press("Escape")
    await expect(visitor.page.locator("#dock li")).to_have_count(1)

    await visitor.button("sign_in.leave").click()

    await expect(visitor.page.locator("#dock li")).to_have_count(0)
    await visitor.context.set_offline(False)
    await visitor.page.wait_for_timeout(1_000)
    assert await visitor.evaluate("sessionStorage.length") == 0
    visitor.forgives(is_network)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_patient_says_where_they_want_to_be_told(
    desk: Desk, visit: Visit, language: str
) -> None:
    token = desk.patient()
    visitor = await (await visit(language)).goes_to("#/contacts", token)
    field = visitor.page.get_by_label(visitor.said("contacts.email"))

    await field.fill("no address")
    await visitor.button("contacts.save").click()
    await expect(visitor.shows("contacts.wrong")).to_be_visible()
    await field.fill("patient-7@example.invalid")
    await visitor.button("contacts.save").click()
    saved = visitor.shows("contacts.saved", email="patient-7@example.invalid")
    await expect(saved).to_be_visible()

    kept = await desk.ask("GET", "/me/contacts", token)
    assert kept["email"] == "patient-7@example.invalid"
    visitor.forgives(is_network)
