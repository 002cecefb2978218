"""Does a slot that is for one dose ever let in somebody who comes for another?

Compared with a list at the door: the dose of each slot, and who says what. There is room for all,
so nobody is refused for anything else.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from services.slots.rules import Inventory, bookings, decide, evolve
from shared.messages import BookingMoved, PlacesBooked, PlacesHeld, PlaceWish, Refused
from tests import stories
from tests.stories import NOON, an_id

SLOTS = {an_id(f"slot for {dose}"): dose for dose in (None, 1, 2, 3)}
"""Each slot with the dose that it is for; None is whichever."""


class Wish(NamedTuple):
    """What somebody wants: a verb, and seats, each for a dose or for none that is said."""

    verb: str
    seats: tuple[tuple[Any, int | None], ...]
    nth: int


wished = st.builds(
    Wish,
    st.sampled_from(["book", "hold", "confirm", "move"]),
    st.lists(
        st.tuples(st.sampled_from(list(SLOTS)), st.sampled_from([None, 1, 2, 3, 4])),
        min_size=1,
        max_size=3,
    ).map(tuple),
    st.integers(0, 9),
)


def a_clinic() -> Inventory:
    inventory = Inventory(clinics={}, slots={}, bookings={}, claims={})
    evolve(inventory, decide(inventory, stories.open_clinic(), at=NOON, home=0))
    for slot_id, dose in SLOTS.items():
        command = stories.open_slot(slot_id, 500, dose=dose)
        evolve(inventory, decide(inventory, command, at=NOON, home=0))
    return inventory


def check(wishes: list[Wish]) -> None:
    inventory, seated, held = a_clinic(), [], []
    for wish in wishes:
        seats = wish.seats
        slots = [slot_id for slot_id, _ in seats]
        command: Any
        if wish.verb == "book":
            command = stories.book(*slots)
        elif wish.verb == "hold" and len(held) < 2:
            command = stories.hold(*slots)
        elif wish.verb == "confirm" and held:
            holds, slots = held[wish.nth % len(held)]
            seats = tuple((slot, seats[n % len(seats)][1]) for n, slot in enumerate(slots))
            command = stories.confirm(holds, *slots)
        elif wish.verb == "move" and seated:
            command = stories.move(seated[wish.nth % len(seated)], *slots)
        else:
            continue
        said = tuple(PlaceWish(slot_id=slot_id, dose=dose) for slot_id, dose in seats)
        command = replace(command, places=said)

        reply = decide(inventory, command, at=NOON, home=0)

        unsaid = (None,) if wish.verb == "hold" else ()
        wrong = [
            slot_id
            for slot_id, dose in seats
            if SLOTS[slot_id] and dose not in unsaid and (dose or 1) != SLOTS[slot_id]
        ]
        if wrong:
            assert isinstance(reply, Refused)
            assert (reply.reason, reply.slot_id) == ("other_dose", wrong[0])
            continue
        assert isinstance(reply, PlacesBooked | PlacesHeld | BookingMoved), reply
        evolve(inventory, reply)
        if isinstance(reply, PlacesHeld):
            held.append((reply.booking_id, slots))
        elif isinstance(reply, PlacesBooked):
            held = [one for one in held if one[0] != reply.booking_id]
            seated.append(reply.booking_id)


@settings(max_examples=100, deadline=None)
@given(st.lists(wished, max_size=12))
def test_who_comes_for_another_dose_is_not_let_in_by_any_door(wishes: list[Wish]):
    check(wishes)


def nobody_looks(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookings, "_is_other", lambda *about: False)


def who_says_nothing_is_let_in(patch: pytest.MonkeyPatch) -> None:
    rightly = bookings._is_other
    patch.setattr(
        bookings, "_is_other", lambda dose, c, w: w.dose is not None and rightly(dose, c, w)
    )


def who_holds_is_asked_as_well(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookings, "_is_other", lambda dose, c, w: (w.dose or 1) != dose)


@pytest.mark.parametrize(
    "broken",
    [nobody_looks, who_says_nothing_is_let_in, who_holds_is_asked_as_well],
    ids=lambda broken: broken.__name__,
)
def test_a_door_that_does_not_look_at_the_dose_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
    )
    @given(st.lists(wished, max_size=12))
    def somewhere_it_is_wrong(wishes: list[Wish]) -> None:
        check(wishes)

    with pytest.raises(AssertionError):
        somewhere_it_is_wrong()
