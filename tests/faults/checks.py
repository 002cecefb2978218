"""Which promises does a campaign check besides those of `talon audit`?"""

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Any
from uuid import UUID

import msgspec

from shared.batch import Item
from shared.messages import HoldExpired, PlaceExpired, Refused
from shared.topics import BOOKING_EVENTS, SLOTS_EVENTS
from talon.audit.facts import Broken
from talon.audit.rules import PROMISES
from talon.audit.witness import Wish
from talon.rush.journal import Line
from tests.faults import replay
from tests.faults.history import History
from tests.faults.naming import NAMES_ITSELF, names_of

Check = Callable[[History], Iterator[Broken]]
CLOCK_SECONDS = 0.002
"""The journal and the log write down milliseconds."""
TOLD = ("sent", "unknown", "no_address", "failed")
REACHED = ("sent", "delivered")


class Promise(msgspec.Struct, frozen=True):
    """One promise: its short name, what it says, and the function that finds where it is broken."""

    name: str
    says: str
    check: Check


class Finding(msgspec.Struct, frozen=True):
    """What came of checking one promise."""

    promise: Promise
    broken: list[Broken]
    seconds: float
    """How long it took to look."""


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
    """All replies to a command, and all events it caused, are one decision of one moment.

    `key_reused` answers another wish that was asked under the same key, so it decides nothing.
    """
    said: dict[UUID, set[str]] = defaultdict(set)
    for told in history.replies:
        reply = told.reply
        if not isinstance(reply, Refused) or reply.reason != "key_reused":
            said[reply.cause].add(_decision(reply))
    for some in history.in_order(SLOTS_EVENTS.name).values():
        for one in some:
            if not isinstance(one.event, PlaceExpired | HoldExpired):
                said[one.event.cause].add(_decision(one.event))
    for command, decisions in said.items():
        if len(decisions) > 1:
            yield _log(f"command {command}", "one decision", " and ".join(sorted(decisions)))


def _decision(message: Any) -> str:
    said = f"{message.reason} " if isinstance(message, Refused) else ""
    return f"{type(message).__name__} {said}{message.id} of {message.at.isoformat()}"


def no_is_no(history: History) -> Iterator[Broken]:
    """What was on the log when its owner heard no was never done, whatever the reason for the no.

    By the commands' own names, so nothing that looks alike excuses it. Whoever asks once more after
    a no asks something new. `key_reused` says no to another wish than the one that has the key.
    """
    copies = first_copies(history)
    done = {key for key, (_, outcome, _) in history.answers.items() if outcome == "done"}
    done |= {
        one.event.cause for some in history.in_order(SLOTS_EVENTS.name).values() for one in some
    }
    for wish in history.witness.wishes:
        names = names_of(wish, copies)
        for name in done.intersection(names):
            line = _denied(wish, copies.get(name, 0.0))
            if line is not None:
                said = line.code or line.state or str(line.status)
                yield _log(f"{wish.first.act} {name}", f"refused ({said})", "it was done")
        granted = wish.granted.booking if wish.granted is not None else None
        if granted is not None and wish.first.act in NAMES_ITSELF and granted not in names:
            yield _log(f"{wish.first.act} {names[0]}", "to bear its own name", f"{granted}")


def _denied(wish: Wish, on_the_log: float) -> Line | None:
    """The first no that its owner heard after that moment, or after which nobody asked any more."""
    for nth, line in enumerate(wish.lines):
        if line.verdict != "refused" or line.code == "key_reused":
            continue
        asked_again = any(
            later.how != "poll" and later.at - later.seconds >= line.at - CLOCK_SECONDS
            for later in wish.lines[nth + 1 :]
        )
        if not asked_again or on_the_log <= line.at + CLOCK_SECONDS:
            return line
    return None


def first_copies(history: History) -> dict[UUID, float]:
    """When each command came upon the log first, by the log's clock."""
    first: dict[UUID, float] = {}
    for records in history.commands.values():
        for items in records.values():
            for item in items:
                if item.message is not None:
                    at = item.record.timestamp / 1000
                    first[item.message.id] = min(at, first.get(item.message.id, at))
    return first


def whole(history: History) -> Iterator[Broken]:
    """What is replayed is replayed from the first record that there ever was, not from a copy."""
    for (topic, partition), start in history.starts.items():
        if start != 0:
            yield _log(f"{topic}, partition {partition}", "a log from offset 0", f"{start}")


def in_turn(history: History) -> Iterator[Broken]:
    """Each command on the log was decided in one recorded batch, in the order of the log."""
    for partition, records in history.commands.items():
        runs = sorted(
            (batch.id, nth, tuple(first), tuple(last))
            for batch in history.batches
            for nth, (home, first, last) in enumerate(batch.positions)
            if home == partition
        )
        reached = (-1, -1)
        for batch_id, _, first, last in runs:
            if first <= reached:
                where = f"slots.commands, partition {partition}, batch {batch_id}"
                yield _log(where, f"to begin behind {reached}", f"begins at {first}")
            reached = max(reached, last)
        yield from _left_out(history, partition, records, [run[2:] for run in runs])


def _left_out(
    history: History, partition: int, records: dict[int, list[Item]], runs: list[Any]
) -> Iterator[Broken]:
    """A command that was set aside is in no batch: then it was answered `failed`."""
    runs = sorted(runs)
    firsts = [first for first, _ in runs]
    for offset, items in records.items():
        for item in items:
            here = (offset, item.nth)
            if item.message is None or here >= history.decided.get(partition, (0, 0)):
                continue
            at = bisect_right(firsts, here) - 1
            answer = history.answers.get(item.message.id)
            is_set_aside = answer is not None and answer[1] == "failed"
            if not is_set_aside and (at < 0 or here > runs[at][1]):
                where = f"slots.commands, {partition}/{offset}, command {item.message.id}"
                yield _log(where, "decided in a recorded batch", "passed over")


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
            # Another channel, or the clinic's list, only where the one before reached nobody.
            reached = any(state in REACHED for state in states[:-1])
            if not states or reached or not set(states) <= set(TOLD):
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
    Promise(
        "no is no", "what its owner heard no to was never done by what was on its way", no_is_no
    ),
    Promise("whole", "every topic is read from its first record, at offset 0", whole),
    Promise("in turn", "each command was decided in one batch, in the order of the log", in_turn),
    Promise("gapless", "events are numbered without a hole, in each partition", gapless),
    Promise("told once", "one event for each change, under one number", told_once),
    Promise("one decision", "one decision for each command", one_decision),
    Promise("announced", "what was decided was told", announced),
    Promise("fold", "the events from offset 0 lead to the tables' state hash", replay.fold),
    Promise("decided again", "the same batches lead to the same events", replay.decide_again),
    Promise("projected", "the front desk has every booking's last version", projected),
    Promise(
        "written down",
        "each event has a message, settled, and another only after that failed",
        written_down,
    ),
    Promise("accesses", "nobody's look was changed, taken out or cut off", accesses_whole),
    Promise("closed", "a slot closed with its bookings has none", closed_for_all),
)


def check_all(history: History) -> list[Finding]:
    """Every promise, in order."""
    return [_found(promise, history) for promise in ALL]


def check_some(history: History, names: Collection[str]) -> list[Finding]:
    """Those of these names."""
    return [_found(promise, history) for promise in ALL if promise.name in names]


def _found(promise: Promise, history: History) -> Finding:
    began = time.monotonic()
    broken = list(promise.check(history))
    return Finding(promise, broken, time.monotonic() - began)


def _log(about: str, expected: str, found: str) -> Broken:
    return Broken(about=about, where="slots", expected=expected, found=found)
