"""Is somebody told on their device while no page is open, if they said so, and not after that?"""

import asyncio
import json

import pytest
from playwright.async_api import CDPSession, Route, expect

from services.notify.rules.push import Pushed, topic_of
from tests.notify_bookings import BOOKING
from tests.notify_push_service import AUTH, P256DH
from tests.page_practice import Desk
from tests.page_visitor import NARROW, PATIENCE_MS, Visitor, is_network
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBSCRIBED = """
const kept = 'browser.subscription';
const subscription = (endpoint) => ({
  endpoint,
  toJSON: () => ({ endpoint, keys: { p256dh: 'P256DH', auth: 'AUTH' } }),
  unsubscribe: async () => { sessionStorage.removeItem(kept); return true; },
});
PushManager.prototype.getSubscription = async () => {
  const endpoint = sessionStorage.getItem(kept);
  return endpoint === null ? null : subscription(endpoint);
};
PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
  if (applicationServerKey.length !== 87) throw new Error('no key');
  const endpoint = `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`;
  sessionStorage.setItem(kept, endpoint);
  return subscription(endpoint);
};
""".replace("P256DH", P256DH).replace("AUTH", AUTH)
"""A browser that reaches no push service is given a subscription all the same."""

CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  self.dispatchEvent(new NotificationEvent('notificationclick', { notification }));
}"""
TAP = CLICK.replace("{ notification }", "{ notification, action: 'coming' }")
SHOWN = """async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  const shown = await registration.getNotifications();
  return shown.map(({ title, body, tag, lang }) => ({ title, body, tag, lang }));
}"""


async def at_contacts(desk: Desk, visit: Visit, language: str) -> Visitor:
    """Somebody whose browser may show notifications looks at how they are told."""
    visitor = await visit(language, NARROW, permissions=["notifications"])
    await visitor.context.add_init_script(SUBSCRIBED)
    return await visitor.goes_to("#/contacts", desk.patient())


async def pushes(visitor: Visitor, said: str) -> None:
    """What the browser's push service would hand it."""
    session: CDPSession = await visitor.context.new_cdp_session(visitor.page)
    known: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(event: dict[str, list[dict[str, str]]]) -> None:
        for one in event["registrations"]:
            if not known.done():
                known.set_result(one["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", heard)
    await session.send("ServiceWorker.enable")
    registration = await asyncio.wait_for(known, PATIENCE_MS / 1_000)
    about = {"origin": visitor.base, "registrationId": registration, "data": said}
    await session.send("ServiceWorker.deliverPushMessage", about)


async def shows(visitor: Visitor, count: int) -> list[dict[str, str]]:
    """What stands on the screen, once it is so much."""
    async with asyncio.timeout(PATIENCE_MS / 1_000):
        while True:
            found: list[dict[str, str]] = await visitor.evaluate(SHOWN)
            if len(found) == count:
                return found
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_one_button_begins_it_and_one_ends_it(
    desk: Desk, visit: Visit, language: str
) -> None:
    visitor = await at_contacts(desk, visit, language)

    await visitor.button("device.begin").click()
    await expect(visitor.shows("device.on")).to_be_visible()
    assert await visitor.axe() == []
    await visitor.page.reload()
    await expect(visitor.shows("device.on")).to_be_visible()
    await visitor.button("device.end").click()

    await expect(visitor.button("device.begin")).to_be_visible()
    await visitor.page.reload()
    await expect(visitor.button("device.begin")).to_be_visible()
    assert [answer.status for answer in visitor.asked("/push-subscriptions/")] == [204]


async def test_what_is_pushed_is_shown_and_opens_one_s_bookings(desk: Desk, visit: Visit) -> None:
    visitor = await at_contacts(desk, visit, "ru")
    await visitor.button("device.begin").click()
    await expect(visitor.shows("device.on")).to_be_visible()
    tag = topic_of(BOOKING)
    first = {
        "title": "Talon",
        "body": "1 июля, 12:00",
        "url": "#/bookings",
        "tag": tag,
        "lang": "ru",
    }
    assert {*first, "coming"} == set(Pushed.__struct_fields__)

    await pushes(visitor, json.dumps(first))
    before = await shows(visitor, 1)
    await pushes(visitor, json.dumps(first | {"body": "2 июля, 12:00"}))
    await asyncio.sleep(0.2)
    after = await shows(visitor, 1)
    await visitor.context.service_workers[0].evaluate(CLICK)

    assert before == [{key: first[key] for key in ("title", "body", "tag", "lang")}]
    assert after[0]["body"] == "2 июля, 12:00"
    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("bookings.title"))
    assert await visitor.evaluate("location.hash") == "#/bookings"
    await shows(visitor, 0)


async def test_one_tap_on_a_reminder_says_that_they_come(desk: Desk, visit: Visit) -> None:
    visitor = await at_contacts(desk, visit, "en")
    await visitor.button("device.begin").click()
    await expect(visitor.shows("device.on")).to_be_visible()
    asked: list[tuple[str, str]] = []

    async def answer(route: Route) -> None:
        asked.append((route.request.method, route.request.url))
        is_good = "GOOD" in route.request.url
        said = {} if is_good else {"code": "link_gone"}
        await route.fulfill(status=200 if is_good else 404, json=said)

    await visitor.context.route("**/api/v1/links/**", answer)
    coming = {"label": "I am coming", "said": "Noted"}
    shown = {"title": "Talon", "body": "Tomorrow", "tag": "1"}

    await pushes(visitor, json.dumps(shown | {"coming": coming | {"url": "#/link/coming/GOOD"}}))
    await shows(visitor, 1)
    await visitor.context.service_workers[0].evaluate(TAP)
    await visitor.page.wait_for_function(
        "async () => (await (await navigator.serviceWorker.getRegistration()).getNotifications())"
        ".some(({ body }) => body === 'Noted')"
    )
    await pushes(visitor, json.dumps(shown | {"coming": coming | {"url": "#/link/coming/GONE"}}))
    await asyncio.sleep(0.2)
    await visitor.context.service_workers[0].evaluate(TAP)

    await expect(visitor.page.locator("h1")).to_have_text(visitor.said("coming.title"))
    await expect(visitor.shows("problem.link_gone")).to_be_visible()
    assert asked[0] == ("PUT", f"{visitor.base}/api/v1/links/GOOD/coming")
    visitor.forgives(is_network)


async def test_what_cannot_be_read_is_shown_without_words(desk: Desk, visit: Visit) -> None:
    visitor = await at_contacts(desk, visit, "en")
    await visitor.button("device.begin").click()
    await expect(visitor.shows("device.on")).to_be_visible()

    await pushes(visitor, "not what we push")

    assert await shows(visitor, 1) == [{"title": "Talon", "body": "", "tag": "", "lang": ""}]


async def test_whoever_leaves_is_not_told_there_any_more(desk: Desk, visit: Visit) -> None:
    visitor = await at_contacts(desk, visit, "en")
    await visitor.button("device.begin").click()
    await expect(visitor.shows("device.on")).to_be_visible()

    await visitor.button("sign_in.leave").click()

    await visitor.page.wait_for_function("sessionStorage.getItem('browser.subscription') === null")


async def test_whose_browser_does_not_allow_it_is_told_what_to_do(desk: Desk, visit: Visit) -> None:
    visitor = await visit("en", NARROW)
    await visitor.context.add_init_script(
        SUBSCRIBED + "Notification.requestPermission = async () => 'denied';"
    )
    await visitor.goes_to("#/contacts", desk.patient())

    await visitor.button("device.begin").click()

    await expect(visitor.shows("device.denied")).to_be_visible()
