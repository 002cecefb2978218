"""What does a patient get at the front desk's door when all goes well, and when it is refused?"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def a_campaign(door: Door, **about: Any) -> str:
    body = {
        "name": "Autumn",
        "service": "vaccination",
        "opens_at": "2020-01-01T00:00:00Z",
        "doses": 2,
        "min_days": 5,
        "max_days": 9,
    } | about
    answer = await door.ask("POST", "/campaigns", body, roles=["operator"])
    assert answer.status == 201
    return str((await answer.json())["id"])


def slots_of(body: dict[str, Any]) -> list[str]:
    return [place["slot_id"] for place in body["places"]]


async def test_a_booking_is_made_and_can_be_read_where_it_says(door: Door) -> None:
    slot = await door.open_slot("Monday")

    made = await door.book(slot)
    read = await door.client.get(made.headers["Location"], headers=bearer())

    body = await made.json()
    assert (made.status, body["status"], body["version"]) == (201, "booked", 1)
    assert (slots_of(body), body["places"][0]["patient_id"]) == ([str(slot)], str(ALICE))
    assert (read.status, await read.json()) == (200, body)


async def test_what_was_seen_already_is_not_sent_again(door: Door) -> None:
    made = await door.book(await door.open_slot("Monday"))
    path = made.headers["Location"]

    first = await door.client.get(path, headers=bearer())
    again = await door.client.get(path, headers=bearer() | {"If-None-Match": first.headers["ETag"]})

    assert (first.status, again.status) == (200, 304)


async def test_the_same_wish_asked_again_gets_the_same_answer_and_one_place(door: Door) -> None:
    slot = await door.open_slot("Monday", capacity=5)

    answers = [await door.book(slot, key="one") for _ in range(2)]
    at_once = await asyncio.gather(*(door.book(slot, key="one") for _ in range(5)))

    bodies = [await answer.json() for answer in (*answers, *at_once)]
    assert {answer.status for answer in (*answers, *at_once)} == {201}
    assert all(body == bodies[0] for body in bodies)
    assert door.referee.inventory.slots[slot].booked == 1


async def test_a_key_is_for_one_wish(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    await door.book(monday, key="one")
    before = await door.everything()

    reused = await door.book(tuesday, key="one")

    assert await problem(reused) == (422, "key_reused")
    assert await door.everything() == before


async def test_a_key_used_for_two_wishes_at_once_serves_one_of_them(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")

    answers = await asyncio.gather(door.book(monday, key="one"), door.book(tuesday, key="one"))

    assert sorted(answer.status for answer in answers) == [201, 422]


async def test_another_s_key_is_another_s(door: Door) -> None:
    slot = await door.open_slot("Monday", capacity=2)

    answers = [await door.book(slot, key="one", who=who) for who in (ALICE, BORIS)]

    assert [answer.status for answer in answers] == [201, 201]


async def test_a_full_slot_is_refused_by_name_and_the_rest_of_the_booking_with_it(
    door: Door,
) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    await door.book(monday, who=BORIS)
    before = await door.everything()

    refused = await door.book(tuesday, monday)

    assert await problem(refused) == (409, "slot_full")
    assert (await refused.json())["slot_id"] == str(monday)
    assert await door.everything() == before


async def test_one_person_has_one_place_in_a_slot(door: Door) -> None:
    slot = await door.open_slot("Monday", capacity=3)
    await door.book(slot)

    assert await problem(await door.book(slot)) == (409, "already_booked")


async def test_a_dose_pair_is_booked_whole_and_each_dose_once(door: Door) -> None:
    campaign = await a_campaign(door)
    start = datetime.now(UTC) + timedelta(days=1)
    first = await door.open_slot("first", capacity=3, starts_at=start)
    second = await door.open_slot("second", capacity=3, starts_at=start + timedelta(days=7))
    pair = {
        "campaign_id": campaign,
        "places": [{"slot_id": str(first), "dose": 1}, {"slot_id": str(second), "dose": 2}],
    }

    made = await door.ask("POST", "/bookings", pair)
    again = await door.ask("POST", "/bookings", pair)

    body = await made.json()
    assert (made.status, [place["dose"] for place in body["places"]]) == (201, [1, 2])
    assert body["campaign_id"] == campaign
    assert await problem(again) == (409, "already_booked")


@pytest.mark.parametrize(
    ("days", "doses", "rule"),
    [((1, 3), (1, 2), "interval"), ((1, 8), (1, 3), "dose"), ((1, 8), (1, 1), "dose")],
)
async def test_who_is_not_eligible_is_told_the_rule(
    door: Door, days: tuple[int, int], doses: tuple[int, int], rule: str
) -> None:
    campaign = await a_campaign(door)
    places = []
    for nth, day in enumerate(days):
        slot = await door.open_slot(f"{nth}", starts_at=datetime.now(UTC) + timedelta(days=day))
        places.append({"slot_id": str(slot), "dose": doses[nth]})

    refused = await door.ask("POST", "/bookings", {"places": places, "campaign_id": campaign})

    assert await problem(refused) == (422, "not_eligible")
    assert (await refused.json())["rule"] == rule
    assert door.referee.taken == []


async def test_another_service_is_not_the_campaign_s(door: Door) -> None:
    campaign = await a_campaign(door, service="dentist")

    refused = await door.book(await door.open_slot("Monday"), campaign_id=campaign)

    assert (await refused.json())["rule"] == "service"


async def test_a_campaign_opens_by_the_referee_s_clock(door: Door) -> None:
    campaign = await a_campaign(door, opens_at="2099-01-01T00:00:00Z")
    slot = await door.open_slot("Monday")

    await door.book(slot, campaign_id=campaign)

    [(command, _)] = door.referee.taken
    assert command.not_before == datetime(2099, 1, 1, tzinfo=UTC)


async def test_a_guardian_books_for_a_dependant_and_nobody_else_does(door: Door) -> None:
    slot = await door.open_slot("Monday", capacity=3)
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    family = {"places": [{"slot_id": str(slot)}, {"slot_id": str(slot), "patient_id": child}]}

    made = await door.ask("POST", "/bookings", family)
    by_boris = await door.ask("POST", "/bookings", family, who=BORIS)
    of_nobody = await door.ask(
        "POST", "/bookings", {"places": [{"slot_id": str(slot), "patient_id": str(uuid4())}]}
    )

    patients = [place["patient_id"] for place in (await made.json())["places"]]
    assert (made.status, patients) == (201, [str(ALICE), child])
    assert await problem(by_boris) == await problem(of_nobody) == (404, "patient_unknown")
    assert await by_boris.json() == await of_nobody.json()


async def test_dependants_are_listed_and_limited(door: Door) -> None:
    first = await door.ask("POST", "/me/dependants", {}, key="one")
    again = await door.ask("POST", "/me/dependants", {}, key="one")
    await door.ask("POST", "/me/dependants", {})
    third = await door.ask("POST", "/me/dependants", {})

    listed = await (await door.ask("GET", "/me/dependants")).json()
    assert await first.json() == await again.json()
    assert await problem(third) == (409, "too_many_dependants")
    assert len(listed["dependants"]) == 2


async def test_a_booking_is_moved_and_cancelled_by_its_owner(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    booking = (await (await door.book(monday)).json())["id"]
    to_tuesday = {"places": [{"slot_id": str(tuesday)}]}

    moved = await door.ask("POST", f"/bookings/{booking}/reschedule", to_tuesday)
    cancelled = await door.ask("POST", f"/bookings/{booking}/cancel", {}, key="one")
    again = await door.ask("POST", f"/bookings/{booking}/cancel", {}, key="one")
    otherwise = await door.ask("POST", f"/bookings/{booking}/cancel", {})

    assert (moved.status, slots_of(await moved.json())) == (200, [str(tuesday)])
    assert (cancelled.status, (await cancelled.json())["status"]) == (200, "cancelled")
    assert await again.json() == await cancelled.json()
    assert await problem(otherwise) == (409, "booking_cancelled")
    assert [slot.booked for slot in door.referee.inventory.slots.values()] == [0, 0]


async def test_a_move_that_is_refused_leaves_the_booking_where_it_is(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    await door.book(tuesday, who=BORIS)
    booking = (await (await door.book(monday)).json())["id"]

    refused = await door.ask(
        "POST", f"/bookings/{booking}/reschedule", {"places": [{"slot_id": str(tuesday)}]}
    )

    kept = await (await door.ask("GET", f"/bookings/{booking}")).json()
    assert await problem(refused) == (409, "slot_full")
    assert slots_of(kept) == [str(monday)]


async def test_a_hold_is_kept_renewed_and_becomes_a_booking_of_the_same_id(door: Door) -> None:
    slot = await door.open_slot("Monday")
    wish = {"places": [{"slot_id": str(slot)}]}

    held = await door.ask("POST", "/holds", wish)
    hold = await held.json()
    full = await door.book(slot, who=BORIS)
    as_booking = await door.ask("GET", f"/bookings/{hold['id']}")
    renewed = await door.ask("POST", f"/holds/{hold['id']}/renew", {"ttl_seconds": 900})
    booked = await door.book(slot, hold_id=hold["id"], key="one")
    again = await door.book(slot, hold_id=hold["id"], key="one")

    assert (held.status, hold["status"]) == (201, "held")
    assert await problem(full) == (409, "slot_full")
    assert await problem(as_booking) == (404, "not_found")
    assert (await renewed.json())["expires_at"] > hold["expires_at"]
    assert (booked.status, (await booked.json())["id"]) == (201, hold["id"])
    assert await again.json() == await booked.json()
    shown = await (await door.ask("GET", f"/holds/{hold['id']}")).json()
    assert shown["status"] == "booked"


async def test_a_hold_that_was_given_back_is_gone(door: Door) -> None:
    slot = await door.open_slot("Monday")
    held = await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot)}]})
    path = f"/holds/{(await held.json())['id']}"

    released = await door.ask("DELETE", path, key="one")
    again = await door.ask("DELETE", path, key="one")
    renewed = await door.ask("POST", f"{path}/renew", {})
    confirmed = await door.book(slot, hold_id=(await held.json())["id"])

    assert (released.status, (await released.json())["status"]) == (200, "released")
    assert again.status == 200
    assert await problem(renewed) == await problem(confirmed) == (409, "hold_gone")
    assert door.referee.inventory.slots[slot].held == 0


async def test_what_one_holds_is_seen_on_any_device_until_it_is_over(door: Door) -> None:
    slots = [await door.open_slot(name, capacity=2) for name in ("Monday", "Tuesday", "Friday")]
    ids = []
    for slot, seconds in zip(slots, (900, 300, 600), strict=True):
        wish = {"places": [{"slot_id": str(slot)}], "ttl_seconds": seconds}
        ids.append((await (await door.ask("POST", "/holds", wish)).json())["id"])

    first = await (await door.ask("GET", "/holds")).json()
    await door.book(slots[0], hold_id=ids[0])
    await door.ask("DELETE", f"/holds/{ids[1]}")
    then = await (await door.ask("GET", "/holds")).json()
    await door.pool.execute(
        "UPDATE booking SET expires_at = clock_timestamp() WHERE id = $1", ids[2]
    )
    last = await (await door.ask("GET", "/holds")).json()
    others = await (await door.ask("GET", "/holds", who=BORIS)).json()

    assert [hold["id"] for hold in first["holds"]] == [ids[1], ids[2], ids[0]]
    assert first["as_of"] < first["holds"][0]["expires_at"]
    assert [hold["id"] for hold in then["holds"]] == [ids[2]]
    assert last["holds"] == others["holds"] == []


async def test_a_hold_is_renewed_once(door: Door) -> None:
    slot = await door.open_slot("Monday")
    held = await (await door.ask("POST", "/holds", {"places": [{"slot_id": str(slot)}]})).json()
    path = f"/holds/{held['id']}/renew"

    once = await door.ask("POST", path, {}, key="one")
    the_same = await door.ask("POST", path, {}, key="one")
    twice = await door.ask("POST", path, {})

    assert (once.status, await the_same.json()) == (200, await once.json())
    assert await problem(twice) == (409, "hold_renewed_before")


async def test_what_is_booked_from_a_hold_is_what_it_holds(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    held = await door.ask("POST", "/holds", {"places": [{"slot_id": str(monday)}]})
    hold_id = (await held.json())["id"]

    otherwise = await door.book(tuesday, hold_id=hold_id)
    by_boris = await door.book(monday, hold_id=hold_id, who=BORIS)

    assert await problem(otherwise) == (422, "hold_mismatch")
    assert await problem(by_boris) == (404, "not_found")


async def test_a_list_goes_on_from_its_cursor_to_its_end(door: Door) -> None:
    booked = []
    for name in ("Monday", "Tuesday", "Friday"):
        answer = await door.book(await door.open_slot(name))
        booked.append((await answer.json())["id"])

    first = await (await door.ask("GET", "/bookings?limit=2")).json()
    rest = await (await door.ask("GET", f"/bookings?limit=2&cursor={first['cursor']}")).json()
    nobody_s = await (await door.ask("GET", "/bookings", who=BORIS)).json()

    assert [b["id"] for b in (*first["bookings"], *rest["bookings"])] == booked[::-1]
    assert rest["cursor"] is None
    assert nobody_s == {"bookings": [], "cursor": None}


async def test_campaigns_are_public_and_begun_once(door: Door) -> None:
    campaign = await a_campaign(door)
    await a_campaign(door, name="Winter")
    named = await door.ask(
        "POST",
        "/campaigns",
        {
            "id": campaign,
            "name": "Spring",
            "service": "vaccination",
            "opens_at": "2020-01-01T00:00:00Z",
            "doses": 1,
            "min_days": 0,
            "max_days": 0,
        },
        roles=["operator"],
    )

    shown = await (await door.client.get(f"/api/v1/campaigns/{campaign}")).json()
    first = await (await door.client.get("/api/v1/campaigns?limit=1")).json()
    rest = await (
        await door.client.get(f"/api/v1/campaigns?limit=5&cursor={first['cursor']}")
    ).json()

    assert await problem(named) == (409, "campaign_exists")
    assert shown["name"] == "Autumn"
    assert [c["name"] for c in (*first["campaigns"], *rest["campaigns"])] == ["Autumn", "Winter"]


async def test_who_works_at_a_clinic_books_for_themselves_like_a_patient(door: Door) -> None:
    roles = ("patient", "front_desk", "practitioner", "clinic_manager", "operator")
    slot = await door.open_slot("Monday", capacity=len(roles))

    answers = [await door.book(slot, who=an_id(role), roles=[role]) for role in roles]

    assert [answer.status for answer in answers] == [201] * len(roles)
