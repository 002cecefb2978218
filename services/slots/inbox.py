"""What comes in from the log, and what happens then? Commands are decided in whole batches."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from aiokafka.structs import ConsumerRecord
from msgspec.structs import replace

from services.slots import metrics, store
from services.slots.rules import decide, evolve, expire_dead, sweep
from services.slots.rules.answers import refuse
from services.slots.store import Answer, Seen
from shared.batch import Announcements, Batch, Head, Item
from shared.events import outgoing
from shared.log import Outgoing
from shared.logs import Lines
from shared.messages import (
    Alternative,
    BookingMessage,
    BookPlaces,
    CancelBooking,
    ChangeClinic,
    ChangeSlot,
    ClinicChanged,
    ClinicOpened,
    Command,
    ConfirmHold,
    HoldPlaces,
    MovePlaces,
    OpenClinic,
    OpenSlot,
    PlaceExpired,
    Refused,
    ReleaseHold,
    RenewHold,
    SlotChanged,
    SlotCommand,
    SlotEvent,
    SlotOpened,
    SlotReply,
    booking_of,
)
from shared.topics import COMMANDS_PER_RECORD_MAX, SLOTS_EVENTS, SLOTS_REPLIES

log = logging.getLogger(__name__)

_decode_record = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_command = msgspec.msgpack.Decoder(SlotCommand).decode
_decode_refused = msgspec.msgpack.Decoder(Refused).decode
_encode = msgspec.msgpack.Encoder().encode

NEED_ANOTHER = frozenset({"full", "closed", "started"})
"""Refusals that another slot would not have got."""

OfClinic = ClinicOpened | ClinicChanged
WithPlaces = BookPlaces | HoldPlaces | MovePlaces | ConfirmHold
WithBooking = MovePlaces | ConfirmHold | RenewHold | ReleaseHold | CancelBooking
Near = Callable[[WithPlaces, UUID], tuple[Alternative, ...]]
"""Slots near the one that said no to a wish."""


def unpack(record: ConsumerRecord) -> list[Item]:
    """The commands in a record, each readable or not by itself; never an empty list."""
    try:
        parts = _decode_record(record.value or b"")
        if not 1 <= len(parts) <= COMMANDS_PER_RECORD_MAX:
            raise ValueError(f"{len(parts)} commands in a record")
    except (msgspec.MsgspecError, ValueError) as error:
        wrong = str(error) or type(error).__name__
        value = record.value or b""
        return [Item(record.partition, record.offset, 0, True, None, wrong, value, record)]
    last = len(parts) - 1
    return [_item(record, nth, part, nth == last) for nth, part in enumerate(parts)]


def _item(record: ConsumerRecord, nth: int, part: bytes, last: bool) -> Item:
    message, wrong = None, ""
    try:
        message = _decode_command(part)
    except (msgspec.MsgspecError, ValueError) as error:
        wrong = str(error) or type(error).__name__
    return Item(record.partition, record.offset, nth, last, message, wrong, part, record)


class Decided(msgspec.Struct):
    """What a batch leads to: the answers to record, the events and replies to tell."""

    answers: dict[UUID, Answer]
    events: list[tuple[int, SlotEvent]]
    replies: list[tuple[int, int, bytes]]
    outcomes: list[tuple[str, str]]


class Referee:
    """Decides batches of commands; the handler behind `slots.commands`."""

    def __init__(
        self, swept_holds_max: int, near: Near | None = None, lines: Lines | None = None
    ) -> None:
        self._lines = lines or Lines()
        self._swept_max = swept_holds_max
        self._near = near
        self._due: list[UUID] = []
        self._decided = Decided({}, [], [], [])

    async def has_due(self, connection: Any, partitions: Sequence[int]) -> bool:
        """True when holds of these homes ran out; the next batch sweeps them."""
        self._due = await store.find_due(connection, partitions, self._swept_max)
        return bool(self._due)

    async def handle(
        self, connection: Any, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Read, decide, write: one batch."""
        known = await store.find_answers(connection, [item.message.id for item in items])
        fresh = [item.message for item in items if _is_fresh(item.message, known)]
        seen = await store.see(connection, **_meant_by(fresh, self._due))
        decided = _decide(seen, heads, items, known=known, due=self._due)
        await store.save(
            connection,
            seen,
            clinics=[event for _, event in decided.events if isinstance(event, OfClinic)],
            answers=list(decided.answers.values()),
            positions=_positions(items),
            swept=self._due,
        )
        self._decided = decided
        if self._near is not None:
            _name_what_is_near(self._near, items, known, decided)
        return _announcements(heads, decided)

    async def set_aside(self, connection: Any, heads: dict[int, Head], item: Item) -> Announcements:
        """The command nobody can decide is answered `failed`, and the partition goes on."""
        command: Command = item.message
        reply = refuse(command, "failed", datetime.now(UTC))
        encoded = _encode(reply)
        await store.answer_failed(connection, command, encoded, reply.at)
        return {item.partition: _reply_records([(command.reply_to, encoded)])}

    def count(self, batch: Batch) -> None:
        """Count what was decided, once it is committed."""
        decided, self._decided, self._due = self._decided, Decided({}, [], [], []), []
        for outcome, count in Counter(decided.outcomes).items():
            metrics.decided[outcome].inc(count)
        metrics.REPEATED.inc(len(decided.replies) - len(decided.outcomes))
        expired = sum(isinstance(event, PlaceExpired) for _, event in decided.events)
        metrics.EXPIRED_PLACES.inc(expired)
        metrics.BATCH_SECONDS.observe(batch.seconds)
        if batch.items:
            metrics.BATCH_COMMANDS.observe(len(batch.items))
            appended = batch.items[0].record.timestamp / 1000
            waited = max(0.0, time.time() - appended)
            metrics.QUEUE_SECONDS.observe(waited)
            self._say(batch.items, decided.answers, waited)

    def _say(self, items: Sequence[Item], answers: dict[UUID, Answer], waited: float) -> None:
        """A line for a command of which the other services speak as well, or that waited long."""
        for item in items:
            command = item.message
            if command is None or not self._lines.wants(booking_of(command), waited):
                continue
            answer = answers.get(command.id)
            about = {"command": command.id, "booking": booking_of(command), "home": item.partition}
            about["asks"] = type(command).__name__
            about["outcome"] = "as before" if answer is None else answer.outcome
            log.info("decided", extra=about | {"waited_seconds": round(waited, 3)})


def _is_fresh(command: Command, known: dict[UUID, Answer]) -> bool:
    """Never answered; or answered `expired`, which the same wish may have decided anew."""
    answer = known.get(command.id)
    return answer is None or (answer.outcome == "expired" and answer.body_hash == command.body_hash)


def _meant_by(commands: Iterable[SlotCommand], due: Sequence[UUID]) -> dict[str, set[Any]]:
    """Which rows the batch may touch, by the commands' own words."""
    meant: dict[str, set[Any]] = {
        "slot_ids": set(),
        "booking_ids": set(due),
        "claims": set(),
        "clinic_ids": set(),
    }
    for command in commands:
        if isinstance(command, WithPlaces):
            meant["slot_ids"].update(wish.slot_id for wish in command.places)
            meant["claims"].update(wish.claim for wish in command.places if wish.claim)
        if isinstance(command, WithBooking):
            meant["booking_ids"].add(command.booking_id)
        if isinstance(command, OpenSlot | ChangeSlot):
            meant["slot_ids"].add(command.slot_id)
        if isinstance(command, OpenSlot | OpenClinic | ChangeClinic):
            meant["clinic_ids"].add(command.clinic_id)
    return meant


def _decide(
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
        if _is_fresh(command, known):
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
        evolve(seen.inventory, reply)
        decided.events.append((item.partition, reply))
    decided.outcomes.append((type(command).__name__, outcome))
    return Answer(command.id, command.body_hash, outcome, _encode(reply))


def _again(command: Command, answer: Answer, at: datetime) -> bytes:
    """Asked before: the same answer; under another body it is another wish, and refused."""
    if answer.body_hash == command.body_hash:
        return answer.reply
    return _encode(refuse(command, "key_reused", at))


def _name_what_is_near(
    near: Near, items: Sequence[Item], known: dict[UUID, Answer], decided: Decided
) -> None:
    """Told and not recorded: who asks again is told what is near by then."""
    for nth, item in enumerate(items):
        command = item.message
        if known[command.id].outcome not in NEED_ANOTHER or not isinstance(command, WithPlaces):
            continue
        partition, reply_to, reply = decided.replies[nth]
        refused = _decode_refused(reply)
        if refused.reason in NEED_ANOTHER and refused.slot_id is not None:
            told = replace(refused, alternatives=near(command, refused.slot_id))
            decided.replies[nth] = partition, reply_to, _encode(told)


def _positions(items: Sequence[Item]) -> str:
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


def _announcements(heads: dict[int, Head], decided: Decided) -> Announcements:
    """Replies first: somebody waits for them."""
    announcements: Announcements = {}
    replies: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for partition, reply_to, reply in decided.replies:
        replies[partition].append((reply_to, reply))
    for partition, told in replies.items():
        announcements[partition] = _reply_records(told)
    for partition, event in decided.events:
        record = outgoing(SLOTS_EVENTS, heads[partition], event, _key_of(event).bytes)
        announcements.setdefault(partition, []).append(record)
    return announcements


def _reply_records(replies: Sequence[tuple[int, bytes]]) -> list[Outgoing]:
    """One record for each process that waits."""
    by_reader: dict[int, list[bytes]] = defaultdict(list)
    for reply_to, reply in replies:
        by_reader[reply_to % SLOTS_REPLIES.partitions].append(reply)
    return [
        Outgoing(SLOTS_REPLIES.name, reader, None, _encode(told))
        for reader, told in by_reader.items()
    ]


def _key_of(event: SlotEvent) -> UUID:
    match event:
        case ClinicOpened() | ClinicChanged():
            return event.clinic_id
        case SlotOpened():
            return event.slot_id
        case SlotChanged():
            return event.count.slot_id
        case BookingMessage() | PlaceExpired():
            return event.booking_id
