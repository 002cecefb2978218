"""What must be so, if everyone is to have got what they were answered? Told from journals alone."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from talon.rush.journal import Act, Line, Seat

Outcome = Literal["ok", "refused", "away", "unknown"]
NOT_FOR_EVER = "expired"
"""The one refusal after which the same wish, asked again, may be granted."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """All lines about one wish."""

    key: str
    lines: tuple[Line, ...]

    @property
    def first(self) -> Line:
        """What was asked; it is the same in each line."""
        return self.lines[0]

    @property
    def granted(self) -> Line | None:
        """The first line that says yes."""
        return next((line for line in self.lines if line.verdict == "ok"), None)

    @property
    def ids(self) -> set[UUID]:
        """The bookings or holds that its answers name."""
        return {line.booking for line in self.lines if line.booking is not None}

    @property
    def outcome(self) -> Outcome:
        """How it ended for the person; unknown where nobody ever gave a definite answer."""
        if self.granted is not None:
            return "ok"
        verdicts = [line.verdict for line in self.lines]
        if any(line.verdict == "refused" and not _is_expiry(line) for line in self.lines):
            return "refused"
        if verdicts[-1] == "refused":
            return "refused"
        return "away" if set(verdicts) == {"away"} else "unknown"


class Story(msgspec.Struct, kw_only=True):
    """One booking or hold: what was granted about it, and what is in doubt."""

    id: UUID
    owner: UUID
    granted: list[Line] = []
    doubts: list[Line] = []

    def of(self, *acts: Act) -> list[Line]:
        """What was granted of these acts."""
        return [line for line in self.granted if line.act in acts]

    def in_doubt(self, *acts: Act) -> list[Line]:
        """What may have been done of these acts."""
        return [line for line in self.doubts if line.act in acts]

    @property
    def made(self) -> Line | None:
        """The line that made it a booking."""
        return next(iter(self.of("book", "confirm")), None)

    @property
    def is_cancelled(self) -> bool:
        """Given back, as its owner was told."""
        return bool(self.of("cancel"))

    @property
    def latest(self) -> Line | None:
        """The line that tells which seats it has now."""
        seated = self.of("book", "confirm", "move")
        return max(seated, key=lambda line: line.version) if seated else None

    @property
    def ends(self) -> datetime | None:
        """When a hold runs out that nobody booked, gave back or may have booked."""
        held = self.of("hold")
        if not held or self.of("confirm", "release") or self.in_doubt("confirm", "release"):
            return None
        return held[0].expires_at


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the journals say."""

    wishes: tuple[Wish, ...]
    stories: dict[UUID, Story]
    by_owner: dict[UUID, tuple[Wish, ...]]
    """What each person asked for that would have made something new."""

    @property
    def unknown(self) -> list[Wish]:
        """Wishes that never got a definite answer."""
        return [wish for wish in self.wishes if wish.outcome == "unknown"]


def testify(lines: Iterable[Line]) -> Witness:
    """Put the lines of all journals together, each about its wish, each wish about its booking."""
    by_key: dict[tuple[UUID, str], list[Line]] = defaultdict(list)
    for line in lines:
        by_key[line.owner, line.wish].append(line)
    wishes = tuple(Wish(key=key, lines=tuple(found)) for (_, key), found in by_key.items())
    return Witness(wishes=wishes, stories=_stories(wishes), by_owner=_by_owner(wishes))


def _stories(wishes: Iterable[Wish]) -> dict[UUID, Story]:
    stories: dict[UUID, Story] = {}
    for wish in wishes:
        line = wish.granted
        if line is not None:
            about = line.booking or line.about
        else:
            line, about = wish.first, wish.first.about or next(iter(wish.ids), None)
        if about is None or wish.outcome in ("refused", "away"):
            continue
        story = stories.setdefault(about, Story(id=about, owner=line.owner))
        (story.granted if wish.outcome == "ok" else story.doubts).append(line)
    return stories


def _by_owner(wishes: Iterable[Wish]) -> dict[UUID, tuple[Wish, ...]]:
    by_owner: dict[UUID, list[Wish]] = defaultdict(list)
    for wish in wishes:
        if wish.first.act in ("book", "hold", "confirm"):
            by_owner[wish.first.owner].append(wish)
    return {owner: tuple(found) for owner, found in by_owner.items()}


def _is_expiry(line: Line) -> bool:
    return NOT_FOR_EVER in (line.code, line.state)


def slots_of(seats: Iterable[Seat]) -> list[UUID]:
    """The slots of some seats, comparable."""
    return sorted(seat.slot_id for seat in seats)
