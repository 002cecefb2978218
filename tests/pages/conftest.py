"""What does a test of the pages run on? The whole stack, its edge, and Debian's Chromium."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.page_practice import Desk
from tests.page_visitor import HEIGHT, LOCALES, PATIENCE_MS, WIDE, Visitor
from tests.town import Town

CHROMIUM = Path("/usr/bin/chromium")
# Root, as which the tests may run, is not let into Chromium's sandbox.
FLAGS = ["--no-sandbox"]
MOSCOW = {"latitude": 55.751, "longitude": 37.618}

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Debian's browser."""
    assert CHROMIUM.exists(), "Chromium is missing; `make test` installs it"
    return CHROMIUM


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    """One browser for all; each visitor has a window of their own in it."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(town: Town) -> AsyncIterator[Desk]:
    """Whoever is not at the page: staff, and other patients."""
    async with aiohttp.ClientSession() as session:
        yield Desk(session, town.stack)


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser, town: Town) -> AsyncIterator[Visit]:
    """Opens a window for one more visitor; at the end nobody's browser may have complained."""
    visitors: list[Visitor] = []

    async def make(language: str = "en", width: int = WIDE, **about: Any) -> Visitor:
        context = await browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            locale=LOCALES[language],
            **{"timezone_id": "Europe/Moscow", "geolocation": MOSCOW} | about,
        )
        visitors.append(Visitor(await context.new_page(), town.stack.edge, language))
        return visitors[-1]

    yield make
    for visitor in visitors:
        await visitor.context.close()
    assert [said for visitor in visitors for said in visitor.complaints] == []
