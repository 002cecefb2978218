"""Who carries out what two persons agreed on? Any process, batch by batch, one at a time.

A lease says whose turn it is. Who dies leaves the position of the last batch that was noted, and
the next one goes on from there; the batch in between is done again, which changes nothing more,
since what an act asks for bears ids of its proposal. What fails is tried again when the lease is
over.
"""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID, uuid4

import asyncpg
import msgspec

from shared import database
from shared.problems import Problem
from shared.proposals import rules
from shared.proposals.acts import Act, Acts, Run
from shared.proposals.rules import Outcome, Proposal, Status
from shared.proposals.store import Proposals
from shared.pulse import Pulse

log = logging.getLogger(__name__)

IDS_AT_ONCE_MAX = 128
"""One batch: as many as ride in one record of the log."""

LEASE_SECONDS = 30.0
"""Longer than a batch takes, also one whose answers do not come."""

SILENCE_SECONDS_MAX = 40.0

CARRIED_ON: frozenset[Status] = frozenset({"running", "undoing"})


class LostError(Exception):
    """Somebody else carries it on."""


class Runner:
    """Carries on whatever is due."""

    def __init__(
        self,
        proposals: Proposals,
        acts: Acts,
        *,
        lease_seconds: float = LEASE_SECONDS,
        ids_max: int = IDS_AT_ONCE_MAX,
    ) -> None:
        self.id = uuid4()
        self.pulse = Pulse(SILENCE_SECONDS_MAX)
        self.on_step: Callable[[str, str], None] = lambda kind, step: None
        self.on_batch: Callable[[str, Outcome], None] = lambda kind, outcome: None
        self.oldest_seconds = 0.0
        self._proposals = proposals
        self._acts = acts
        self._lease_seconds = lease_seconds
        self._ids_max = ids_max

    async def run(self, look_seconds: float) -> None:
        """Look for ever; an outage is waited out."""
        while True:
            busy = False
            self.pulse.beat()
            try:
                busy = await self.turn()
                self.oldest_seconds = await self._proposals.oldest_seconds()
            except database.AWAY as error:
                log.warning("proposals wait", extra={"error": repr(error)})
            if not busy:
                await asyncio.sleep(look_seconds)

    async def turn(self) -> bool:
        """Carry one on as far as it goes; False where none is due."""
        proposal_id = await self._proposals.claim(self.id, self._lease_seconds)
        if proposal_id is None:
            return False
        try:
            await self._carry_on(proposal_id)
        except LostError:
            log.warning("another process carries it on", extra={"proposal": proposal_id})
            return True
        except Problem as problem:
            # What was asked of others was not answered: as with a wish, it is asked again.
            about = {"proposal": proposal_id, "code": problem.code}
            log.warning("a proposal waits for its turn", extra=about)
            return True
        except database.AWAY:
            raise
        except Exception as error:
            log.error("an act failed", exc_info=error, extra={"proposal": proposal_id})
            return True
        await self._proposals.release(proposal_id, self.id)
        return True

    async def _carry_on(self, proposal_id: UUID) -> None:
        proposal = await self._renewed(proposal_id)
        act = self._acts[proposal.kind]
        run = Run(
            proposal_id=proposal.id,
            body=msgspec.json.decode(proposal.act, type=act.body),
            body_hash=proposal.body_hash,
        )
        if proposal.started_at is None:
            await self._begin(act, run)
        while (seen := await self._standing(proposal_id)) is not None:
            await self._batch(act, run, seen)
            self.pulse.beat()

    async def _begin(self, act: Act, run: Run) -> None:
        found = await act.dry_run(run.body)
        async with self._proposals.locked(run.proposal_id) as row:
            decision = None if row is None else rules.begin(row.proposal, found, row.now)
            if row is None or decision is None:
                return
            after = await row.save(decision)
        self.on_step(after.kind, decision[0])
        told = {"proposal": after.id, "act": after.kind, "counts": rules.counted(found.counts)}
        if decision[0] == "changed":
            log.warning("the world has changed; it needs a new approval", extra=told)
        else:
            log.info("begins", extra=told)

    async def _batch(self, act: Act, run: Run, proposal: Proposal) -> None:
        ids = rules.batch_of(proposal, self._ids_max)
        undo = act.undo_of(run.body) if proposal.undo_asked_at is not None else None
        outcome = await (undo or act.execute)(run, ids)
        try:
            async with self._proposals.locked(run.proposal_id) as row:
                if row is None or row.proposal.version != proposal.version:
                    raise LostError
                decision = rules.carry_on(row.proposal, len(ids), outcome, row.now)
                await row.save(decision)
        except asyncpg.UniqueViolationError as error:
            raise LostError from error
        self.on_batch(proposal.kind, outcome)
        if decision[0] != "batch":
            self.on_step(proposal.kind, decision[0])
            log.info("is over", extra={"proposal": proposal.id, "step": decision[0]})

    async def _standing(self, proposal_id: UUID) -> Proposal | None:
        """The proposal while there is more to be done of it, and it is mine for another batch."""
        seen = await self._proposals.renew(proposal_id, self.id, self._lease_seconds)
        if seen is None:
            raise LostError
        stands = rules.status(seen.proposal, seen.now)
        return seen.proposal if stands in CARRIED_ON else None

    async def _renewed(self, proposal_id: UUID) -> Proposal:
        seen = await self._proposals.renew(proposal_id, self.id, self._lease_seconds)
        if seen is None:
            raise LostError
        return seen.proposal
