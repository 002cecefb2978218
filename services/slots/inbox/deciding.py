"""What does a batch lead to? The rules are asked for each command, in the order of the log."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
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
WithBooking = MovePlaces | ConfirmHold | RenewHold | ReleaseHold | CancelBooking | RestoreBooking


class Decided(msgspec.Struct):
    """What a batch leads to: the answers to record, the events and replies to tell."""

    answers: dict[UUID, Answer]
    events: list[tuple[int, SlotEvent]]
    replies: list[tuple[int, int, bytes]]
    outcomes: list[tuple[str, str]]


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
        if isinstance(command, WithPlaces | RestoreBooking):
            meant["slot_ids"].update(wish.slot_id for wish in command.places)
            meant["claims"].update(wish.claim for wish in command.places if wish.claim)
        if isinstance(command, WithBooking):
            meant["booking_ids"].add(command.booking_id)
        if isinstance(command, HoldPlaces):
            meant["owner_ids"].add(command.owner_id)
        if isinstance(command, MovePlaces):
            meant["booking_ids"].update(command.hold_ids)
        if isinstance(command, OpenSlot | ChangeSlot):
            meant["slot_ids"].add(command.slot_id)
        if isinstance(command, OpenSlot | OpenClinic | ChangeClinic):
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
    decided = Decided({}, [], [], [])
    for expired in expire_dead(seen.inventory, seen.at):
        home = seen.inventory.bookings[expired.booking_id].home
        decided.events.append((home if home in heads else min(heads), expired))
    for item in items:
        command = item.message
        if command.id not in known:
            known[command.id] = _answer(seen, item, decided)
            reply = known[command.id].reply
            decided.answers[command.id] = known[command.id]
        else:
            reply = _again(command, known[command.id], seen.at)
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
