"""Does somebody cancel a visit, come or take another time by a link, and nobody by looking?"""

import asyncio
import json
import re
from datetime import UTC, datetime
from email import message_from_string, policy
from email.message import EmailMessage
from uuid import UUID, uuid4

import jwt
import pytest
from playwright.async_api import expect

from services.notify.rules.preferences import BY_LINK
from shared.links.rules import Link, Purpose, keys_of, token_of
from tests.page_practice import Desk
from tests.page_visitor import NARROW, is_network
from tests.pages.conftest import Visit
from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")

MAIL_SECONDS_MAX = 20.0
LOOK_SECONDS = 0.1
LINK = re.compile(r"https?://\S+/(#/link/\S+)")


async def mail_to(town: Town, address: str) -> str:
    """The text of the mail that this address got."""
    async with asyncio.timeout(MAIL_SECONDS_MAX):
        while True:
            for line in town.stack.inbox.read_text("utf-8").splitlines():
                if address in line:
                    mail = message_from_string(json.loads(line)["raw"], policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    body = mail.get_body(("plain",))
                    assert body is not None
                    return str(body.get_content())
            await asyncio.sleep(LOOK_SECONDS)


async def reminded(desk: Desk, town: Town, token: str, purpose: Purpose) -> str:
    """What stands in the link of a reminder of the one visit of this patient."""
    [booking] = await desk.bookings(token)
    link = Link(
        purpose=purpose,
        person_id=UUID(jwt.decode(token, options={"verify_signature": False})["sub"]),
        object_id=UUID(booking["id"]),
        until=datetime.fromisoformat(booking["places"][0]["starts_at"]),
    )
    keys = keys_of(town.stack.link_keys.read_text("utf-8"))
    assert keys is not None
    return token_of(link, keys)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_visit_is_cancelled_by_the_button_behind_the_link_and_by_nothing_before(
    desk: Desk, visit: Visit, town: Town, language: str
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    token, email = desk.patient(), f"patient-{uuid4().hex}@example.org"
    await desk.ask("PUT", "/me/contacts", token, {"email": email})
    await desk.book(practice.slots["09:00"], token)
    found = LINK.search(await mail_to(town, email))
    assert found is not None

    visitor = await (await visit(language, NARROW)).goes_to(found[1])
    await expect(visitor.page.locator("main")).to_contain_text("09:00")
    assert len(await desk.bookings(token)) == 1
    assert await visitor.axe() == []
    await visitor.button("cancel.do").click()
    await expect(visitor.shows("done.cancel.text")).to_be_visible()

    assert await desk.bookings(token) == []
    later = await (await visit(language, NARROW)).goes_to(found[1])
    await expect(later.shows("problem.link_gone")).to_be_visible()
    later.forgives(is_network)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_whoever_wants_no_more_reminders_says_so_by_the_button_behind_the_link(
    desk: Desk, visit: Visit, town: Town, language: str
) -> None:
    token = desk.patient()
    await desk.ask("PUT", "/me/contacts", token, {"email": f"patient-{uuid4().hex}@example.org"})
    link = Link(
        purpose="decline",
        person_id=UUID(jwt.decode(token, options={"verify_signature": False})["sub"]),
        object_id=BY_LINK["reminder"],
        until=datetime(2099, 1, 1, tzinfo=UTC),
    )
    keys = keys_of(town.stack.link_keys.read_text("utf-8"))
    assert keys is not None

    # As a mail program without one click opens it.
    visitor = await (await visit(language, NARROW)).goes_to(
        f"api/v1/unsubscribe/{token_of(link, keys)}"
    )
    await expect(visitor.shows("stop.ask.reminder")).to_be_visible()
    assert await visitor.axe() == []
    assert (await desk.ask("GET", "/me/preferences", token))["declined"] == []
    await visitor.button("stop.do").click()
    await expect(visitor.shows("stop.said.reminder")).to_be_visible()

    assert (await desk.ask("GET", "/me/preferences", token))["declined"] == ["reminder"]


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_whoever_was_reminded_says_that_they_come_by_one_button(
    desk: Desk, visit: Visit, town: Town, language: str
) -> None:
    practice = await (await desk.practice()).opens(["10:00"])
    token = desk.patient()
    await desk.book(practice.slots["10:00"], token)
    address = f"#/link/coming/{await reminded(desk, town, token, 'confirm_visit')}"

    visitor = await (await visit(language, NARROW)).goes_to(address)
    await expect(visitor.page.locator("main")).to_contain_text("10:00")
    assert await visitor.axe() == []
    await visitor.button("coming.do").click()
    await expect(visitor.shows("coming.said")).to_be_visible()

    later = await (await visit(language, NARROW)).goes_to(address)
    await expect(later.shows("coming.said")).to_be_visible()
    await expect(later.button("coming.do")).to_have_count(0)


async def test_whoever_was_reminded_takes_another_time_without_signing_in(
    desk: Desk, visit: Visit, town: Town
) -> None:
    practice = await (await desk.practice()).opens(["10:00", "11:30"])
    token = desk.patient()
    await desk.book(practice.slots["10:00"], token)
    address = f"#/link/time/{await reminded(desk, town, token, 'move_visit')}"

    visitor = await (await visit("en", NARROW)).goes_to(address)
    await expect(visitor.page.locator("main")).to_contain_text("10:00")
    await visitor.page.locator(f'input[name="day"][value="{practice.day}"]').check(force=True)
    await visitor.slot("11:30").click()
    assert await visitor.axe() == []
    assert len(await desk.bookings(token)) == 1
    await visitor.page.locator(".actions button").click()
    await expect(visitor.page.locator("p.note")).to_contain_text("11:30")

    [booking] = await desk.bookings(token)
    assert [place["slot_id"] for place in booking["places"]] == [practice.slots["11:30"]]
