"""Is every access noted before anybody is answered, and who sees that somebody looked?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from services.booking.api import bookings
from shared.web import cursor_after
from talon.verbs.openapi import APIS
from tests.access_stories import all_written, entries_in, noted
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.notify_doors import CONTACTS
from tests.notify_doors import a_door as a_messenger_s_door
from tests.stories import CLINIC, an_id

NURSE, AUDITOR = an_id("a nurse"), an_id("an auditor")
TOMORROW = datetime.now(ZoneInfo("Europe/Moscow")).date() + timedelta(days=1)
"""As the clinic has it, and its slots."""
STAFF: dict[str, Any] = {"who": NURSE, "roles": ["front_desk"], "clinics": [str(CLINIC)]}
TOUCH_NOBODY = {"start_campaign", "declare_service"} | {
    *("draft_rules", "list_rules", "revert_rules", "try_rules", "show_dry_run"),
    *("propose_rules", "list_rule_proposals", "show_rule_proposal"),
    *("approve_rules", "withdraw_rules", "undo_rules"),
    *("write_announcement", "show_announcement", "list_announcements", "stop_announcement"),
    *("open_room", "change_room", "close_room"),
}
"""Routes for who is signed in, beside those of the referee, in which no person's data go."""


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def day(door: Door, **said: Any) -> Any:
    path = f"/clinics/{CLINIC}/bookings?date={TOMORROW}"
    return await door.ask("GET", path, **STAFF | said)


async def accesses(door: Door, path: str = "/me/accesses", **who: Any) -> list[dict[str, Any]]:
    """A list of accesses, all pages of it, two at a time."""
    listed: list[dict[str, Any]] = []
    mark = "&" if "?" in path else "?"
    more = f"{path}{mark}limit=2"
    while more:
        answer = await door.ask("GET", more, **who)
        assert answer.status == 200, await answer.text()
        body = await answer.json()
        listed += body["accesses"]
        more = body["cursor"] and f"{path}{mark}limit=2&cursor={body['cursor']}"
    return listed


@asynccontextmanager
async def nothing_is_noted(door: Door, dsn: str) -> AsyncIterator[None]:
    """The access log takes nothing while the block runs."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("LOCK TABLE access_log IN SHARE MODE")
        yield
    await connection.close()


def test_every_route_that_touches_somebody_s_data_says_so() -> None:
    silent = {
        route.name
        for service in ("booking", "notify")
        for route in APIS[service].routes
        if route.touches is None and not route.rule.is_public
    }

    assert silent == TOUCH_NOBODY


async def test_a_booking_is_noted_before_it_is_answered_with_who_whose_what_and_why(
    door: Door,
) -> None:
    made = await (await door.book(await door.open_slot("Monday"))).json()

    [entry] = await entries_in(door.pool)

    assert (entry.actor_id, entry.role, entry.persons) == (ALICE, "patient", (ALICE,))
    assert (entry.operation, entry.what, entry.about) == (
        "request_booking",
        "booking",
        UUID(made["id"]),
    )
    assert (entry.reason, entry.fields) == ("own", ("status", "places", "campaign"))
    assert abs(datetime.now(UTC) - entry.at) < timedelta(seconds=5)


async def test_what_a_guardian_does_is_in_the_child_s_list_as_well(door: Door) -> None:
    slot = await door.open_slot("Monday")
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    await door.ask("POST", "/bookings", {"places": [{"slot_id": str(slot), "patient_id": child}]})

    seen = await accesses(door, f"/accesses?person={child}", who=AUDITOR, roles=["auditor"])

    assert [one["operation"] for one in seen] == ["request_booking", "add_dependant"]
    assert {one["actor_id"] for one in seen} == {str(ALICE)}


async def test_each_use_of_a_booking_is_one_entry(door: Door) -> None:
    monday, tuesday = await door.open_slot("Monday"), await door.open_slot("Tuesday")
    hold = (await (await door.ask("POST", "/holds", _places(monday))).json())["id"]
    await door.ask("GET", f"/holds/{hold}")
    await door.ask("POST", f"/holds/{hold}/renew", {})
    await door.book(monday, hold_id=hold)
    await door.ask("GET", f"/bookings/{hold}")
    await door.ask("GET", "/bookings")
    await door.ask("POST", f"/bookings/{hold}/reschedule", _places(tuesday))
    await door.ask("POST", f"/bookings/{hold}/cancel", {})

    entries = await noted(door.pool, door.access)

    assert [entry.operation for entry in entries] == [
        "hold_places",
        "show_hold",
        "renew_hold",
        "request_booking",
        "show_booking",
        "list_bookings",
        "reschedule_booking",
        "cancel_booking",
    ]
    assert {entry.about for entry in entries} == {UUID(hold), None}


def _places(slot_id: UUID) -> dict[str, Any]:
    return {"places": [{"slot_id": str(slot_id)}]}


async def test_a_patient_sees_which_nurse_looked_and_nothing_of_the_others_on_the_list(
    door: Door,
) -> None:
    slot = await door.open_slot("Monday", capacity=5)
    for who in (ALICE, BORIS):
        await door.book(slot, who=who)
    assert (await day(door)).status == 200

    alice, boris = await accesses(door), await accesses(door, who=BORIS)

    looked = alice[0]
    assert (looked["actor_id"], looked["role"], looked["operation"]) == (
        str(NURSE),
        "front_desk",
        "list_day",
    )
    assert (looked["reason"], looked["about"]) == ("care", str(CLINIC))
    assert [one["operation"] for one in alice] == ["list_day", "request_booking"]
    assert str(BORIS) not in str(alice)
    assert str(ALICE) not in str(boris)


async def test_only_an_auditor_sees_who_looked_at_others_and_is_seen_to_have_looked(
    door: Door,
) -> None:
    await door.book(await door.open_slot("Monday"))
    path = f"/accesses?person={ALICE}"

    refused = [
        await problem(await door.ask("GET", path, who=NURSE, roles=[role]))
        for role in ("patient", "front_desk", "operator")
    ]
    seen = await accesses(door, path, who=AUDITOR, roles=["auditor"])
    after = await accesses(door)

    assert refused == [(403, "forbidden")] * 3
    assert [one["operation"] for one in seen] == ["request_booking"]
    assert (after[0]["operation"], after[0]["actor_id"]) == ("list_accesses", str(AUDITOR))


async def test_what_is_another_s_is_not_found_and_nobody_touched_it(door: Door) -> None:
    made = await (await door.book(await door.open_slot("Monday"))).json()

    assert (await door.ask("GET", f"/bookings/{made['id']}", who=BORIS)).status == 404

    assert [entry.actor_id for entry in await noted(door.pool, door.access)] == [ALICE]


async def test_staff_see_nothing_while_it_cannot_be_noted(door: Door, booking_dsn: str) -> None:
    await door.book(await door.open_slot("Monday"))

    async with nothing_is_noted(door, booking_dsn):
        unseen = await problem(await day(door))
        own = await door.ask("GET", "/bookings")
    seen = await day(door)

    assert (unseen, own.status, seen.status) == ((503, "unavailable"), 200, 200)
    assert [entry.operation for entry in await noted(door.pool, door.access)] == [
        "request_booking",
        "list_day",
        "list_bookings",
        "list_day",
    ]


async def test_who_books_is_told_so_though_the_note_comes_later(
    door: Door, booking_dsn: str
) -> None:
    slot = await door.open_slot("Monday")

    async with nothing_is_noted(door, booking_dsn):
        made = await door.book(slot)
        before = await entries_in(door.pool)

    assert (made.status, before, door.access.late) == (201, [], 1)
    assert [entry.operation for entry in await noted(door.pool, door.access)] == ["request_booking"]


async def test_where_too_much_waits_to_be_noted_nothing_more_is_done(
    booking_dsn: str, tmp_path: Path
) -> None:
    async with a_door(booking_dsn, tmp_path, access_waiting_max=1) as door:
        slot = await door.open_slot("Monday", capacity=5)
        async with nothing_is_noted(door, booking_dsn):
            await door.ask("GET", "/bookings")
            refused = await problem(await door.book(slot))

        assert refused == (503, "unavailable")
        assert door.referee.taken == []


async def test_an_answer_that_nobody_noted_is_not_given(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sibling of all the others: a route that forgets to note whose data it shows."""
    await door.book(await door.open_slot("Monday"))
    monkeypatch.setattr(door.access, "note", lambda *args, **more: None)

    forgotten = await door.ask("GET", "/bookings")

    assert await problem(forgotten) == (500, "internal_error")
    assert bookings.ROUTES[1].touches is not None


@pytest.mark.parametrize(
    "cursor",
    [
        "zz",
        cursor_after(datetime.now(UTC), ALICE),
        cursor_after(datetime.now(UTC), ALICE, "0", "0"),
        cursor_after(datetime.now(UTC), ALICE, str(2**64), "0"),
        cursor_after(datetime.now(UTC), ALICE, "1", "-1"),
    ],
)
async def test_a_cursor_that_was_never_given_out_is_refused(door: Door, cursor: str) -> None:
    answer = await door.ask("GET", f"/me/accesses?cursor={cursor}")

    assert await problem(answer) == (422, "invalid_query")


async def test_the_messenger_notes_who_is_reached_where_and_who_listens(
    notify_dsn: str, tmp_path: Path
) -> None:
    async with a_messenger_s_door(notify_dsn, tmp_path) as door:
        await door.client.put(CONTACTS, headers=bearer(), json={"email": "alice@example.org"})
        await door.client.get(CONTACTS, headers=bearer())
        async with door.client.get("/api/v1/live", headers=bearer()) as stream:
            assert stream.status == 200
            await all_written(door.access.writer)
        own = await door.client.get(f"{CONTACTS}/accesses", headers=bearer())
        # What people see of their own is answered at once, and written within moments.
        await all_written(door.access.writer)
        auditor = bearer(AUDITOR, roles=["auditor"])
        path = f"/api/v1/contacts/accesses?person={ALICE}"
        seen = await (await door.client.get(path, headers=auditor)).json()

        said = await own.json()
        operations = [one["operation"] for one in said["accesses"]]
        assert operations == ["follow_live", "show_contacts", "change_contacts"]
        assert "example.org" not in str(said)
        looked = [one["operation"] for one in seen["accesses"]]
        assert looked == ["list_own_contact_accesses", *operations]
