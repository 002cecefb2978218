"""Do the referee's rules agree, on whatever day, with somebody who only looks at the chairs?"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.slots import rules
from services.slots.rules import Inventory, Slot, answers, bookings, holds, missed, moves, slots
from shared.messages import Apart, Refusal, Refused, SlotEvent
from tests import stories
from tests.chairs import Room, Wanted
from tests.stories import NOON, a_claim, an_id

BEGINS = {"Monday": 900, "Tuesday": 3_600, "Wednesday": 9_000, "Thursday": 18_000}
"""When each slot begins, in seconds since noon."""

UNTIL_NEXT = -1
"""Stands for a wait that ends in the very second in which the next slot begins."""

SLOTS = [*["Monday", "Tuesday", "Wednesday"] * 4, "Thursday"]
FOLDING = import_module("services.slots.rules.evolve")

Act = tuple[int, tuple[Any, ...]]
"""How many seconds pass, and what is then done."""

_decode = msgspec.json.Decoder(SlotEvent).decode
_encode = msgspec.msgpack.Encoder().encode

slot = st.sampled_from(SLOTS)
some_slots = st.lists(slot, min_size=1, max_size=2) | st.lists(slot, min_size=3, max_size=8)
claims = st.tuples(*[st.sampled_from([None, None, None, "one", "two"])] * 8)
seats = st.builds(lambda slots, claims: list(zip(slots, claims, strict=False)), some_slots, claims)
size = st.integers(0, 4)
minutes = st.sampled_from([0, 0, 10, 30, 60])
home = st.sampled_from([0, 1])
elsewhere = st.sampled_from([0, 0, 0, 0, 1])
whose = st.sampled_from(["Alice", "Alice", "Alice", "Boris"])
someone = st.integers(0, 3)
holders = st.lists(someone, min_size=1, max_size=3)
seconds = st.sampled_from([30, 300, 600, 900])
waits = st.sampled_from([*[0] * 9, 1, 29, 30, 270, 300, 600, UNTIL_NEXT])
ACTS = [
    st.tuples(st.just("sweep")),
    st.tuples(st.just("clinic")),
    st.tuples(st.just("rename"), st.sampled_from(["Polyclinic No. 2", "Polyclinic No. 3", None])),
    st.tuples(st.just("open"), slot, size, minutes, minutes),
    *[st.tuples(st.just("carry"), slot, st.integers(0, 2))] * 2,
    st.tuples(st.just("say_when"), slot, st.none() | minutes, st.none() | minutes),
    st.tuples(
        st.just("change"), slot, st.none() | size, st.sampled_from([None, False, False, True])
    ),
    *[st.tuples(st.just("book"), seats, home)] * 6,
    st.tuples(st.just("book_off_time"), seats, st.sampled_from([-1, 0]), st.sampled_from([0, 1])),
    *[st.tuples(st.just("hold"), some_slots, seconds, home, whose)] * 5,
    *[st.tuples(st.just("confirm"), someone, claims, elsewhere)] * 2,
    st.tuples(st.just("confirm_others"), someone, seats),
    *[st.tuples(st.just("renew"), someone, seconds, elsewhere)] * 2,
    st.tuples(st.just("release"), someone, elsewhere),
    *[st.tuples(st.just("move"), someone, seats, elsewhere)] * 2,
    *[st.tuples(st.just("move_to_held"), someone, seats, holders, elsewhere, st.booleans())] * 2,
    st.tuples(st.just("cancel"), someone, elsewhere),
    *[st.tuples(st.just("miss"), someone, elsewhere)] * 2,
    st.tuples(st.just("miss_some"), someone, elsewhere),
    *[st.tuples(st.just("restore"), someone, claims, elsewhere)] * 2,
]
MORE = [(0, ("hold", [day], 600, 0, "Alice")) for day in ("Tuesday", "Wednesday", "Tuesday")]
"""Some mornings begin with somebody who holds as much as they may, or nearly."""

AGAIN = [(0, ("renew", 1, 300, 0))]
"""And some with a hold that was renewed."""

OVER = [
    (9_900, ("miss_some", 1, 0)),
    (0, ("miss", 1, 0)),
    (0, ("restore", 1, (None,) * 8, 0)),
]
"""A few end late: some did not come, then nobody did, and that is taken back."""

mornings = st.tuples(
    *[st.sampled_from([4, 3, 2, 8, 1])] * 3,
    st.sampled_from([0, 2, 3]),
    st.sampled_from([[], AGAIN, OVER]),
).map(
    lambda drawn: [
        (0, ("open", "Monday", 1, 0, 0)),
        (0, ("clinic",)),
        (0, ("open", "Monday", drawn[0], 10, 0)),
        (0, ("open", "Tuesday", drawn[1], 0, 60)),
        (0, ("open", "Wednesday", drawn[2], 0, 0)),
        (0, ("book", [("Tuesday", "one"), ("Wednesday", None)], 0)),
        (0, ("hold", ["Monday", "Wednesday"], 600, 1, "Alice")),
        *MORE[: drawn[3]],
        *drawn[4],
    ]
)
act = st.sampled_from(ACTS).flatmap(lambda act: act)
acts = st.lists(st.tuples(waits, act), min_size=10, max_size=40)
days = st.builds(lambda morning, acts: [*morning, *acts], mornings, acts)


def nothing() -> Inventory:
    return Inventory(clinics={}, slots={}, bookings={}, claims={})


class Day:
    """Asks both, the rules and the room, and holds one against the other after each act."""

    def __init__(self) -> None:
        self.inventory = nothing()
        self.room = Room(BEGINS)
        self.known: list[UUID] = []
        self.told: list[Any] = []
        self.heard: Counter[str] = Counter()

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.room.now)

    def live(self, acts: Sequence[Act]) -> "Day":
        for passing, (name, *details) in acts:
            self._wait(passing)
            self.told += rules.expire_dead(self.inventory, self.now)
            said, expected = getattr(self, f"_{name}")(*details)
            self.heard[said] += 1
            assert said == expected, (name, details)
            self._compare()
        return self

    # ---- the acts: what the rules say, and what is said in the room ----------------------------

    def _wait(self, passing: int) -> None:
        now = self.room.now
        to_come = [second - now for second in BEGINS.values() if second > now]
        self.room.time_is(now + (min(to_come, default=0) if passing == UNTIL_NEXT else passing))

    def _sweep(self) -> tuple[str, str]:
        said = list(rules.sweep(self.inventory, self.known, self.now))
        self.told += said
        assert {event.booking_id for event in said} == self.room.not_said
        self.room.not_said.clear()
        return "yes", "yes"

    def _clinic(self) -> tuple[str, str]:
        return self._ask(stories.open_clinic()), self.room.clinic()

    def _rename(self, name: str | None) -> tuple[str, str]:
        return self._ask(stories.change_clinic(name=name)), self.room.rename(name)

    def _open(self, slot: str, size: int, door: int, notice: int) -> tuple[str, str]:
        starts_at = NOON + timedelta(seconds=BEGINS[slot])
        limits = {"closes_minutes_before": door, "cancel_until_minutes_before": notice}
        wish = stories.open_slot(an_id(slot), size, starts_at=starts_at, **limits)
        return self._ask(wish), self.room.open(slot, size, door * 60, notice * 60)

    def _carry(self, slot: str, stools: int) -> tuple[str, str]:
        wish = stories.change_slot(an_id(slot), extra=stools, by=an_id("somebody there"))
        return self._ask(wish), self.room.carry(slot, stools)

    def _say_when(self, slot: str, door: int | None, notice: int | None) -> tuple[str, str]:
        limits = {"closes_minutes_before": door, "cancel_until_minutes_before": notice}
        seconds = [None if minutes is None else minutes * 60 for minutes in (door, notice)]
        return self._ask(stories.change_slot(an_id(slot), **limits)), self.room.say_when(
            slot, *seconds
        )

    def _change(self, slot: str, size: int | None, shut: bool | None) -> tuple[str, str]:
        is_open = None if shut is None else not shut
        wish = stories.change_slot(an_id(slot), capacity=size, open=is_open)
        return self._ask(wish), self.room.change(slot, size, shut)

    def _book(self, wanted: Wanted, home: int) -> tuple[str, str]:
        wish = self._new(stories.book(*_ids(wanted), claims=_claims(wanted)))
        return self._ask(wish, home), self.room.book(wish.id, wanted, home)

    def _book_off_time(self, wanted: Wanted, deadline: int, not_before: int) -> tuple[str, str]:
        wish = stories.book(
            *_ids(wanted),
            claims=_claims(wanted),
            deadline=self.now + timedelta(seconds=deadline),
            not_before=self.now + timedelta(seconds=not_before),
        )
        if deadline < 0:
            return self._ask(wish), "expired"
        if not_before > 0:
            return self._ask(wish), "not_open"
        return self._ask(self._new(wish)), self.room.book(wish.id, wanted, 0)

    def _hold(self, slots: Sequence[str], ttl: int, home: int, whose: str) -> tuple[str, str]:
        wish = self._new(stories.hold(*map(an_id, slots), ttl_seconds=ttl, owner=whose))
        return self._ask(wish, home), self.room.hold(wish.id, slots, ttl, home, whose)

    def _confirm(self, n: int, claims: Sequence[str | None], off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=True)
        own = sorted(chair.slot for chair in self.room.chairs if chair.who == who)
        wanted = list(zip(own, claims, strict=False)) or [("Monday", None)]
        wish = stories.confirm(who, *_ids(wanted), claims=_claims(wanted))
        return self._ask(wish, home + off), self.room.confirm(who, wanted, home + off)

    def _confirm_others(self, n: int, wanted: Wanted) -> tuple[str, str]:
        who, home = self._someone(n, held=True)
        wish = stories.confirm(who, *_ids(wanted), claims=_claims(wanted))
        return self._ask(wish, home), self.room.confirm(who, wanted, home)

    def _renew(self, n: int, ttl: int, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=True)
        said = self._ask(stories.renew(who, ttl_seconds=ttl), home + off)
        return said, self.room.renew(who, ttl, home + off)

    def _release(self, n: int, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=True)
        return self._ask(stories.release(who), home + off), self.room.release(who, home + off)

    def _move(self, n: int, wanted: Wanted, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=False)
        wish = stories.move(who, *_ids(wanted), claims=_claims(wanted))
        return self._leaves(self._ask(wish, home + off), self.room.move(who, wanted, home + off))

    def _move_to_held(
        self, n: int, wanted: Wanted, ms: Sequence[int], off: int, apart: bool
    ) -> tuple[str, str]:
        """Also to what others hold, who give it up; now and then as doses half a day apart."""
        who, home = self._someone(n, held=False)
        others = [self._someone(m, held=True)[0] for m in ms]
        kept = [c.slot for c in self.room.chairs if c.who == others[0] and c.until is not None]
        wanted = [(slot, None) for slot in kept] or wanted
        wish = stories.move(
            who,
            *_ids(wanted),
            claims=_claims(wanted),
            doses=tuple(range(1, len(wanted) + 1)),
            hold_ids=tuple(others),
            apart=Apart(min_days=1, max_days=9) if apart else None,
        )
        said = self._ask(wish, home + off)
        return said, self.room.move(who, wanted, home + off, others, 12 if apart else None)

    def _cancel(self, n: int, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=False)
        said = self._ask(stories.cancel(who), home + off)
        return self._leaves(said, self.room.cancel(who, home + off))

    def _miss(self, n: int, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=False)
        said = self._ask(stories.cancel(who, missed=True), home + off)
        return self._leaves(said, self.room.miss(who, home + off))

    def _miss_some(self, n: int, off: int) -> tuple[str, str]:
        who, home = self._someone(n, held=False)
        booking = self.inventory.bookings.get(who)
        there = booking.places if booking and booking.is_all("booked") else []
        came = [place for place in there if place.ordinal % 2 == 0]
        names = {a_claim(name): name for name in ("one", "two")} | {None: None}
        days = {an_id(day): day for day in BEGINS}
        sat = [(days[place.slot_id], names[place.claim]) for place in came]
        said = self._ask(stories.miss_some(who, came), home + off)
        return said, self.room.miss_some(who, sat, home + off)

    def _restore(self, n: int, claims: Sequence[str | None], off: int) -> tuple[str, str]:
        known = [who for who in self.known if who in self.room.missed] if n else self.known
        who = known[-1 - n % len(known)] if known else an_id("nobody")
        slots = self.room.missed.get(who, ["Monday"])
        wanted = list(zip(slots, claims, strict=False))
        home = self.room.homes.get(who, 0) + off
        said = self._ask(stories.restore(who, *_ids(wanted), claims=_claims(wanted)), home)
        return said, self.room.restore(who, wanted, home)

    def _leaves(self, said: str, expected: str) -> tuple[str, str]:
        """Both say as well whether that was late."""
        if said == expected == "yes":
            assert self.told[-1].late == self.room.was_late
            self.heard["late" if self.room.was_late else "in time"] += 1
        return said, expected

    def _new(self, wish: Any) -> Any:
        self.known.append(wish.id)
        return wish

    def _someone(self, n: int, *, held: bool) -> tuple[UUID, int]:
        """Who sits there in that way, the latest first; now and then anybody who ever asked."""
        fits = [c.who for c in self.room.chairs if (c.until is not None) == held]
        anybody = [who for who in self.known if who in fits] if n else self.known
        who = anybody[-1 - n % len(anybody)] if anybody else an_id("nobody")
        return who, self.room.homes.get(who, 0)

    def _ask(self, wish: Any, home: int = 0) -> str:
        """Deciding changes nothing, and deciding again says the same."""
        before = _encode(self.inventory)
        reply = rules.decide(self.inventory, wish, at=self.now, home=home)
        assert rules.decide(self.inventory, wish, at=self.now, home=home) == reply
        assert _encode(self.inventory) == before
        if isinstance(reply, Refused):
            return reply.reason
        for event in (reply, *rules.give_up(self.inventory, wish, reply)):
            rules.evolve(self.inventory, event)
            self.told.append(event)
        return "yes"

    # ---- what both have now --------------------------------------------------------------------

    def _compare(self) -> None:
        for name, size in self.room.sizes.items():
            slot = self.inventory.slots[an_id(name)]
            here = [chair for chair in self.room.chairs if chair.slot == name]
            held = len([chair for chair in here if chair.until is not None])
            assert (slot.capacity, slot.held, slot.booked) == (size, held, len(here) - held)
            stools = self.room.stools.get(name, 0)
            assert slot.extra == stools
            assert slot.free == size + stools - len(here) >= 0
            assert slot.open == (name not in self.room.shut)
            assert slot.clinic.name == self.room.sign
        claims = {a_claim(c.claim): c.who for c in self.room.chairs if c.claim}
        assert self.inventory.claims == claims
        assert self._in_hands() == Counter(
            (an_id(c.whose), c.who) for c in self.room.chairs if c.until is not None
        )
        assert self._seated() == Counter(
            (c.who, an_id(c.slot), a_claim(c.claim) if c.claim else None, c.until)
            for c in self.room.chairs
        )

    def _in_hands(self) -> Counter[tuple[UUID, UUID]]:
        for hand in self.inventory.hands.values():
            assert set(hand) <= set(range(1, 9))
        return Counter(
            (owner, hold) for owner, hand in self.inventory.hands.items() for hold in hand.values()
        )

    def _seated(self) -> Counter[tuple[Any, ...]]:
        return Counter(
            (booking.id, place.slot_id, place.claim, _seconds(place.expires_at))
            for booking in self.inventory.bookings.values()
            for place in booking.places
            if place.state not in ("expired", "missed")
        )


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int((at - NOON).total_seconds())


def _ids(wanted: Wanted) -> list[UUID]:
    return [an_id(slot) for slot, _ in wanted]


def _claims(wanted: Wanted) -> tuple[bytes | None, ...]:
    return tuple(a_claim(claim) if claim else None for _, claim in wanted)


def _versions(told: Sequence[Any]) -> dict[UUID, list[int]]:
    """Every version of every slot and booking, in the order in which they were told."""
    found: dict[UUID, list[int]] = {}
    for event in told:
        for count in (
            *getattr(event, "counts", ()),
            *filter(None, [getattr(event, "count", None)]),
        ):
            found.setdefault(count.slot_id, []).append(count.version)
        if hasattr(event, "version"):
            found.setdefault(event.booking_id, []).append(event.version)
    return found


@settings(max_examples=250, deadline=None)
@given(days)
def test_the_rules_and_the_chairs_agree_on_every_day(acts: list[Act]):
    Day().live(acts)


@settings(max_examples=100, deadline=None)
@given(days)
def test_what_was_told_in_a_day_is_all_there_is_to_know_of_it(acts: list[Act]):
    day = Day().live(acts)

    folded = nothing()
    for event in day.told:
        rules.evolve(folded, _decode(msgspec.json.encode(event)))

    assert folded == day.inventory


@settings(max_examples=100, deadline=None)
@given(days)
def test_each_thing_told_is_one_version_more_and_has_an_id_of_its_own(acts: list[Act]):
    day = Day().live(acts)

    for versions in _versions(day.told).values():
        assert versions == list(range(1, len(versions) + 1))
    assert len({event.id for event in day.told}) == len(day.told)


def test_days_bring_every_event_and_every_refusal_that_rules_know():
    told: set[str] = set()
    heard: set[str] = set()

    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    @given(days)
    def live(acts: list[Act]) -> None:
        day = Day().live(acts)
        told.update(type(event).__name__ for event in day.told)
        heard.update(day.heard)

    live()

    assert told == {kind.__name__ for kind in get_args(SlotEvent)}
    # Which dose somebody comes for, no chair knows: a list of its own does, in test_slots_doses.
    said = set(get_args(Refusal)) - {"key_reused", "failed", "other_dose"}
    assert heard - {"yes"} == said | {"late", "in time"}


# ---- is it worth anything? Rules broken on purpose are found -------------------------------------


def only_the_first_wish_is_looked_at(patch: pytest.MonkeyPatch) -> None:
    sound = bookings.why_not
    for module in (bookings, holds):
        patch.setattr(module, "why_not", lambda i, c, wishes, **k: sound(i, c, wishes[:1], **k))


def own_seats_do_not_count_as_free(patch: pytest.MonkeyPatch) -> None:
    sound = bookings.why_not
    for module in (bookings, holds):
        patch.setattr(
            module, "why_not", lambda *a, **k: sound(*a, **{**k, "own": bookings.NOTHING})
        )


def claims_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    for module in (bookings, missed):
        patch.setattr(module, "claimed", lambda *_, **__: None)


def what_has_begun_may_still_be_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookings, "started", lambda *_: None)


def every_partition_decides_for_every_booking(patch: pytest.MonkeyPatch) -> None:
    sound = bookings.booked_here
    patch.setattr(
        bookings,
        "booked_here",
        lambda i, who, home: sound(i, who, i.bookings[who].home if who in i.bookings else home),
    )


def a_hold_that_ran_out_may_be_confirmed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holds, "alive", lambda inventory, who, home: inventory.bookings.get(who))


def a_hold_lasts_a_second_too_long(patch: pytest.MonkeyPatch) -> None:
    sound = rules.expire_dead
    patch.setattr(rules, "expire_dead", lambda i, at: sound(i, at - timedelta(seconds=1)))


def renewing_changes_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FOLDING, "_renew", lambda *_: None)


def the_claims_of_who_leaves_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FOLDING, "_unseat", lambda inventory, who: inventory.bookings.pop(who, None))


def what_is_said_of_a_clinic_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FOLDING, "_change", lambda *_: None)


def nobody_counts_who_comes(patch: pytest.MonkeyPatch) -> None:
    sound = answers.count_of
    patch.setattr(answers, "count_of", lambda slot, **_: sound(slot))


def a_hold_may_be_renewed_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holds, "HELD_VERSION", 99)
    sound = holds.hold
    patch.setattr(holds, "hold", lambda *a, **k: _first_version(sound(*a, **k)))


def _first_version(answer: Any) -> Any:
    return answer if isinstance(answer, Refused) else msgspec.structs.replace(answer, version=1)


def a_hand_has_no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(holds, "_has_enough", lambda *_: False)


def what_ran_out_stays_in_the_hand(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FOLDING, "_let_go", lambda *_: None)


def what_is_given_up_for_a_move_stays_held(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "give_up", lambda *_, **__: ())


def holds_count_as_free_for_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(moves, "_held_for", lambda *_: iter(()))


def doses_may_follow_each_other_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(moves, "_not_apart", lambda *_: None)


def nobody_comes_too_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Slot, "closes_at", property(lambda slot: slot.starts_at))


def everybody_leaves_in_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookings, "given_up_late", lambda *_: False)


def who_is_in_does_not_keep_stools(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(slots, "_harms_who_is_in", lambda now, count: count.capacity < now.booked)


BREAKING = [
    a_hold_may_be_renewed_for_ever,
    a_hand_has_no_end,
    what_ran_out_stays_in_the_hand,
    what_is_given_up_for_a_move_stays_held,
    holds_count_as_free_for_nobody,
    doses_may_follow_each_other_at_once,
    only_the_first_wish_is_looked_at,
    own_seats_do_not_count_as_free,
    claims_are_not_looked_at,
    what_has_begun_may_still_be_given_back,
    every_partition_decides_for_every_booking,
    a_hold_that_ran_out_may_be_confirmed,
    a_hold_lasts_a_second_too_long,
    renewing_changes_nothing,
    the_claims_of_who_leaves_stay,
    what_is_said_of_a_clinic_stays,
    nobody_counts_who_comes,
    nobody_comes_too_late,
    everybody_leaves_in_time,
    who_is_in_does_not_keep_stools,
]


@settings(
    max_examples=2_000, deadline=None, database=None, derandomize=True, phases=[Phase.generate]
)
@given(days)
def _some_day_differs(acts: list[Act]) -> None:
    try:
        Day().live(acts)
    except Exception as error:
        raise AssertionError("the room says otherwise") from error


@pytest.mark.parametrize("broken", BREAKING, ids=lambda broken: broken.__name__)
def test_broken_rules_are_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
):
    broken(monkeypatch)

    with pytest.raises(AssertionError):
        _some_day_differs()
