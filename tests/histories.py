"""What may happen in a town's log? Commits, and how relays that lose their place tell of them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from hypothesis import strategies as st

from services.slots.availability.board import Board
from services.slots.availability.records import About, Clinic, Slot, microseconds
from services.slots.availability.replica import Numbers, Replica
from shared.messages import ClinicOpened, PlacesBooked, SlotChanged, SlotCount, SlotOpened
from tests.stories import NOON, TOMORROW, an_id

PARTITIONS = 3
CLINICS = [an_id(f"clinic {n}") for n in range(2)]
SLOTS = [an_id(f"slot {n}") for n in range(5)]
CAPACITY = 4


class Commit(NamedTuple):
    """One event, as a referee committed it: the next number of its partition."""

    partition: int
    number: int
    event: Any

    @property
    def value(self) -> bytes:
        """As it is told."""
        return msgspec.json.encode(self.event)


class History(NamedTuple):
    """Every commit in order, and what was so after each; `states[0]` is the beginning."""

    commits: list[Commit]
    states: list[dict[Any, SlotCount]]

    def numbers(self, moment: int) -> Numbers:
        """The last number of each partition after so many commits."""
        return Counter(commit.partition for commit in self.commits[:moment])

    def loaded(self, moment: int) -> Replica:
        """A copy made from the database after so many commits."""
        board = Board(slots_max=100)
        now_us = microseconds(NOON)
        for commit in self.commits[:moment]:
            event = commit.event
            if isinstance(event, ClinicOpened):
                board.put_clinic(a_clinic(event))
            elif isinstance(event, SlotOpened):
                count = self.states[moment][event.slot_id]
                board.put_slot(a_slot(event, count), event.clinic_id, "visit", now_us=now_us)
        return Replica(board, self.numbers(moment), time_of(moment))


def time_of(moment: int) -> datetime:
    """When so many commits had been made."""
    return NOON + timedelta(seconds=moment)


def shown(board: Board) -> dict[Any, tuple[int, ...]]:
    """What a board says of each slot."""
    return {
        name: (slot.version, slot.capacity, slot.held, slot.booked, slot.open, *limits_of(slot))
        for name in SLOTS
        if (slot := board.slots.get(name.bytes)) is not None
    }


def counted(state: dict[Any, SlotCount]) -> dict[Any, tuple[int, ...]]:
    """What is true of each slot."""
    return {
        slot_id: (
            count.version,
            count.capacity,
            count.held,
            count.booked,
            count.open,
            *limits_of(count),
        )
        for slot_id, count in state.items()
    }


def limits_of(it: Slot | SlotCount) -> tuple[int, ...]:
    """How many more people are let in, and what is too late."""
    return it.extra, it.closes_minutes_before, it.cancel_until_minutes_before


def a_clinic(event: ClinicOpened) -> Clinic:
    """The clinic, as it is read from the database."""
    about = msgspec.structs.asdict(event)
    return Clinic(
        id=event.clinic_id, **{k: about[k] for k in Clinic.__struct_fields__ if k != "id"}
    )


def a_slot(event: SlotOpened, count: SlotCount) -> Slot:
    """The slot with these counts, as it is read from the database."""
    return Slot(
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


# ---- what referees decide ------------------------------------------------------------------------

Act = tuple[str, int, int, Sequence[int]]
"""What is done, where (a clinic), on which partition, to which slots."""

acts: st.SearchStrategy[list[Act]] = st.lists(
    st.tuples(
        st.sampled_from(["clinic", "open", "open", "book", "book", "book", "cancel", "change"]),
        st.integers(0, len(CLINICS) - 1),
        st.integers(0, PARTITIONS - 1),
        st.lists(st.integers(0, len(SLOTS) - 1), min_size=1, max_size=3, unique=True),
    ),
    min_size=5,
    max_size=30,
)


def history_of(acts: Sequence[Act]) -> History:
    """The acts that make sense, each one commit. A clinic and its slots are opened at its home."""
    history = History([], [{}])
    clinics: set[int] = set()
    for what, clinic, partition, slots in [("clinic", 0, 0, [0]), *acts]:
        state = dict(history.states[-1])
        known = [SLOTS[n] for n in slots if SLOTS[n] in state]
        home = clinic % PARTITIONS
        if what == "clinic" and clinic not in clinics:
            clinics.add(clinic)
            _commit(history, home, _clinic_opened(clinic), state)
        elif what == "open" and clinic in clinics and SLOTS[slots[0]] not in state:
            opened = _slot_opened(clinic, slots[0])
            state[opened.slot_id] = opened.count
            _commit(history, home, opened, state)
        elif what in ("book", "cancel") and known:
            counts = [_next(state[slot_id], 1 if what == "book" else -1) for slot_id in known]
            state |= {count.slot_id: count for count in counts}
            _commit(history, partition, _booked(counts), state)
        elif what == "change" and known:
            before = state[known[0]]
            count = msgspec.structs.replace(
                before, version=before.version + 1, open=not before.open
            )
            state[count.slot_id] = count
            _commit(history, partition, _changed(count), state)
    return history


def _commit(history: History, partition: int, event: Any, state: dict[Any, SlotCount]) -> None:
    number = history.numbers(len(history.commits))[partition] + 1
    history.commits.append(Commit(partition, number, event))
    history.states.append(state)


def _next(count: SlotCount, more: int) -> SlotCount:
    booked = min(CAPACITY, max(0, count.booked + more))
    return msgspec.structs.replace(count, version=count.version + 1, booked=booked)


def _head(name: str) -> dict[str, Any]:
    return {"id": an_id(name), "cause": an_id(name), "at": NOON}


def _clinic_opened(clinic: int) -> ClinicOpened:
    return ClinicOpened(
        clinic_id=CLINICS[clinic],
        name=f"Polyclinic No. {clinic}",
        time_zone="Europe/Moscow",
        address="",
        district="",
        latitude=None,
        longitude=None,
        **_head("opened"),
    )


def _slot_opened(clinic: int, slot: int) -> SlotOpened:
    count = SlotCount(
        slot_id=SLOTS[slot], version=1, capacity=CAPACITY, held=0, booked=0, open=True
    )
    return SlotOpened(
        slot_id=SLOTS[slot],
        clinic_id=CLINICS[clinic],
        service="visit",
        starts_at=TOMORROW + timedelta(hours=slot),
        ends_at=TOMORROW + timedelta(hours=slot + 1),
        count=count,
        **_head("opened"),
    )


def _booked(counts: Sequence[SlotCount]) -> PlacesBooked:
    return PlacesBooked(
        booking_id=an_id("booking"),
        home=0,
        version=1,
        owner_id=an_id("owner"),
        campaign_id=None,
        places=(),
        counts=tuple(counts),
        **_head("booked"),
    )


def _changed(count: SlotCount) -> SlotChanged:
    return SlotChanged(count=count, cancel_bookings=False, **_head("changed"))


# ---- how relays tell of it -----------------------------------------------------------------------

stumbles = st.lists(
    st.tuples(st.sampled_from(["on", "hole", "back"]), st.integers(1, 3)), max_size=8
)


def told(numbers: int, stumbles: Sequence[tuple[str, int]]) -> list[int]:
    """One partition's log: some runs are told again, some begin behind a hole that comes later."""
    log: list[int] = []
    done = 0
    for how, length in stumbles:
        if how == "back":
            done = max(0, done - length)
        elif how == "hole":
            log += range(done + 2, min(done + 2 + length, numbers + 1))
        else:
            reached = min(done + length, numbers)
            log += range(done + 1, reached + 1)
            done = reached
    return log + list(range(done + 1, numbers + 1))


def latest_end(log: Sequence[int], taken: int) -> int:
    """The latest offset that the log's end may have had before a snapshot with so many events."""
    return next((n for n, number in enumerate(log) if number > taken), len(log))
