"""In what form does an event travel? CloudEvents 1.0, binary: JSON, attributes as headers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache, lru_cache

import msgspec
from aiokafka.structs import ConsumerRecord

from shared.batch import Head, Item
from shared.log import Outgoing
from shared.log.outgoing import Headers
from shared.messages import Message
from shared.topics import RECORD_BYTES_MAX, Topic

_encode = msgspec.json.Encoder().encode

SPECIFICATION = ("ce_specversion", b"1.0")
SEQUENCE = "ce_sequence"
"""Header with the event's number in its partition: gapless, so a reader sees what is missing."""


AGAIN = "talon_again"
"""Header of an event that a person has sent again: the offset of its dead letter. It has no number,
since the one it had is used up; whoever takes it sees for themselves whether it comes too late."""


def outgoing(topic: Topic, head: Head, event: Message, key: bytes) -> Outgoing:
    """The record that announces `event` as the next number of its partition."""
    head.event_seq += 1
    return Outgoing(
        topic=topic.name,
        partition=head.partition,
        key=key,
        value=_encode(event),
        headers=(*_attributes(topic, event), (SEQUENCE, b"%d" % head.event_seq)),
    )


def _attributes(topic: Topic, event: Message) -> Headers:
    """What every event's headers say before its number."""
    return (
        *_ALL_ALIKE,
        ("ce_id", _encode(event.id)[1:-1]),
        *_of_its_kind(topic.written_by[0], type(event).__name__),
        _at(event.at),
    )


_ALL_ALIKE = (("content-type", b"application/json"), SPECIFICATION)


@cache
def _of_its_kind(source: str, name: str) -> Headers:
    return (("ce_source", source.encode()), ("ce_type", name.encode()))


@lru_cache(maxsize=16)
def _at(at: datetime) -> tuple[str, bytes]:
    """A batch's events have the same instant."""
    return "ce_time", at.isoformat().encode()


class Unreadable(msgspec.Struct, frozen=True):
    """Stands for a numbered event that nobody can read, so that its number is used up in order."""


class Unpacker:
    """Turns a record into the one event it carries, or into an item that says what is wrong."""

    def __init__(self, topic: Topic) -> None:
        self._decode = msgspec.json.Decoder(topic.carries).decode

    def __call__(self, record: ConsumerRecord) -> list[Item]:
        """Exactly one item; its `nth` is 0."""
        message, wrong = None, ""
        try:
            if not is_again(record):
                sequence_of(record)
            message = Unreadable()
            if SPECIFICATION not in record.headers:
                raise ValueError("not CloudEvents 1.0")
            message = self._decode(record.value or b"")
        except (msgspec.MsgspecError, ValueError, UnicodeDecodeError) as error:
            wrong = str(error) or type(error).__name__
        return [
            Item(
                record.partition,
                record.offset,
                0,
                True,
                message,
                wrong,
                record.value or b"",
                record,
            )
        ]


def sequence_of(record: ConsumerRecord) -> int:
    """The event's number in its partition; ValueError where it is missing or no number."""
    for name, value in reversed(record.headers):
        if name == SEQUENCE:
            return int(value)
    raise ValueError(f"the header {SEQUENCE} is missing")


def is_again(record: ConsumerRecord) -> bool:
    """Whether a person has sent it again: then it has no number, which all else has at its end."""
    for name, _ in reversed(record.headers):
        if name in (SEQUENCE, AGAIN):
            return bool(name == AGAIN)
    return False


class InSequence:
    """Lets exactly the next number through: what is older was applied, what is later comes again.

    What a person has sent again is let through where the reader says that it `takes_again`.

    A relay that lost its place tells everything again from the hole on, so a number that is too
    high is dropped here and comes back; one that stays away is `missing`, which is an alarm.
    """

    def __init__(self, *, takes_again: bool = False) -> None:
        self._takes_again = takes_again
        self.missing: dict[int, int] = {}

    def take(self, heads: dict[int, Head], items: Iterable[Item]) -> Sequence[Item]:
        """The items to apply now, with `taken_seq` moved in their heads."""
        taken = []
        for item in items:
            if is_again(item.record):
                if self._takes_again and not isinstance(item.message, Unreadable):
                    taken.append(item)
                continue
            head, number = heads[item.partition], sequence_of(item.record)
            if number == head.taken_seq + 1:
                head.taken_seq = number
                if not isinstance(item.message, Unreadable):
                    taken.append(item)
                self.missing.pop(item.partition, None)
            elif number > head.taken_seq:
                self.missing.setdefault(item.partition, head.taken_seq + 1)
        return taken

    def pass_over(self, heads: dict[int, Head], item: Item) -> None:
        """The item cannot be applied: its number is used up all the same."""
        if is_again(item.record):
            return
        head = heads[item.partition]
        head.taken_seq = max(head.taken_seq, sequence_of(item.record))


def again(topic: Topic, letter: ConsumerRecord, value: bytes) -> Outgoing:
    """The record that sends a dead letter's event again, mended or as it was.

    ValueError where the value is no event of the topic, or the letter does not say whose it was.
    """
    event: Message = msgspec.json.decode(value, type=topic.carries)
    origin = dict(letter.headers)["origin_partition"]
    return Outgoing(
        topic=topic.name,
        partition=int(origin),
        key=letter.key,
        value=value,
        headers=(*_attributes(topic, event), (AGAIN, b"%d" % letter.offset)),
    )


def dead_letter(topic: Topic, item: Item, reason: str) -> Outgoing:
    """The record that keeps what nobody could read or handle, with where it came from.

    What is larger than a record may be is cut off, and a header says so: the letter always fits.
    """
    kept = item.part[:RECORD_BYTES_MAX]
    return Outgoing(
        topic=topic.dead,
        partition=0,
        key=item.record.key,
        value=kept,
        headers=(
            ("origin_bytes", b"%d" % len(item.part)),
            ("origin_topic", item.record.topic.encode()),
            ("origin_partition", b"%d" % item.partition),
            ("origin_offset", b"%d" % item.offset),
            ("origin_index", b"%d" % item.nth),
            ("reason", reason.encode(errors="replace")[:1000]),
        ),
    )
