"""Can everybody use the pages: at any width, by keyboard, by ear, in the dark, in Russian?"""

import re
from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from tests.page_practice import Desk
from tests.page_tellings import MOVED_AND_TOLD, TELLINGS, shows_tellings
from tests.page_texts import WEB
from tests.page_visitor import NARROW, WIDE, Visitor, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOUCH_PX = 44
SHIFT_MAX = 0.02
"""How much of what is seen may move by itself while a view comes; 0.1 is called good."""

TOO_SMALL = """least => [...document.querySelectorAll('a, button, input, select, textarea')]
    .map(it => it.matches('.unseen') ? it.parentElement : it)
    .filter(it => it.checkVisibility() && !it.closest('.skip'))
    .map(it => it.closest('label') ?? it.closest('.card') ?? it)
    .filter(it => it.getBoundingClientRect().height < least - 0.5
               || it.getBoundingClientRect().width < least - 0.5)
    .map(it => it.outerHTML.slice(0, 120))"""

TOO_WIDE = """(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth > clientWidth ? [`${scrollWidth} px wide`] : [];
})()"""

SHIFTS = """new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (!entry.hadRecentInput) window.shifted = (window.shifted ?? 0) + entry.value;
    }
}).observe({ type: 'layout-shift', buffered: true })"""

TEXT = re.compile(r": '([^'\n]*)'")

# What is shown, or said to whoever cannot see, and has words in it. Names come from Talon.
UNMARKED = """() => {
    const words = /\\p{L}{2,}/u;
    const said = [document.title.split(' · ').at(-1)];
    const all = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = all.nextNode(); node !== null; node = all.nextNode()) {
        const within = node.parentElement;
        if (within.closest('[translate=no], time, noscript, code, script, .languages')) continue;
        if (!within.closest('.head, option, .stub')) said.push(node.data);
    }
    for (const name of ['aria-label', 'placeholder', 'title']) {
        for (const it of document.querySelectorAll(`[${name}]`)) {
            if (!it.closest('.languages')) said.push(it.getAttribute(name));
        }
    }
    return said.filter(text => words.test(text.replaceAll(/⟦.*?⟧/gs, '')));
}"""

Show = Callable[[Visitor, Desk], Awaitable[None]]


async def find(visitor: Visitor, desk: Desk) -> None:
    """Clinics, one with something free and one without."""
    practice = await (await desk.practice()).afar(["09:00"])
    other = await (await desk.practice()).afar(["09:00"])
    await desk.book(other.slots["09:00"], desk.patient())
    await visitor.goes_to(f"#/?service=telemedicine-visit&date={practice.day}")
    await visitor.page.locator(".clinics h3").first.wait_for()


async def clinic(visitor: Visitor, desk: Desk) -> None:
    """The times of a clinic, one of them taken."""
    practice = await (await desk.practice()).opens(["09:00", "12:30", "18:00"])
    await desk.book(practice.slots["12:30"], desk.patient())
    await visitor.goes_to(practice.address())
    await visitor.slot("12:30").wait_for()


async def booking(visitor: Visitor, desk: Desk) -> None:
    """The dialog that asks for whom."""
    practice = await (await desk.practice()).opens(["09:00"], capacity=2)
    await visitor.goes_to(practice.address(), desk.patient())
    await visitor.slot("09:00").click()
    await visitor.button("book.do", n=1).wait_for()


async def refusal(visitor: Visitor, desk: Desk) -> None:
    """The dialog after a no, with other times."""
    await booking(visitor, desk)
    near = {"slot_id": "0" * 8, "ends_at": "2030-01-01T10:30:00Z", "free": 3}
    near |= {"clinic_id": visitor.page.url.split("clinic/")[1][:36]}
    near |= {"starts_at": "2030-01-01T10:00:00Z"}
    no = {"code": "slot_full", "alternatives": [near]}
    await visitor.page.route("**/api/v1/bookings", lambda route: route.fulfill(status=409, json=no))
    await visitor.button("book.do", n=1).click()
    await visitor.dialog.locator(".offer").wait_for()
    await visitor.page.unroute("**/api/v1/bookings")
    visitor.forgives(lambda said: "409" in said)


async def pairs(visitor: Visitor, desk: Desk) -> None:
    """Both doses of a campaign, on two days."""
    product = f"Product No. {uuid4().int % 10**9}"
    practice = await (await desk.practice()).gives(1, "09:00", product=product)
    await practice.gives(2, "09:30", later=4, product=product)
    campaign = await desk.campaign()
    await visitor.goes_to(f"#/pairs/{campaign}?product={product}", desk.patient())
    await visitor.looks_near(practice.name)
    await visitor.page.locator(".pair").wait_for()


async def pairing(visitor: Visitor, desk: Desk) -> None:
    """The dialog in which both are kept while somebody decides."""
    await pairs(visitor, desk)
    await visitor.page.locator(".pair button").click()
    await visitor.dialog.locator(".kept").wait_for()


async def bookings(visitor: Visitor, desk: Desk) -> None:
    """One booking to come and one that was cancelled."""
    practice = await (await desk.practice()).opens(["09:00", "09:30"])
    token = desk.patient()
    await desk.book(practice.slots["09:00"], token)
    other = await desk.book(practice.slots["09:30"], token)
    await desk.ask("POST", f"/bookings/{other}/cancel", token, {})
    await visitor.goes_to("#/bookings", token)
    await visitor.page.locator(".past .booking").wait_for()


async def cancelling(visitor: Visitor, desk: Desk) -> None:
    """The dialog that asks whether it is meant."""
    await bookings(visitor, desk)
    await visitor.page.get_by_text(visitor.said("cancel.begin"), exact=True).click()
    await visitor.button("cancel.do").wait_for()


async def contacts(visitor: Visitor, desk: Desk) -> None:
    """The addresses, and how one wishes to be told; the hours of quiet open."""
    await visitor.goes_to("#/contacts", desk.patient())
    await expect(visitor.button("contacts.save")).to_be_enabled()
    await expect(visitor.button("preferences.save")).to_be_enabled()
    await visitor.page.locator("[name=quiet]").check()


async def messages(visitor: Visitor, desk: Desk) -> None:
    """What somebody was told, of a visit that was moved, and by what."""
    await shows_tellings(visitor, MOVED_AND_TOLD)
    await visitor.goes_to("#/messages", desk.patient())
    await visitor.page.locator(".told").first.wait_for()
    await visitor.page.unroute(TELLINGS)


async def waiting(visitor: Visitor, desk: Desk) -> None:
    """The line of a telemedicine visit, and somebody in it."""
    practice = await desk.practice()
    found = await desk.televisit(practice, desk.patient())
    await visitor.goes_to(f"#/link/visit/{found['token']}")
    await visitor.button("visit.ready").click()
    await visitor.shows("visit.place", n=1).wait_for()
    # Whoever is there as it opens may be told once more that it is not open yet.
    visitor.forgives(is_network)


async def sign_in(visitor: Visitor, desk: Desk) -> None:
    """What somebody sees who is not signed in."""
    await visitor.button("sign_in.leave").click()
    await visitor.page.locator("#token").wait_for()


async def nowhere(visitor: Visitor, desk: Desk) -> None:
    """A wrong address."""
    await visitor.goes_to("#/somewhere")


VIEWS = [find, clinic, booking, refusal, pairs, pairing, bookings, cancelling, waiting, contacts]
VIEWS += [messages, sign_in, nowhere]
LOOKS = [("ru", NARROW, "light"), ("en", WIDE, "dark")]


@pytest.mark.parametrize(("language", "width", "colours"), LOOKS)
async def test_every_view_is_clean_to_axe_fits_its_width_and_can_be_touched(
    desk: Desk, visit: Visit, language: str, width: int, colours: str
) -> None:
    visitor = await visit(language, width, color_scheme=colours, reduced_motion="reduce")
    wrong = {}

    for show in VIEWS:
        await show(visitor, desk)
        wrong[show.__name__] = [
            *await visitor.axe(),
            *await visitor.evaluate(TOO_WIDE),
            *await visitor.evaluate(TOO_SMALL, TOUCH_PX),
        ]

    assert {name: found for name, found in wrong.items() if found} == {}


async def test_every_word_comes_from_the_catalogue(desk: Desk, visit: Visit) -> None:
    visitor = await visit("en")
    await visitor.context.route("**/texts/en*.js", _marked)
    visitor.marks = True
    loose = {}

    for show in VIEWS:
        await show(visitor, desk)
        loose[show.__name__] = await visitor.evaluate(UNMARKED)

    assert {name: found for name, found in loose.items() if found} == {}


@pytest.mark.parametrize("width", [NARROW, WIDE])
async def test_nothing_jumps_while_a_view_comes(desk: Desk, visit: Visit, width: int) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    visitor = await visit("ru", width)
    await visitor.context.add_init_script(SHIFTS)
    await visitor.goes_to("#/?service=clinic-visit")
    await visitor.page.locator(".clinics h3").first.wait_for()
    await visitor.page.goto(f"{visitor.base}/?{practice.address()}")
    await visitor.slot("09:00").wait_for()

    assert await visitor.evaluate("window.shifted ?? 0") <= SHIFT_MAX


async def test_a_page_that_has_not_come_whole_says_so(visit: Visit) -> None:
    visitor = await visit("ru")
    await visitor.page.route("**/talk/api.js", lambda route: route.abort())

    await visitor.page.goto(visitor.base)
    late = visitor.page.locator(".late[lang=ru]")
    await expect(late).to_be_hidden()
    await visitor.evaluate("document.getAnimations().forEach((one) => one.finish())")

    await expect(late).to_be_visible()
    visitor.forgives(is_network)


async def test_the_language_is_the_browsers_until_one_is_chosen_and_then_that_one(
    visit: Visit,
) -> None:
    visitor = await (await visit("ru")).goes_to("#/")
    await expect(visitor.page.locator("h1")).to_have_text("Найти место")
    assert await visitor.evaluate("document.documentElement.lang") == "ru"

    await visitor.page.get_by_role("button", name="English").click()
    await expect(visitor.page.locator("h1")).to_have_text("Find a place")
    await visitor.page.reload()

    await expect(visitor.page.locator("h1")).to_have_text("Find a place")
    await expect(visitor.page).to_have_title("Find a place · Talon")
    assert await visitor.evaluate("document.documentElement.lang") == "en"


async def test_whoever_comes_by_keyboard_skips_to_the_content_and_sees_where_they_are(
    visit: Visit,
) -> None:
    visitor = await (await visit()).goes_to("#/")
    press = visitor.page.keyboard.press

    await press("Tab")
    await expect(visitor.page.locator(".skip")).to_be_in_viewport()
    await press("Enter")
    await expect(visitor.page.locator("h1")).to_be_focused()
    await press("Tab")

    width = "getComputedStyle(document.activeElement.nextElementSibling).outlineWidth"
    assert await visitor.evaluate(width) == "3px"
    assert "somewhere" not in visitor.page.url


async def test_the_pages_are_sent_with_a_strict_policy_and_nothing_from_elsewhere(
    visit: Visit,
) -> None:
    visitor = await (await visit()).goes_to("#/")
    await visitor.page.locator(".clinics h3").first.wait_for()

    policy = await visitor.answers[0].header_value("content-security-policy")
    assert policy is not None
    assert re.search(r"default-src 'self'(;|$)", policy)
    assert "unsafe" not in policy
    assert all(answer.url.startswith(visitor.base) for answer in visitor.answers)


async def _marked(route: Route) -> None:
    """The catalogue with every text in brackets, so that what is not in brackets is not from it."""
    name = route.request.url.rsplit("/", 1)[-1]
    said = (WEB / "texts" / name).read_text(encoding="utf-8")
    await route.fulfill(body=TEXT.sub(r": '⟦\1⟧'", said), content_type="text/javascript")
