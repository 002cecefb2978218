"""Did the same wish get the same answer each time, and nobody the same thing twice?"""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from talon.audit.facts import Broken, World
from talon.audit.witness import NOT_FOR_EVER, Witness
from talon.rush.journal import Line

LOOKED_UP = "refused, as was looked up"


def differing(witness: Witness, world: World) -> Iterator[Broken]:
    """Definite answers to one wish that contradict each other."""
    for wish in witness.wishes:
        granted = {_granted(line) for line in wish.lines if line.verdict == "ok"}
        refused = {_refused(line) for line in wish.lines if line.verdict == "refused"}
        # A wish that expired undecided may be decided anew when it is asked again.
        refused.discard(f"refused {NOT_FOR_EVER}")
        # What is looked up says that it was refused, in other words than a door does.
        if len(refused) > 1:
            refused.discard(LOOKED_UP)
        said = granted | refused
        if len(said) > 1:
            yield Broken(
                about=f"{wish.first.act} {wish.key}",
                where="journal",
                expected="one answer",
                found=" and ".join(sorted(said)),
            )


def booked_twice(witness: Witness, world: World) -> Iterator[Broken]:
    """Two live seats for one person's one dose of a campaign, or for one person in one slot."""
    seats: dict[tuple[object, ...], list[UUID]] = defaultdict(list)
    for row in world.bookings.values():
        if row.status != "booked":
            continue
        for seat in row.places:
            person = seat.patient_id or row.owner_id
            if seat.dose is None:
                seats[person, None, seat.slot_id].append(row.id)
            else:
                seats[person, row.campaign_id, f"dose {seat.dose}"].append(row.id)
    for (person_id, _, thing), bookings in seats.items():
        if len(bookings) > 1:
            yield Broken(
                about=str(person_id),
                where="booking",
                expected=f"one seat for {thing}",
                found=", ".join(str(booking) for booking in bookings),
            )


def _granted(line: Line) -> str:
    return f"granted {line.booking or line.about}"


def _refused(line: Line) -> str:
    if line.how == "poll" and NOT_FOR_EVER not in (line.code, line.state):
        return LOOKED_UP
    return f"refused {NOT_FOR_EVER if line.how == 'poll' else line.code}"
