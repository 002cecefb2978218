"""What is left of a morning in which everything fails that can? Every word that was given."""

import asyncio

import pytest

from tests.canaries import OF_A_CITY, found
from tests.faults import campaign, checks, mutations, report
from tests.faults.ground import a_ground
from tests.faults.mutations import Mutation
from tests.faults.naming import command_of
from tests.faults.outcome import Outcome
from tests.faults.schedule import SHORT
from tests.faults.trail import trail

SEED = 1


@pytest.fixture(scope="module")
def played() -> tuple[Outcome, list[str]]:
    """One short campaign, from nothing to nothing, and where an address lay in clear after it."""

    async def run() -> tuple[Outcome, list[str]]:
        async with a_ground() as ground:
            outcome = await campaign.run(ground, SHORT, SEED)
            return outcome, await found(ground.stack, [OF_A_CITY])

    return asyncio.run(run())


@pytest.fixture
def outcome(played: tuple[Outcome, list[str]]) -> Outcome:
    return played[0]


def test_whatever_fails_nobody_s_address_gets_out(played: tuple[Outcome, list[str]]):
    assert played[1] == []


def test_whatever_fails_nothing_is_oversold_lost_made_up_or_told_twice(outcome: Outcome):
    said = "\n".join(report.lines(outcome, f"make faults ARGS='--profile short --seeds {SEED}'"))

    assert outcome.is_clean, said
    assert outcome.booked > 0
    assert len(outcome.log) == len(SHORT.faults)


@pytest.mark.parametrize("mutation", mutations.ALL, ids=lambda mutation: mutation.name)
def test_a_history_that_is_untrue_in_one_thing_is_caught(outcome: Outcome, mutation: Mutation):
    untrue = mutation.tell(outcome.history)

    assert any(f.broken for f in checks.check_some(untrue, mutation.promises))


def test_whoever_is_told_no_and_gets_it_is_shown_with_every_attempt_and_every_copy(
    outcome: Outcome,
):
    untrue = mutations.a_cancellation_refused_and_done(outcome.history)
    [broken] = checks.no_is_no(untrue)

    said = trail(untrue, broken)

    wish = next(w for w in untrue.witness.wishes if str(command_of(w)) in broken.about)
    assert any(wish.key in line for line in said)
    assert sum("refused (409 expired" in line for line in said) == len(wish.lines)
    copies = [line for line in said if "CancelBooking" in line and "deadline" in line]
    assert copies
    assert all("reply_to" in line and "in batch" in line for line in copies)
    assert any("BookingCancelled to" in line for line in said)
