"""Which promise was broken, and where? Pure: the journal's testimony against the facts."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal
from uuid import UUID

import msgspec

from talon.audit.facts import Facts, Mail
from talon.audit.witness import Promise, Testimony

Kind = Literal["oversold", "miscounted", "lost", "ghost", "twice", "untold"]
KINDS: tuple[Kind, ...] = ("oversold", "miscounted", "lost", "ghost", "twice", "untold")

MAIL_OF = {"booked": "BookingConfirmed", "moved": "BookingRescheduled", "ended": "BookingRevoked"}


class Broken(msgspec.Struct, frozen=True):
    """One broken promise: its kind, what it is about, where it shows, and in which words."""

    kind: Kind
    about: UUID
    where: str
    what: str


def check(testimony: Testimony, facts: Facts) -> list[Broken]:
    """Everything that is not as it was promised."""
    return [
        *_counters(facts),
        *_kept(testimony, facts),
        *_ghosts(testimony, facts),
        *_told_twice(facts.mails),
        *_told(testimony, facts),
    ]


def _counters(facts: Facts) -> Iterator[Broken]:
    for slot in facts.slots:
        if max(slot.held + slot.booked, slot.held_counted + slot.booked_counted) > slot.capacity:
            yield Broken("oversold", slot.id, "slots", "more people than places")
        if (slot.held, slot.booked) != (slot.held_counted, slot.booked_counted):
            words = (
                f"counters say held {slot.held}, booked {slot.booked}; "
                f"its places are {slot.held_counted} and {slot.booked_counted}"
            )
            yield Broken("miscounted", slot.id, "slots", words)


def _kept(testimony: Testimony, facts: Facts) -> Iterator[Broken]:
    """Every 201 exactly once in slots and in booking, with the very places that were given."""
    for promise in testimony.promises.values():
        if promise.unsure:
            continue
        wanted = Counter[UUID]() if promise.cancelled else promise.seats
        found = facts.seats.get(promise.id, Counter())
        if found != wanted:
            words = f"{found.total()} of {wanted.total()} promised places are there"
            yield Broken("lost", promise.id, "slots", words)
        yield from _kept_at_the_desk(promise, facts)


def _kept_at_the_desk(promise: Promise, facts: Facts) -> Iterator[Broken]:
    row = facts.bookings.get(promise.id)
    status = "cancelled" if promise.cancelled else "booked"
    if row is None:
        yield Broken("lost", promise.id, "booking", "there is no such booking")
    elif row.status != status or row.version != promise.version:
        words = f"it is {row.status} in version {row.version}, promised {status}"
        yield Broken("lost", promise.id, "booking", f"{words} in version {promise.version}")
    elif not promise.cancelled and Counter(row.slot_ids) != promise.seats:
        yield Broken("lost", promise.id, "booking", "it has other places than were promised")


def _ghosts(testimony: Testimony, facts: Facts) -> Iterator[Broken]:
    """What sits in a place though nobody was told so; nothing of a refusal may exist."""
    for booking_id in facts.seats:
        row = facts.bookings.get(booking_id)
        unsure = row is not None and row.owner_id in testimony.unsure_owners
        if booking_id not in testimony.promises and not unsure:
            yield Broken("ghost", booking_id, "slots", "places that nobody was promised")
    for row in facts.bookings.values():
        known = row.id in testimony.promises or row.owner_id in testimony.unsure_owners
        if row.status == "booked" and not known:
            yield Broken("ghost", row.id, "booking", "a booking that nobody was promised")


def _told_twice(mails: list[Mail]) -> Iterator[Broken]:
    same = Counter((mail.to, mail.message_id, mail.booking_id) for mail in mails)
    for (_, message_id, booking_id), count in same.items():
        if count > 1:
            yield Broken("twice", booking_id, "mail", f"{message_id} was told {count} times")
    confirmed = Counter(m.booking_id for m in mails if m.event == MAIL_OF["booked"])
    for booking_id, count in confirmed.items():
        if count > 1:
            yield Broken("twice", booking_id, "mail", f"it was confirmed {count} times")


def _told(testimony: Testimony, facts: Facts) -> Iterator[Broken]:
    """Each booking, move and cancellation was told; an `unknown` message is excused and listed."""
    told = Counter((mail.booking_id, mail.event) for mail in facts.mails)
    excused = Counter(facts.unknown)
    for promise in testimony.promises.values():
        if promise.unsure:
            continue
        wanted = {
            MAIL_OF["booked"]: 1,
            MAIL_OF["moved"]: promise.moves,
            MAIL_OF["ended"]: int(promise.cancelled),
        }
        for event, count in wanted.items():
            key = (promise.id, event)
            if not count - excused[key] <= told[key] <= count:
                words = f"{event} was told {told[key]} times, not {count}"
                yield Broken("untold" if told[key] < count else "twice", promise.id, "mail", words)
