"""Can everybody read a mail's page, on a small and dark screen too, and does it fetch nothing?"""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from services.notify.texts import wording
from talon.previews import Example, examples

pytestmark = pytest.mark.asyncio(loop_scope="session")

NARROW = {"width": 320, "height": 640}
TOKEN = "A" * 95
SHOWN = ("BookingConfirmed-afar-two", "VisitReminder")


@pytest.mark.parametrize(("language", "scheme"), [("ru", "light"), ("en", "dark")])
async def test_a_mail_is_read_by_everybody_and_tells_nobody(
    browser: Browser, language: str, scheme: str
) -> None:
    context = await browser.new_context(viewport=NARROW, color_scheme=scheme)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = await context.new_page()

    for example in (one for one in examples() if one.name in SHOWN):
        await page.set_content(_page_of(example, language))
        found = (await Axe().run(page, options={"resultTypes": ["violations"]})).response
        widths = "[document.documentElement.scrollWidth, window.innerWidth]"
        shown, room = await page.evaluate(widths)

        assert [(one["id"], one["nodes"]) for one in found["violations"]] == []
        assert shown <= room, "one would have to scroll to the side"
        assert await page.locator("html").get_attribute("lang") == language

    await context.close()
    assert asked == []


def _page_of(example: Example, language: str) -> str:
    return wording(
        example.event,
        language,
        confirm_at=example.confirm_at,
        cancel_at=example.cancel_at.replace("example", TOKEN),
        join_at=[address.replace("example", TOKEN) for address in example.join_at],
        unsubscribe_at=example.unsubscribe_at.replace("example", TOKEN),
        perhaps_again=True,
    ).html
