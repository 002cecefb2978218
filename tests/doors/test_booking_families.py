"""Does a family come and go as one, who of it sees whom, and can one of them stay at home?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET

from services.booking.api import moves
from services.booking.api.shares import Shared
from tests.access_stories import noted
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.family_stories import (
    NOT_AGREED,
    VERA,
    a_child,
    a_family_visit,
    a_morning,
    agrees,
    body,
    for_each,
    who_is_in,
)
from tests.stories import an_id


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def test_a_family_is_booked_at_adjacent_times_moved_and_cancelled_as_one(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    third, fourth = await a_morning(door, "later")

    made = await (
        await door.ask("POST", "/bookings", for_each(family, [first, first, second]))
    ).json()
    path = f"/bookings/{made['id']}"
    moved = await door.ask("POST", f"{path}/reschedule", for_each(family, [third, third, fourth]))
    cancelled = await door.ask("POST", f"{path}/cancel", {})

    assert (made["status"], who_is_in(made)) == ("booked", family)
    assert (moved.status, who_is_in(await moved.json())) == (200, family)
    assert (await cancelled.json())["status"] == "cancelled"
    assert {slot.booked for slot in door.referee.inventory.slots.values()} == {0}


async def test_where_one_seat_is_missing_nobody_of_the_family_has_one(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    await door.book(second, who=BORIS)

    refused = await door.ask("POST", "/bookings", for_each(family, [first, first, second]))

    assert await problem(refused) == (409, "slot_full")
    assert door.referee.inventory.slots[first].booked == 0


async def test_one_of_a_family_stays_at_home_and_the_others_keep_their_seats(door: Door) -> None:
    family = [ALICE, await a_child(door), await a_child(door)]
    first, second = await a_morning(door)
    made = await (
        await door.ask("POST", "/bookings", for_each(family, [first, first, second]))
    ).json()

    fewer = for_each([family[0], family[2]], [first, second])
    left = await door.ask("POST", f"/bookings/{made['id']}/reschedule", fewer)
    other = await door.book(first, who=BORIS)
    again = await door.ask("POST", "/bookings", for_each([family[1]], [first]))

    assert (left.status, who_is_in(await left.json())) == (200, [family[0], family[2]])
    # The seat is somebody else's to have at once, and so is the claim of who stayed at home.
    assert (other.status, await problem(again)) == (201, (409, "slot_full"))


async def test_a_move_of_the_family_that_is_refused_leaves_everybody_where_they_are(
    door: Door,
) -> None:
    family = [ALICE, await a_child(door)]
    [first] = await a_morning(door, "morning", 2)
    [narrow] = await a_morning(door, "narrow", 1)
    made = await (await door.ask("POST", "/bookings", for_each(family, [first, first]))).json()

    path = f"/bookings/{made['id']}"
    refused = await door.ask("POST", f"{path}/reschedule", for_each(family, [narrow, narrow]))

    assert await problem(refused) == (409, "slot_full")
    now = await (await door.ask("GET", path)).json()
    assert [place["slot_id"] for place in now["places"]] == [str(first)] * 2


# ---- who sees whom -------------------------------------------------------------------------------


async def sees(door: Door, path: str, who: UUID) -> list[UUID] | None:
    """Whose places somebody sees in a booking, alone and in their list; None where it is not."""
    answer = await door.ask("GET", path, who=who)
    listed = (await body(door.ask("GET", "/bookings", who=who)))["bookings"]
    if answer.status == 404:
        assert listed == []
        return None
    shown = await answer.json()
    assert listed == [shown]
    return who_is_in(shown)


async def test_everybody_sees_their_own_place_and_who_booked_sees_all(door: Door) -> None:
    path, _ = await a_family_visit(door)

    assert await sees(door, path, ALICE) == [ALICE, BORIS, VERA]
    assert await sees(door, path, BORIS) == [BORIS]
    assert await sees(door, path, VERA) == [VERA]
    assert await sees(door, path, an_id("a stranger")) is None
    text = await (await door.ask("GET", path, who=BORIS)).text()
    assert str(ALICE) not in text
    assert str(VERA) not in text


async def test_what_an_adult_takes_away_has_their_own_place_and_nobody_else_s(door: Door) -> None:
    path, _ = await a_family_visit(door)

    taken = await body(door.ask("GET", "/me/export", who=BORIS))

    assert [who_is_in(one) for one in taken["bookings"]] == [[BORIS]]
    assert [one["proxy_id"] for one in taken["relations"]] == [str(ALICE)]
    assert str(VERA) not in str(taken)
    assert path.removeprefix("/bookings/") == taken["bookings"][0]["id"]


async def test_one_of_the_family_leaves_by_themselves_and_the_others_do_not_notice_but_in_it(
    door: Door,
) -> None:
    path, seats = await a_family_visit(door)

    left = await door.ask("POST", f"{path}/cancel", {}, who=BORIS, key="once")

    said = await left.json()
    assert (left.status, said["status"], said["places"]) == (200, "cancelled", [])
    assert await sees(door, path, ALICE) == [ALICE, VERA]
    assert await sees(door, path, BORIS) is None
    assert [door.referee.inventory.slots[slot].booked for slot in seats] == [1, 1]
    # Asked again with the same key it is as it was; under another there is nothing of theirs in it.
    again = await door.ask("POST", f"{path}/cancel", {}, who=BORIS, key="once")
    anew = await door.ask("POST", f"{path}/cancel", {}, who=BORIS)
    by_stranger = await door.ask("POST", f"{path}/cancel", {}, who=an_id("a stranger"), key="once")
    assert (again.status, await again.json()) == (200, said)
    assert await problem(anew) == (404, "not_found")
    assert await problem(by_stranger) == (404, "not_found")
    assert await sees(door, path, ALICE) == [ALICE, VERA]
    entries = await noted(door.pool, door.access)
    [entry, *_] = [one for one in entries if one.operation == "cancel_booking"]
    assert (entry.actor_id, entry.persons) == (BORIS, (BORIS,))


async def test_one_of_the_family_moves_their_own_place_and_nobody_else_s(door: Door) -> None:
    path, seats = await a_family_visit(door)
    [later] = await a_morning(door, "later", 1)

    own = {"places": [{"slot_id": str(later)}]}
    moved = await door.ask("POST", f"{path}/reschedule", own, who=BORIS)
    for_another = for_each([VERA], [later])
    refused = await door.ask("POST", f"{path}/reschedule", for_another, who=BORIS)
    child = await a_child(door, who=BORIS)
    with_child = for_each([BORIS, child], [later, later])
    taken_in = await door.ask("POST", f"{path}/reschedule", with_child, who=BORIS)

    assert (moved.status, who_is_in(await moved.json())) == (200, [BORIS])
    assert await problem(refused) == (404, "patient_unknown")
    assert await problem(taken_in) == (404, "patient_unknown")
    assert set(await sees(door, path, ALICE) or []) == {ALICE, BORIS, VERA}
    booked = [door.referee.inventory.slots[slot].booked for slot in (*seats, later)]
    assert booked == [1, 1, 1]


async def test_of_two_who_leave_at_once_both_are_gone_or_one_is_told_to_look_again(
    door: Door,
) -> None:
    path, _ = await a_family_visit(door)

    answers = await asyncio.gather(
        *(door.ask("POST", f"{path}/cancel", {}, who=who) for who in (BORIS, VERA))
    )

    left = {who for who, answer in zip((BORIS, VERA), answers, strict=True) if answer.status == 200}
    codes = [await problem(answer) for answer in answers if answer.status != 200]
    assert left
    assert set(codes) <= {(409, "booking_changed")}
    assert set(await sees(door, path, ALICE) or []) == {ALICE, BORIS, VERA} - left


async def left_meanwhile(door: Door, path: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Boris leaves after Alice has looked at the booking and before she asks to move all of it."""
    looked = moves.booking_of

    async def looks_and_he_leaves(*arguments: Any) -> Shared:
        shared = await looked(*arguments)
        said = await body(door.ask("POST", f"{path}/cancel", {}, who=BORIS))
        assert said["status"] == "cancelled"
        return shared

    everybody = (await body(door.ask("GET", path)))["places"]
    wanted = [{name: one[name] for name in ("slot_id", "patient_id")} for one in everybody]
    with monkeypatch.context() as patched:
        patched.setattr(moves, "booking_of", looks_and_he_leaves)
        return await door.ask("POST", f"{path}/reschedule", {"places": wanted})


async def test_who_has_left_is_not_put_back_by_who_had_looked_before(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = await a_family_visit(door)

    moved = await left_meanwhile(door, path, monkeypatch)

    assert await problem(moved) == (409, "booking_changed")
    assert await sees(door, path, ALICE) == [ALICE, VERA]


async def test_without_the_version_who_has_left_would_be_put_back(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = await a_family_visit(door)
    monkeypatch.setattr(Shared, "version", UNSET)

    moved = await left_meanwhile(door, path, monkeypatch)

    assert moved.status == 200
    # He was told that he has left, and has a place.
    assert BORIS in (await sees(door, path, ALICE) or [])


async def test_once_it_is_taken_back_the_place_is_the_adult_s_and_nobody_else_touches_it(
    door: Door,
) -> None:
    path, seats = await a_family_visit(door)
    before = (await door.ask("GET", path)).headers["ETag"]
    await agrees(door, BORIS, NOT_AGREED)

    assert await sees(door, path, ALICE) == [ALICE, VERA]
    seen = await door.client.get(
        f"/api/v1{path}", headers=bearer(ALICE) | {"If-None-Match": before}
    )
    [later] = await a_morning(door, "later", 2)
    moved = await door.ask("POST", f"{path}/reschedule", for_each([ALICE, VERA], [later, later]))
    cancelled = await door.ask("POST", f"{path}/cancel", {})

    assert seen.status == 200
    assert who_is_in(await moved.json()) == [ALICE, VERA]
    assert (cancelled.status, (await cancelled.json())["status"]) == (200, "cancelled")
    assert await sees(door, path, ALICE) is None
    assert await sees(door, path, BORIS) == [BORIS]
    own = await door.ask("POST", f"{path}/cancel", {}, who=BORIS)
    assert (own.status, (await own.json())["status"]) == (200, "cancelled")
    assert {slot.booked for slot in door.referee.inventory.slots.values()} == {0}
    assert [door.referee.inventory.slots[slot].booked for slot in seats] == [0, 0]


async def test_who_is_erased_has_no_visit_ahead_in_anybody_s_booking(door: Door) -> None:
    path, _ = await a_family_visit(door)

    by_guest = await problem(await door.ask("POST", "/me/erase", {}, who=BORIS))
    await agrees(door, BORIS, NOT_AGREED)
    await body(door.ask("POST", f"{path}/cancel", {}))
    by_owner = await door.ask("POST", "/me/erase", {})

    assert by_guest == (409, "bookings_ahead")
    # What is left in her booking is his, and stands in nobody's way but his own.
    assert by_owner.status == 200
    assert await sees(door, path, BORIS) == [BORIS]
