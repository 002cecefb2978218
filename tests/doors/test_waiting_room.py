"""Who may come in when a campaign opens? Whoever waited their turn, and nobody by another way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse

from services.booking.admission.passes import HEADER
from services.booking.api.desk import DESK
from shared.messages import PlacesLeft
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS, MONDAY
from tests.worlds import LINK_KEYS

SOON = timedelta(seconds=1.5)
OPERATOR: dict[str, Any] = {"who": uuid4(), "roles": ["operator"]}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk that can sign, and a slot for vaccinations."""
    async with a_door(booking_dsn, tmp_path, link_keys=LINK_KEYS) as door:
        await door.open_slot(MONDAY, capacity=5)
        yield door


async def a_campaign(door: Door, *, opens_in: timedelta = timedelta(hours=1)) -> UUID:
    """A campaign for vaccinations that opens later."""
    body = {
        "name": "Autumn",
        "service": "vaccination",
        "opens_at": (datetime.now(UTC) + opens_in).isoformat(),
        "doses": 1,
        "min_days": 0,
        "max_days": 0,
    }
    answer = await door.ask("POST", "/campaigns", body, **OPERATOR)
    assert answer.status == 201, await answer.text()
    return UUID((await answer.json())["id"])


async def opens(door: Door, campaign_id: UUID, *, ago: timedelta = timedelta(hours=1)) -> Any:
    """The operator opens a waiting room, an hour ago."""
    body = {"opens_at": (datetime.now(UTC) - ago).isoformat(), "speed_min": 2, "speed_max": 2}
    path = f"/campaigns/{campaign_id}/waiting-room"
    answer = await door.ask("POST", path, body, **OPERATOR)
    assert answer.status == 201, await answer.text()
    return await answer.json()


async def test_who_knows_how_far_the_line_is_is_told_so_until_it_has_moved(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    path = f"/api/v1/campaigns/{campaign_id}/waiting-room"
    first = await door.client.get(path)
    seen = {"If-None-Match": first.headers["ETag"]}

    same = await door.client.get(path, headers=seen)
    await door.ask(
        "PATCH", path.removeprefix("/api/v1"), {"speed_min": 3, "speed_max": 3}, **OPERATOR
    )
    await joins(door, campaign_id)
    await door.client.app[DESK].waiting.lines.look()  # type: ignore[union-attr]
    moved = await door.client.get(path, headers=seen)

    assert (first.status, same.status, moved.status) == (200, 304, 200)
    assert same.headers["Cache-Control"] == "public, max-age=0, must-revalidate"


async def joins(door: Door, campaign_id: UUID, who: UUID = ALICE) -> dict[str, Any]:
    """Somebody takes a ticket."""
    answer = await door.ask("POST", f"/campaigns/{campaign_id}/waiting-room/tickets", {}, who=who)
    assert answer.status == 200, await answer.text()
    said: dict[str, Any] = await answer.json()
    return said


async def comes_in(door: Door, campaign_id: UUID, ticket: str) -> ClientResponse:
    """Somebody asks whether it is their turn; the ticket says who they are."""
    path = f"/api/v1/campaigns/{campaign_id}/waiting-room/passes"
    return await door.client.post(path, json={"ticket": ticket})


async def it_opens(door: Door, campaign_id: UUID, *, seconds: float = 1.0) -> None:
    """The hour has come, the draw is made, and so much time goes by."""
    await door.pool.execute(
        "UPDATE waiting_room SET draws_at = clock_timestamp() WHERE campaign_id = $1", campaign_id
    )
    lines = door.client.app[DESK].waiting.lines
    await lines.step()
    await door.pool.execute(
        "UPDATE line SET moved_at = moved_at - make_interval(secs => $1)", seconds
    )
    await lines.step()


async def books(door: Door, campaign_id: UUID | None, **headers: str) -> ClientResponse:
    """Somebody asks for Monday."""
    body: dict[str, Any] = {"places": [{"slot_id": str(MONDAY)}]}
    if campaign_id is not None:
        body["campaign_id"] = str(campaign_id)
    sent = {"Idempotency-Key": str(uuid4())} | headers
    return await door.client.post("/api/v1/bookings", json=body, headers=sent)


async def test_a_morning_from_the_hash_of_the_seed_to_a_booking_by_pass(door: Door) -> None:
    campaign_id = await a_campaign(door, opens_in=SOON)
    room = await opens(door, campaign_id)
    assert room["state"] == "gathering"
    assert room["seed"] is None
    ticket = await joins(door, campaign_id)
    assert ticket["place"] is None
    assert await problem(await comes_in(door, campaign_id, ticket["ticket"])) == (
        409,
        "not_your_turn",
    )

    await asyncio.sleep(SOON.total_seconds())
    await it_opens(door, campaign_id)

    ticket = await joins(door, campaign_id)
    assert ticket["place"] == 1
    turn = await comes_in(door, campaign_id, ticket["ticket"])
    assert turn.status == 200
    admission = (await turn.json())["admission_pass"]
    booked = await books(door, campaign_id, Authorization=f"Pass {admission}")
    assert booked.status == 201, await booked.text()
    mine = await door.ask("GET", f"/bookings/{(await booked.json())['id']}")
    assert mine.status == 200
    shown = await (await door.client.get(f"/api/v1/campaigns/{campaign_id}/waiting-room")).json()
    assert shown["seed_hash"] == room["seed_hash"]
    assert shown["seed"] is not None


@pytest.mark.parametrize("names_the_campaign", [True, False])
async def test_nobody_comes_in_by_another_way(door: Door, names_the_campaign: bool) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)
    before = await door.everything()
    named = campaign_id if names_the_campaign else None

    refused = [
        await books(door, named, **bearer()),
        await door.ask("POST", "/holds", {"places": [{"slot_id": str(MONDAY)}]}),
    ]

    assert [await problem(each) for each in refused] == [(403, "pass_needed")] * 2
    assert await door.everything() == before


async def test_nobody_comes_in_by_moving_what_they_have_elsewhere(door: Door) -> None:
    visit = await door.open_slot(uuid4(), service="clinic-visit")
    booked = await (await door.book(visit)).json()
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    before = await door.everything()

    body = {"places": [{"slot_id": str(MONDAY)}]}
    moved = await door.ask("POST", f"/bookings/{booked['id']}/reschedule", body)

    assert await problem(moved) == (403, "pass_needed")
    assert await door.everything() == before


async def test_who_came_in_already_moves_within_it_without_waiting_again(door: Door) -> None:
    booked = await (await door.book(MONDAY)).json()
    tuesday = await door.open_slot(uuid4(), capacity=5)
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)

    body = {"places": [{"slot_id": str(tuesday)}]}
    moved = await door.ask("POST", f"/bookings/{booked['id']}/reschedule", body)

    assert moved.status == 200, await moved.text()


async def test_a_slot_that_is_not_known_here_yet_is_no_way_around(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    new = await door.open_slot(uuid4())
    await door.pool.execute("DELETE FROM slot WHERE id = $1", new)

    refused = [
        await door.book(new),
        await door.ask("POST", "/holds", {"places": [{"slot_id": str(new)}]}),
    ]

    assert [await problem(each) for each in refused] == [(409, "slot_unknown")] * 2


async def test_a_pass_is_for_whoever_waited_and_for_nobody_else(door: Door) -> None:
    campaign_id = await a_campaign(door, opens_in=SOON)
    await opens(door, campaign_id)
    await joins(door, campaign_id)
    await asyncio.sleep(SOON.total_seconds())
    await it_opens(door, campaign_id)
    ticket = await joins(door, campaign_id)
    admission = (await (await comes_in(door, campaign_id, ticket["ticket"])).json())[
        "admission_pass"
    ]

    by_boris = await books(door, campaign_id, **bearer(BORIS) | {HEADER: admission})
    by_alice = await books(door, campaign_id, **bearer(ALICE) | {HEADER: admission})

    assert await problem(by_boris) == (403, "pass_needed")
    assert by_alice.status == 201
    seen = await door.client.get("/api/v1/me", headers={"Authorization": f"Pass {admission}"})
    assert await problem(seen) == (401, "token_missing")


async def test_a_ticket_of_one_campaign_says_nothing_at_another(door: Door) -> None:
    one, other = await a_campaign(door), await a_campaign(door)
    for campaign_id in (one, other):
        await opens(door, campaign_id)
    ticket = await joins(door, one)

    answer = await comes_in(door, other, ticket["ticket"])

    assert await problem(answer) == (422, "ticket_invalid")


@pytest.mark.parametrize("said", ["", "x", "A" * 82])
async def test_a_pass_that_nobody_signed_opens_nothing(door: Door, said: str) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)

    answer = await books(door, campaign_id, Authorization=f"Pass {said}".strip())

    assert answer.status == 401


async def test_the_same_place_by_every_tab_and_device(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)

    places = {(await joins(door, campaign_id, who))["place"] for who in [ALICE, BORIS] * 5}

    assert places == {1, 2}


async def test_who_left_holds_nobody_up(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)
    await joins(door, campaign_id, BORIS)  # and never comes again
    ticket = await joins(door, campaign_id, ALICE)
    assert ticket["place"] == 2

    await door.pool.execute("UPDATE line SET moved_at = moved_at - interval '2 s'")
    await door.client.app[DESK].waiting.lines.step()

    assert (await comes_in(door, campaign_id, ticket["ticket"])).status == 200


async def test_after_a_kill_everybody_stands_where_they_stood(
    door: Door, booking_dsn: str, tmp_path: Path
) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)
    ticket = await joins(door, campaign_id)

    async with a_door(booking_dsn, tmp_path, link_keys=LINK_KEYS) as other:
        await other.client.app[DESK].waiting.lines.look()

        assert (await joins(other, campaign_id))["place"] == ticket["place"]


async def test_once_the_room_is_closed_nobody_needs_a_pass(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)

    closed = await door.ask("DELETE", f"/campaigns/{campaign_id}/waiting-room", {}, **OPERATOR)

    assert (await closed.json())["state"] == "closed"
    assert (await books(door, None, **bearer())).status == 201
    late = await door.ask("POST", f"/campaigns/{campaign_id}/waiting-room/tickets", {})
    assert await problem(late) == (409, "room_not_open")


async def test_a_room_is_made_once_and_before_its_campaign_opens(door: Door) -> None:
    campaign_id, begun = (
        await a_campaign(door),
        await a_campaign(door, opens_in=-timedelta(hours=1)),
    )
    body = {"opens_at": (datetime.now(UTC) + timedelta(minutes=5)).isoformat()}
    path, key = f"/campaigns/{campaign_id}/waiting-room", str(uuid4())

    first = await door.ask("POST", path, body, key=key, **OPERATOR)
    again = await door.ask("POST", path, body, key=key, **OPERATOR)
    second = await door.ask("POST", path, body, **OPERATOR)
    late = await door.ask(
        "POST",
        f"/campaigns/{begun}/waiting-room",
        body | {"opens_at": (datetime.now(UTC) - timedelta(hours=2)).isoformat()},
        **OPERATOR,
    )
    early = await door.ask(
        "POST",
        f"/campaigns/{await a_campaign(door)}/waiting-room",
        body | {"opens_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()},
        **OPERATOR,
    )

    assert (first.status, again.status) == (201, 201)
    assert (await first.json())["seed_hash"] == (await again.json())["seed_hash"]
    assert await problem(second) == (409, "room_exists")
    assert await problem(late) == (409, "campaign_open")
    assert await problem(early) == (422, "invalid_body")


async def test_the_draw_can_be_checked_by_anybody(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    people = [uuid4() for _ in range(20)]
    for person in people:
        await joins(door, campaign_id, person)
    path = f"/api/v1/campaigns/{campaign_id}/waiting-room/draw"
    assert await problem(await door.client.get(path)) == (409, "not_drawn_yet")

    await it_opens(door, campaign_id)

    drawn = await (await door.client.get(path)).json()
    assert [lot["place"] for lot in drawn["lots"]] == list(range(1, 21))
    assert sorted(drawn["lots"], key=lambda lot: str(lot["lot"])) == drawn["lots"]
    assert (drawn["people"], drawn["next"]) == (20, None)
    assert not any(str(person) in str(drawn) for person in people)


async def test_a_ticket_says_that_no_more_places_are_left_than_people_are_ahead(
    door: Door,
) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await it_opens(door, campaign_id)
    for who in (BORIS, uuid4()):
        await joins(door, campaign_id, who)
    said = [await joins(door, campaign_id)]

    for free in (2, 3):
        word = uuid4()
        door.client.app[DESK].waiting.left.hear(
            PlacesLeft(id=word, cause=word, at=datetime.now(UTC), service="vaccination", free=free)
        )
        said.append(await joins(door, campaign_id))

    assert [(each["places_left"], each["is_scarce"]) for each in said] == [
        (None, None),
        (2, True),
        (3, False),
    ]
    room = await door.client.get(f"/api/v1/campaigns/{campaign_id}/waiting-room")
    assert (await room.json())["places_left"] == 3


async def test_those_who_look_together_are_not_asked_to_look_together_again(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    await door.pool.execute("UPDATE line SET arrivals = 100000")
    await door.client.app[DESK].waiting.lines.look()

    path = f"/api/v1/campaigns/{campaign_id}/waiting-room"
    again = {(await door.client.get(path)).headers["Retry-After"] for _ in range(30)}

    assert len(again) > 3
    assert {10 <= int(seconds) <= 20 for seconds in again} == {True}


async def test_what_has_no_waiting_room_is_booked_as_before(door: Door) -> None:
    campaign_id = await a_campaign(door)
    await opens(door, campaign_id)
    visit = await door.open_slot(uuid4(), service="clinic-visit")

    assert (await door.book(visit)).status == 201
