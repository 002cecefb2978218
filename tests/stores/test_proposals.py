"""Is what two persons agreed on carried out, once, whoever dies meanwhile, and nothing else?"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import asyncpg
import msgspec
import pytest

from shared import database
from shared.proposals import rules
from shared.proposals.runner import Runner
from shared.proposals.store import Proposals
from tests.proposals import ANNA, BORIS, Cleaning, proposed, seats
from tests.proposals_process import IDS_MAX, SEATS
from tests.stories import an_id

PATIENCE_SECONDS = 20.0


@pytest.fixture
async def pool(slots_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A service's own connections, to a schema that has proposals."""
    opened = await database.open_pool(slots_dsn, size_max=4, name="proposals-test")
    yield opened
    opened.terminate()


def a_runner(store: Proposals, act: Cleaning, **about: Any) -> Runner:
    """A process that carries on, a few at a time."""
    return Runner(store, {act.kind: act}, **{"ids_max": 2} | about)


async def agreed(store: Proposals, proposal: rules.Proposal) -> None:
    """Boris approves, and what is to be waited for is over."""
    async with store.locked(proposal.id) as row:
        assert row is not None
        decision = rules.approve(row.proposal, BORIS, row.proposal.dry_run.digest, row.now)
        assert isinstance(decision, tuple)
        await row.save(decision, BORIS)


async def stands(store: Proposals, proposal: rules.Proposal) -> tuple[str, rules.Proposal]:
    """How it stands, and all of it."""
    seen = await store.find(proposal.id)
    assert seen is not None
    return rules.status(seen.proposal, seen.now), seen.proposal


async def test_what_is_kept_is_what_is_read_again(pool: asyncpg.Pool):
    store, proposal = await proposed(pool, undoable=True)
    await agreed(store, proposal)

    seen = await store.find(proposal.id)

    assert seen is not None
    kept = msgspec.structs.asdict(seen.proposal)
    assert {name for name, value in kept.items() if value != getattr(proposal, name)} == {
        "version",
        "approver_id",
        "approved_at",
        "runs_at",
        "expires_at",
    }


async def test_the_same_request_twice_is_one_proposal(pool: asyncpg.Pool):
    store, proposal = await proposed(pool)

    assert not await store.add(proposal)
    assert [step.step for step in await store.steps(proposal.id)] == ["proposed"]


async def test_nothing_happens_until_a_second_person_has_agreed(pool: asyncpg.Pool):
    store, _ = await proposed(pool, undoable=True)
    act = Cleaning(seats(3))

    busy = await a_runner(store, act).turn()

    assert (busy, act.batches) == (False, [])


async def test_what_waits_is_left_alone_until_its_time(pool: asyncpg.Pool):
    store, proposal = await proposed(pool, undoable=False, window_seconds=1)
    act = Cleaning(seats(3))
    await agreed(store, proposal)

    early = await a_runner(store, act).turn()
    await asyncio.sleep(1.1)
    later = await a_runner(store, act).turn()

    assert (early, later) == (False, True)
    assert act.clean == set(seats(3))


async def test_all_is_done_in_batches_and_then_it_is_over(pool: asyncpg.Pool):
    store, proposal = await proposed(pool, undoable=True, dry_run=Cleaning(seats(5)).found)
    act = Cleaning(seats(5))
    await agreed(store, proposal)

    await a_runner(store, act).turn()
    again = await a_runner(store, act).turn()

    state, after = await stands(store, proposal)
    assert [len(ids) for _, ids in act.batches] == [2, 2, 1]
    assert (state, after.changed, again) == ("done", 5, False)
    assert [step.step for step in await store.steps(proposal.id)] == [
        *("proposed", "approved", "started", "batch", "batch", "done")
    ]


async def test_a_process_that_is_killed_in_the_middle_leaves_the_rest_to_the_next(
    pool: asyncpg.Pool,
):
    store, proposal = await proposed(pool, undoable=True, dry_run=Cleaning(seats(5)).found)
    act = Cleaning(seats(5))
    act.fails_after = 1
    await agreed(store, proposal)

    with pytest.raises(asyncio.CancelledError):
        await a_runner(store, act, lease_seconds=0.2).turn()
    too_early = await a_runner(store, act).turn()
    act.fails_after = None
    await asyncio.sleep(0.3)
    await a_runner(store, act).turn()

    assert not too_early
    assert [len(ids) for _, ids in act.batches] == [2, 2, 1]
    assert (await stands(store, proposal))[0] == "done"


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    """Another process has come so far."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await true():  # noqa: ASYNC110 - other processes do not call
            await asyncio.sleep(0.01)


async def test_two_processes_one_after_the_other_killed_clean_every_seat_once(
    pool: asyncpg.Pool, slots_dsn: str
):
    await pool.execute(
        """CREATE TABLE cleaned (seat uuid, proposal uuid, tried integer,
                                 PRIMARY KEY (seat, proposal))"""
    )
    found = Cleaning(seats(SEATS)).found
    store, proposal = await proposed(pool, undoable=True, dry_run=found)
    await agreed(store, proposal)

    async def so_many(count: int) -> bool:
        return bool(await pool.fetchval("SELECT count(*) FROM cleaned") >= count)

    async def is_done() -> bool:
        return (await stands(store, proposal))[0] == "done"

    states = []
    for far in (partial(so_many, 5), partial(so_many, 15), is_done):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.proposals_process", slots_dsn
        )
        await until(far)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        states.append((await stands(store, proposal))[0])

    again = await pool.fetchval("SELECT sum(tried) - count(*) FROM cleaned")
    assert states == ["running", "running", "done"]
    assert await pool.fetchval("SELECT count(*) FROM cleaned") == SEATS
    assert (await stands(store, proposal))[1].changed == SEATS
    assert again <= 2 * IDS_MAX, "only the batch in which each was killed was tried again"


async def test_an_act_that_breaks_is_tried_again_when_its_lease_is_over(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
):
    store, proposal = await proposed(pool, undoable=True)
    act = Cleaning(seats(3))
    await agreed(store, proposal)

    async def broken(run: Any, ids: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(act, "execute", broken)
        assert await a_runner(store, act, lease_seconds=0.2).turn()
    state, _ = await stands(store, proposal)
    due = await store.oldest_seconds()
    await asyncio.sleep(0.3)
    await a_runner(store, act).turn()

    assert (state, due > 0) == ("running", True)
    assert (await stands(store, proposal))[0] == "done"


async def test_what_has_become_more_is_not_done_and_is_proposed_anew(pool: asyncpg.Pool):
    store, proposal = await proposed(pool, undoable=True)
    act = Cleaning(seats(4))
    await agreed(store, proposal)

    await a_runner(store, act).turn()
    state, anew = await stands(store, proposal)
    assert (state, anew.revision, act.batches) == ("proposed", 2, [])
    await agreed(store, proposal)
    await a_runner(store, act).turn()

    assert (await stands(store, proposal))[0] == "done"
    assert act.clean == set(seats(4))
    assert [step.step for step in await store.steps(proposal.id)] == [
        *("proposed", "approved", "changed", "approved", "started", "batch", "done")
    ]


async def test_what_was_done_is_put_back_within_its_window(pool: asyncpg.Pool):
    store, proposal = await proposed(pool, undoable=True)
    act = Cleaning(seats(3))
    await agreed(store, proposal)
    await a_runner(store, act).turn()

    async with store.locked(proposal.id) as row:
        assert row is not None
        decision = rules.undo(row.proposal, ANNA, row.now)
        assert isinstance(decision, tuple)
        await row.save(decision, ANNA)
    await a_runner(store, act).turn()

    state, after = await stands(store, proposal)
    assert (state, after.put_back, act.clean) == ("undone", 3, set())
    assert await store.oldest_seconds() == 0


BROKEN = {
    "approved_by_another": "approver_id = proposer_id, approved_at = now(), runs_at = now()",
    "approval_is_whole": "approved_at = now()",
    "begins_only_approved": "started_at = now()",
    "what_may_not_be_undone_waits": "undoable = false, approver_id = gen_random_uuid(), "
    "approved_at = now(), runs_at = now()",
    "withdrawn_never_begins": "withdrawn_at = now(), withdrawn_by = proposer_id, "
    "approver_id = gen_random_uuid(), approved_at = now(), runs_at = now(), started_at = now()",
    "who_withdrew_is_known": "withdrawn_at = now()",
    "done_was_begun": "done_at = now()",
    "undone_within_its_window": "undo_asked_at = now(), undo_asked_by = proposer_id",
    "who_undid_is_known": "undo_asked_by = proposer_id",
    "undone_was_asked_for": "undone_at = now()",
    "nothing_beyond_what_was_seen": "position = 4",
}


@pytest.mark.parametrize("promise", BROKEN)
async def test_the_database_keeps_each_promise_by_itself(pool: asyncpg.Pool, promise: str):
    _, proposal = await proposed(pool, undoable=True)

    with pytest.raises(asyncpg.CheckViolationError, match=promise):
        await pool.execute(f"UPDATE proposal SET {BROKEN[promise]} WHERE id = $1", proposal.id)  # noqa: S608


async def test_without_the_rule_the_proposer_is_still_not_the_second_person(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
):
    store, proposal = await proposed(pool)
    monkeypatch.setattr(rules, "is_own", lambda proposal, person_id: False)

    async def approve_one_s_own() -> None:
        async with store.locked(proposal.id) as row:
            assert row is not None
            decision = rules.approve(row.proposal, ANNA, row.proposal.dry_run.digest, row.now)
            assert isinstance(decision, tuple)
            await row.save(decision, ANNA)

    with pytest.raises(asyncpg.CheckViolationError, match="approved_by_another"):
        await approve_one_s_own()


async def test_a_proposal_of_other_clinics_is_in_nobody_else_s_list(pool: asyncpg.Pool):
    store, proposal = await proposed(pool)
    assert proposal.clinic_id is not None

    theirs = await store.newest([an_id("another clinic")], None, 10)
    ours = await store.newest([proposal.clinic_id], None, 10)
    everybody_s = await store.newest(None, None, 10)

    assert [len(found) for found in (theirs, ours, everybody_s)] == [0, 1, 1]
