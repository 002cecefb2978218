"""What is told of a batch, to whom, and in which records?"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from services.slots.inbox.deciding import Decided, WithPlaces
from shared.batch import Announcements, Head, Item
from shared.events import outgoing
from shared.log import Outgoing
from shared.messages import (
    Alternative,
    BookingMessage,
    ClinicChanged,
    ClinicOpened,
    PlaceExpired,
    Refused,
    SlotChanged,
    SlotEvent,
    SlotOpened,
)
from shared.topics import SLOTS_EVENTS, SLOTS_REPLIES

_decode_refused = msgspec.msgpack.Decoder(Refused).decode
_encode = msgspec.msgpack.Encoder().encode

NEED_ANOTHER = frozenset({"full", "closed", "started", "too_late", "interval_broken"})
"""Refusals that another slot would not have got."""

Near = Callable[[WithPlaces, UUID], tuple[Alternative, ...]]
"""Slots near the one that said no to a wish."""


def name_what_is_near(near: Near, items: Sequence[Item], decided: Decided) -> None:
    """Told and not recorded: who asks again is told what is near by then."""
    for nth, answer in enumerate(decided.given):
        command = items[nth].message
        if answer.outcome not in NEED_ANOTHER or not isinstance(command, WithPlaces):
            continue
        partition, reply_to, reply = decided.replies[nth]
        refused = _decode_refused(reply)
        if refused.reason in NEED_ANOTHER and refused.slot_id is not None:
            told = replace(refused, alternatives=near(command, refused.slot_id))
            decided.replies[nth] = partition, reply_to, _encode(told)


def announcements_of(heads: dict[int, Head], decided: Decided) -> Announcements:
    """Replies first: somebody waits for them."""
    announcements: Announcements = {}
    replies: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for partition, reply_to, reply in decided.replies:
        replies[partition].append((reply_to, reply))
    for partition, told in replies.items():
        announcements[partition] = reply_records(told)
    for partition, event in decided.events:
        record = outgoing(SLOTS_EVENTS, heads[partition], event, _key_of(event).bytes)
        announcements.setdefault(partition, []).append(record)
    return announcements


def reply_records(replies: Sequence[tuple[int, bytes]]) -> list[Outgoing]:
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
