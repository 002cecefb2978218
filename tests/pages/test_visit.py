"""Does somebody come to their telemedicine visit by the link in their mail, and see it through?"""

import re
from uuid import UUID, uuid4

import pytest
from playwright.async_api import expect

from talon.tokens import Signer
from tests.page_practice import Desk
from tests.page_visitor import NARROW
from tests.pages.conftest import Visit
from tests.pages.test_link import mail_to
from tests.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINK = re.compile(r"https?://\S+/(#/link/visit/\S+)")


@pytest.mark.parametrize("language", ["ru"])
async def test_a_patient_waits_is_called_in_and_is_done(
    desk: Desk, visit: Visit, town: Town, language: str
) -> None:
    practice = await desk.practice()
    token, email = desk.patient(), f"patient-{uuid4().hex}@example.org"
    await desk.ask("PUT", "/me/contacts", token, {"email": email})
    way_in = await desk.televisit(practice, token)
    found = LINK.search(await mail_to(town, email))
    assert found is not None

    visitor = await (await visit(language, NARROW)).goes_to(found[1])
    await expect(visitor.shows("visit.arrived")).to_be_visible()
    assert await visitor.axe() == []
    await visitor.button("visit.ready").click()
    await expect(visitor.shows("visit.waiting")).to_be_visible()
    await expect(visitor.shows("visit.place", n=1)).to_be_visible()

    doctor = Signer(town.stack).sign(
        uuid4(), ["practitioner"], hours=1.0, clinics=[UUID(practice.id)]
    )
    steps = f"/clinics/{practice.id}/visits/{way_in['visit']['visit_id']}/steps"
    for step, said in (("admit", "visit.admitted"), ("end", "visit.ended")):
        await desk.ask("POST", steps, doctor, {"step": step})
        await visitor.page.reload()
        await expect(visitor.shows(said)).to_be_visible()


async def test_who_is_signed_in_goes_to_the_visit_from_their_bookings(
    desk: Desk, visit: Visit
) -> None:
    token = desk.patient()
    await desk.televisit(await desk.practice(), token)

    visitor = await (await visit("en", NARROW)).goes_to("#/bookings", token)
    await visitor.button("visit.go").click()

    await expect(visitor.shows("visit.arrived")).to_be_visible()
