"""How does a batch of commands become decisions? Read, decide, write, in one transaction."""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from services.slots import metrics, store
from services.slots.inbox.deciding import decide_batch, meant_by, nothing_decided, positions_of
from services.slots.inbox.telling import Near, announcements_of, name_what_is_near, reply_records
from services.slots.rules import HoldLimits
from services.slots.rules.answers import refuse
from services.slots.store import Answer, Said
from shared.batch import Announcements, Batch, Head, Item
from shared.logs import Lines
from shared.messages import Command, PlaceExpired, booking_of

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode


class Referee:
    """Decides batches of commands; the handler behind `slots.commands`."""

    def __init__(
        self,
        swept_holds_max: int,
        near: Near | None = None,
        lines: Lines | None = None,
        limits: HoldLimits | None = None,
    ) -> None:
        self._lines = lines or Lines()
        self._swept_max = swept_holds_max
        self._near = near
        self._limits = limits or HoldLimits()
        self._due: list[UUID] = []
        self._decided = nothing_decided()

    async def has_due(self, connection: Any, partitions: Sequence[int]) -> bool:
        """True when holds of these homes ran out; the next batch sweeps them."""
        self._due = await store.find_due(connection, partitions, self._swept_max)
        return bool(self._due)

    async def handle(
        self, connection: Any, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Read, decide, write: one batch."""
        known = await store.find_answers(connection, [item.message.id for item in items])
        fresh = [item.message for item in items if item.message.id not in known]
        seen = await store.see(connection, **meant_by(fresh, self._due))
        seen.inventory.limits = self._limits
        decided = decide_batch(seen, heads, items, known=known, due=self._due)
        changed = await store.save(
            connection,
            seen,
            said=[event for _, event in decided.events if isinstance(event, Said)],
            answers=list(decided.answers.values()),
            positions=positions_of(items),
            swept=self._due,
        )
        await store.keep_doses(connection, seen, changed, (event for _, event in decided.events))
        self._decided = decided
        if self._near is not None:
            name_what_is_near(self._near, items, decided)
        return announcements_of(heads, decided)

    async def set_aside(self, connection: Any, heads: dict[int, Head], item: Item) -> Announcements:
        """The command nobody can decide is answered `failed`, and the partition goes on."""
        command: Command = item.message
        reply = refuse(command, "failed", datetime.now(UTC))
        encoded = _encode(reply)
        await store.answer_failed(connection, command, encoded, reply.at)
        return {item.partition: reply_records([(command.reply_to, encoded)])}

    def count(self, batch: Batch) -> None:
        """Count what was decided, once it is committed."""
        decided, self._decided, self._due = self._decided, nothing_decided(), []
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
