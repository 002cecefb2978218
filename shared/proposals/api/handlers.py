"""How is an act proposed, looked at, approved, withdrawn and undone?"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from shared.policy import allowed
from shared.problems import Problem
from shared.proposals import rules
from shared.proposals.api.bodies import (
    Approval,
    NewProposal,
    ProposalBody,
    ProposalList,
    line,
    of,
    shown,
)
from shared.proposals.api.desk import DESK, ProposalDesk, problem_of
from shared.proposals.rules import Decision, DryRun, Proposal, Refusal
from shared.proposals.store import Locked, Seen
from shared.web import (
    Page,
    body_hash,
    command_id,
    cursor_after,
    cursor_of,
    idempotency_key,
    json_response,
    path_id,
    read_body,
    read_query,
)

Deciding = Callable[[Locked, UUID], Decision | Refusal | None]

_decode_approval = msgspec.json.Decoder(Approval)


async def propose(request: web.Request) -> web.Response:
    """201 what would change, and until when it waits for a second person; 422 if nothing would."""
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decoder(tuple(act.body for act in desk.acts.values())))
    act = next(act for act in desk.acts.values() if isinstance(body.act, act.body))
    clinic_id = act.clinic_of(body.act)
    who.at_clinic("clinic", clinic_id, is_there=True)
    proposal_id = command_id(who.actor.id, f"POST {request.path}", idempotency_key(request))
    asked = body_hash(request.path, body)
    seen = await desk.proposals.find(proposal_id)
    if seen is None:
        about = {
            "id": proposal_id,
            "kind": act.kind,
            "act": msgspec.json.encode(body.act),
            "body_hash": asked,
            "reason": body.reason,
            "clinic_id": clinic_id,
            "proposer_id": who.actor.id,
            "undoable": act.undo_of(body.act) is not None,
        }
        seen = await _remembered(desk, about, await act.dry_run(body.act))
    if seen.proposal.body_hash != asked:
        raise Problem(422, "key_reused", "This Idempotency-Key was used for another request.")
    location = f"{request.path}/{proposal_id}"
    return json_response(await _shown(desk, seen), status=201, headers={"Location": location})


async def _remembered(desk: ProposalDesk, about: dict[str, Any], found: DryRun) -> Seen:
    """What this request proposes, or what the same request did that was quicker."""
    if not found.ids:
        raise Problem(422, "nothing_to_do", "Nothing would be changed by this.")
    now = await desk.proposals.now()
    proposal = Proposal(
        **about,
        dry_run=found,
        window_seconds=desk.window_seconds,
        life_seconds=desk.life_seconds,
        made_at=now,
        expires_at=now + timedelta(seconds=desk.life_seconds),
    )
    if await desk.proposals.add(proposal):
        desk.on_step(proposal.kind, "proposed")
    seen = await desk.proposals.find(proposal.id)
    assert seen is not None, "what was added is there"
    return seen


async def list_proposals(request: web.Request) -> web.Response:
    """200 the proposals for one's clinics, newest first; an empty list is an answer."""
    desk, who = request.app[DESK], allowed(request)
    limit = read_query(request, Page).limit
    clinics = None if "all" in who.reach else who.actor.clinics
    found = await desk.proposals.newest(clinics, cursor_of(request, (datetime, UUID)), limit)
    cursor = None
    if len(found) == limit:
        last = found[-1].proposal
        cursor = cursor_after(last.made_at.isoformat(), last.id)
    bodies = [line(proposal, desk.act_of(proposal), now) for proposal, now in found]
    return json_response(ProposalList(proposals=bodies, cursor=cursor))


async def show_proposal(request: web.Request) -> web.Response:
    """200 the proposal with all that happened to it; another clinic's is as unknown as none."""
    desk = request.app[DESK]
    seen = await desk.proposals.find(path_id(request, "proposal"))
    desk.may_decide(allowed(request), None if seen is None else seen.proposal)
    assert seen is not None
    return json_response(await _shown(desk, seen))


async def approve_proposal(request: web.Request) -> web.Response:
    """200 it is approved: it begins at `runs_at`, unless the world has changed by then."""
    digest = bytes.fromhex((await read_body(request, _decode_approval)).digest)
    return await _decide(
        request, lambda row, person: rules.approve(row.proposal, person, digest, row.now)
    )


async def withdraw_proposal(request: web.Request) -> web.Response:
    """200 it is withdrawn, and nothing will happen; 409 where it has begun."""
    return await _decide(request, lambda row, person: rules.withdraw(row.proposal, person, row.now))


async def undo_proposal(request: web.Request) -> web.Response:
    """200 it is being put back as it was; 409 where that cannot be done, or not any more."""
    return await _decide(request, lambda row, person: rules.undo(row.proposal, person, row.now))


async def _decide(request: web.Request, deciding: Deciding) -> web.Response:
    """One person's decision, on a row that nobody else decides on meanwhile."""
    desk, who = request.app[DESK], allowed(request)
    async with desk.proposals.locked(path_id(request, "proposal")) as row:
        proposal = desk.may_decide(who, None if row is None else row.proposal)
        assert row is not None
        decision = deciding(row, who.actor.id)
        if isinstance(decision, str):
            raise problem_of(decision)
        after = proposal if decision is None else await row.save(decision, who.actor.id)
        now = row.now
    if decision is not None:
        desk.on_step(after.kind, decision[0])
    return json_response(await _shown(desk, Seen(after, now)))


async def _shown(desk: ProposalDesk, seen: Seen) -> ProposalBody[Any]:
    proposal, now = seen
    steps = await desk.proposals.steps(proposal.id)
    return shown(proposal, desk.act_of(proposal), now, steps)


@cache
def _decoder(bodies: tuple[Any, ...]) -> msgspec.json.Decoder[NewProposal[Any]]:
    """One decoder for whatever may be proposed; its kind says which it is."""
    either = bodies[0]
    for body in bodies[1:]:
        either = either | body
    return msgspec.json.Decoder(of(either, NewProposal))
