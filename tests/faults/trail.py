"""Where was it lost? One booking or command, looked for at each station of its way."""

from collections.abc import Iterator
from uuid import UUID

from talon.audit.facts import Broken
from tests.faults.history import History


def trail(history: History, broken: Broken) -> list[str]:
    """What each station knows, from the client's own journal to the mail server."""
    try:
        key = UUID(broken.about.rpartition(" ")[2])
    except ValueError:
        return []
    return [f"{station}: {said}" for station, said in _stations(history, key)]


def _stations(history: History, key: UUID) -> Iterator[tuple[str, str]]:
    lines = [
        line
        for wish in history.witness.wishes
        for line in wish.lines
        if key in (line.booking, line.about)
    ]
    yield (
        "API, as the journal has it",
        "; ".join(f"{line.act} {line.how} {line.verdict} v{line.version}" for line in lines[-6:])
        or "nothing",
    )
    commands = [
        f"{type(item.message).__name__} at {partition}/{offset}"
        for partition, found in history.commands.items()
        for offset, items in found.items()
        for item in items
        if item.message is not None
        and key in (item.message.id, getattr(item.message, "booking_id", None))
    ]
    yield "topic slots.commands", ", ".join(commands) or "nothing"
    answer = history.answers.get(key)
    yield "database slots, answer", answer[1] if answer is not None else "nothing"
    yield "topic slots.events", ", ".join(_told(history.slot_events, key)) or "nothing"
    seats = [place for place in history.places.values() if place[1] == key]
    yield "database slots, place", f"{len(seats)} seats" if seats else "nothing"
    row = history.bookings.get(key)
    yield "database booking", f"{row[0]}, version {row[1]}" if row is not None else "nothing"
    yield "topic booking.events", ", ".join(_told(history.booking_events, key)) or "nothing"
    states = [
        f"{message.tells} {message.state}"
        for message in history.world.messages
        if message.booking_id == key
    ]
    yield "database notify", ", ".join(states) or "nothing"
    mails = [mail.tells for mail in history.world.mails.get(key, ())]
    yield "mail server", ", ".join(mails) or "nothing"


def _told(topic: dict[int, list], key: UUID) -> Iterator[str]:  # type: ignore[type-arg]
    for some in topic.values():
        for one in some:
            if key in (getattr(one.event, "booking_id", None), one.event.cause):
                yield f"{type(one.event).__name__} at {one.partition}/{one.offset}"
