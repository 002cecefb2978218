"""Who looks at a page? A visitor in Debian's Chromium, whose browser complains of nothing."""

from collections.abc import Callable
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Response
from playwright.async_api import TimeoutError as TookTooLong

from tests.page_texts import text

WIDE = 1280
NARROW = 360
HEIGHT = 800
PATIENCE_MS = 10_000
"""How long a busy machine may take to show what a test waits for."""

LOADS_MAX = 4
LOAD_SECONDS = 2.5

LOCALES = {"ru": "ru-RU", "en": "en-GB"}
AXE = Axe()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


class Visitor:
    """A page, the language that it is read in, and everything that the browser complained of."""

    def __init__(self, page: Page, base: str, language: str) -> None:
        self.page = page
        self.language = language
        self.complaints: list[str] = []
        self.answers: list[Response] = []
        self.base = base
        self.marks = False
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda answer: self.answers.append(answer))

    @property
    def context(self) -> BrowserContext:
        """The browser's own window, as it were; its pages share nothing with others."""
        return self.page.context

    async def goes_to(self, address: str, token: str = "") -> "Visitor":
        """Open an address; with a token, signed in by it."""
        if token:
            await self.page.goto(f"{self.base}/#token={token}")
            await self.page.evaluate("address => { location.hash = address }", address)
        else:
            await self.page.goto(f"{self.base}/{address}")
        await self.page.locator("h1").wait_for()
        return self

    def said(self, name: str, form: str = "one", **facts: str | int) -> str:
        """A text as this visitor reads it."""
        said = text(self.language, name, form, **facts)
        return f"⟦{said}⟧" if self.marks else said

    def button(self, name: str, form: str = "one", **facts: str | int) -> Locator:
        """The button that says this, in the dialog if there is one."""
        return self._front().get_by_role("button", name=self.said(name, form, **facts), exact=True)

    def shows(self, name: str, form: str = "one", **facts: str | int) -> Locator:
        """Where this text is shown."""
        return self._front().get_by_text(self.said(name, form, **facts))

    def slot(self, clock: str) -> Locator:
        """The button of a time of day."""
        return self.page.locator("button.slot", has_text=clock)

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self.page.locator("dialog[open]")

    def asked(self, part: str) -> list[Response]:
        """The answers to requests whose address has this in it."""
        return [answer for answer in self.answers if part in answer.url]

    async def looks_near(self, place: str) -> None:
        """Type near what to look, once it is known what there is."""
        option = self.page.locator(f'#near-places option[value="{place}"]')
        for _ in range(LOADS_MAX):
            try:
                await option.wait_for(state="attached", timeout=LOAD_SECONDS * 1000)
                break
            except TookTooLong:
                # The list was taken before the clinic was known to whoever was asked.
                await self.page.reload()
        await self.page.locator("#near").fill(place)
        await self.page.keyboard.press("Enter")

    async def tabs_to(self, selector: str) -> None:
        """Press the tabulator until the focus is there, as whoever has no mouse does."""
        await self.page.locator(selector).first.wait_for(state="attached")
        for _ in range(40):
            await self.page.keyboard.press("Tab")
            if await self.evaluate("it => document.activeElement.matches(it)", selector):
                return
        raise AssertionError(f"the focus never came to {selector}")

    async def axe(self) -> list[str]:
        """What axe-core finds wrong with what is shown now."""
        # Where something moves, axe would judge a colour half-way; what was cut short is over too.
        await self.page.evaluate(
            "Promise.allSettled(document.getAnimations().map((animation) => animation.finished))"
        )
        found = await AXE.run(self.page, options=RULES | {"resultTypes": ["violations"]})
        return [
            f"{wrong['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
            for wrong in found.response["violations"]
            for node in wrong["nodes"]
        ]

    async def evaluate(self, script: str, *facts: Any) -> Any:
        """Run something in the page."""
        return await self.page.evaluate(script, *facts)

    def forgives(self, test: Callable[[str], bool]) -> None:
        """Take away the complaints that this test provokes on purpose."""
        self.complaints = [said for said in self.complaints if not test(said)]

    def _front(self) -> Locator:
        return self.page.locator("dialog[open], body:not(:has(dialog[open]))")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaint = f"{message.type}: {message.text} ({message.location['url']})"
            if not _is_of_a_hold(complaint):
                self.complaints.append(complaint)


def is_network(complaint: str) -> bool:
    """Whether the browser only says that an answer was an error or did not come."""
    return "Failed to load resource" in complaint


def _is_of_a_hold(complaint: str) -> bool:
    """A page has places kept and gives them back unasked; that it may not is no error.

    (409: they are another's by now. 404: whoever gives them back has signed in as somebody else.)
    """
    refused = "status of 409" in complaint or "status of 404" in complaint
    return is_network(complaint) and refused and "/api/v1/holds" in complaint
