"""What is told with a refusal, and what of it is kept?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.slots.availability import Alternatives, Memory
from services.slots.inbox import Referee
from shared.messages import Refused
from tests import stories
from tests.copies import Town, a_town
from tests.stories import TOMORROW, an_id

WANTED, NEXT, LAST = an_id("wanted"), an_id("next"), an_id("last")
MINUTE = timedelta(minutes=1)

_reply = msgspec.msgpack.Decoder(Refused).decode


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """A full slot with a free one behind it."""
    async with a_town(slots_dsn, 0) as made:
        await made.referee.decide(
            stories.open_clinic(),
            stories.open_slot(WANTED),
            stories.open_slot(NEXT, 2, starts_at=TOMORROW + 20 * MINUTE),
            stories.book(WANTED),
        )
        yield made


@pytest.fixture
async def memory(town: Town) -> AsyncIterator[Memory]:
    """The copy of what is free, from which the referee knows what is near."""
    async with town.a_copy() as made:
        near = Alternatives(lambda: made.board, made.now_us).near
        town.referee.commits._handler = Referee(swept_holds_max=100, near=near)
        yield made


async def refused(town: Town, command: Any) -> Refused:
    """The refusal that a command gets."""
    [reply] = await town.referee.decide(command)
    assert isinstance(reply, Refused), reply
    return reply


def told(reply: Refused) -> list[tuple[UUID, int]]:
    """Which slots a refusal names, and how much is free there."""
    return [(near.slot_id, near.free) for near in reply.alternatives]


async def test_who_finds_a_slot_full_is_told_of_one_nearby(town: Town, memory: Memory) -> None:
    reply = await refused(town, stories.book(WANTED))

    assert (reply.reason, told(reply)) == ("full", [(NEXT, 2)])
    [near] = reply.alternatives
    assert (near.clinic_id, near.starts_at) == (stories.CLINIC, TOMORROW + 20 * MINUTE)


async def test_what_is_near_is_told_and_not_kept_so_that_who_asks_again_hears_what_is_so_then(
    town: Town, memory: Memory
) -> None:
    wish = stories.book(WANTED)
    first = await refused(town, wish)
    await town.referee.decide(stories.book(NEXT))
    await town.is_copied(memory)

    again = await refused(town, wish)

    kept = await town.pool.fetchval("SELECT reply FROM answer WHERE id = $1", wish.id)
    assert (told(first), told(again)) == ([(NEXT, 2)], [(NEXT, 1)])
    assert _reply(kept) == msgspec.structs.replace(first, alternatives=())
    assert (again.id, again.at) == (first.id, first.at)


async def test_a_shut_slot_and_every_kind_of_wish_for_places_has_its_alternatives(
    town: Town, memory: Memory
) -> None:
    [booked] = await town.referee.decide(stories.book(NEXT))
    await town.referee.decide(stories.open_slot(LAST, starts_at=TOMORROW + 40 * MINUTE))
    [held] = await town.referee.decide(stories.hold(NEXT))
    await town.is_copied(memory)

    hold = await refused(town, stories.hold(WANTED))
    move = await refused(town, stories.move(booked.booking_id, WANTED))
    await town.referee.decide(stories.change_slot(NEXT, open=False))
    confirm = await refused(town, stories.confirm(held.booking_id, NEXT))

    assert (hold.reason, move.reason, confirm.reason) == ("full", "full", "closed")
    assert [told(reply) for reply in (hold, move, confirm)] == [[(LAST, 1)]] * 3


async def test_refusals_that_another_slot_would_have_got_too_have_none(
    town: Town, memory: Memory
) -> None:
    late = stories.book(NEXT, deadline=stories.NOON.replace(year=2001))
    reused = stories.book(WANTED)
    await town.referee.decide(reused)

    replies = [
        await refused(town, late),
        await refused(town, stories.book(an_id("nowhere"))),
        await refused(town, msgspec.structs.replace(reused, body_hash=b"x" * 16)),
        await refused(town, stories.cancel(an_id("nobody"))),
    ]

    assert [reply.reason for reply in replies] == ["expired", "unknown", "key_reused", "unknown"]
    assert [told(reply) for reply in replies] == [[]] * 4


async def test_without_a_copy_a_refusal_is_a_refusal(slots_dsn: str) -> None:
    async with a_town(slots_dsn, 0) as town:
        near = Alternatives(lambda: None, lambda: 0).near
        town.referee.commits._handler = Referee(swept_holds_max=100, near=near)
        await town.referee.decide(
            stories.open_clinic(), stories.open_slot(WANTED), stories.book(WANTED)
        )

        reply = await refused(town, stories.book(WANTED))

    assert (reply.reason, told(reply)) == ("full", [])
