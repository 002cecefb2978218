"""In whatever order the loops take their steps, and whoever dies in between: is every promise kept?

A history is the whole of Talon behind its doors: two processes of each service, nine wishes and
their repeats, some faults, and the seed decides what happens next at every single step. A failure
names its seed; `python -m tests.loops SEED` plays it again and tells its story.
"""

import logging
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from shared.messages import BookingMoved, HoldReleased, Refused, SlotEvent, SlotReply
from shared.topics import SLOTS_EVENTS, SLOTS_REPLIES
from tests.loops.history import History

HISTORIES = 2_000
PARTS = 8

_replies_in = msgspec.msgpack.Decoder(list[bytes]).decode
_event = msgspec.json.Decoder(SlotEvent).decode
_reply = msgspec.msgpack.Decoder(SlotReply).decode


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What loops say of outages is no news here, and to keep it would take longer than to run."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("part", range(PARTS))
def test_in_whatever_order_nobody_is_oversold_lost_or_told_twice(part: int) -> None:
    for seed in range(part, HISTORIES, PARTS):
        History(seed).run()


def test_the_same_seed_tells_the_same_story() -> None:
    first, second = History(7), History(7)

    first.run()
    second.run()

    assert first.city.world.story == second.city.world.story
    assert _values(first) == _values(second)


def test_histories_come_to_where_it_is_dangerous() -> None:
    reached: Counter[str] = Counter()

    for seed in SEEDS:
        history = History(seed)
        history.run()
        reached += history.city.reached + _outcomes(history) + _fates(history)
        reached["moved to what was held"] += _given_up(history)
        if all(reached[place] for place in DANGEROUS):
            break

    assert [place for place in DANGEROUS if not reached[place]] == []


SEEDS = range(200, 1_000)
"""So many at most: of some places one history in a hundred tells."""

DANGEROUS = (
    "killed",
    "set aside",
    "again: outage",
    "again: somebody else was quicker",
    "PlacesBooked",
    "BookingMoved",
    "moved to what was held",
    "BookingCancelled",
    "HoldRenewed",
    "full",
    "claim_taken",
    "expired",
    "key_reused",
    "hold_gone",
    "message sent",
    "message unknown",
)


def _values(history: History) -> list[bytes | None]:
    return [record.value for kept in history.city.log.kept.values() for record in kept]


def _outcomes(history: History) -> Counter[str]:
    replies = [
        _reply(part)
        for record in history.city.log.records(SLOTS_REPLIES.name)
        for part in _replies_in(record.value)
    ]
    return Counter(r.reason if isinstance(r, Refused) else type(r).__name__ for r in replies)


def _given_up(history: History) -> int:
    """How many holds ended with a move."""
    told = {record.value for record in history.city.log.records(SLOTS_EVENTS.name)}
    events = [_event(value) for value in told if value]
    moved = {event.cause for event in events if isinstance(event, BookingMoved)}
    return sum(isinstance(event, HoldReleased) and event.cause in moved for event in events)


def _fates(history: History) -> Counter[str]:
    return Counter(f"message {row['state']}" for row in history.city.notify.find("message"))
