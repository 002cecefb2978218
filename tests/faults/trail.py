"""Where was it lost? One wish, booking or command, looked for at each station of its way.

First the journal, answer by answer; then every copy that came upon the log, with its deadline and
the desk that waits for its answer, and what the referee made of it; then who remembers what.
"""

from collections.abc import Iterator
from uuid import UUID

from shared.messages import Refused
from talon.audit.facts import Broken
from talon.audit.witness import Wish
from talon.rush.journal import Line
from tests.faults.checks import first_copies
from tests.faults.history import Batch, History
from tests.faults.naming import command_of, names_of


def trail(history: History, broken: Broken) -> list[str]:
    """What each station knows, from the client's own journal to the mail server."""
    keys = set(_meant(history, broken.about))
    if not keys:
        return []
    # A booking bears the name of the command that made it; what was wanted of it has others.
    known = first_copies(history)
    wishes, commands = [], set(keys)
    for wish in history.witness.wishes:
        names = names_of(wish, known)
        if not keys.isdisjoint({*names, wish.first.about, *wish.ids}):
            wishes.append(wish)
            commands.update(names)
    return [
        *(said for wish in wishes for said in _asked(history, wish)),
        *_copies(history, commands),
        *_replies(history, commands),
        *(said for key in sorted(keys, key=str) for said in _remembered(history, key)),
    ]


def _meant(history: History, about: str) -> Iterator[UUID]:
    """By id, or by the key of the wish."""
    name = about.rpartition(" ")[2]
    try:
        yield UUID(name)
    except ValueError:
        for wish in history.witness.wishes:
            if wish.key == name:
                yield command_of(wish)


# ---- the client's journal ------------------------------------------------------------------------


def _asked(history: History, wish: Wish) -> Iterator[str]:
    first = wish.first
    about = f" of {first.about}" if first.about else ""
    yield f"journal: {first.act}{about}, key {wish.key}, command {command_of(wish)}"
    for line in wish.lines:
        yield f"  {_at(history, line.at)}  {_attempt(line)}"


def _attempt(line: Line) -> str:
    """Every wish is asked of the edge; at which desk it came in, its copies on the log tell."""
    said = " ".join(word for word in (str(line.status or "nothing"), line.code, line.state) if word)
    version = f", version {line.version}" if line.version else ""
    how = {"ask": "asked", "again": "asked again", "poll": "looked"}[line.how]
    return f"{how} for {line.seconds:.2f} s: {line.verdict} ({said}{version})"


# ---- the log -------------------------------------------------------------------------------------


def _copies(history: History, commands: set[UUID]) -> Iterator[str]:
    """Each copy: when it came, its deadline, for whom its answer is, and in which batch it was."""
    found = [
        (item.record.timestamp / 1000, partition, offset, item)
        for partition, records in history.commands.items()
        for offset, items in records.items()
        for item in items
        if item.message is not None and item.message.id in commands
    ]
    yield f"topic slots.commands: {len(found) or 'no'} copies"
    for at, partition, offset, item in sorted(found, key=lambda copy: copy[:3]):
        command = item.message
        batch = _batch_of(history, partition, (offset, item.nth))
        decided = (
            f"in batch {batch.id}, decided {_at(history, batch.at.timestamp())}"
            if batch
            else "in no batch"
        )
        yield (
            f"  {_at(history, at)}  {type(command).__name__} {command.id} at"
            f" {partition}/{offset}.{item.nth}, deadline"
            f" {_at(history, command.deadline.timestamp())}, reply_to {command.reply_to}"
            f" ({_desk(command.reply_to)}), {decided}"
        )


def _batch_of(history: History, partition: int, here: tuple[int, int]) -> Batch | None:
    for batch in history.batches:
        for home, first, last in batch.positions:
            if home == partition and tuple(first) <= here <= tuple(last):
                return batch
    return None


def _desk(reply_to: int) -> str:
    """Who reads this partition of the replies."""
    return f"booking-{reply_to}" if reply_to else "booking"


def _replies(history: History, commands: set[UUID]) -> Iterator[str]:
    found = [told for told in history.replies if told.reply.cause in commands]
    yield f"topic slots.replies: {len(found) or 'none'}"
    for told in sorted(found, key=lambda told: told.at):
        reply = told.reply
        reason = f" {reply.reason}" if isinstance(reply, Refused) else ""
        yield (
            f"  {_at(history, told.at)}  {type(reply).__name__}{reason} to {reply.cause}, decided"
            f" {_at(history, reply.at.timestamp())}, for {_desk(told.reader)} at"
            f" {told.reader}/{told.offset}"
        )


# ---- who remembers what --------------------------------------------------------------------------


def _remembered(history: History, key: UUID) -> Iterator[str]:
    yield f"of {key}:"
    answer = history.answers.get(key)
    yield f"  database slots, answer: {answer[1] if answer is not None else 'nothing'}"
    told = ", ".join(_told(history, history.slot_events, key))
    yield f"  topic slots.events: {told or 'nothing'}"
    seats = [place for place in history.places.values() if place[1] == key]
    yield f"  database slots, place: {f'{len(seats)} seats' if seats else 'nothing'}"
    row = history.bookings.get(key)
    said = f"{row[0]}, version {row[1]}" if row is not None else "nothing"
    yield f"  database booking: {said}"
    told = ", ".join(_told(history, history.booking_events, key))
    yield f"  topic booking.events: {told or 'nothing'}"
    states = [
        f"{message.tells} {message.state}"
        for message in history.world.messages
        if message.booking_id == key
    ]
    yield f"  database notify: {', '.join(states) or 'nothing'}"
    mails = [mail.tells for mail in history.world.mails.get(key, ())]
    yield f"  mail server: {', '.join(mails) or 'nothing'}"


def _told(history: History, topic: dict[int, list], key: UUID) -> Iterator[str]:  # type: ignore[type-arg]
    for some in topic.values():
        for one in some:
            event = one.event
            if key in (getattr(event, "booking_id", None), event.cause):
                when = _at(history, event.at.timestamp())
                yield f"{type(event).__name__} at {one.partition}/{one.offset}, {when}"


def _at(history: History, moment: float) -> str:
    """Seconds since the first people came, by whichever clock it was written down."""
    return f"{moment - history.began:.3f} s"
