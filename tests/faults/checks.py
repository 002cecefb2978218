"""Which promises does a campaign check besides those of `talon audit`?"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from uuid import UUID

import msgspec

from shared.messages import HoldExpired, PlaceExpired, Refused
from shared.topics import BOOKING_EVENTS, SLOTS_EVENTS
from talon.audit.facts import Broken
from talon.audit.rules import PROMISES
from tests.faults import replay
from tests.faults.history import History

Check = Callable[[History], Iterator[Broken]]
NOT_FOR_EVER = ("expired", "key_reused")
TOLD = ("sent", "unknown", "no_address", "failed")


class Promise(msgspec.Struct, frozen=True):
    """One promise: its short name, what it says, and the function that finds where it is broken."""

    name: str
    says: str
    check: Check


class Finding(msgspec.Struct, frozen=True):
    """What came of checking one promise."""

    promise: Promise
    broken: list[Broken]


def watched(history: History) -> Iterator[Broken]:
    """What those saw who looked four times a second."""
    yield from history.seen


def gapless(history: History) -> Iterator[Broken]:
    """Each partition's events are numbered 1, 2, 3..., the same number always the same event."""
    for topic, told in (
        (SLOTS_EVENTS.name, history.slot_events),
        (BOOKING_EVENTS.name, history.booking_events),
    ):
        taken = history.in_order(topic)
        for partition, some in told.items():
            where = f"{topic}, partition {partition}"
            wanted, found = history.numbers[topic, partition], len(taken[partition])
            if wanted != found:
                yield _log(where, f"numbers 1 to {wanted}", f"{found + 1} never comes in its turn")
            values: dict[int, bytes] = {}
            for one in some:
                if values.setdefault(one.number, one.value) != one.value:
                    yield _log(where, f"one event as number {one.number}", "two of them")


def told_once(history: History) -> Iterator[Broken]:
    """One event for each change, under one number."""
    for topic in (SLOTS_EVENTS.name, BOOKING_EVENTS.name):
        numbers: dict[UUID, list[str]] = defaultdict(list)
        for partition, some in history.in_order(topic).items():
            for one in some:
                numbers[one.event.id].append(f"{partition}/{one.number}")
        for event_id, places in numbers.items():
            if len(places) > 1:
                yield _log(f"{topic}, event {event_id}", "one number", ", ".join(places))


def one_decision(history: History) -> Iterator[Broken]:
    """All replies to a command, and all events it caused, are one decision."""
    said: dict[UUID, set[UUID]] = defaultdict(set)
    for reply in history.replies:
        if not isinstance(reply, Refused) or reply.reason not in NOT_FOR_EVER:
            said[reply.cause].add(reply.id)
    for some in history.in_order(SLOTS_EVENTS.name).values():
        for one in some:
            if not isinstance(one.event, PlaceExpired | HoldExpired):
                said[one.event.cause].add(one.event.id)
    for command, ids in said.items():
        if len(ids) > 1:
            yield _log(f"command {command}", "one decision", f"{len(ids)} of them")


def announced(history: History) -> Iterator[Broken]:
    """What the referee recorded as done is an event on the log."""
    told = {
        one.event.cause for some in history.in_order(SLOTS_EVENTS.name).values() for one in some
    }
    for command, (_, outcome, _) in history.answers.items():
        if outcome == "done" and command not in told:
            yield _log(f"command {command}", "an event", "recorded as done, and never told")


def projected(history: History) -> Iterator[Broken]:
    """The front desk has the last version that the referee told of each booking."""
    last: dict[UUID, int] = {}
    for some in history.in_order(SLOTS_EVENTS.name).values():
        for one in some:
            if hasattr(one.event, "version"):
                last[one.event.booking_id] = max(
                    one.event.version, last.get(one.event.booking_id, 0)
                )
    for booking_id, version in last.items():
        found = history.bookings.get(booking_id)
        if found is None or found[1] != version:
            said = "nothing" if found is None else f"version {found[1]}, {found[0]}"
            yield Broken(
                about=str(booking_id), where="booking", expected=f"version {version}", found=said
            )


def written_down(history: History) -> Iterator[Broken]:
    """What the front desk told is written in the messenger's ledger once, and is settled."""
    for some in history.in_order(BOOKING_EVENTS.name).values():
        for one in some:
            states = history.messages.get(one.event.id, [])
            if len(states) != 1 or states[0] not in TOLD:
                yield Broken(
                    about=str(one.event.booking_id),
                    where="mail",
                    expected=f"one settled message for {type(one.event).__name__}",
                    found=", ".join(states) or "none",
                )


def closed_for_all(history: History) -> Iterator[Broken]:
    """Where staff closed a slot with its bookings, nobody has a place, and everyone is told."""
    for closed in history.closed:
        for booking_id in closed.bookings:
            key = UUID(str(booking_id))
            found = history.bookings.get(key)
            if closed.done and (found is None or found[0] != "cancelled"):
                yield Broken(
                    about=str(key),
                    where="booking",
                    expected="cancelled, since its slot was closed",
                    found="nothing" if found is None else found[0],
                )


def accesses_whole(history: History) -> Iterator[Broken]:
    """Whatever was killed, the chains of who looked at what are whole as far as they were told."""
    yield from history.noted


def _audit(promise: Promise) -> Promise:
    return Promise(
        promise.name, promise.says, lambda h, check=promise.check: check(h.witness, h.world)
    )


ALL = (
    Promise("watched", "at each look all adds up and nothing goes backwards", watched),
    *(_audit(promise) for promise in PROMISES),
    Promise("gapless", "events are numbered without a hole, in each partition", gapless),
    Promise("told once", "one event for each change, under one number", told_once),
    Promise("one decision", "one decision for each command", one_decision),
    Promise("announced", "what was decided was told", announced),
    Promise("fold", "the tables are what the events lead to", replay.fold),
    Promise("decided again", "the same batches lead to the same events", replay.decide_again),
    Promise("projected", "the front desk has every booking's last version", projected),
    Promise("written down", "each event has one message, and it is settled", written_down),
    Promise("accesses", "nobody's look was changed, taken out or cut off", accesses_whole),
    Promise("closed", "a slot closed with its bookings has none", closed_for_all),
)


def check_all(history: History) -> list[Finding]:
    """Every promise, in order."""
    return [Finding(promise, list(promise.check(history))) for promise in ALL]


def _log(about: str, expected: str, found: str) -> Broken:
    return Broken(about=about, where="slots", expected=expected, found=found)
