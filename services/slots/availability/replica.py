"""As of when is memory true? A board that follows the events and knows which it has taken.

The events of a partition are numbered without a gap. Exactly the next is taken; what is older was
had, and what is later comes again, since a relay that lost its place tells all from the hole on.
Again and again the database is asked which numbers there are, and when that was so. Once memory has
taken all of them, it is true as of then: a bound that cannot be too late.
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from services.slots.availability import told
from services.slots.availability.board import Board
from services.slots.availability.records import About, Clinic, Slot, microseconds
from services.slots.availability.told import Counts, NoCount, OneCount
from shared.messages import ClinicChanged, ClinicOpened, SlotChanged, SlotCount, SlotOpened

TRUTHS_MAX = 240
"""How many of the database's answers may wait until memory has caught up: a minute's."""

EARLY_MAX = 100_000
"""How many events may wait for one that another partition still has to tell."""

Numbers = Mapping[int, int]
"""The number of each partition's last event. A partition that is not named has none yet."""

Own = ClinicOpened | ClinicChanged | SlotOpened | SlotChanged
"""What staff are told by the referee, and see at once where they asked."""


class Question(NamedTuple):
    """To the database. `nth` counts them from 1; `taken` is what memory had taken before."""

    nth: int
    taken: Numbers


class Truth(NamedTuple):
    """The database's answer: at that instant these were the numbers, and no lower."""

    nth: int
    at: datetime
    numbers: Numbers


class Replica:
    """`board` is true as of `as_of`. `doubt` says why it no longer is and has to be loaded anew."""

    def __init__(self, board: Board, numbers: Numbers, at: datetime) -> None:
        self.board = board
        self.as_of = at
        self.doubt: str | None = None
        self.missing_since_us: dict[int, int] = {}
        self._taken = dict(numbers)
        self._questions = 0
        self._truths: deque[Truth] = deque()
        self._early_counts: dict[UUID, tuple[int, SlotCount]] = {}
        self._early_slots: dict[UUID, tuple[int, SlotOpened]] = {}

    # ---- what is told ----------------------------------------------------------------------------

    def take(self, partition: int, number: int, value: bytes, *, now_us: int) -> bool:
        """Take the event if it is the next of its partition."""
        taken = self._taken.get(partition, 0)
        if number != taken + 1:
            if number > taken:
                self.missing_since_us.setdefault(partition, now_us)
            return False
        self._taken[partition] = number
        self.missing_since_us.pop(partition, None)
        try:
            self._apply(told.read(value), now_us=now_us)
        except (msgspec.MsgspecError, ValueError) as error:
            # Its number is used up, or nothing after it would be taken. What it counted is unknown.
            self._doubt(f"event {number} of partition {partition} cannot be read: {error}")
        return True

    def hear(self, event: Own, *, now_us: int) -> None:
        """Staff were told this; the log will say it again, and that changes nothing."""
        self._apply(event, now_us=now_us)

    def _apply(self, event: told.Told | SlotChanged, *, now_us: int) -> None:
        match event:
            case Counts():
                for count in event.counts:
                    self._count(count)
            case OneCount() | SlotChanged():
                self._count(event.count)
            case SlotOpened():
                self._open_slot(event, now_us=now_us)
            case ClinicOpened():
                if event.clinic_id not in self.board.clinics:
                    self._put_clinic(event)
                    self._open_early_slots(event.clinic_id, now_us=now_us)
            case ClinicChanged():
                # Clinics have no version: what is told last is so, and the log has the last word.
                self._put_clinic(event)
            case NoCount():
                pass
            case _:
                assert_never(event)

    def _count(self, count: SlotCount) -> None:
        """A slot nobody knows may be over, or be opened by a partition that is read later."""
        if self.board.count(count):
            return
        before = self._early_counts.get(count.slot_id)
        if before is None or before[1].version < count.version:
            self._early_counts[count.slot_id] = self._questions, count
            self._keep_early_few()

    def _open_slot(self, event: SlotOpened, *, now_us: int) -> None:
        if event.clinic_id not in self.board.clinics:
            self._early_slots[event.slot_id] = self._questions, event
            self._keep_early_few()
            return
        count = event.count
        slot = Slot(
            id=event.slot_id.bytes,
            starts_us=microseconds(event.starts_at),
            ends_us=microseconds(event.ends_at),
            product=event.product,
            dose=event.dose,
            version=count.version,
            capacity=count.capacity,
            held=count.held,
            booked=count.booked,
            open=count.open,
            extra=count.extra,
            closes_minutes_before=count.closes_minutes_before,
            cancel_until_minutes_before=count.cancel_until_minutes_before,
            about=About(event.modality, event.practitioner_id, event.resource, event.asks_for),
        )
        self.board.put_slot(slot, event.clinic_id, event.service, now_us=now_us)
        early = self._early_counts.pop(event.slot_id, None)
        if early is not None:
            self.board.count(early[1])

    def _put_clinic(self, event: ClinicOpened | ClinicChanged) -> None:
        self.board.put_clinic(
            Clinic(
                id=event.clinic_id,
                name=event.name,
                time_zone=event.time_zone,
                address=event.address,
                district=event.district,
                latitude=event.latitude,
                longitude=event.longitude,
            )
        )

    def _open_early_slots(self, clinic_id: UUID, *, now_us: int) -> None:
        for slot_id, (_, event) in list(self._early_slots.items()):
            if event.clinic_id == clinic_id:
                del self._early_slots[slot_id]
                self._open_slot(event, now_us=now_us)

    # ---- as of when ------------------------------------------------------------------------------

    def ask(self) -> Question:
        """A question to the database is sent now."""
        self._questions += 1
        return Question(self._questions, dict(self._taken))

    def answer(self, question: Question, at: datetime, numbers: Numbers) -> None:
        """The database answered; `at` is before it looked."""
        if any(numbers.get(p, 0) < number for p, number in question.taken.items()):
            self._doubt("the database has fewer events than were told: it went back in time")
        if len(self._truths) >= TRUTHS_MAX:
            # The oldest is what memory reaches first, so the newest makes room.
            self._truths.pop()
        self._truths.append(Truth(question.nth, at, numbers))
        self.settle()

    def settle(self) -> None:
        """Move `as_of` as far as what was taken reaches."""
        while self.doubt is None and self._truths:
            truth = self._truths[0]
            if any(self._taken.get(p, 0) < number for p, number in truth.numbers.items()):
                return
            self._truths.popleft()
            self.as_of = truth.at
            self._forget_early(truth.nth)

    def _forget_early(self, nth: int) -> None:
        """What came before that question can wait for nothing any more: all it knew of is here."""
        counts, slots = self._early_counts, self._early_slots
        self._early_counts = {key: kept for key, kept in counts.items() if kept[0] >= nth}
        self._early_slots = {key: kept for key, kept in slots.items() if kept[0] >= nth}
        if len(self._early_slots) < len(slots):
            self._doubt("a slot was opened at a clinic that nobody opened")

    def _keep_early_few(self) -> None:
        if len(self._early_counts) + len(self._early_slots) > EARLY_MAX:
            self._early_counts.clear()
            self._early_slots.clear()
            self._doubt("too much waits for what another partition has to tell")

    def _doubt(self, why: str) -> None:
        if self.doubt is None:
            self.doubt = why
