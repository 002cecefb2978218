"""How does a process's copy follow what is decided, and what brings it back when it cannot?"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError

from services.slots.availability import Memory, loading, microseconds
from services.slots.availability import memory as following
from shared.log import Outgoing
from shared.topics import SLOTS_EVENTS
from tests import stories
from tests.copies import Town, a_town, until
from tests.memory_log import MemoryReader
from tests.stories import an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """A clinic with two slots for five, decided on partition 0, before anybody has a copy."""
    async with a_town(slots_dsn, 0, 1) as made:
        await made.referee.decide(
            stories.open_clinic(), stories.open_slot(MONDAY, 5), stories.open_slot(TUESDAY, 5)
        )
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long before anything is done again."""
    monkeypatch.setattr(following, "LOADED_SECONDS_MIN", 0.1)
    monkeypatch.setattr(following, "PAUSE_SECONDS_MIN", 0.05)
    monkeypatch.setattr(following, "ASK_SECONDS", 0.05)


async def truth(town: Town) -> list[tuple[Any, ...]]:
    """What the database says of each slot."""
    rows = await town.pool.fetch("SELECT id, version, capacity, held, booked, open FROM slot")
    return sorted(tuple(row) for row in rows)


def copied(memory: Memory) -> list[tuple[Any, ...]]:
    """What the copy says of each slot."""
    assert memory.board is not None
    slots = [memory.board.slots[slot.bytes] for slot in (MONDAY, TUESDAY)]
    return sorted(
        (slot_id, slot.version, slot.capacity, slot.held, slot.booked, slot.open)
        for slot_id, slot in zip((MONDAY, TUESDAY), slots, strict=True)
    )


async def test_a_copy_is_loaded_and_follows_what_is_decided_on_every_partition(
    town: Town,
) -> None:
    await town.referee.decide(stories.book(MONDAY))
    async with town.a_copy() as memory:
        loaded = copied(memory)

        await town.referee.decide(stories.hold(MONDAY, TUESDAY), partition=1)
        await town.referee.decide(stories.change_slot(TUESDAY, capacity=3), partition=0)
        await town.is_copied(memory)

        assert loaded != copied(memory)
        assert copied(memory) == await truth(town)


async def test_while_the_relay_is_silent_as_of_stands_still_and_reads_go_on(
    town: Town, impatient: None
) -> None:
    async with town.a_copy(stale_seconds_max=0.3) as memory:
        await town.is_copied(memory)
        town.silent = True
        [booked] = await town.referee.decide(stories.book(MONDAY))

        await until(lambda: memory.wrong() is not None)
        said, before = memory.wrong(), copied(memory)
        assert memory.replica is not None
        as_of = memory.replica.as_of
        town.tell()
        await town.is_copied(memory)

        assert said is not None
        assert said.startswith("what is free is known as of")
        assert as_of < booked.at
        assert before != copied(memory)
        assert copied(memory) == await truth(town)
        assert memory.wrong() is None


async def test_while_nothing_is_decided_a_silent_log_is_no_reason_to_doubt(
    town: Town, impatient: None
) -> None:
    async with town.a_copy() as memory:
        await town.is_copied(memory)
        town.silent = True

        await town.is_copied(memory)

        assert memory.wrong() is None


async def test_what_a_relay_tells_again_from_a_hole_on_is_taken_once(town: Town) -> None:
    async with town.a_copy() as memory:
        town.silent = True
        await town.referee.decide(stories.book(MONDAY))
        hole, town._untold = town._untold, []
        await town.referee.decide(stories.book(MONDAY), stories.book(TUESDAY))
        behind = list(town._untold)

        town.tell()
        await asyncio.sleep(0.05)
        town._untold = hole + behind
        town.tell()
        await town.is_copied(memory)

        assert copied(memory) == await truth(town)


async def test_what_never_comes_is_not_waited_for_for_ever(town: Town, impatient: None) -> None:
    async with town.a_copy(hole_seconds_max=0.1) as memory:
        first = memory.replica
        town.silent = True
        await town.referee.decide(stories.book(MONDAY))
        town._untold.clear()
        town.silent = False

        await town.referee.decide(stories.book(MONDAY))
        await town.is_copied(memory)

        assert memory.replica is not first
        assert copied(memory) == await truth(town)


async def test_a_record_that_nobody_can_read_costs_one_load_and_no_truth(
    town: Town, impatient: None
) -> None:
    async with town.a_copy() as memory:
        first = memory.replica
        town.silent = True
        await town.referee.decide(stories.book(MONDAY))
        [told] = town._untold
        town._untold = [
            Outgoing(told.topic, told.partition, told.key, b"\xff{", told.headers),
        ]
        town.silent = False

        await town.referee.decide(stories.book(TUESDAY))
        await town.is_copied(memory)

        assert memory.replica is not first
        assert copied(memory) == await truth(town)


@pytest.mark.parametrize("number", [None, b"", b"seven", b"1000000", b"0", b"-1"])
async def test_a_record_of_a_stranger_changes_nothing(town: Town, number: bytes | None) -> None:
    async with town.a_copy() as memory:
        headers = () if number is None else (("ce_sequence", number),)
        stranger = Outgoing(SLOTS_EVENTS.name, 0, None, b"nonsense", headers)

        await town.log.append(stranger)
        await town.referee.decide(stories.book(MONDAY))
        await town.is_copied(memory)

        assert copied(memory) == await truth(town)


async def test_a_log_that_lost_what_comes_next_is_read_from_a_new_copy_on(
    town: Town, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with town.a_copy() as memory:
        first = memory.replica
        taking = MemoryReader._take

        def cut(reader: MemoryReader, records_max: int) -> Any:
            monkeypatch.setattr(MemoryReader, "_take", taking)
            raise OffsetOutOfRangeError({0: 3})

        monkeypatch.setattr(MemoryReader, "_take", cut)
        await until(lambda: memory.replica is not first)
        await town.referee.decide(stories.book(MONDAY))
        await town.is_copied(memory)

        assert copied(memory) == await truth(town)


async def test_a_database_that_was_put_back_is_believed(town: Town, impatient: None) -> None:
    await town.referee.decide(stories.book(MONDAY))
    async with town.a_copy() as memory:
        await town.is_copied(memory)
        await town.pool.execute("UPDATE slot SET version = 1, booked = 0 WHERE booked > 0")
        await town.pool.execute(
            "UPDATE partition_state SET event_seq = event_seq - 1 WHERE event_seq > 0"
        )

        first = memory.replica
        await until(lambda: memory.replica is not first)

        assert copied(memory) == await truth(town)


async def test_what_staff_do_while_a_copy_is_loaded_is_in_it(
    town: Town, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    reached, go = asyncio.Event(), asyncio.Event()
    loaded = loading.load

    async def slowly(dsn: str, slots_max: int) -> Any:
        replica = await loaded(dsn, slots_max)
        reached.set()
        await go.wait()
        return replica

    async with town.a_copy() as memory:
        monkeypatch.setattr(following, "load", slowly)
        assert memory.replica is not None
        first, memory.replica.doubt = memory.replica, "somebody wants to see a load"
        await asyncio.wait_for(reached.wait(), 5)
        town.silent = True
        [answer] = await town.referee.decide(stories.change_slot(MONDAY, capacity=9))
        memory.hear(answer, asked_at=answer.at)
        at_once = copied(memory)
        go.set()
        await until(lambda: memory.replica is not first)

        assert at_once == await truth(town)
        assert copied(memory) == await truth(town)


async def test_an_answer_from_before_the_question_is_old_news(town: Town) -> None:
    [first] = await town.referee.decide(stories.change_clinic(name="The old name"))
    await town.referee.decide(stories.change_clinic(name="The new name"))
    async with town.a_copy() as memory:
        assert memory.board is not None
        clinics = memory.board.clinics

        memory.hear(first, asked_at=town.clock.now())
        asked_again = clinics[stories.CLINIC].name
        memory.hear(first, asked_at=first.at)
        taken_for_new = clinics[stories.CLINIC].name

    assert (asked_again, taken_for_new) == ("The new name", "The old name")


async def test_where_there_is_no_room_the_latest_are_left_out_until_there_is(
    town: Town, impatient: None
) -> None:
    later = stories.TOMORROW.replace(year=2031)
    await town.referee.decide(stories.open_slot(an_id("late"), starts_at=later))
    async with town.a_copy(slots_max=2) as memory:
        first, board = memory.replica, memory.board
        assert board is not None
        kept, left_out, said = set(board.slots), board.left_out, memory.wrong()

        board.forget(microseconds(later), sheets_max=1)
        await until(lambda: memory.replica is not first)

        assert (kept, left_out, said) == ({MONDAY.bytes, TUESDAY.bytes}, 1, None)


async def test_a_first_load_waits_for_the_log_and_the_database(
    town: Town, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    starting = MemoryReader.start
    refused = 0

    async def refuse(reader: MemoryReader) -> None:
        nonlocal refused
        refused += 1
        if refused < 3:
            raise KafkaConnectionError
        monkeypatch.setattr(MemoryReader, "start", starting)

    monkeypatch.setattr(MemoryReader, "start", refuse)

    async with town.a_copy() as memory:
        assert refused == 3
        assert copied(memory) == await truth(town)
