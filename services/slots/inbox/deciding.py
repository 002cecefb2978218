"""What does a batch lead to? The rules are asked for each command, in the order of the log."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

import msgspec

from services.slots.rules import decide, evolve, expire_dead, give_up, sweep
from services.slots.rules.answers import refuse
from services.slots.store import Answer, Seen
from shared.batch import Head, Item
from shared.messages import (
    BookPlaces,
    CancelBooking,
    ChangeClinic,
    ChangeSlot,
    Command,
    ConfirmHold,
    HoldPlaces,
    MovePlaces,
    OpenClinic,
    OpenSlot,
    Refused,
    ReleaseHold,
    RenewHold,
    RestoreBooking,
    SlotCommand,
    SlotEvent,
    SlotReply,
)

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode

WithPlaces = BookPlaces | HoldPlaces | MovePlaces | ConfirmHold
NamesSlots = (*get_args(WithPlaces), RestoreBooking)
NamesBooking = (MovePlaces, ConfirmHold, RenewHold, ReleaseHold, CancelBooking, RestoreBooking)
NamesClinic = (OpenSlot, OpenClinic, ChangeClinic)


class Decided(msgspec.Struct):
    """What a batch leads to: the answers to record, the events and replies to tell.

    `replies` has one for each command, in their order; `given` whether it is now or was before.
    """

    answers: dict[UUID, Answer]
    events: list[tuple[int, SlotEvent]]
    replies: list[tuple[int, int, bytes]]
    given: list[Answer]
    outcomes: list[tuple[str, str]]


def nothing_decided() -> Decided:
    """What there is before anything is decided."""
    return Decided({}, [], [], [], [])


def meant_by(commands: Iterable[SlotCommand], due: Sequence[UUID]) -> dict[str, set[Any]]:
    """Which rows the batch may touch, by the commands' own words."""
    meant: dict[str, set[Any]] = {
        "slot_ids": set(),
        "booking_ids": set(due),
        "claims": set(),
        "clinic_ids": set(),
        "owner_ids": set(),
    }
    for command in commands:
        if isinstance(command, NamesSlots):
            for wish in command.places:
                meant["slot_ids"].add(wish.slot_id)
                if wish.claim:
                    meant["claims"].add(wish.claim)
            if isinstance(command, BookPlaces):
                # Most commands by far, and there is nothing else in one.
                continue
        if isinstance(command, NamesBooking):
            meant["booking_ids"].add(command.booking_id)
        if isinstance(command, HoldPlaces):
            meant["owner_ids"].add(command.owner_id)
        if isinstance(command, MovePlaces):
            meant["booking_ids"].update(command.hold_ids)
        if isinstance(command, (OpenSlot, ChangeSlot)):
            meant["slot_ids"].add(command.slot_id)
        if isinstance(command, NamesClinic):
            meant["clinic_ids"].add(command.clinic_id)
    return meant


def decide_batch(
    seen: Seen,
    heads: dict[int, Head],
    items: Sequence[Item],
    *,
    known: dict[UUID, Answer],
    due: Sequence[UUID],
) -> Decided:
    """First every dead hold in the locked slots expires, then each command in log order."""
    decided = nothing_decided()
    for expired in expire_dead(seen.inventory, seen.at):
        home = seen.inventory.bookings[expired.booking_id].home
        decided.events.append((home if home in heads else min(heads), expired))
    for item in items:
        command = item.message
        answer = known.get(command.id)
        if answer is None:
            answer = _answer(seen, item, decided)
            known[command.id] = decided.answers[command.id] = answer
            reply = answer.reply
        else:
            reply = _again(command, answer, seen.at)
        decided.given.append(answer)
        decided.replies.append((item.partition, command.reply_to, reply))
    mine = [b for b in due if b in seen.inventory.bookings]
    mine = [b for b in mine if seen.inventory.bookings[b].home in heads]
    decided.events += [(event.home, event) for event in sweep(seen.inventory, mine, seen.at)]
    return decided


def _answer(seen: Seen, item: Item, decided: Decided) -> Answer:
    """Decide one command and make it so; a bug in one is that one's `failed`."""
    command: SlotCommand = item.message
    reply: SlotReply
    try:
        reply = decide(seen.inventory, command, at=seen.at, home=item.partition)
    except Exception as error:
        log.error("a decision failed", exc_info=error, extra={"command": str(command.id)})
        reply = refuse(command, "failed", seen.at)
    if isinstance(reply, Refused):
        outcome: str = reply.reason
    else:
        outcome = "done"
        for event in (reply, *give_up(seen.inventory, command, reply)):
            evolve(seen.inventory, event)
            decided.events.append((item.partition, event))
    decided.outcomes.append((type(command).__name__, outcome))
    return Answer(command.id, command.body_hash, outcome, _encode(reply))


def _again(command: Command, answer: Answer, at: datetime) -> bytes:
    """Asked before: the same answer; under another body it is another wish, and refused."""
    if answer.body_hash == command.body_hash:
        return answer.reply
    return _encode(refuse(command, "key_reused", at))


def positions_of(items: Sequence[Item]) -> str:
    """Which commands, in the order of deciding them: each sees what those before it took.

    Each run of one partition: [partition, [offset, nth], [offset, nth]], both included.
    """
    runs: list[list[Any]] = []
    for item in items:
        here = [item.offset, item.nth]
        if not runs or runs[-1][0] != item.partition:
            runs.append([item.partition, here, here])
        runs[-1][2] = here
    return msgspec.json.encode(runs).decode()
