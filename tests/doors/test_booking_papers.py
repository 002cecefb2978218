"""Who gets a slot that asks for a paper, and what becomes of the paper?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from services.booking.api.desk import DESK
from services.booking.rules import eligibility
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id

DOCTOR, NURSE, ELSEWHERE = an_id("a doctor"), an_id("a nurse"), an_id("another clinic")
STAFF: dict[str, Any] = {"who": NURSE, "roles": ["front_desk"], "clinics": [str(CLINIC)]}
NOW = datetime.now(UTC)
SOON = NOW + timedelta(days=1)
PROFILE = {"name": "Patient No. 1", "birth_date": "1980-01-02"}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """Alice and Boris are known; a doctor has two slots for those who are sent."""
    async with a_door(booking_dsn, tmp_path) as opened:
        for person in (ALICE, BORIS):
            await opened.ask("PUT", "/me", PROFILE, who=person)
        for name in ("first", "second"):
            await a_slot(opened, name, "referral", capacity=3)
        yield opened


FIRST, SECOND = an_id("first"), an_id("second")


async def a_slot(door: Door, name: str, asks_for: str, **about: Any) -> UUID:
    """A quarter of an hour of a doctor."""
    given = {"service": "cardiology", "practitioner_id": DOCTOR, "starts_at": SOON} | about
    return await door.open_slot(name, asks_for=asks_for, **given)


async def refer(door: Door, who: UUID = ALICE, **about: Any) -> str:
    """Staff enter a referral; its id."""
    until = (SOON + timedelta(days=9)).isoformat()
    body = {"service": "cardiology", "valid_until": until} | about
    made = await door.ask("POST", f"/patients/{who}/referrals", body, **STAFF)
    assert made.status == 201, await made.text()
    return str((await made.json())["id"])


async def attach(door: Door, clinic_id: UUID | None, who: UUID = ALICE) -> Any:
    body = {"clinic_id": clinic_id and str(clinic_id)}
    return await (await door.ask("PUT", f"/patients/{who}/attachment", body, **STAFF)).json()


async def wrong(answer: Any) -> str:
    said = await answer.json()
    assert (answer.status, said["code"]) == (422, "paper_missing")
    return str(said["wrong"])


async def test_who_is_sent_gets_the_slot_and_nobody_else(door: Door) -> None:
    without = await door.book(FIRST)
    referral = await refer(door)

    answer = await door.book(FIRST)

    [place] = (await answer.json())["places"]
    assert await wrong(without) == "none"
    assert await wrong(await door.book(FIRST, who=BORIS)) == "none"
    assert (answer.status, place["based_on"]) == (201, referral)
    assert door.referee.inventory.slots[FIRST].booked == 1


async def test_a_referral_is_used_up_by_one_visit_and_given_back_with_it(door: Door) -> None:
    await refer(door)
    made = await (await door.book(FIRST, key="one")).json()

    again = await door.book(FIRST, key="one")
    second = await door.book(SECOND)
    await door.ask("POST", f"/bookings/{made['id']}/cancel", {})

    assert (again.status, await again.json()) == (201, made)
    assert await wrong(second) == "used"
    assert (await door.book(SECOND)).status == 201


async def test_a_visit_is_moved_by_the_referral_that_it_was_made_by(door: Door) -> None:
    referral = await refer(door)
    made = await (await door.book(FIRST)).json()
    path, places = f"/bookings/{made['id']}/reschedule", [{"slot_id": str(SECOND)}]

    moved = await door.ask("POST", path, {"places": places}, key="move")
    again = await door.ask("POST", path, {"places": places}, key="move")

    body = await moved.json()
    assert (moved.status, again.status) == (200, 200)
    assert (body["places"][0]["slot_id"], body["places"][0]["based_on"]) == (str(SECOND), referral)
    assert await wrong(await door.book(FIRST)) == "used"


async def test_two_visits_need_two_referrals_unless_one_is_good_for_any_number(door: Door) -> None:
    await refer(door)
    one = await door.book(FIRST, SECOND)
    await refer(door, once=False)

    both = await door.book(FIRST, SECOND)

    assert await wrong(one) == "used"
    assert both.status == 201
    assert len({place["based_on"] for place in (await both.json())["places"]}) == 1


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({"service": "neurology"}, "none"),
        ({"clinic_id": str(ELSEWHERE)}, "elsewhere"),
        ({"valid_until": (SOON - timedelta(hours=1)).isoformat()}, "over"),
    ],
)
async def test_a_referral_that_does_not_fit_says_why(
    door: Door, about: dict[str, Any], expected: str
) -> None:
    await refer(door, **about)

    assert await wrong(await door.book(FIRST)) == expected
    assert door.referee.inventory.slots[FIRST].booked == 0


async def test_by_a_revoked_referral_nothing_more_is_booked_and_what_is_booked_stays(
    door: Door,
) -> None:
    referral = await refer(door)
    made = await (await door.book(FIRST, key="one")).json()

    gone = await door.ask("DELETE", f"/patients/{ALICE}/referrals/{referral}", **STAFF)
    others = await door.ask("DELETE", f"/patients/{BORIS}/referrals/{referral}", **STAFF)

    again = await door.book(FIRST, key="one")
    assert (gone.status, await problem(others)) == (204, (404, "not_found"))
    assert (again.status, await again.json()) == (201, made)
    assert await wrong(await door.book(SECOND)) == "none"


async def test_who_is_attached_to_the_polyclinic_gets_its_slot(door: Door) -> None:
    slot = await a_slot(door, "own doctor", "attachment", capacity=3)
    nowhere = await door.book(slot)
    await attach(door, ELSEWHERE)
    elsewhere = await door.book(slot)

    seen = await attach(door, CLINIC)

    assert [await wrong(one) for one in (nowhere, elsewhere)] == ["none", "elsewhere"]
    assert [one["ended_at"] is None for one in seen["attachments"]] == [False, True]
    assert await attach(door, CLINIC) == seen
    assert (await door.book(slot)).status == 201
    await attach(door, None)
    assert await wrong(await door.book(slot)) == "none"


async def test_a_dependant_is_seen_by_their_own_paper(door: Door) -> None:
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    await door.ask("PUT", f"/me/dependants/{child}", PROFILE | {"birth_date": "2020-01-02"})
    places = [{"slot_id": str(FIRST), "patient_id": child}]
    await refer(door)
    without = await door.ask("POST", "/bookings", {"places": places})

    referral = await refer(door, UUID(child))
    made = await door.ask("POST", "/bookings", {"places": places})

    assert await wrong(without) == "none"
    assert (await made.json())["places"][0]["based_on"] == referral


# ---- the race ------------------------------------------------------------------------------------


async def both_at_once(door: Door) -> list[int]:
    """Two wishes of one person, in two slots, by the one referral they have."""
    await refer(door)
    answers = await asyncio.gather(door.book(FIRST), door.book(SECOND))
    return sorted(answer.status for answer in answers)


async def test_of_two_visits_at_once_by_one_referral_the_referee_takes_one(door: Door) -> None:
    assert await both_at_once(door) in ([201, 409], [201, 422])

    taken = [door.referee.inventory.slots[slot].booked for slot in (FIRST, SECOND)]
    assert sorted(taken) == [0, 1]


async def test_without_the_referral_s_claim_both_would_be_had(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_slot = eligibility.claim_of

    def unclaimed(campaign_id: UUID | None, place: Any) -> bytes:
        return by_slot(campaign_id, replace(place, uses_up=False))

    async def unread(*about: Any) -> Any:
        return [replace_use(one) for one in await real(*about)]

    real = door.client.app[DESK].papers.referrals_of
    monkeypatch.setattr(door.client.app[DESK].papers, "referrals_of", unread)
    monkeypatch.setattr(eligibility, "claim_of", unclaimed)

    assert await both_at_once(door) == [201, 201]


def replace_use(referral: Any) -> Any:
    """As it is read by who comes a moment before it is used up."""
    return replace(referral, used_by=None, used_in=None)


# ---- who sees them -------------------------------------------------------------------------------


async def test_papers_are_seen_by_whose_they_are_and_go_with_them(door: Door) -> None:
    referral = await refer(door)
    await attach(door, CLINIC)
    await refer(door, BORIS)

    seen = await (await door.ask("GET", "/me/papers")).json()
    staff = await (await door.ask("GET", f"/patients/{ALICE}/papers", **STAFF)).json()
    taken = await (await door.ask("GET", "/me/export")).json()
    await door.ask("POST", "/me/erase", {})

    assert [one["id"] for one in seen["referrals"]] == [referral]
    assert [one["clinic_id"] for one in seen["attachments"]] == [str(CLINIC)]
    assert seen == staff == taken["papers"]
    left = await door.client.app[DESK].papers.all([ALICE])
    assert (left.attachments, left.referrals) == ([], [])
    assert await wrong(await door.book(FIRST)) == "none"


async def test_what_was_one_id_s_is_the_person_s_after_a_merge(door: Door) -> None:
    referral = await refer(door, BORIS)
    operator: dict[str, Any] = {"roles": ["operator"], "who": NURSE}
    merged = await door.ask("POST", f"/patients/{BORIS}/merge", {"into_id": str(ALICE)}, **operator)
    assert merged.status == 200, await merged.text()

    answer = await door.book(FIRST)

    seen = await (await door.ask("GET", "/me/papers")).json()
    assert (await answer.json())["places"][0]["based_on"] == referral
    assert [one["id"] for one in seen["referrals"]] == [referral]


async def test_the_same_wish_enters_one_referral_and_another_under_its_key_none(door: Door) -> None:
    body = {"service": "cardiology", "valid_until": SOON.isoformat()}
    path = f"/patients/{ALICE}/referrals"

    first = await door.ask("POST", path, body, key="one", **STAFF)
    again = await door.ask("POST", path, body, key="one", **STAFF)
    other = await door.ask("POST", path, body | {"once": False}, key="one", **STAFF)

    assert await first.json() == await again.json()
    assert await problem(other) == (422, "key_reused")
    assert len((await door.client.app[DESK].papers.all([ALICE])).referrals) == 1
