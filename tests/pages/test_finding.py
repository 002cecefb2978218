"""Does a patient find a place, and is what they see true while they look at it?"""

import re
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk
from tests.page_visitor import NARROW, WIDE, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON_MS = 2_000
"""Within this time the page shows what another client has done."""

AS_OF = re.compile(r"\d\d:\d\d:\d\d$")


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_a_clinic_is_found_by_its_name_and_a_day(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    practice = await (await desk.practice()).opens(["09:00", "09:30"], capacity=3)
    visitor = await (await visit(language, width)).goes_to("#/")

    await visitor.page.get_by_label(visitor.said("service.clinic-visit")).check(force=True)
    await visitor.page.get_by_label(visitor.said("find.day")).select_option(str(practice.day))
    await visitor.page.get_by_label(visitor.said("near.label")).fill(practice.name)
    await visitor.page.keyboard.press("Enter")

    first = visitor.page.locator(".clinics .card").first
    await expect(first.locator("h3")).to_have_text(practice.name)
    await expect(first.locator(".free")).to_contain_text("6")
    await expect(first.locator(".cell[data-chosen] b")).to_have_text("6")
    await first.get_by_role("link").click()
    await expect(visitor.page.locator("h1")).to_have_text(practice.name)
    await expect(visitor.page.locator("button.slot")).to_have_count(2)


async def test_the_nearest_come_first_and_the_position_is_told_only_roughly(
    desk: Desk, visit: Visit
) -> None:
    longitude = 90 + uuid4().int % 9_000 / 100
    here = {"latitude": 61.23456, "longitude": longitude + 0.00321}
    near = await desk.practice(latitude=61.24, longitude=longitude)
    far = await desk.practice(latitude=61.44, longitude=longitude)
    for practice in (far, near):
        await practice.opens(["09:00"])
    visitor = await visit(geolocation=here, permissions=["geolocation"])
    await visitor.goes_to("#/?service=clinic-visit")

    await visitor.button("near.here").click()

    names = visitor.page.locator(".clinics h3")
    await expect(names.first).to_have_text(near.name)
    await expect(names.nth(1)).to_have_text(far.name)
    await expect(visitor.page.locator(".distance").first).to_have_text("650 m")
    asked = [answer.url for answer in visitor.asked("near=")]
    assert asked
    assert all(f"near=61.23%2C{longitude:.2f}&" in url for url in asked)


async def test_a_district_is_as_good_as_a_position(desk: Desk, visit: Visit) -> None:
    district = f"Ёлкин Яр {uuid4().int % 10**6}"
    practice = await (await desk.practice(district=district)).opens(["09:00"])
    visitor = await (await visit("ru")).goes_to("#/?service=clinic-visit")

    await visitor.page.get_by_label(visitor.said("near.label")).fill(district.replace("Ё", "е"))
    await visitor.page.keyboard.press("Enter")

    await expect(visitor.page.locator(".clinics h3").first).to_have_text(practice.name)
    await expect(visitor.page.locator("#near")).to_have_value(district)


async def test_another_patients_booking_changes_the_page_without_moving_anything(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00", "09:30"], capacity=2)
    visitor = await (await visit("en", NARROW)).goes_to(practice.address())
    await visitor.slot("09:30").focus()
    await visitor.evaluate("scrollTo(0, 200)")
    before = await visitor.evaluate("[scrollY, document.activeElement.textContent]")

    await desk.book(practice.slots["09:00"], desk.patient())

    one_left = visitor.said("slot.free", n=1)
    await expect(visitor.slot("09:00")).to_contain_text(one_left, timeout=SOON_MS)
    free = visitor.page.locator(".day input:checked + .cell b")
    await expect(free).to_have_text("3", timeout=SOON_MS)
    assert await visitor.evaluate("[scrollY, document.activeElement.textContent]") == before


async def test_a_time_that_fills_while_it_is_looked_at_says_so(desk: Desk, visit: Visit) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    visitor = await (await visit("ru")).goes_to(practice.address(), desk.patient())
    # Nothing could be held for whoever looks, so it may go to somebody else.
    await visitor.page.route("**/api/v1/holds", lambda route: route.abort())
    await visitor.slot("09:00").click()
    await expect(visitor.shows("slot.free_now", n=1)).to_be_visible()

    await desk.book(practice.slots["09:00"], desk.patient())

    await expect(visitor.shows("slot.full_now")).to_be_visible(timeout=SOON_MS)
    await expect(visitor.button("book.do", n=1)).to_have_attribute("aria-disabled", "true")
    await visitor.page.keyboard.press("Escape")
    slot = visitor.slot("09:00")
    await expect(slot).to_contain_text(visitor.said("slot.just_filled"), timeout=SOON_MS)
    told = visitor.page.locator("#announcements")
    await expect(told).to_have_text(visitor.said("times.filled", time="09:00"))
    await slot.click(force=True)
    await expect(visitor.dialog).to_have_count(0)
    visitor.forgives(is_network)


async def test_the_page_says_as_of_when_and_asks_only_for_what_has_changed(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    visitor = await (await visit()).goes_to(practice.address())
    fresh = visitor.page.locator(".fresh")
    await expect(fresh).to_have_text(AS_OF)
    first = await fresh.inner_text()

    await expect(fresh).not_to_have_text(first, timeout=SOON_MS)

    await visitor.page.wait_for_timeout(SOON_MS)
    statuses = [answer.status for answer in visitor.asked("/api/v1/slots?")]
    assert statuses[0] == 200
    assert set(statuses[1:]) == {304}
    assert len(statuses) >= 3


async def test_times_are_the_clinics_own_and_its_zone_is_named_where_it_is_another(
    desk: Desk, visit: Visit
) -> None:
    practice = await (await desk.practice(time_zone="Asia/Vladivostok")).opens(["09:00"])
    at_home = await (await visit(timezone_id="Asia/Vladivostok")).goes_to(practice.address())
    away = await (await visit(timezone_id="Europe/Moscow")).goes_to(practice.address())

    await expect(at_home.slot("09:00")).to_be_visible()
    await expect(away.slot("09:00")).to_be_visible()

    note = away.said("time.zone", zone="Vladivostok Time", offset="GMT+10")
    await expect(away.page.locator(".zone")).to_have_text(note)
    await expect(at_home.page.locator(".zone")).to_have_count(0)


async def test_what_a_slot_is_for_is_said(desk: Desk, visit: Visit) -> None:
    practice = await desk.practice()
    await practice.opens(["09:00"], service="vaccination", product="207", dose=2)
    visitor = await (await visit()).goes_to(practice.address("vaccination"))

    await expect(visitor.slot("09:00")).to_contain_text("product 207, dose 2")


async def test_a_clinic_that_is_not_there_is_not_made_up(visit: Visit) -> None:
    visitor = await visit()
    await visitor.goes_to("#/clinic/00000000-0000-4000-8000-000000000000")

    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("clinic.lost"))
    visitor.forgives(lambda said: "404" in said)
