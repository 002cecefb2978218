"""Was every promise kept? Looks at what was committed, told and sent, and knows no rules."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from shared.events import sequence_of
from shared.messages import (
    BookingCancelled,
    BookingEvent,
    BookingMoved,
    PlacesBooked,
    Refused,
    SlotEvent,
    SlotReply,
)
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS, SLOTS_REPLIES, Topic
from tests.loops.city import City
from tests.loops.database import Database
from tests.stories import NOON

_replies_in = msgspec.msgpack.Decoder(list[bytes]).decode
_reply = msgspec.msgpack.Decoder(SlotReply).decode
_slot_event = msgspec.json.Decoder(SlotEvent).decode
_booking_event = msgspec.json.Decoder(BookingEvent).decode


class BrokenError(AssertionError):
    """A promise was not kept."""


def nobody_sits_twice(slots: Database) -> None:
    """After every commit: a slot counts whom it seats, no more than it has, one per claim."""
    seated: Counter[tuple[UUID, str]] = Counter()
    claims: Counter[bytes] = Counter()
    for place in slots.find("place"):
        seated[place["slot_id"], place["state"]] += 1
        if place["claim"] is not None:
            claims[place["claim"]] += 1
    for slot in slots.find("slot"):
        held, booked = seated[slot["id"], "held"], seated[slot["id"], "booked"]
        if held + booked > slot["capacity"] + slot["extra"]:
            raise BrokenError(f"oversold: {held} held and {booked} booked of {slot['capacity']}")
        if (held, booked) != (slot["held"], slot["booked"]):
            raise BrokenError(f"miscounted: {slot['held']}+{slot['booked']} for {held}+{booked}")
    if any(count > 1 for count in claims.values()):
        raise BrokenError("one claim has two places")


def is_quiet(city: City) -> bool:
    """Nothing is left to decide, to tell or to send."""
    followed = (
        (city.slots, SLOTS_COMMANDS),
        (city.booking, SLOTS_EVENTS),
        (city.notify, BOOKING_EVENTS),
    )
    now = NOON + timedelta(seconds=city.world.now)
    overdue = (p["expires_at"] is not None and p["expires_at"] <= now for p in _places(city))
    unsettled = (m["state"] in ("waiting", "claimed") for m in city.notify.find("message"))
    return (
        all(_is_read(city, database, topic) for database, topic in followed)
        and not any(database.find("outbox") for database in city.databases)
        and not any(overdue)
        and not any(unsettled)
    )


def _places(city: City) -> list[dict[str, Any]]:
    return city.slots.find("place")


def _is_read(city: City, database: Database, topic: Topic) -> bool:
    read = {row["partition"]: row["next_offset"] for row in database.find("partition_state")}
    return all(
        read.get(partition) == len(city.log.kept[topic.name, partition])
        for partition in range(topic.partitions)
    )


def all_was_kept(city: City) -> None:
    """Once it is quiet: what was answered is so everywhere, and was told once."""
    decided = _one_decision_each(city)
    events = _events(city, SLOTS_EVENTS, city.slots, _slot_event)
    told = _events(city, BOOKING_EVENTS, city.booking, _booking_event)
    _read_to_the_end(city)
    _each_answer_was_announced(decided, events)
    _bookings_are_so(city, events)
    _all_was_told(city, events, told)


def _one_decision_each(city: City) -> dict[UUID, Any]:
    """The one answer to each command; under another body it is another wish, and refused."""
    decided: dict[UUID, Any] = {}
    for record in city.log.records(SLOTS_REPLIES.name):
        for part in _replies_in(record.value):
            reply = _reply(part)
            if isinstance(reply, Refused) and reply.reason == "key_reused":
                continue
            first = decided.setdefault(reply.cause, reply)
            if first != reply:
                raise BrokenError(f"a command has two answers: {_named(first)} and {_named(reply)}")
    return decided


def _named(reply: Any) -> str:
    return reply.reason if isinstance(reply, Refused) else type(reply).__name__


def _events(city: City, topic: Topic, database: Database, decode: Any) -> list[Any]:
    """What a reader takes, partition by partition, if it takes only the next number each time."""
    found, by_partition = [], defaultdict(list)
    for record in city.log.records(topic.name):
        by_partition[record.partition].append(record)
    for row in database.find("partition_state"):
        taken, known = 0, {}
        for record in by_partition[row["partition"]]:
            number = sequence_of(record)
            if known.setdefault(number, record.value) != record.value:
                raise BrokenError(f"two events of {topic.name} have the number {number}")
            if number == taken + 1:
                taken = number
                found.append(decode(record.value))
        if taken != row["event_seq"]:
            raise BrokenError(
                f"{topic.name} ends at {taken} for its readers, not {row['event_seq']}"
            )
    if len({event.id for event in found}) != len(found):
        raise BrokenError(f"an event of {topic.name} has two numbers")
    return found


def _read_to_the_end(city: City) -> None:
    pairs = ((city.slots, city.booking), (city.booking, city.notify))
    for writer, reader in pairs:
        wrote = {row["partition"]: row["event_seq"] for row in writer.find("partition_state")}
        took = {row["partition"]: row["taken_seq"] for row in reader.find("partition_state")}
        if wrote != took:
            raise BrokenError(f"numbers told {wrote} and taken {took}")


def _each_answer_was_announced(decided: dict[UUID, Any], events: Iterable[Any]) -> None:
    told = {event.id for event in events}
    for reply in decided.values():
        if not isinstance(reply, Refused) and reply.id not in told:
            raise BrokenError(f"answered and never announced: {_named(reply)}")


def _bookings_are_so(city: City, events: list[Any]) -> None:
    """Each booking stands in both databases as the last of its events left it."""
    seated: dict[UUID, set[UUID]] = defaultdict(set)
    for place in _places(city):
        if place["state"] == "booked":
            seated[place["booking_id"]].add(place["slot_id"])
    meant: dict[UUID, set[UUID]] = {}
    for event in sorted(
        (event for event in events if hasattr(event, "version")), key=lambda event: event.version
    ):
        if isinstance(event, PlacesBooked | BookingMoved):
            meant[event.booking_id] = {place.slot_id for place in event.places}
        elif isinstance(event, BookingCancelled):
            meant.pop(event.booking_id)
    projected = {row["id"] for row in city.booking.find("booking") if row["status"] == "booked"}
    if meant != dict(seated):
        raise BrokenError(
            f"acknowledged bookings are lost, or nobody's: {meant} and {dict(seated)}"
        )
    if projected != set(meant):
        raise BrokenError(f"the front desk shows {projected}, booked are {set(meant)}")


def _all_was_told(city: City, events: list[Any], told: list[Any]) -> None:
    """Whatever happened to a booking was told once: sent once, or unknown and never sent twice."""
    happened = [e for e in events if isinstance(e, PlacesBooked | BookingMoved | BookingCancelled)]
    if Counter(event.cause for event in told) != Counter(event.id for event in happened):
        raise BrokenError("what happened to bookings is not what was told of them")
    messages = city.notify.find("message")
    if Counter(m["event_id"] for m in messages) != Counter(event.id for event in told):
        raise BrokenError("what was told is not what was written down to be sent")
    for message in messages:
        accepted, state = city.mail[message["event_id"]], message["state"]
        if accepted > 1:
            raise BrokenError(f"somebody was told {accepted} times of one thing")
        if (state == "sent") != (accepted == 1) and state != "unknown":
            raise BrokenError(f"a message is {state}, and was accepted {accepted} times")
