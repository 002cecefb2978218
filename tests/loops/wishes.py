"""What do people wish for in one history? A few slots, and more wishes than they can hold."""

import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
from msgspec.structs import replace

from shared.messages import Command, HoldPlaces, MovePlaces
from shared.topics import HOMES, home_of
from tests import stories
from tests.stories import CLINIC, NOON, a_claim, an_id

SLOTS = tuple(an_id(f"slot {n}") for n in range(3))
CLAIMS = (None, a_claim("Alice"), a_claim("Boris"))
WISHES = 9

_encode = msgspec.msgpack.Encoder().encode


class Wish(msgspec.Struct, frozen=True):
    """A command, and the partition that it is asked on."""

    command: Command
    home: int

    def bytes(self) -> bytes:
        """As it rides in a record of its own."""
        return _encode([_encode(self.command)])


def opening(dice: random.Random) -> tuple[bytes, int]:
    """One record that opens the clinic and its slots, and where it goes."""
    commands: list[Command] = [stories.open_clinic(id=_id(dice))]
    commands += [
        stories.open_slot(slot_id, dice.randint(1, 2), id=_id(dice), starts_at=NOON + timedelta(7))
        for slot_id in SLOTS
    ]
    return _encode([_encode(command) for command in commands]), home_of(CLINIC)


def wishes(dice: random.Random) -> list[Wish]:
    """In the order in which they are asked, more or less."""
    made: list[Wish] = []
    for _ in range(WISHES):
        kind = dice.choices(list(_KINDS), [weight for weight, _ in _KINDS.values()])[0]
        earlier = [wish for wish in made if isinstance(wish.command, _MAKING)]
        about = dice.choice(earlier) if earlier else None
        command = _KINDS[kind][1](dice, about.command if about else None)
        command_id = _id(dice)
        command = replace(command, id=command_id, cause=command_id, body_hash=command_id.bytes)
        if isinstance(command, MovePlaces) and command_id.int % 4:
            held = [wish.command.id for wish in made if isinstance(wish.command, HoldPlaces)]
            command = replace(command, hold_ids=tuple(held))
        home = about.home if about and hasattr(command, "booking_id") else dice.randrange(HOMES)
        if dice.random() < 0.05:
            home = dice.randrange(HOMES)
        if kind == "hold" and earlier and command_id.int % 2:
            home = earlier[0].home  # where it may be given up for a move of what is booked there
        made.append(Wish(command, home))
    return made


def asked_again(dice: random.Random, wish: Wish, now: float) -> Wish:
    """The same wish under the same id, as it was or later; seldom another wish under that id."""
    chance = dice.random()
    if chance < 0.6:
        return wish
    command = replace(wish.command, deadline=NOON + timedelta(seconds=now + 20))
    if chance > 0.95:
        command = replace(command, body_hash=an_id("another").bytes)
    return Wish(command, wish.home)


def _id(dice: random.Random) -> UUID:
    return UUID(int=dice.getrandbits(128))


def _slots(dice: random.Random) -> list[UUID]:
    return dice.sample(SLOTS, dice.choice((1, 1, 1, 2)))


def _book(dice: random.Random, about: Command | None) -> Command:
    slots = _slots(dice)
    claims = tuple(dice.choice(CLAIMS) for _ in slots)
    soon = NOON + timedelta(seconds=dice.choice((2, 3600, 3600, 3600)))
    return replace(stories.book(*slots, claims=claims, deadline=soon), owner_id=_owner(dice))


def _hold(dice: random.Random, about: Command | None) -> Command:
    return replace(stories.hold(*_slots(dice), ttl_seconds=30), owner_id=_owner(dice))


def _owner(dice: random.Random) -> UUID:
    return an_id(dice.choice(("Alice", "Boris", "Clara")))


def _confirm(dice: random.Random, about: Command | None) -> Command:
    slots = [wish.slot_id for wish in about.places] if isinstance(about, HoldPlaces) else [SLOTS[0]]
    claims = tuple(dice.choice(CLAIMS) for _ in slots)
    return stories.confirm(_of(about), *slots, claims=claims)


def _move(dice: random.Random, about: Command | None) -> Command:
    slots = _slots(dice)
    return stories.move(_of(about), *slots, claims=tuple(dice.choice(CLAIMS) for _ in slots))


def _cancel(dice: random.Random, about: Command | None) -> Command:
    return stories.cancel(_of(about))


def _renew(dice: random.Random, about: Command | None) -> Command:
    return stories.renew(_of(about), ttl_seconds=30)


def _release(dice: random.Random, about: Command | None) -> Command:
    return stories.release(_of(about))


def _change(dice: random.Random, about: Command | None) -> Command:
    somebody = an_id("somebody of the clinic")
    change = dice.choice(
        (
            {"capacity": 1},
            {"capacity": 2},
            {"extra": 0, "by": somebody},
            {"extra": 1, "by": somebody},
            {"open": False},
            {"open": True},
        )
    )
    return stories.change_slot(dice.choice(SLOTS), **change)


def _of(about: Command | None) -> UUID:
    return an_id("nobody's booking") if about is None else about.id


_MAKING = (type(stories.book(SLOTS[0])), HoldPlaces)
_KINDS: dict[str, tuple[int, Callable[[random.Random, Command | None], Command]]] = {
    "book": (8, _book),
    "hold": (4, _hold),
    "confirm": (4, _confirm),
    "move": (3, _move),
    "cancel": (2, _cancel),
    "renew": (1, _renew),
    "release": (1, _release),
    "change": (1, _change),
}
