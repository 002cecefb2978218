"""What is left of a morning in which everything fails that can? Every word that was given."""

import asyncio

import pytest

from tests.faults import campaign, checks, mutations, report
from tests.faults.campaign import Outcome
from tests.faults.ground import a_ground
from tests.faults.mutations import Mutation
from tests.faults.schedule import DEFAULT, SHORT, draw_up

SEED = 1


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """One short campaign, from nothing to nothing."""

    async def run() -> Outcome:
        async with a_ground() as ground:
            return await campaign.run(ground, SHORT, SEED)

    return asyncio.run(run())


def test_whatever_fails_nothing_is_oversold_lost_made_up_or_told_twice(outcome: Outcome):
    said = "\n".join(report.lines(outcome, f"make faults ARGS='--profile short --seeds {SEED}'"))

    assert outcome.is_clean, said
    assert outcome.booked > 0
    assert len(outcome.log) == len(SHORT.faults)


@pytest.mark.parametrize("mutation", mutations.ALL, ids=lambda mutation: mutation.name)
def test_a_history_that_is_untrue_in_one_thing_is_caught(outcome: Outcome, mutation: Mutation):
    untrue = mutation.tell(outcome.history)

    caught = {f.promise.name for f in checks.check_all(untrue) if f.broken}

    assert caught & set(mutation.promises), f"only {caught or 'nothing'}"


@pytest.mark.parametrize("profile", [SHORT, DEFAULT], ids=lambda profile: profile.name)
def test_a_seed_says_what_fails_when(profile: campaign.Profile):
    once, again, other = draw_up(1, profile), draw_up(1, profile), draw_up(2, profile)

    assert once == again
    assert once != other
    assert len(once) == len(other) == len(profile.faults)
    assert all(fault.at + fault.seconds <= profile.seconds for fault in once)
