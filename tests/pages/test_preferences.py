"""Can somebody say how they wish to be told, and who may act for them?"""

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk
from tests.page_visitor import NARROW, WIDE, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

PREFERENCES = "/me/preferences"
IN_PEACE = {"begins": "22:00", "ends": "08:00", "time_zone": "Europe/Moscow"}


@pytest.mark.parametrize(("language", "width"), [("ru", NARROW), ("en", WIDE)])
async def test_whoever_says_how_to_be_told_is_told_so_and_overwrites_nothing_unseen(
    desk: Desk, visit: Visit, language: str, width: int
) -> None:
    token = desk.patient()
    visitor = await (await visit(language, width)).goes_to("#/contacts", token)
    by_text = visitor.said("channel.sms")
    page = visitor.page

    await expect(page.locator("[name=reminder]")).to_be_checked()
    await page.locator("[name=reminder]").uncheck()
    await page.locator("[name=quiet]").check()
    await page.locator("[name=consent]").check()
    await page.locator(f".segment[lang={language}]").click()
    up = visitor.button("channels.up", channel=by_text)
    await up.focus()
    await page.keyboard.press("Enter")
    await expect(up).to_be_focused()
    await visitor.button("preferences.save").click()
    await expect(visitor.shows("preferences.saved")).to_be_visible()

    kept = await desk.ask("GET", PREFERENCES, token)
    assert (kept["language"], kept["declined"]) == (language, ["reminder"])
    assert kept["channels"][:2] == ["sms", "email"]
    assert (kept["quiet"], kept["consent"]) == (IN_PEACE, kept["consent_in_force"])

    wishes = ("language", "channels", "quiet", "declined", "consent")
    other = {name: kept[name] for name in wishes} | {"declined": ["announcement"]}
    await desk.ask("PUT", PREFERENCES, token, other)
    await page.locator("[name=visit]").uncheck()
    await visitor.button("preferences.save").click()

    await expect(visitor.shows("problem.preferences_changed")).to_be_visible()
    await expect(page.locator("[name=announcement]")).not_to_be_checked()
    await expect(page.locator("[name=visit]")).to_be_checked()
    assert (await desk.ask("GET", PREFERENCES, token))["declined"] == ["announcement"]
    visitor.forgives(is_network)


async def test_nobody_acts_for_an_adult_who_has_not_agreed_and_not_after_that(
    desk: Desk, visit: Visit
) -> None:
    token, other = desk.patient(), desk.patient()
    person = (await desk.ask("GET", "/me", token))["id"]
    visitor = await (await visit("ru", NARROW)).goes_to("#/contacts", token)
    await expect(visitor.shows("proxies.none")).to_be_visible()
    await desk.ask("PUT", "/me", other, {"name": "Person No. 7", "birth_date": "1970-01-07"})
    await desk.ask("POST", "/me/dependants", other, {"kind": "adult", "person_id": person})
    await visitor.page.reload()

    agree = visitor.button("proxies.agree_long", who="Person No. 7")
    await agree.click()
    await expect(visitor.shows("problem.not_of_age")).to_be_visible()
    await desk.ask("PUT", "/me", token, {"name": "Person No. 8", "birth_date": "1980-01-08"})
    await agree.click()
    await expect(visitor.shows("proxies.accepted")).to_be_visible()
    assert await visitor.axe() == []
    [held] = (await desk.ask("GET", "/me/proxies", token))["proxies"]
    await visitor.button("proxies.take_back_long", who="Person No. 7").click()

    await expect(visitor.shows("proxies.none")).to_be_visible()
    await expect(visitor.page.locator("#proxies-title")).to_be_focused()
    [ended] = (await desk.ask("GET", "/me/proxies", token))["proxies"]
    assert (held["state"], held["consent"]["version"]) == ("accepted", 1)
    assert ended["state"] == "withdrawn"
    visitor.forgives(is_network)


async def test_what_could_not_be_read_is_read_later_and_what_could_not_be_kept_is_said(
    desk: Desk, visit: Visit
) -> None:
    visitor = await visit("en")
    wishes = f"**/api/v1{PREFERENCES}"
    await visitor.page.route(wishes, lambda route: route.abort())
    await visitor.goes_to("#/contacts", desk.patient())
    said, save = visitor.page.locator("#preferences-said"), visitor.button("preferences.save")
    await expect(said).to_have_text(visitor.said("problem.offline"))
    await expect(save).to_be_disabled()

    await visitor.page.unroute(wishes)
    await visitor.evaluate("dispatchEvent(new Event('online'))")
    await expect(save).to_be_enabled()
    await expect(said).to_be_empty()
    await visitor.page.route(wishes, lambda route: route.abort())
    await save.click()

    await expect(said).to_have_text(visitor.said("problem.once_more"))
    visitor.forgives(is_network)
