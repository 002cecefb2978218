"""What if two persons decide at the same moment, or two processes carry out the same act?"""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import UUID

import asyncpg
import pytest

from shared import database
from shared.proposals import rules, store
from shared.proposals.rules import Decision, Proposal, Refusal
from shared.proposals.runner import Runner
from shared.proposals.store import Locked, Proposals
from tests.proposals import ANNA, BORIS, VERA, Cleaning, proposed, seats

Deciding = Callable[[Locked], Decision | Refusal | None]

ROUNDS = 20


@pytest.fixture
async def pool(slots_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """Enough connections for all who decide at once."""
    opened = await database.open_pool(slots_dsn, size_max=6, name="proposals-races")
    yield opened
    opened.terminate()


def approves(person_id: UUID) -> Deciding:
    """Somebody agrees with what they see."""
    return lambda row: rules.approve(row.proposal, person_id, row.proposal.dry_run.digest, row.now)


def withdraws(row: Locked) -> Decision | Refusal | None:
    """Anna changes her mind."""
    return rules.withdraw(row.proposal, ANNA, row.now)


def begins(row: Locked) -> Decision | None:
    """A process carries it out."""
    return rules.begin(row.proposal, row.proposal.dry_run, row.now)


async def decide(
    proposals: Proposals, proposal: Proposal, deciding: Deciding, person_id: UUID | None
) -> str:
    """One decision, as a door makes it: what it comes to."""
    async with proposals.locked(proposal.id) as row:
        assert row is not None
        decision = deciding(row)
        await asyncio.sleep(0)
        if isinstance(decision, tuple):
            await row.save(decision, person_id)
            return decision[0]
    return decision or "nothing"


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for anybody."""
    monkeypatch.setitem(store.SQL, "lock_proposal", "SELECT $1::uuid")


async def test_of_two_who_approve_at_once_one_is_the_second_person(pool: asyncpg.Pool):
    for number in range(ROUNDS):
        proposals, proposal = await proposed(pool, id=UUID(int=number + 1))

        said = await asyncio.gather(
            decide(proposals, proposal, approves(BORIS), BORIS),
            decide(proposals, proposal, approves(VERA), VERA),
        )

        assert sorted(said) == ["approved", "decided"]


async def test_who_approves_while_it_is_withdrawn_does_one_after_the_other(pool: asyncpg.Pool):
    for number in range(ROUNDS):
        proposals, proposal = await proposed(pool, id=UUID(int=number + 1))

        said = await asyncio.gather(
            decide(proposals, proposal, approves(BORIS), BORIS),
            decide(proposals, proposal, withdraws, ANNA),
        )

        assert said in (["approved", "withdrawn"], ["withdrawn", "withdrawn"])
        seen = await proposals.find(proposal.id)
        assert seen is not None
        assert rules.status(*seen) == "withdrawn"


async def test_what_is_withdrawn_while_it_begins_either_begins_or_does_not(pool: asyncpg.Pool):
    for number in range(ROUNDS):
        proposals, proposal = await proposed(pool, id=UUID(int=number + 1), undoable=True)
        await decide(proposals, proposal, approves(BORIS), BORIS)

        said = await asyncio.gather(
            decide(proposals, proposal, begins, None),
            decide(proposals, proposal, withdraws, ANNA),
        )

        assert said in (["started", "begun"], ["nothing", "withdrawn"])


@pytest.mark.parametrize("second", [approves(VERA), withdraws], ids=["approve", "withdraw"])
async def test_without_the_lock_the_race_is_real_and_the_second_step_is_refused(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, second: Deciding
):
    proposals, proposal = await proposed(pool)
    monkeypatch.setitem(store.SQL, "lock_proposal", "SELECT $1::uuid")

    async def decide_late() -> None:
        async with proposals.locked(proposal.id) as row:
            assert row is not None
            decision = second(row)
            assert isinstance(decision, tuple), "it still looks as if nobody had decided"
            await decide(proposals, proposal, approves(BORIS), BORIS)
            await row.save(decision, VERA)

    with pytest.raises(asyncpg.UniqueViolationError, match="one_step_at_a_time"):
        await decide_late()

    steps = await proposals.steps(proposal.id)
    assert [(step.step, step.person_id) for step in steps] == [
        ("proposed", ANNA),
        ("approved", BORIS),
    ]


async def test_of_two_processes_one_carries_it_out(pool: asyncpg.Pool):
    act = Cleaning(seats(9))
    act.takes_seconds = 0.01
    proposals, proposal = await proposed(pool, undoable=True, dry_run=act.found)
    await decide(proposals, proposal, approves(BORIS), BORIS)
    runners = [Runner(proposals, {act.kind: act}, ids_max=2) for _ in range(3)]

    busy = await asyncio.gather(*(runner.turn() for runner in runners))

    assert sorted(busy) == [False, False, True]
    touched = [seat for _, ids in act.batches for seat in ids]
    assert sorted(touched) == sorted(seats(9))


async def test_without_the_lease_two_do_the_same_and_only_one_is_counted(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
):
    act = Cleaning(seats(9))
    act.takes_seconds = 0.05
    proposals, proposal = await proposed(pool, undoable=True, dry_run=act.found)
    await decide(proposals, proposal, approves(BORIS), BORIS)
    leaseless = store.SQL["claim_proposal"].replace("AND lease_until < clock_timestamp()", "")
    monkeypatch.setitem(store.SQL, "claim_proposal", leaseless)
    mine = store.SQL["renew_proposal"].replace("AND runner = $2", "AND $2::uuid IS NOT NULL")
    monkeypatch.setitem(store.SQL, "renew_proposal", mine)
    first = Runner(proposals, {act.kind: act}, ids_max=2)
    second = Runner(proposals, {act.kind: act}, ids_max=2)

    turn = asyncio.create_task(first.turn())
    await asyncio.sleep(0.02)
    await asyncio.gather(turn, second.turn())

    touched = [seat for _, ids in act.batches for seat in ids]
    seen = await proposals.find(proposal.id)
    assert seen is not None
    assert len(touched) > len(seats(9)), "some seats were cleaned by both"
    assert seen.proposal.changed == len(seats(9))
    assert act.clean == set(seats(9))
