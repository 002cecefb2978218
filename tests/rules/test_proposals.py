"""What becomes of a proposal, whoever does what to it, whenever?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.proposals import rules
from shared.proposals.rules import DryRun, Outcome, Proposal
from tests.proposals import (
    ANNA,
    BORIS,
    LIFE_SECONDS,
    MORNING,
    VERA,
    WINDOW_SECONDS,
    a_proposal,
    seats,
)


def later(seconds: float) -> Any:
    """So long after the proposal was made."""
    return MORNING + timedelta(seconds=seconds)


def approved(proposal: Proposal, at_seconds: float = 0) -> Proposal:
    """Boris has agreed with what there is to see."""
    decision = rules.approve(proposal, BORIS, proposal.dry_run.digest, later(at_seconds))
    assert isinstance(decision, tuple)
    return decision[1]


def test_whoever_proposed_it_is_not_the_second_person():
    proposal = a_proposal()

    decision = rules.approve(proposal, ANNA, proposal.dry_run.digest, MORNING)

    assert decision == "own"


def test_what_cannot_be_undone_waits_and_may_be_withdrawn_until_it_begins():
    proposal = approved(a_proposal(undoable=False))

    stands = [rules.status(proposal, later(at)) for at in (0, WINDOW_SECONDS - 1, WINDOW_SECONDS)]

    assert stands == ["waiting", "waiting", "approved"]
    assert rules.begin(proposal, proposal.dry_run, later(WINDOW_SECONDS - 1)) is None
    withdrawn = rules.withdraw(proposal, ANNA, later(WINDOW_SECONDS - 1))
    assert isinstance(withdrawn, tuple)
    assert rules.begin(withdrawn[1], proposal.dry_run, later(WINDOW_SECONDS)) is None


def test_what_can_be_undone_begins_at_once():
    proposal = approved(a_proposal(undoable=True))

    decision = rules.begin(proposal, proposal.dry_run, MORNING)

    assert decision is not None
    assert rules.status(decision[1], MORNING) == "running"


def test_who_approves_says_what_they_saw():
    proposal = a_proposal()
    other = DryRun(ids=proposal.dry_run.ids, counts={"seats": 3, "people": 1})

    decision = rules.approve(proposal, BORIS, other.digest, MORNING)

    assert decision == "changed"


def test_a_digest_does_not_depend_on_the_order_of_what_was_found():
    one, two, three = seats(3)

    first = DryRun(ids=(one, two, three), counts={"a": 1, "b": 2})
    second = DryRun(ids=(three, one, two), counts={"b": 2, "a": 1})

    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("found", "begins"),
    [
        (DryRun(ids=seats(20), counts={"people": 50}), True),
        (DryRun(ids=seats(19), counts={"people": 1}), True),
        (DryRun(ids=seats(20), counts={"people": 55}), True),
        (DryRun(ids=seats(20), counts={"people": 56}), False),
        (DryRun(ids=seats(21), counts={"people": 50}), False),
        (DryRun(ids=seats(20), counts={"people": 50, "children": 1}), False),
        (DryRun(ids=(), counts={"people": 0}), False),
    ],
    ids=["the same", "less", "a tenth more", "more", "others", "another count", "nothing"],
)
def test_what_has_become_more_than_was_approved_needs_a_new_approval(found: DryRun, begins: bool):
    seen = DryRun(ids=seats(20), counts={"people": 50})
    proposal = approved(a_proposal(dry_run=seen, undoable=True))

    decision = rules.begin(proposal, found, MORNING)

    assert decision is not None
    step, after = decision
    assert step == ("started" if begins else "changed")
    assert rules.status(after, MORNING) == ("running" if begins else "proposed")
    assert (after.approver_id, after.revision) == ((BORIS, 1) if begins else (None, 2))


def test_what_nobody_approved_in_time_expires():
    proposal = a_proposal()

    decision = rules.approve(proposal, BORIS, proposal.dry_run.digest, later(LIFE_SECONDS))

    assert decision == "expired"
    assert rules.status(proposal, later(LIFE_SECONDS)) == "expired"


def test_what_could_not_begin_for_long_after_it_was_approved_expires():
    proposal = approved(a_proposal())

    over = later(WINDOW_SECONDS + LIFE_SECONDS)

    assert rules.status(proposal, over - timedelta(seconds=1)) == "approved"
    assert rules.begin(proposal, proposal.dry_run, over) is None


@given(st.integers(1, 300), st.integers(1, 40))
def test_a_sample_is_some_of_all_and_no_more_than_asked(ids: int, most: int):
    sample = rules.sample_of(DryRun(ids=seats(ids), counts={}), most)

    assert 1 <= len(sample) <= most
    assert len(set(sample)) == len(sample)


# ---- against a model that knows states and no facts ------------------------------------------

SEATS = 3
BATCH = 2


class Model:
    """A proposal as a state, a deadline and a counter."""

    def __init__(self, undoable: bool) -> None:
        self.undoable = undoable
        self.state = "proposed"
        self.clock = 0
        self.deadline = LIFE_SECONDS
        self.left = SEATS
        self.agreed: Any = None

    def name(self) -> str:
        """What it is called now."""
        over = self.clock >= self.deadline
        if self.state == "agreed":
            ready = self.deadline - LIFE_SECONDS
            return "expired" if over else "waiting" if self.clock < ready else "approved"
        return "expired" if self.state == "proposed" and over else self.state

    def approve(self, who: Any, right: bool) -> str:
        if who == ANNA:
            return "own"
        if self.name() in ("expired", "withdrawn"):
            return self.name()
        if not right:
            return "changed"
        if self.state == "proposed":
            self.state, self.agreed = "agreed", who
            self.deadline = self.clock + LIFE_SECONDS + (0 if self.undoable else WINDOW_SECONDS)
            return "ok"
        return "again" if who == self.agreed else "decided"

    def withdraw(self) -> str:
        name = self.name()
        if name in ("proposed", "waiting", "approved"):
            self.state = "withdrawn"
            return "ok"
        return {"withdrawn": "again", "expired": "expired"}.get(name, "begun")

    def begin(self, less: bool, more: bool) -> str:
        if self.name() != "approved":
            return "again"
        if more:
            self.state, self.agreed = "proposed", None
            self.deadline = self.clock + LIFE_SECONDS
        else:
            self.state, self.left = "running", SEATS - 1 if less else SEATS
        return "ok"

    def batch(self, size: int) -> None:
        self.left -= size
        if self.left == 0 and self.state == "running":
            self.state, self.deadline = "done", self.clock + WINDOW_SECONDS
        elif self.left == 0:
            self.state = "undone"

    def undo(self, size: int) -> str:
        if self.state in ("undoing", "undone"):
            return "again"
        if not self.undoable:
            return "not_undoable"
        if self.state != "done":
            return "not_done"
        if self.clock >= self.deadline:
            return "late"
        self.state, self.left = "undoing", size
        return "ok"


WHO = st.sampled_from([ANNA, BORIS, VERA])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("approve"), WHO, st.booleans()),
        st.tuples(st.just("withdraw"), WHO),
        st.tuples(st.just("begin"), st.sampled_from(["same", "less", "more"])),
        st.tuples(st.just("batch")),
        st.tuples(st.just("undo"), WHO),
        st.tuples(st.just("pass"), st.sampled_from([1, 30, 59, 60, 61, 3_599, 3_600])),
    ),
    max_size=30,
)
FOUND: dict[str, Callable[[Proposal], DryRun]] = {
    "same": lambda proposal: proposal.dry_run,
    "less": lambda proposal: DryRun(
        ids=proposal.dry_run.ids[: SEATS - 1], counts=proposal.dry_run.counts
    ),
    "more": lambda proposal: DryRun(
        ids=proposal.dry_run.ids,
        counts={name: 2 * count + 1 for name, count in proposal.dry_run.counts.items()},
    ),
}


@given(st.booleans(), STEPS)
def test_whatever_is_done_it_stands_as_a_simple_model_says(
    undoable: bool, steps: list[tuple[Any, ...]]
):
    proposal, model = a_proposal(seats(SEATS), undoable=undoable), Model(undoable)

    for what, *how in steps:
        now = later(model.clock)
        if what == "pass":
            model.clock += how[0]
            continue
        if what == "batch":
            if rules.status(proposal, now) in ("running", "undoing"):
                size = len(rules.batch_of(proposal, BATCH))
                model.batch(size)
                done = Outcome(changed=size, refused=0)
                _, proposal = rules.carry_on(proposal, size, done, now)
            continue
        said, told = _both(proposal, model, what, how, now)
        assert told == ("again" if said is None else said if isinstance(said, str) else "ok")
        proposal = said[1] if isinstance(said, tuple) else proposal
        assert rules.status(proposal, later(model.clock)) == model.name()

    assert rules.status(proposal, later(model.clock)) == model.name()
    if proposal.started_at is not None:
        assert proposal.approver_id in (BORIS, VERA)


def _both(proposal: Proposal, model: Model, what: str, how: list[Any], now: Any) -> tuple[Any, str]:
    """What the rules say, and what the model does."""
    size = len(proposal.dry_run.ids)
    if what == "approve":
        who, right = how
        digest = proposal.dry_run.digest if right else bytes(16)
        return rules.approve(proposal, who, digest, now), model.approve(who, right)
    if what == "withdraw":
        return rules.withdraw(proposal, how[0], now), model.withdraw()
    if what == "begin":
        found = FOUND[how[0]](proposal)
        return rules.begin(proposal, found, now), model.begin(how[0] == "less", how[0] == "more")
    return rules.undo(proposal, how[0], now), model.undo(size)
