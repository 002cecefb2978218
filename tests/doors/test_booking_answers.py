"""What does the front desk do where somebody has answered a reminder by a text message?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from services.booking.answering import Answering
from services.booking.api.desk import DESK
from services.booking.pending import Sweeper
from services.booking.store import Database, Wishes
from shared.batch import Head, Item
from shared.events import Unpacker
from shared.links import store
from shared.links.rules import Keys, Link, token_of
from shared.messages import ReminderAnswered
from shared.topics import NOTIFY_EVENTS
from tests.booking_doors import Door, a_door
from tests.booking_stories import ALICE, BORIS
from tests.doors.test_booking_coming import a_token, booked, said_of
from tests.doors.test_booking_day import NOON
from tests.doors.test_booking_links import Handing, status_of, taps
from tests.family_stories import NOT_AGREED, agrees, body, for_each
from tests.stories import a_record
from tests.visiting import KEYS

PATIENCE_SECONDS = 10.0


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """A front desk that knows the messenger's keys."""
    async with a_door(booking_dsn, tmp_path) as opened:
        opened.client.app[DESK].link_keys = KEYS
        yield opened


def an_answer(token: str, booking_id: UUID) -> ReminderAnswered:
    said = uuid4()
    return ReminderAnswered(
        id=said, cause=uuid4(), at=datetime.now(UTC), booking_id=booking_id, token=token
    )


def items_of(answers: Sequence[ReminderAnswered], first: int = 1) -> list[Item]:
    """As they come from the log, numbered on from `first`."""
    unpack = Unpacker(NOTIFY_EVENTS)
    return [
        unpack(
            a_record(
                msgspec.json.encode(answer),
                topic=NOTIFY_EVENTS.name,
                offset=number,
                headers=(("ce_specversion", b"1.0"), ("ce_sequence", b"%d" % number)),
            )
        )[0]
        for number, answer in enumerate(answers, start=first)
    ]


async def hear(door: Door, *tokens: tuple[str, UUID], keys: Keys | None = KEYS) -> list[str]:
    """One batch of answers, as the follower hands it over; what became of each."""
    answering = Answering(keys, door.client.app[DESK].clock.now, 0)
    items = items_of([an_answer(token, booking_id) for token, booking_id in tokens])
    async with door.pool.acquire() as connection, connection.transaction():
        await answering.handle(connection, {0: Head(0, 0, 0, 0, 0, 0)}, items)
    return list(answering._became)


async def sweep(door: Door) -> int:
    """The wishes that wait are asked, until all of them are answered; how many they were."""
    sweeper = Sweeper(Wishes(Database(door.pool, 1.0)), Handing(door), 0, resend_seconds=0.5)
    swept = await sweeper.sweep(10)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await door.pool.fetchval("SELECT count(*) FROM pending_command"):
            await asyncio.sleep(0.05)
            await sweeper.sweep(10)
    return swept


def to_cancel(made: dict[str, Any], **about: Any) -> tuple[str, UUID]:
    return a_token(made, **{"purpose": "cancel_booking"} | about), UUID(made["id"])


def to_come(made: dict[str, Any], **about: Any) -> tuple[str, UUID]:
    return a_token(made, **about), UUID(made["id"])


async def test_whoever_writes_that_they_come_is_seen_to_come(door: Door) -> None:
    made = await booked(door)
    await booked(door, NOON + timedelta(hours=2))

    assert await hear(door, to_come(made)) == ["coming"]
    assert await hear(door, to_come(made)) == ["coming"]

    assert await said_of(door) == [True, False]


async def test_whoever_writes_that_they_do_not_come_gives_the_place_back_at_once(
    door: Door,
) -> None:
    made = await booked(door)
    slot = UUID(made["places"][0]["slot_id"])
    before = door.referee.inventory.slots[slot].booked

    assert await hear(door, to_cancel(made)) == ["cancel"]
    assert await sweep(door) == 1

    assert await status_of(door, UUID(made["id"])) == "cancelled"
    assert (before, door.referee.inventory.slots[slot].booked) == (1, 0)
    assert await hear(door, to_cancel(made), to_come(made)) == ["gone", "gone"]
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 0


async def test_a_reply_told_again_before_it_is_done_is_one_cancellation(door: Door) -> None:
    made = await booked(door)

    assert await hear(door, to_cancel(made), to_cancel(made)) == ["cancel", "used"]

    assert await sweep(door) == 1


async def test_a_visit_that_is_at_another_time_is_not_given_up_by_a_reply_to_what_was(
    door: Door,
) -> None:
    made = await booked(door)
    later = await door.open_slot(uuid4(), 5, starts_at=NOON + timedelta(hours=1))
    moved = await door.ask(
        "POST", f"/bookings/{made['id']}/reschedule", {"places": [{"slot_id": str(later)}]}
    )
    assert moved.status == 200

    assert await hear(door, to_cancel(made), to_come(made)) == ["gone", "gone"]

    assert await status_of(door, UUID(made["id"])) == "booked"
    assert await said_of(door) == [False]


async def test_a_move_that_is_not_known_here_yet_is_not_cancelled_either(door: Door) -> None:
    made = await booked(door)
    assert await hear(door, to_cancel(made)) == ["cancel"]
    later = await door.open_slot(uuid4(), 5, starts_at=NOON + timedelta(hours=1))
    moved = await door.ask(
        "POST", f"/bookings/{made['id']}/reschedule", {"places": [{"slot_id": str(later)}]}
    )
    assert moved.status == 200

    assert await sweep(door) == 1

    assert await status_of(door, UUID(made["id"])) == "booked"
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 0


async def test_whatever_is_wrong_with_its_link_an_answer_does_nothing(door: Door) -> None:
    made, other = await booked(door), await booked(door, NOON + timedelta(hours=2))
    before = await door.everything()
    forged = Keys(signs=1, secrets={1: bytes(31) + b"1"})
    link = Link(purpose="cancel_booking", person_id=ALICE, object_id=UUID(made["id"]), until=NOON)

    became = await hear(
        door,
        to_cancel(made, until=NOON + timedelta(hours=3)),
        to_cancel(made, until=datetime.now(UTC) - timedelta(seconds=1)),
        to_cancel(made, person_id=BORIS),
        to_cancel(made, purpose="move_visit"),
        (token_of(link, forged), UUID(made["id"])),
        (to_cancel(made)[0], UUID(other["id"])),
        to_cancel({"id": str(uuid4())}),
        ("nothing", UUID(made["id"])),
    )

    assert became == ["gone"] * 8
    assert await hear(door, to_cancel(made), keys=None) == ["gone"]
    assert await door.everything() == before
    assert await door.pool.fetchval("SELECT count(*) FROM coming") == 0


async def test_nobody_gives_up_the_place_of_somebody_who_took_back_that_they_act_for_them(
    door: Door,
) -> None:
    await agrees(door, BORIS)
    slot = await door.open_slot(uuid4(), 5, starts_at=NOON)
    made = await body(door.ask("POST", "/bookings", for_each([ALICE, BORIS], [slot, slot])))
    assert await hear(door, to_come(made)) == ["coming"]

    await agrees(door, BORIS, NOT_AGREED)

    assert await hear(door, to_cancel(made), to_come(made)) == ["gone", "gone"]


# ---- a reply and a tap at once -------------------------------------------------------------------


async def both_at_once(door: Door, made: dict[str, Any]) -> tuple[list[str], int, int]:
    """What became of the reply, how the tap was answered, and how many uses were let in."""
    door.referee.silent = True
    token, booking_id = to_cancel(made)
    became, tapped = await asyncio.gather(hear(door, (token, booking_id)), taps(door, token))
    door.referee.silent = False
    uses = (became == ["cancel"]) + (tapped.status == 202)
    return became, tapped.status, uses


async def test_a_reply_and_a_tap_at_once_cancel_once(door: Door) -> None:
    made = await booked(door)

    became, status, uses = await both_at_once(door, made)

    assert uses == 1, (became, status)
    assert await door.pool.fetchval("SELECT count(*) FROM pending_command") == 1
    assert await sweep(door) == 1
    assert await status_of(door, UUID(made["id"])) == "cancelled"


async def test_without_the_link_s_record_both_would_have_used_it(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await booked(door)
    unwritten = "SELECT $1::uuid, $2::text, $3::uuid, $4::uuid, $5::bytea, $6::timestamptz"
    monkeypatch.setitem(store.SQL, "use_link", unwritten)

    became, status, uses = await both_at_once(door, made)

    assert uses == 2, (became, status)


async def test_an_answer_that_a_person_has_sent_again_is_taken_though_it_has_no_number(
    door: Door,
) -> None:
    made = await booked(door)
    token, booking_id = to_come(made)
    record = a_record(
        msgspec.json.encode(an_answer(token, booking_id)),
        topic=NOTIFY_EVENTS.name,
        headers=(("ce_specversion", b"1.0"), ("talon_again", b"17")),
    )
    answering = Answering(KEYS, door.client.app[DESK].clock.now, 0)

    async with door.pool.acquire() as connection, connection.transaction():
        items = Unpacker(NOTIFY_EVENTS)(record)
        await answering.handle(connection, {0: Head(0, 0, 0, 0, 0, 0)}, items)

    assert await said_of(door) == [True]


# ---- what cannot be read -------------------------------------------------------------------------


async def test_an_answer_that_nobody_can_read_uses_up_its_number_and_the_next_is_taken(
    door: Door,
) -> None:
    made = await booked(door)
    answering = Answering(KEYS, door.client.app[DESK].clock.now, 0)
    head = Head(0, 0, 0, 0, 0, 0)
    token, booking_id = to_come(made)
    bad, good = items_of([an_answer(token, booking_id)] * 2)
    bad = bad._replace(message=None, wrong="no json")

    async with door.pool.acquire() as connection, connection.transaction():
        await answering.handle(connection, {0: head}, [good])
        assert answering.wrong() is not None
        await answering.set_aside(connection, {0: head}, bad)
        await answering.handle(connection, {0: head}, [good])

    assert answering.wrong() is None
    assert await said_of(door) == [True]
