"""For how long can one person keep a slot from the others, however they go about it?"""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid5

from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.rules.holding import Again, Lately, not_again
from services.booking.rules.offers import hold_ids, is_offer, others_of
from tests.stories import NOON, an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")
PAUSE, LONGEST = 120, 900
"""How long one waits, and how long a hold or its renewal is, in seconds."""

acts = st.lists(
    st.tuples(
        st.sampled_from([1, 5, 60, 119, 120, 121, 600, 899, 900]),
        st.sampled_from(["ask", "ask", "ask", "renew", "release"]),
        st.sampled_from([30, 60, 300, 900]),
    ),
    max_size=40,
)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def lately(name: str, made: int, until: int, slot: UUID = MONDAY) -> Lately:
    return Lately(id=uuid5(slot, name), slot_ids=(slot,), made_at=at(made), expires_at=at(until))


def asked(second: int, *holds: Lately) -> Again | None:
    return not_again(holds, [MONDAY], now=at(second), seconds=PAUSE)


def test_who_let_it_run_out_waits_two_minutes_for_this_slot_alone() -> None:
    gone = lately("one", 0, 300)

    refused = asked(300, gone)

    assert refused == Again(slot_id=MONDAY, until=at(300 + PAUSE), hold_id=None)
    assert asked(299 + PAUSE, gone) is not None
    assert asked(300 + PAUSE, gone) is None
    assert not_again([gone], [TUESDAY], now=at(300), seconds=PAUSE) is None


def test_two_devices_may_hold_it_at_once_but_it_is_not_held_on_and_on() -> None:
    mine = lately("one", 0, 300)

    assert asked(PAUSE - 1, mine) is None
    assert asked(PAUSE, mine) == Again(slot_id=MONDAY, until=at(300 + PAUSE), hold_id=mine.id)


def test_what_was_offered_unasked_does_not_count() -> None:
    [offer, *others] = hold_ids(an_id("a refused wish"))
    gone = Lately(id=offer, slot_ids=(MONDAY,), made_at=at(0), expires_at=at(60))

    assert asked(60, gone) is None
    assert all(map(is_offer, [offer, *others]))
    assert others_of(others[1]) == [offer, others[0], *others[2:]]
    assert not is_offer(uuid5(an_id("actor"), "asked for"))


class Hoarder:
    """Somebody who asks for one slot again and again; what they keep, in whole seconds."""

    def __init__(self) -> None:
        self.now = 0
        self.kept: list[list[int]] = []
        """Of each hold: from when, until when, and whether it was renewed, or given back."""

    def does(self, passing: int, act: str, seconds: int) -> None:
        self.now += passing
        alive = [one for one in self.kept if one[0] <= self.now < one[1]]
        if act == "ask":
            self._asks(seconds)
        elif alive and act == "renew" and not alive[-1][2]:
            alive[-1][1:3] = [self.now + seconds, 1]
        elif alive and act == "release":
            alive[-1][1], alive[-1][3] = self.now, 1

    def _asks(self, seconds: int) -> None:
        holds = [
            lately(str(n), start, end)
            for n, (start, end, _, given_back) in enumerate(self.kept)
            if not given_back
        ]
        refused = not_again(holds, [MONDAY], now=at(self.now), seconds=PAUSE)
        if refused is None:
            self.kept.append([self.now, self.now + seconds, 0, 0])
        else:
            # Who does nothing until then is given it.
            assert not_again(holds, [MONDAY], now=refused.until, seconds=PAUSE) is None


@settings(max_examples=300, deadline=None)
@given(acts)
def test_nobody_keeps_a_slot_longer_at_a_stretch_than_one_who_renews_and_asks_once_more(
    acts: list[tuple[int, str, int]],
) -> None:
    hoarder = Hoarder()
    for act in acts:
        hoarder.does(*act)

    ran_out = [end for _, end, _, given_back in hoarder.kept if not given_back]
    for start, *_ in hoarder.kept:
        assert not any(end <= start < end + PAUSE for end in ran_out)
    # Of those that nobody gave back: from when until when at a stretch.
    stretches: list[list[int]] = []
    for start, end, _, given_back in sorted(hoarder.kept):
        if given_back:
            continue
        if stretches and start <= stretches[-1][1]:
            stretches[-1][1] = max(stretches[-1][1], end)
        else:
            stretches.append([start, end])
    assert all(end - start <= PAUSE + 2 * LONGEST for start, end in stretches)
    assert all(later[0] - before[1] >= PAUSE for before, later in pairwise(stretches))
