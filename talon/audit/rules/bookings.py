"""Is what was granted there, as it was answered, and nothing else?"""

from collections import Counter
from collections.abc import Iterable, Iterator
from uuid import UUID

from talon.audit.facts import BookingRow, Broken, PlaceRow, Where, World
from talon.audit.witness import Story, Wish, Witness, slots_of
from talon.rush.journal import Line, Seat

OFFERED_MAX = 3
"""So much is held for whoever was refused, for one refusal."""

FULL = ("slot_full", "slot_closed", "slot_started")
"""Refusals with which something else is offered."""

EXISTS = ("held", "booked", "cancelled", "released")
"""What a row of the front desk says when the referee once said yes."""


def lost(witness: Witness, world: World) -> Iterator[Broken]:
    """Granted bookings that are not there, or not as their owners were told."""
    for story in witness.stories.values():
        if story.made is not None:
            yield from _lost_in_slots(story, world.live(story.id))
            yield from _lost_in_booking(story, world.bookings.get(story.id))


def ghosts(witness: Witness, world: World) -> Iterator[Broken]:
    """Bookings and holds that nobody was granted, and that no unanswered wish explains."""
    for ghost in _strangers(witness, world):
        if _wish_for(witness, world, ghost, "unknown", "refused", "away") is None:
            where: Where = "booking" if ghost in world.bookings else "slots"
            yield _broken(ghost, where, "nobody was granted this", _described(world, ghost))


def refused(witness: Witness, world: World) -> Iterator[Broken]:
    """Wishes that were definitely refused, and were done all the same."""
    for ghost in _strangers(witness, world):
        if _wish_for(witness, world, ghost, "unknown") is None:
            wish = _wish_for(witness, world, ghost, "refused", "away")
            if wish is not None:
                yield _refused_and_done(wish, world, ghost)
    for wish in witness.wishes:
        if wish.outcome in ("refused", "away") and wish.first.act in ("book", "hold"):
            for booking_id in wish.ids:
                if booking_id not in witness.stories and world.live(booking_id):
                    yield _refused_and_done(wish, world, booking_id)


def _lost_in_slots(story: Story, places: list[PlaceRow]) -> Iterator[Broken]:
    booked = [place for place in places if place.state == "booked"]
    found = _seats((place.id, place.slot_id) for place in booked)
    if any(found == expected for expected in _expected_seats(story)):
        return
    if any(
        slots_of_doubt == sorted(slot for _, slot in found) for slots_of_doubt in _doubts(story)
    ):
        return
    said = _told(next(iter(_expected_seats(story))))
    yield _broken(story.id, "slots", said, _told(found))


def _lost_in_booking(story: Story, row: BookingRow | None) -> Iterator[Broken]:
    if row is None:
        yield _broken(story.id, "booking", "a booking", "nothing")
        return
    status = "cancelled" if story.is_cancelled else "booked"
    if story.doubts and row.status in ("booked", "cancelled"):
        return
    if row.status != status:
        yield _broken(story.id, "booking", status, row.status)
    if row.owner_id != story.owner:
        yield _broken(story.id, "booking", f"owner {story.owner}", f"owner {row.owner_id}")
    version = max(line.version for line in story.granted)
    if row.version != version:
        yield _broken(story.id, "booking", f"version {version}", f"version {row.version}")
    if status == "booked" and story.latest is not None and not _same(story.latest, row):
        yield _broken(story.id, "booking", _persons(story.latest.given), _persons(row.places))


def _expected_seats(story: Story) -> Iterator[list[tuple[UUID, UUID]]]:
    """What its seats may be: none, once cancelled; both, where a cancellation is in doubt."""
    latest = story.latest
    if not story.is_cancelled and latest is not None:
        yield _seats((seat.id, seat.slot_id) for seat in latest.given if seat.id is not None)
    if story.is_cancelled or story.in_doubt("cancel"):
        yield []


def _doubts(story: Story) -> Iterator[list[UUID]]:
    """The slots of a move that may have been done."""
    for line in story.in_doubt("move"):
        yield slots_of(line.asked)


def _strangers(witness: Witness, world: World) -> Iterator[UUID]:
    """What takes seats or is shown as made by the city's people, and is in nobody's story."""
    known = witness.stories.keys() | _offers(witness, world)
    for booking_id in world.places:
        judged = booking_id not in known and not world.is_an_outsider_s(booking_id)
        if judged and world.live(booking_id):
            yield booking_id
    for row in world.bookings.values():
        judged = row.id not in known and not world.is_an_outsider_s(row.id)
        if judged and not world.live(row.id) and row.version > 0 and row.status in EXISTS:
            yield row.id


def _offers(witness: Witness, world: World) -> set[UUID]:
    """What is held for those who were refused: named in the refusal, or, where that got lost, for
    as many people as they asked for, in other slots, three times for each refusal.
    """
    offers = {
        offer.hold_id for wish in witness.wishes for line in wish.lines for offer in line.offered
    }
    left: Counter[tuple[UUID, int]] = Counter()
    asked: set[tuple[UUID, tuple[UUID, ...]]] = set()
    for wish in witness.wishes:
        if wish.first.act in ("book", "hold") and _may_have_been_offered(wish):
            left[wish.first.owner, len(wish.first.asked)] += OFFERED_MAX
            asked.add((wish.first.owner, tuple(slots_of(wish.first.asked))))
    for row in world.bookings.values():
        if row.kind == "hold" and (row.owner_id, tuple(slots_of(row.places))) not in asked:
            size = row.owner_id, len(row.places)
            if left[size] > 0 and row.id not in witness.stories:
                left[size] -= 1
                offers.add(row.id)
    return offers


def _may_have_been_offered(wish: Wish) -> bool:
    codes = {line.code for line in wish.lines}
    return wish.outcome == "unknown" or bool(codes.intersection(FULL))


def _wish_for(witness: Witness, world: World, ghost: UUID, *outcomes: str) -> Wish | None:
    """A wish of the same owner for the same slots, that ended so for them."""
    row = world.bookings.get(ghost)
    if row is None:
        return None
    slots = slots_of(row.places) or sorted(place.slot_id for place in world.live(ghost))
    for wish in witness.by_owner.get(row.owner_id, ()):
        if wish.outcome in outcomes and slots_of(wish.first.asked) == slots:
            return wish
    return None


def _refused_and_done(wish: Wish, world: World, booking_id: UUID) -> Broken:
    said = wish.lines[-1].code or wish.outcome
    return _broken(booking_id, "slots", f"refused ({said})", _described(world, booking_id))


def _described(world: World, booking_id: UUID) -> str:
    row = world.bookings.get(booking_id)
    owner = (
        f"{row.status}, owner {row.owner_id}" if row is not None else "unknown to the front desk"
    )
    return f"{len(world.live(booking_id))} seats in slots; {owner}"


def _same(line: Line, row: BookingRow) -> bool:
    """Seat by seat the same slot, person and dose. Who is told nobody's name means themselves."""
    return _people(line.given, line) == _people(row.places, line)


def _people(seats: Iterable[Seat], line: Line) -> set[tuple[object, ...]]:
    return {(s.id, s.slot_id, s.patient_id or line.owner, s.dose) for s in seats}


def _persons(seats: Iterable[Seat]) -> str:
    return ", ".join(f"{s.slot_id} for {s.patient_id} dose {s.dose}" for s in seats) or "no seats"


def _seats(pairs: Iterable[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    return sorted(pairs)


def _told(seats: list[tuple[UUID, UUID]]) -> str:
    return ", ".join(f"seat {seat} in slot {slot}" for seat, slot in seats) or "no seats"


def _broken(about: UUID, where: Where, expected: str, found: str) -> Broken:
    return Broken(about=str(about), where=where, expected=expected, found=found)
