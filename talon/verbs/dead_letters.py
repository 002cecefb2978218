"""Shows messages that a service had to set aside, and sends one again, mended or as it was.

What may be sent again is what the messenger could not read or write down, and what people answered
to it: both are taken without a number, and nobody is told what is older than what they know, nor is
anything done that its link does not allow any more. A command was answered `failed`, so whoever
wished it asks again; an event of the referee's is not needed again by anybody but the front desk,
which compares itself with the referee (docs/runbooks/dead-letters.md).
"""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from deploy.local.stack import AUDITOR, SETUP, Stack
from shared.events import again
from shared.log.client import RECORD_OVERHEAD_BYTES, REQUEST_MS, stop
from shared.topics import (
    BOOKING_EVENTS,
    NOTIFY_EVENTS,
    RECORD_BYTES_MAX,
    SLOTS_COMMANDS,
    SLOTS_EVENTS,
    Topic,
)
from talon.mistakes import MistakeError

SENT_AGAIN = (BOOKING_EVENTS, NOTIFY_EVENTS)
FOLLOWED = {topic.name: topic for topic in (SLOTS_COMMANDS, SLOTS_EVENTS, *SENT_AGAIN)}

SHOWN_MAX = 100
"""The most letters of a list, the newest ones."""

WAIT_SECONDS = 5.0
VALUE_SHOWN_MAX = 10_000


def add_options(words: argparse.ArgumentParser) -> None:
    """What is to be done with which letter."""
    acts = words.add_subparsers(dest="act", required=True)
    for name, help_ in (
        ("list", "the newest letters: number, when, whence, why"),
        ("show", "one letter, its headers and what it says"),
        ("send", "have one event read again"),
    ):
        act = acts.add_parser(name, help=help_)
        act.add_argument(
            "--topic",
            choices=sorted(FOLLOWED),
            default=BOOKING_EVENTS.name,
            help="whose letters; %(default)s",
        )
        if name != "list":
            act.add_argument("number", type=int, help="as the list says it")
        if name == "send":
            act.add_argument("--mended", type=Path, help="a file with what it ought to say")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when it was shown, or is in the topic again; what stands in its way is a sentence."""
    topic = FOLLOWED[options.topic]
    if options.act == "send" and topic not in SENT_AGAIN:
        names = " and ".join(each.name for each in SENT_AGAIN)
        raise MistakeError(
            f"only letters of {names} are sent again: a command was answered, and who "
            "wished it asks again; see docs/runbooks/dead-letters.md"
        )
    uvloop.run(_act(stack, topic, options))
    return 0


async def _act(stack: Stack, topic: Topic, options: argparse.Namespace) -> None:
    if options.act == "list":
        for letter in await _letters(stack, topic):
            print(_line(letter))
        return
    letter = await _letter(stack, topic, options.number)
    if options.act == "show":
        print(_line(letter))
        print((letter.value or b"")[:VALUE_SHOWN_MAX].decode(errors="replace"))
        return
    value = letter.value or b"" if options.mended is None else options.mended.read_bytes()
    try:
        await _send(stack, topic, letter, value)
    except (msgspec.MsgspecError, UnicodeDecodeError) as reason:
        raise MistakeError(f"this is no event of {topic.name}: {reason}") from reason
    print(f"letter {letter.offset} is in {topic.name} again")


def _line(letter: ConsumerRecord) -> str:
    headers = {name: value.decode(errors="replace") for name, value in letter.headers}
    at = datetime.fromtimestamp(letter.timestamp / 1000, UTC)
    origin = "/".join(headers.get(f"origin_{part}", "?") for part in ("partition", "offset"))
    why = headers.get("reason", "?")
    return (
        f"{letter.offset}  {at:%Y-%m-%dT%H:%M:%SZ}  {origin}  {len(letter.value or b'')} B  {why}"
    )


async def _letters(stack: Stack, topic: Topic) -> list[ConsumerRecord]:
    """The newest, in order."""
    dead = TopicPartition(topic.dead, 0)
    reader = AIOKafkaConsumer(
        **stack.broker(AUDITOR).words,
        max_partition_fetch_bytes=RECORD_BYTES_MAX + RECORD_OVERHEAD_BYTES,
        request_timeout_ms=REQUEST_MS,
    )
    await reader.start()
    try:
        end = (await reader.end_offsets([dead]))[dead]
        first = (await reader.beginning_offsets([dead]))[dead]
        reader.assign([dead])
        reader.seek(dead, max(first, end - SHOWN_MAX))
        return await _until(reader, dead, end)
    finally:
        await stop(reader)


async def _until(reader: AIOKafkaConsumer, dead: TopicPartition, end: int) -> list[ConsumerRecord]:
    found: list[ConsumerRecord] = []
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while await reader.position(dead) < end:
                records = await reader.getmany(timeout_ms=200)
                found += records.get(dead, [])
    except TimeoutError as error:
        raise MistakeError("the broker does not give the letters; is the stack up?") from error
    return found


async def _letter(stack: Stack, topic: Topic, number: int) -> ConsumerRecord:
    found: Sequence[ConsumerRecord] = await _letters(stack, topic)
    for letter in found:
        if letter.offset == number:
            return letter
    raise MistakeError(f"there is no letter {number} among the last {SHOWN_MAX} of {topic.name}")


async def _send(stack: Stack, topic: Topic, letter: ConsumerRecord, value: bytes) -> None:
    record = again(topic, letter, value)
    writer = AIOKafkaProducer(
        **stack.broker(SETUP).words,
        acks="all",
        max_request_size=RECORD_BYTES_MAX + RECORD_OVERHEAD_BYTES,
        request_timeout_ms=REQUEST_MS,
    )
    await writer.start()
    try:
        await writer.send_and_wait(
            record.topic,
            record.value,
            key=record.key,
            partition=record.partition,
            headers=list(record.headers),
        )
    finally:
        await stop(writer)
