"""Is a wish kept and granted once when a part is away while it is asked?"""

import os
import signal

import pytest
from playwright.async_api import expect

from tests.page_practice import Desk
from tests.page_visitor import is_network
from tests.pages.conftest import Visit
from tests.town import DESKS, Town

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORST_MS = 20_000
"""Within this time a part that was frozen or killed is back and has answered."""


async def test_a_wish_whose_answer_is_not_known_is_asked_again_and_granted_once(
    desk: Desk, visit: Visit, town: Town
) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=3)
    token = desk.patient()
    visitor = await (await visit("ru")).goes_to(practice.address(), token)
    await visitor.slot("09:00").click()

    with town.frozen(*DESKS):
        await visitor.button("book.do", n=1).click()
        await expect(visitor.shows("wish.unknown.text")).to_be_visible(timeout=WORST_MS)
    await expect(visitor.shows("done.book.text")).to_be_visible(timeout=WORST_MS)

    assert len(await desk.bookings(token)) == 1
    statuses = {answer.status for answer in visitor.asked("/api/v1/bookings")}
    assert 504 in statuses
    visitor.forgives(is_network)


async def test_a_wish_that_was_not_taken_in_is_asked_again_by_itself(
    desk: Desk, visit: Visit, town: Town
) -> None:
    practice = await (await desk.practice()).opens(["09:00"], capacity=3)
    token = desk.patient()
    visitor = await (await visit()).goes_to(practice.address(), token)
    await visitor.slot("09:00").click()
    await expect(visitor.dialog.get_by_label(visitor.said("person.me"))).to_be_checked()

    for pid in [town.part(desk)["pid"] for desk in DESKS]:
        os.kill(pid, signal.SIGKILL)
    await visitor.button("book.do", n=1).click()

    await expect(visitor.shows("done.book.text")).to_be_visible(timeout=WORST_MS)
    assert len(await desk.bookings(token)) == 1
    visitor.forgives(is_network)


async def test_while_nothing_new_is_heard_the_page_says_how_old_it_is(
    desk: Desk, visit: Visit, town: Town
) -> None:
    practice = await (await desk.practice()).opens(["09:00"])
    visitor = await (await visit()).goes_to(practice.address())
    fresh = visitor.page.locator(".fresh")
    await expect(fresh).to_have_attribute("data-state", "fresh")

    await visitor.context.set_offline(True)
    await expect(fresh).to_have_attribute("data-state", "stale")
    await expect(fresh).to_contain_text(visitor.said("fresh.offline"))
    await expect(visitor.page.locator("#dock")).to_contain_text(visitor.said("dock.offline"))
    await expect(visitor.slot("09:00")).to_be_visible()
    await visitor.context.set_offline(False)

    await expect(fresh).to_have_attribute("data-state", "fresh")
    visitor.forgives(is_network)
