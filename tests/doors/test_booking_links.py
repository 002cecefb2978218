"""What may somebody do who has a link and is not signed in? One thing, once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from services.booking.pending import Sweeper
from services.booking.store import Database, Wishes, links
from shared.links import store
from shared.links.rules import Keys, Link, token_of
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS, MONDAY

BROKEN = """SELECT 1/0, $1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::bytea[],
                   $6::timestamptz[]"""
KEYS = Keys(signs=1, secrets={1: bytes(32)})
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=12)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk that knows the messenger's keys."""
    async with a_door(booking_dsn, tmp_path) as door:
        door.client.app[DESK].link_keys = KEYS
        yield door


async def booked(door: Door) -> UUID:
    """Alice has a visit tomorrow."""
    await door.open_slot(MONDAY)
    answer = await door.book(MONDAY)
    assert answer.status == 201
    return UUID((await answer.json())["id"])


def a_token(booking_id: UUID, **about: Any) -> str:
    """What Alice was sent."""
    link = Link(
        **{
            "purpose": "cancel_booking",
            "person_id": ALICE,
            "object_id": booking_id,
            "until": LATER,
        }
        | about
    )
    return token_of(link, KEYS)


async def looks(door: Door, token: str) -> ClientResponse:
    """Whoever has the link opens it; nobody is signed in."""
    return await door.client.get(f"/api/v1/links/{token}")


async def taps(door: Door, token: str, key: str | None = None) -> ClientResponse:
    """They press the button."""
    headers = {"Idempotency-Key": key or str(uuid4())}
    return await door.client.post(f"/api/v1/links/{token}", json={}, headers=headers)


async def status_of(door: Door, booking_id: UUID) -> str:
    """How Alice sees her booking."""
    return str((await (await door.ask("GET", f"/bookings/{booking_id}")).json())["status"])


async def test_looking_changes_nothing_however_often(door: Door) -> None:
    booking_id = await booked(door)
    token = a_token(booking_id)
    before = await door.everything()

    answers = [await looks(door, token) for _ in range(3)]

    said = await answers[0].json()
    assert (answers[0].status, said["status"], said["purpose"]) == (200, "booked", "cancel_booking")
    assert [visit["clinic_name"] for visit in said["visits"]]
    assert str(ALICE) not in await answers[0].text()
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert await door.everything() == before
    assert await door.pool.fetchval("SELECT count(*) FROM link_use") == 0


async def test_one_tap_cancels_the_booking_and_the_link_is_gone(door: Door) -> None:
    booking_id = await booked(door)
    token = a_token(booking_id)

    tapped = await taps(door, token)
    again = await taps(door, token)
    looked = await looks(door, token)

    assert (tapped.status, (await tapped.json())["status"]) == (200, "cancelled")
    assert await problem(again) == await problem(looked) == (404, "link_gone")
    assert await status_of(door, booking_id) == "cancelled"
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 0


async def test_the_same_request_again_gets_the_same_answer(door: Door) -> None:
    token = a_token(await booked(door))

    first = await taps(door, token, key="one")
    again = await taps(door, token, key="one")

    assert (first.status, again.status) == (200, 200)
    assert await first.json() == await again.json()


async def test_whatever_is_wrong_with_a_link_it_is_gone_in_the_same_words(door: Door) -> None:
    booking_id = await booked(door)
    good = a_token(booking_id)
    used = a_token(booking_id, until=LATER - timedelta(hours=1))
    other_keys = Keys(signs=1, secrets={1: bytes(31) + b"1"})
    wrong = {
        "over": a_token(booking_id, until=datetime.now(UTC) - timedelta(seconds=2)),
        "another's": a_token(booking_id, person_id=BORIS),
        "for no booking": a_token(uuid4()),
        "forged": token_of(
            Link(purpose="cancel_booking", person_id=ALICE, object_id=booking_id, until=LATER),
            other_keys,
        ),
        "cut off": good[:-1],
        "nothing like it": "cancel",
    }

    said = {name: await (await looks(door, token)).text() for name, token in wrong.items()}
    tapped = {name: await (await taps(door, token)).text() for name, token in wrong.items()}
    assert (await taps(door, used)).status == 200
    said["used"] = await (await looks(door, used)).text()
    tapped["cancelled"] = await (await taps(door, good)).text()

    assert len({*said.values(), *tapped.values()}) == 1
    assert "link_gone" in said["over"]


async def test_without_keys_no_link_is_valid(door: Door) -> None:
    token = a_token(await booked(door))
    door.client.app[DESK].link_keys = None

    assert await problem(await looks(door, token)) == (404, "link_gone")
    assert await problem(await taps(door, token)) == (404, "link_gone")


async def test_what_was_tapped_while_nobody_answered_is_cancelled_all_the_same(door: Door) -> None:
    booking_id = await booked(door)
    door.referee.silent = True
    tapped = await taps(door, a_token(booking_id))
    door.referee.silent = False

    desk = door.client.app[DESK]
    wishes = Wishes(Database(door.pool, 1.0))
    sweeper = Sweeper(wishes, Handing(door), desk.answers.reply_to, resend_seconds=5.0)
    swept = await sweeper.sweep(10)
    await asyncio.sleep(0.1)

    assert (tapped.status, (await tapped.json())["status"]) == (202, "cancelling")
    assert swept == 1
    assert await status_of(door, booking_id) == "cancelled"


async def test_tapped_while_the_log_is_away_it_is_written_down_and_will_be_done(door: Door) -> None:
    booking_id = await booked(door)
    door.referee.away = True

    tapped = await taps(door, a_token(booking_id))

    assert tapped.status == 202
    assert await door.pool.fetchval("SELECT count(*) FROM link_use") == 1
    assert await door.pool.fetchval("SELECT booking_id FROM pending_command") == booking_id


async def test_the_same_link_used_twice_at_once_is_used_once(door: Door) -> None:
    token = a_token(await booked(door))
    door.referee.silent = True

    answers = await asyncio.gather(*(taps(door, token) for _ in range(3)))

    assert sorted(answer.status for answer in answers) == [202, 404, 404]
    assert await door.pool.fetchval("SELECT count(*) FROM link_use") == 1


async def test_without_its_record_both_would_have_used_it(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = a_token(await booked(door))
    door.referee.silent = True
    unwritten = "SELECT $1::uuid, $2::text, $3::uuid, $4::uuid, $5::bytea, $6::timestamptz"
    monkeypatch.setitem(store.SQL, "use_link", unwritten)

    answers = await asyncio.gather(*(taps(door, token) for _ in range(3)))

    assert [answer.status for answer in answers] == [202, 202, 202]


async def test_without_the_look_the_constraint_still_lets_one_through(door: Door) -> None:
    link = Link(purpose="cancel_booking", person_id=ALICE, object_id=uuid4(), until=LATER)
    plain = store.SQL["use_link"].replace("ON CONFLICT (link_id) DO NOTHING", "")
    about = (link.id, link.purpose, link.person_id, link.object_id, bytes(16), link.until)

    await door.pool.execute(plain, *about)
    with pytest.raises(asyncpg.UniqueViolationError, match="used_once"):
        await door.pool.execute(plain, *about)


async def test_a_use_and_its_wish_are_kept_together_or_not_at_all(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = a_token(await booked(door))
    monkeypatch.setitem(links.SQL, "ask_soon", BROKEN)

    broken = await taps(door, token)
    monkeypatch.undo()
    tapped = await taps(door, token)

    assert broken.status == 500
    assert tapped.status == 200


class Handing:
    """Commands that a sweep asks again, as the door's own log takes them."""

    away = False

    def __init__(self, door: Door) -> None:
        self._door = door

    async def hand_over(self, command: Any, partition: int) -> None:
        """As `Commands.hand_over`."""
        self._door.referee.post(command, partition, asyncio.get_running_loop().create_future())
