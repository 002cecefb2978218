"""Does nobody come around a campaign's rules by not naming it? Whatever they ask for."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.desk import DESK
from services.booking.rules.publications import Scope
from shared.messages import Alternative
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.doors.test_booking_admission import (
    CAMPAIGN,
    ELDERLY,
    OLD,
    YOUNG,
    a_phase,
    book,
    know,
    publish,
)
from tests.stories import CLINIC, an_id

NEEDED = (422, "campaign_needed")


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        await opened.open_slot("Monday", 5)
        await opened.open_slot("Tuesday", 5)
        await opened.open_slot("X-ray", 5, service="x-ray")
        yield opened


@pytest.fixture
async def campaign(door: Door) -> str:
    made = await door.ask("POST", "/campaigns", CAMPAIGN, roles=["operator"])
    return str((await made.json())["id"])


async def hold(door: Door, *slots: str, campaign: str | None = None, **person: Any) -> Any:
    about = {} if campaign is None else {"campaign_id": campaign}
    places = [{"slot_id": str(an_id(slot))} | person for slot in slots]
    return await door.ask("POST", "/holds", {"places": places} | about)


async def move(door: Door, booking: Any, *places: dict[str, Any], **said: Any) -> Any:
    path = f"/bookings/{booking['id']}/reschedule"
    return await door.ask("POST", path, {"places": places}, **said)


def at(slot: str, **person: Any) -> dict[str, Any]:
    return {"slot_id": str(an_id(slot))} | person


async def test_who_names_no_campaign_is_told_which_there_are_and_uses_nothing_up(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    before = await door.everything()

    said = await door.book(an_id("Monday"))
    held = await hold(door, "Monday")

    body = await said.json()
    assert [await problem(each) for each in (said, held)] == [NEEDED] * 2
    assert (body["service"], body["campaign_ids"]) == ("vaccination", [campaign])
    assert await door.everything() == before
    assert door.referee.taken == []


async def test_where_no_campaign_has_rules_nobody_needs_one(door: Door, campaign: str) -> None:
    other = {**CAMPAIGN, "service": "x-ray"}
    made = await door.ask("POST", "/campaigns", other, roles=["operator"])
    await publish(door, (await made.json())["id"], a_phase("elderly", **ELDERLY))

    plain = await door.book(an_id("Monday"))
    under_it = await book(door, campaign)
    elsewhere = await door.book(an_id("X-ray"))

    assert (plain.status, under_it.status) == (201, 201)
    assert await problem(elsewhere) == NEEDED


async def test_what_was_taken_back_to_no_rules_needs_no_campaign_any_more(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    back = {"publication": 1, "reason": "So."}
    await door.ask("POST", f"/campaigns/{campaign}/rules/revert", back, roles=["operator"])

    assert (await door.book(an_id("Monday"))).status == 201


async def test_asked_again_it_has_the_answer_that_it_had_before_there_were_rules(
    door: Door, campaign: str
) -> None:
    first = await door.book(an_id("Monday"), key="one")
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    again = await door.book(an_id("Monday"), key="one")
    anew = await door.book(an_id("Monday"), key="two")

    assert (first.status, again.status) == (201, 201)
    assert await again.json() == await first.json()
    assert await problem(anew) == NEEDED


async def test_what_ran_out_before_there_were_rules_is_judged_by_them_when_asked_again(
    door: Door, campaign: str
) -> None:
    door.referee.silent = True
    first = await door.book(an_id("Monday"), key="one")
    door.referee.silent = False
    await door.referee.say(door.referee.ran_out(UUID((await first.json())["id"])))
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    again = await door.book(an_id("Monday"), key="one")

    assert first.status == 202
    assert await problem(again) == NEEDED


async def test_nobody_comes_in_by_moving_what_they_have_of_another_service(
    door: Door, campaign: str
) -> None:
    booked = await (await door.book(an_id("X-ray"))).json()
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    said = await move(door, booked, at("Monday"))
    beside = await move(door, booked, at("X-ray"), at("Monday"))

    assert [await problem(each) for each in (said, beside)] == [NEEDED] * 2


async def test_who_had_a_place_before_moves_it_and_gets_no_other_with_it(
    door: Door, campaign: str
) -> None:
    booked = await (await door.book(an_id("Monday"))).json()
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    two = await move(door, booked, at("Monday"), at("Tuesday"))
    to_another = await move(door, booked, at("Monday", patient_id=child))
    moved = await move(door, booked, at("Tuesday"))

    assert [await problem(each) for each in (two, to_another)] == [NEEDED] * 2
    assert moved.status == 200


async def test_a_hold_is_confirmed_under_the_campaign_alone(door: Door, campaign: str) -> None:
    held = (await (await hold(door, "Monday")).json())["id"]
    await publish(door, campaign, a_phase("all"))

    without = await door.book(an_id("Monday"), hold_id=held)
    under_it = await book(door, campaign, hold_id=held)

    assert await problem(without) == NEEDED
    assert under_it.status == 201


# ---- holds ---------------------------------------------------------------------------------------


async def test_nothing_is_held_for_whom_the_rules_do_not_admit(door: Door, campaign: str) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    await know(door, ALICE, YOUNG)

    refused = await hold(door, "Monday", campaign=campaign)
    taken = list(door.referee.taken)
    await know(door, ALICE, OLD)
    held = await hold(door, "Monday", "Tuesday", campaign=campaign)
    booked = await book(door, campaign, hold_id=(await held.json())["id"])

    assert await problem(refused) == (422, "not_eligible")
    assert (await refused.json())["rule"] == "elderly"
    assert taken == [], "no place was used up, not for a minute"
    assert held.status == 201
    assert await problem(booked) == (422, "hold_mismatch")
    assert await door.pool.fetchval("SELECT count(DISTINCT wish_id) FROM permit") == 2


async def test_a_hold_for_somebody_is_judged_by_who_they_are(door: Door, campaign: str) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    await know(door, ALICE, OLD)
    await know(door, UUID(child), YOUNG)

    for_child = await hold(door, "Monday", campaign=campaign, patient_id=child)
    stranger = await hold(door, "Monday", campaign=campaign, patient_id=str(uuid4()))

    assert await problem(for_child) == (422, "not_eligible")
    assert (await for_child.json())["patient_id"] == child
    assert await problem(stranger) == (404, "patient_unknown")


async def test_a_hold_under_a_campaign_is_of_its_service(door: Door, campaign: str) -> None:
    said = await hold(door, "X-ray", campaign=campaign)
    unknown = await hold(door, "X-ray", campaign=str(uuid4()))

    assert await problem(said) == (422, "not_eligible")
    assert (await said.json())["rule"] == "service"
    assert await problem(unknown) == (422, "campaign_unknown")


async def test_what_is_offered_instead_is_where_they_are_admitted_as_well(
    door: Door, campaign: str
) -> None:
    """By the new book nobody is, and for a beginning it is in force at one clinic alone."""
    await publish(door, campaign, a_phase("all"))
    strict = Scope(percent=0, clinics=(an_id("another clinic"),))
    await publish(door, campaign, a_phase("elderly", **ELDERLY), scope=strict)
    await door.open_slot("full", 1)
    await door.book(an_id("full"), who=BORIS, campaign_id=campaign)
    starts = datetime.now(UTC) + timedelta(days=1)
    door.referee.near = tuple(
        Alternative(
            slot_id=an_id(slot),
            clinic_id=clinic,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=15),
            free=5,
        )
        for slot, clinic in (("Monday", CLINIC), ("Tuesday", an_id("another clinic")))
    )

    said = await (await book(door, campaign, slot="full")).json()
    held = await (await hold(door, "full", campaign=campaign)).json()

    for told in (said, held):
        assert told["code"] == "slot_full"
        assert [other["slot_id"] for other in told["alternatives"]] == [str(an_id("Monday"))]


async def test_without_the_rule_whoever_names_no_campaign_is_let_in(
    door: Door, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    monkeypatch.setattr(door.client.app[DESK].memory.rules, "services", {})

    assert (await door.book(an_id("Monday"))).status == 201


async def test_staff_have_no_other_way_in_and_who_it_is_for_is_judged(
    door: Door, campaign: str
) -> None:
    await door.ask("PUT", "/me", {"name": "Patient No. 1", "birth_date": "2000-01-01"})
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    await know(door, ALICE, YOUNG)
    staff: dict[str, Any] = {"who": an_id("an agent"), "roles": ["front_desk"], "clinics": []}

    async def asked(what: str, **campaign: str) -> tuple[int, str]:
        body = {"places": [at("Monday")]} | campaign
        return await problem(await door.ask("POST", f"/patients/{ALICE}/{what}", body, **staff))

    for what in ("bookings", "holds"):
        assert await asked(what) == NEEDED
        assert await asked(what, campaign_id=campaign) == (422, "not_eligible")
    assert door.referee.taken == []
