"""Does each slot have the seats it says, and each hold an end?"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from talon.audit.facts import Broken, World
from talon.audit.witness import Witness

GRACE = timedelta(seconds=5)
"""A hold that ran out is swept within a second or two; longer than this is a broken promise."""


def oversold(witness: Witness, world: World) -> Iterator[Broken]:
    """More people than seats, counted from the seats themselves."""
    for slot_id, count in _counted(world).items():
        slot = world.slots.get(slot_id)
        taken = count["held"] + count["booked"]
        most = slot.capacity + slot.extra if slot is not None else 0
        if taken > most:
            yield _broken(slot_id, f"at most {most} people", f"{taken} people")


def miscounted(witness: Witness, world: World) -> Iterator[Broken]:
    """Counters that do not agree with the seats, or with what the city was set up with."""
    counted = _counted(world)
    for slot in world.slots.values():
        count = counted.get(slot.id, Counter())
        if (slot.held, slot.booked) != (count["held"], count["booked"]):
            yield _broken(
                slot.id,
                f"{slot.held} held and {slot.booked} booked, as its counters say",
                f"{count['held']} held and {count['booked']} booked seats",
            )
        free = slot.capacity + slot.extra - slot.held - slot.booked
        if free < 0:
            yield _broken(slot.id, "no less than 0 free", f"{free} free")
    for slot_id, capacity in world.capacities.items():
        found = world.slots.get(slot_id)
        if found is None or found.capacity != capacity:
            said = "no such slot" if found is None else f"capacity {found.capacity}"
            yield _broken(slot_id, f"capacity {capacity}, as it was set up", said)


def held_too_long(witness: Witness, world: World) -> Iterator[Broken]:
    """Seats kept by holds that are over."""
    for places in world.places.values():
        for place in places:
            over = place.expires_at is not None and place.expires_at + GRACE < world.now
            if place.state == "held" and over:
                yield _broken(place.booking_id, f"free since {place.expires_at}", "still held")
    for story in witness.stories.values():
        given_back = bool(story.of("release"))
        ran_out = story.ends is not None and story.ends + GRACE < world.now
        if (given_back or ran_out) and world.live(story.id):
            why = "given back" if given_back else f"over since {story.ends}"
            yield _broken(story.id, f"a hold that is {why}", "its seats are still taken")


def _counted(world: World) -> dict[UUID, Counter[str]]:
    counted: dict[UUID, Counter[str]] = {}
    for places in world.places.values():
        for place in places:
            counted.setdefault(place.slot_id, Counter())[place.state] += 1
    return counted


def _broken(about: UUID, expected: str, found: str) -> Broken:
    return Broken(about=str(about), where="slots", expected=expected, found=found)
