"""Does a campaign see a no that was not kept, and two decisions, and a log that is not whole?"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.slots.rules.answers import refuse
from shared.batch import Item
from shared.messages import Command
from shared.web import command_id
from talon.audit import witness
from talon.rush.journal import Line
from tests import audit_stories as town
from tests import stories
from tests.faults import checks, trail
from tests.faults.history import Batch, History, Replied
from tests.faults.naming import ROUTES, next_name
from tests.stories import NOON

BEGAN = NOON.timestamp()
NAME = command_id(town.ALICE, ROUTES["book"], "first")
BODY = bytes(16)


def a_copy(name: UUID, *, offset: int, on_the_log: float) -> Item:
    """Alice's wish as it came upon the log, that many seconds after all began."""
    command = stories.book(town.MORNING, id=name, body_hash=BODY)
    [item] = stories.as_items(command, offset=offset)
    item.record.timestamp = int((BEGAN + on_the_log) * 1000)
    return item


def a_history(*lines: Line, copies: tuple[Item, ...], done: tuple[UUID, ...] = ()) -> History:
    """What is left of a morning of Alice's alone; every copy was decided in one batch."""
    last = max((item.offset for item in copies), default=0)
    whole = [Batch(1, NOON, [[0, [0, 0], [last, 0]]], [])] if copies else []
    return History(
        witness=witness.testify(lines),
        world=town.a_world(),
        slots={},
        places={},
        answers=dict.fromkeys(done, (BODY, "done", b"")),
        batches=whole,
        numbers={},
        decided={0: (last + 1, 0)},
        bookings={},
        messages={},
        commands={0: {item.offset: [item] for item in copies}},
        slot_events={},
        booking_events={},
        replies=[],
        starts={("slots.events", 0): 0},
        began=BEGAN,
    )


def said(at: float, **about: Any) -> dict[str, Any]:
    """Heard that many seconds after all began, and asked a second before."""
    return {"at": BEGAN + at, "seconds": 1.0} | about


def a_no(at: float, **about: Any) -> Line:
    """`expired`."""
    return town.a_refusal(code="expired", **said(at, **about))


def test_a_no_is_broken_by_a_copy_that_was_on_its_way():
    history = a_history(
        town.a_silence(**said(1.0)),
        a_no(3.0, how="again"),
        copies=(a_copy(NAME, offset=0, on_the_log=0.5),),
        done=(NAME,),
    )

    [broken] = checks.no_is_no(history)

    assert (broken.expected, broken.found) == ("refused (expired)", "it was done")


def test_a_no_is_broken_by_a_later_name_that_nobody_asked_for_any_more():
    history = a_history(
        a_no(3.0),
        copies=(
            a_copy(NAME, offset=0, on_the_log=0.5),
            a_copy(next_name(NAME), offset=1, on_the_log=4.0),
        ),
        done=(next_name(NAME),),
    )

    assert len(list(checks.no_is_no(history))) == 1


def test_who_asks_again_after_a_no_may_get_it():
    history = a_history(
        a_no(3.0),
        town.a_line(booking=next_name(NAME), how="again", **said(5.0)),
        copies=(
            a_copy(NAME, offset=0, on_the_log=2.5),
            a_copy(next_name(NAME), offset=1, on_the_log=4.5),
        ),
        done=(next_name(NAME),),
    )

    assert list(checks.no_is_no(history)) == []


def test_who_asks_again_in_the_same_millisecond_asks_after_the_no():
    history = a_history(
        a_no(3.0),
        town.a_line(booking=next_name(NAME), how="again", **said(3.9995)),
        copies=(
            a_copy(NAME, offset=0, on_the_log=2.5),
            a_copy(next_name(NAME), offset=1, on_the_log=3.5),
        ),
        done=(next_name(NAME),),
    )

    assert list(checks.no_is_no(history)) == []


def test_who_asked_again_does_not_get_what_was_on_its_way_before_the_no():
    history = a_history(
        a_no(3.0),
        town.a_line(booking=NAME, how="again", **said(5.0)),
        copies=(a_copy(NAME, offset=0, on_the_log=2.5), a_copy(NAME, offset=1, on_the_log=4.5)),
        done=(NAME,),
    )

    assert len(list(checks.no_is_no(history))) == 1


def test_a_yes_to_a_booking_of_another_name_is_not_looked_for_under_the_wrong_one():
    history = a_history(town.a_line(**said(1.0)), copies=())

    [broken] = checks.no_is_no(history)

    assert broken.expected == "to bear its own name"


def test_expired_and_another_refusal_of_one_command_are_two_decisions():
    [command] = (a_copy(NAME, offset=0, on_the_log=0.5).message,)
    history = a_history(copies=())
    first, later = _reply(command, "expired"), _reply(command, "full", seconds=9)

    once = msgspec.structs.replace(history, replies=[first, first])
    twice = msgspec.structs.replace(history, replies=[first, later])

    assert list(checks.one_decision(once)) == []
    assert len(list(checks.one_decision(twice))) == 1


def _reply(command: Command, reason: Any, seconds: float = 0.0) -> Replied:
    return Replied(0, 0, BEGAN, refuse(command, reason, NOON + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("runs", "missed"),
    [
        ([[[0, 0], [2, 0]]], 0),
        ([[[0, 0], [0, 0]], [[1, 0], [2, 0]]], 0),
        ([[[0, 0], [0, 0]], [[2, 0], [2, 0]]], 1),
        ([[[0, 0], [1, 0]], [[1, 0], [2, 0]]], 1),
        ([[[1, 0], [2, 0]]], 1),
    ],
)
def test_each_command_is_in_one_batch(runs: list[Any], missed: int):
    copies = tuple(a_copy(NAME, offset=n, on_the_log=n) for n in range(3))
    batches = [Batch(nth, NOON, [[0, *run]], []) for nth, run in enumerate(runs)]
    history = msgspec.structs.replace(a_history(copies=copies), batches=batches)

    assert len(list(checks.in_turn(history))) == missed


def test_a_log_that_begins_later_is_not_whole():
    history = a_history(copies=())
    late = msgspec.structs.replace(history, starts={("slots.events", 0): 7})

    assert list(checks.whole(history)) == []
    assert len(list(checks.whole(late))) == 1


def test_the_trail_shows_each_attempt_and_each_copy():
    copy = a_copy(NAME, offset=0, on_the_log=0.5)
    history = a_history(
        town.a_silence(**said(1.0)), a_no(3.0, how="again"), copies=(copy,), done=(NAME,)
    )
    history.replies = [_reply(copy.message, "expired")]
    [broken] = checks.no_is_no(history)

    shown = trail.trail(history, broken)

    assert shown[:3] == [
        f"journal: book, key first, command {NAME}",
        "  1.000 s  asked for 1.00 s: unknown (nothing timeout)",
        "  3.000 s  asked again for 1.00 s: refused (409 expired)",
    ]
    assert shown[3:6] == [
        "topic slots.commands: 1 copies",
        f"  0.500 s  BookPlaces {NAME} at 0/0.0, deadline"
        f" {copy.message.deadline.timestamp() - BEGAN:.3f} s, reply_to 0 (booking), in batch 1,"
        " decided 0.000 s",
        "topic slots.replies: 1",
    ]
    assert f"of {NAME}:" in shown
