"""What does a record that nobody can read cost? A dead letter, and nobody else anything."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.stack import AUDITOR, SETUP
from shared.messages import BookPlaces, OpenSlot
from shared.topics import BOOKING_EVENTS, HOMES, NOTIFY_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS, Topic
from talon.__main__ import main as talon
from talon.audit import load
from talon.tokens import Signer
from tests import stories
from tests.notify_bookings import confirmed
from tests.town import Town

WAIT_SECONDS = 20.0

_packed = msgspec.msgpack.encode
_whole = _packed(stories.book(uuid4()))
_untagged = msgspec.to_builtins(stories.book(uuid4()), builtin_types=(bytes, datetime))

BAD_COMMANDS = {
    "empty": b"",
    "no list": b"\xc1",
    "an empty list": _packed([]),
    "truncated": _packed([_whole])[:-7],
    "truncated inside": _packed([_whole[:-7]]),
    "wrong tag": _packed([_packed({"type": "SellPlaces", "id": str(uuid4())})]),
    "unknown version": _packed([_packed({**_untagged, "type": "BookPlacesV2"})]),
    "too many in one record": _packed([_whole] * 129),
    "huge": b"\x00" * 1_000_000,
    "absurd numbers": _packed(
        [
            _packed(
                {
                    **msgspec.to_builtins(
                        stories.open_slot(uuid4()), builtin_types=(bytes, datetime)
                    ),
                    "capacity": 10**12,
                }
            )
        ]
    ),
}
BAD_EVENTS: dict[str, tuple[bytes, list[tuple[str, bytes]]]] = {
    "empty": (b"", []),
    "without a number": (b'{"type":"SlotChanged"}', [("ce_specversion", b"1.0")]),
    "a number that is none": (b"{}", [("ce_specversion", b"1.0"), ("ce_sequence", b"one")]),
    "huge": (b"x" * 1_000_000, []),
}


@pytest.fixture
async def producer(town: Town) -> AsyncIterator[AIOKafkaProducer]:
    """Somebody who writes what nobody should."""
    writer = AIOKafkaProducer(**town.stack.broker(SETUP).words, max_request_size=1_040_000)
    await writer.start()
    yield writer
    await writer.stop()


async def test_commands_nobody_can_read_are_buried_and_the_next_booking_is_made(
    town: Town, producer: AIOKafkaProducer
) -> None:
    before = await _letters(town, SLOTS_COMMANDS)

    for value in BAD_COMMANDS.values():
        for partition in range(HOMES):
            await producer.send_and_wait(SLOTS_COMMANDS.name, value, partition=partition)

    buried = await _wait_for_letters(town, SLOTS_COMMANDS, before + len(BAD_COMMANDS) * HOMES)
    assert await _a_booking(town) == 201
    assert {"origin_topic", "origin_partition", "origin_offset", "reason"} <= buried[-1].keys()


async def test_one_bad_command_in_a_record_leaves_its_neighbours_alone(
    town: Town, producer: AIOKafkaProducer
) -> None:
    clinic_id, slot_id = stories.an_id("a clinic in the log"), uuid4()
    before = await _letters(town, SLOTS_COMMANDS)
    soon = datetime.now(UTC) + timedelta(days=1)
    good = [
        stories.open_clinic(clinic_id),
        OpenSlot(
            slot_id=slot_id,
            clinic_id=clinic_id,
            service="vaccination",
            starts_at=soon,
            ends_at=soon + timedelta(minutes=15),
            capacity=1,
            **stories.a_head(),
        ),
        stories.book(slot_id),
    ]

    record = [_packed(good[0]), b"\xc1", _packed(good[1]), _whole[:9], _packed(good[2])]
    await producer.send_and_wait(SLOTS_COMMANDS.name, _packed(record), partition=1)

    await _wait_for_letters(town, SLOTS_COMMANDS, before + 2)
    assert (await _slot(town, slot_id))["booked"] == 1


async def test_a_booking_of_an_unknown_slot_is_a_recorded_refusal_and_no_dead_letter(
    town: Town, producer: AIOKafkaProducer
) -> None:
    before = await _letters(town, SLOTS_COMMANDS)
    command: BookPlaces = stories.book(uuid4())

    await producer.send_and_wait(SLOTS_COMMANDS.name, _packed([_packed(command)]), partition=0)

    assert await _a_booking(town) == 201
    assert await _letters(town, SLOTS_COMMANDS) == before


@pytest.mark.parametrize(
    "topic", [SLOTS_EVENTS, BOOKING_EVENTS, NOTIFY_EVENTS], ids=lambda topic: topic.name
)
async def test_events_nobody_can_read_are_buried_and_the_projection_goes_on(
    town: Town, producer: AIOKafkaProducer, topic: Topic
) -> None:
    before = await _letters(town, topic)

    for value, headers in BAD_EVENTS.values():
        for partition in range(HOMES):
            await producer.send_and_wait(topic.name, value, partition=partition, headers=headers)

    await _wait_for_letters(town, topic, before + len(BAD_EVENTS) * HOMES)
    assert await _a_booking(town) == 201


async def test_an_event_set_aside_is_mended_and_told_by_command(
    town: Town, producer: AIOKafkaProducer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await _letters(town, BOOKING_EVENTS)
    event = confirmed(booking_id=uuid4(), owner_id=uuid4())
    whole = msgspec.json.encode(event)
    spoilt = msgspec.json.encode(msgspec.json.decode(whole) | {"version": "one"})
    await producer.send_and_wait(BOOKING_EVENTS.name, spoilt, partition=0, headers=[])
    await _wait_for_letters(town, BOOKING_EVENTS, before + 1)
    mended = tmp_path / "mended.json"
    mended.write_bytes(whole)

    def dead_letters(*words: str) -> int:
        return talon(["dead-letters", f"--stack={town.stack.name}", *words])

    number = str(before)
    assert await asyncio.to_thread(dead_letters, "list") == 0
    assert await asyncio.to_thread(dead_letters, "show", number) == 0
    assert await asyncio.to_thread(dead_letters, "send", number) == 2
    assert await asyncio.to_thread(dead_letters, "send", number, f"--mended={mended}") == 0
    assert await asyncio.to_thread(dead_letters, "send", number, f"--mended={mended}") == 0

    said = capsys.readouterr()
    assert "ce_sequence is missing" in said.out
    assert '"version":"one"' in said.out
    assert "this is no event of booking.events" in said.err
    async with load.auditor(town.stack) as connection:
        for _ in range(100):
            told = await connection.fetch(
                "SELECT event_id FROM notify.message WHERE booking_id = $1", event.booking_id
            )
            if told:
                break
            await asyncio.sleep(0.1)
    assert [row["event_id"] for row in told] == [event.id]
    assert await _a_booking(town) == 201


async def _a_booking(town: Town) -> int:
    """The status of a booking that a newcomer makes in a slot opened for them."""
    signer = Signer(town.stack)
    operator = signer.sign(uuid4(), ["operator"], hours=1)
    patient = signer.sign(uuid4(), ["patient"], hours=1)
    soon = datetime.now(UTC) + timedelta(days=2)
    clinic = {"name": "Polyclinic No. 99", "time_zone": "Europe/Moscow"}
    slot = {
        "service": "clinic-visit",
        "starts_at": soon.isoformat(),
        "ends_at": (soon + timedelta(minutes=15)).isoformat(),
        "capacity": 1,
    }
    async with aiohttp.ClientSession() as session:
        slots = f"{town.stack.api('slots')}/api/v1"
        made = await _post(session, f"{slots}/clinics", operator, clinic)
        opened = await _post(
            session, f"{slots}/clinics/{made['id']}/slots", operator, {"slots": [slot]}
        )
        wish = {"places": [{"slot_id": opened["slots"][0]["id"]}]}
        url = f"{town.stack.api('booking')}/api/v1/bookings"
        headers = {"Authorization": f"Bearer {patient}", "Idempotency-Key": str(uuid4())}
        async with session.post(url, json=wish, headers=headers) as answer:
            return answer.status


async def _post(session: aiohttp.ClientSession, url: str, token: str, body: object) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    async with session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        return json.loads(await answer.text())


async def _slot(town: Town, slot_id: object) -> dict[str, int]:
    """The slot as it is shown, once it is known."""
    url = f"{town.stack.api('slots')}/api/v1/slots/{slot_id}"
    async with aiohttp.ClientSession() as session:
        for _ in range(50):
            async with session.get(url) as answer:
                if answer.status == 200:
                    return json.loads(await answer.text())
            await asyncio.sleep(0.1)
    raise AssertionError(f"slot {slot_id} was never opened")


async def _letters(town: Town, topic: Topic) -> int:
    """How many dead letters of this topic there are."""
    reader = AIOKafkaConsumer(**town.stack.broker(AUDITOR).words)
    await reader.start()
    try:
        dead = TopicPartition(topic.dead, 0)
        return (await reader.end_offsets([dead]))[dead]
    finally:
        await reader.stop()


async def _wait_for_letters(town: Town, topic: Topic, count: int) -> list[dict[str, bytes]]:
    """The headers of all dead letters of this topic, once there are exactly so many."""
    words = town.stack.broker(AUDITOR).words
    reader = AIOKafkaConsumer(**words, auto_offset_reset="earliest")
    await reader.start()
    dead = TopicPartition(topic.dead, 0)
    reader.assign([dead])
    letters: list[dict[str, bytes]] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while len(letters) < count:
                records = await reader.getmany(timeout_ms=200)
                letters += [dict(record.headers) for record in records.get(dead, [])]
    finally:
        await reader.stop()
    assert len(letters) == count
    return letters
