"""Would the checker see it? Six and more ways in which a clean history may be untrue."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import msgspec

from shared.messages import PlacesBooked, Refused, answer_id
from shared.topics import SLOTS_EVENTS
from talon.audit.facts import Mail, PlaceRow
from talon.audit.witness import testify
from tests.faults.history import History, Told

replace = msgspec.structs.replace


class Mutation(msgspec.Struct, frozen=True):
    """One untruth: what it is called, which promises may notice it, and how it is told."""

    name: str
    promises: tuple[str, ...]
    tell: Callable[[History], History]


def a_seat_vanished(history: History) -> History:
    """Somebody was told that they are booked, and have no seat any more."""
    booking_id, place = _a_booked_place(history)
    left = [p for p in history.world.places[booking_id] if p.id != place.id]
    places = {key: row for key, row in history.places.items() if key != place.id}
    world = replace(history.world, places=history.world.places | {booking_id: left})
    return replace(history, world=world, places=places)


def a_seat_too_many(history: History) -> History:
    """More people in a slot than it takes."""
    _, place = _a_booked_place(history)
    capacity = history.world.slots[place.slot_id].capacity
    more = [PlaceRow(uuid4(), place.slot_id, uuid4(), "booked", None) for _ in range(capacity)]
    places = history.world.places | {row.booking_id: [row] for row in more}
    return replace(history, world=replace(history.world, places=places))


def another_s_booking(history: History) -> History:
    """It is there, and is somebody else's."""
    booking_id, _ = _a_booked_place(history)
    row = replace(history.world.bookings[booking_id], owner_id=uuid4())
    bookings = history.world.bookings | {booking_id: row}
    return replace(history, world=replace(history.world, bookings=bookings))


def an_older_version(history: History) -> History:
    """The front desk missed the last thing that happened to a booking."""
    booking_id, _ = _a_booked_place(history)
    status, version = history.bookings[booking_id]
    return replace(history, bookings=history.bookings | {booking_id: (status, version - 1)})


def an_event_lost(history: History) -> History:
    """One event, in the middle of its partition, never reached the log."""
    partition, told = _longest(history)
    lost = told[len(told) // 2].number
    left = [one for one in told if one.number != lost]
    return replace(history, slot_events=history.slot_events | {partition: left})


def two_events_of_one_number(history: History) -> History:
    """Two referees numbered what they decided alike."""
    partition, told = _longest(history)
    one = told[len(told) // 2]
    other = msgspec.structs.replace(one, value=one.value + b" ")
    return replace(history, slot_events=history.slot_events | {partition: [*told, other]})


def a_mail_sent_twice(history: History) -> History:
    """The same message to the same person, twice."""
    booking_id, mails = next((key, mails) for key, mails in history.world.mails.items() if mails)
    again: list[Mail] = [*mails, mails[0]]
    world = replace(history.world, mails=history.world.mails | {booking_id: again})
    return replace(history, world=world)


def a_refusal_that_was_done(history: History) -> History:
    """Somebody was told no, and was booked all the same."""
    booking_id, _ = _a_booked_place(history)
    lines = [
        replace(line, verdict="refused", code="slot_full", status=409, booking=None, given=())
        if booking_id in (line.booking, line.about)
        else line
        for wish in history.witness.wishes
        for line in wish.lines
    ]
    return replace(history, witness=testify(lines))


def a_decision_of_another_moment(history: History) -> History:
    """A batch was judged by a clock that was an hour ahead."""
    middle = len(history.batches) // 2
    batches = list(history.batches)
    late = batches[middle].at + timedelta(hours=1)
    batches[middle] = msgspec.structs.replace(batches[middle], at=late)
    return replace(history, batches=batches)


def a_cancellation_refused_and_done(history: History) -> History:
    """Somebody was told that their booking stays, and it was cancelled by that very wish."""
    wish = next(w for w in history.witness.wishes if w.first.act == "cancel" and w.granted)
    lines = [
        replace(line, verdict="refused", code="expired", status=409) if line in wish.lines else line
        for other in history.witness.wishes
        for line in other.lines
    ]
    return replace(history, witness=testify(lines))


def two_decisions(history: History) -> History:
    """A wish was answered `expired`, and by another copy of it something was done."""
    told = next(told for told in history.replies if isinstance(told.reply, PlacesBooked))
    reply = Refused(
        id=answer_id(told.reply.cause, "Refused"),
        cause=told.reply.cause,
        at=told.reply.at - timedelta(seconds=2),
        reason="expired",
    )
    return replace(history, replies=[*history.replies, replace(told, reply=reply)])


def a_batch_that_nobody_recorded(history: History) -> History:
    """Commands were decided of which no batch tells."""
    with_commands = [batch for batch in history.batches if batch.positions]
    lost = with_commands[len(with_commands) // 2]
    return replace(history, batches=[batch for batch in history.batches if batch != lost])


def a_log_without_its_beginning(history: History) -> History:
    """What was told first is not there any more, and a snapshot would have to stand in for it."""
    return replace(history, starts=history.starts | {(SLOTS_EVENTS.name, 0): 1})


ALL = (
    Mutation("a seat vanished", ("lost", "fold"), a_seat_vanished),
    Mutation("a seat too many", ("oversold",), a_seat_too_many),
    Mutation("another's booking", ("lost",), another_s_booking),
    Mutation("an older version", ("projected",), an_older_version),
    Mutation("an event lost", ("gapless",), an_event_lost),
    Mutation("two events of one number", ("gapless",), two_events_of_one_number),
    Mutation("a mail sent twice", ("told twice",), a_mail_sent_twice),
    Mutation("a refusal that was done", ("refused", "ghosts"), a_refusal_that_was_done),
    Mutation("a decision of another moment", ("decided again",), a_decision_of_another_moment),
    Mutation("a cancellation refused and done", ("no is no",), a_cancellation_refused_and_done),
    Mutation("two decisions", ("one decision",), two_decisions),
    Mutation("a batch nobody recorded", ("in turn",), a_batch_that_nobody_recorded),
    Mutation("a log without its beginning", ("whole",), a_log_without_its_beginning),
)


def _a_booked_place(history: History) -> tuple:  # type: ignore[type-arg]
    """Of a booking that its owner made at once, was told of, and has kept as it was."""
    for story in history.witness.stories.values():
        places = history.world.live(story.id)
        made = story.made is not None and len(story.granted) == 1 and not story.doubts
        if made and places and all(place.state == "booked" for place in places):
            return story.id, places[0]
    raise AssertionError("nobody has kept a booking")


def _longest(history: History) -> tuple[int, list[Told]]:
    return max(history.slot_events.items(), key=lambda found: len(found[1]))
