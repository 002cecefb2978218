"""Which acts of the referee need two persons? To close many of a clinic's slots at once.

Shutting alone is put back by reopening, so it may be undone. Where bookings are cancelled with it
people are told, and their places may be others' a moment later: that waits before it begins.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
from msgspec import field

from services.slots.api.desk import Desk
from services.slots.rules.closing import people_in, to_shut
from shared.messages import ChangeSlot, Instant, Refused, Text
from shared.problems import Problem, not_found
from shared.proposals.acts import Batch, Run
from shared.proposals.api import proposal_routes
from shared.proposals.rules import DryRun, Outcome

PROPOSED_SLOTS_MAX = 10_000
"""The most slots of one proposal: some weeks of a large clinic."""


class CloseSlots(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="close_slots",
):
    """Shut a clinic's slots that start from `from` on, before `to`; with or without bookings."""

    clinic_id: UUID
    since: Instant = field(name="from")
    until: Instant = field(name="to")
    service: Text | None = None
    cancel_bookings: bool = False


class ClosingMany:
    """The act: one command for each slot, the same whenever it is asked."""

    kind = "close_slots"
    body = CloseSlots

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def clinic_of(self, body: CloseSlots) -> UUID | None:
        """The clinic whose slots these are."""
        return body.clinic_id

    async def dry_run(self, body: CloseSlots) -> DryRun:
        """The slots that would be shut, and how many people are booked there."""
        if body.until <= body.since:
            raise Problem(422, "invalid_body", "to is later than from.")
        if not await self._desk.closures.knows_clinic(body.clinic_id):
            raise not_found("clinic")
        found = await self._desk.closures.slots_in_window(
            body.clinic_id, (body.since, body.until), body.service, PROPOSED_SLOTS_MAX + 1
        )
        if len(found) > PROPOSED_SLOTS_MAX:
            raise Problem(
                422,
                "too_many_slots",
                f"More than {PROPOSED_SLOTS_MAX} slots start between from and to: propose several.",
            )
        meant = to_shut(found, cancel_bookings=body.cancel_bookings)
        counts = {"slots": len(meant), "people": people_in(meant)}
        return DryRun(ids=tuple(slot.id for slot in meant), counts=counts)

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """Shut these."""
        about = {"open": False, "cancel_bookings": run.body.cancel_bookings}
        return await self._change(run, ids, "close", about)

    def undo_of(self, body: CloseSlots) -> Batch | None:
        """Reopening, where nobody was told that their booking is cancelled."""
        return None if body.cancel_bookings else self._reopen

    async def _reopen(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        return await self._change(run, ids, "reopen", {"open": True})

    async def _change(
        self, run: Run, ids: Sequence[UUID], verb: str, about: dict[str, Any]
    ) -> Outcome:
        commands = (
            ChangeSlot(
                slot_id=slot_id,
                **about,
                **self._desk.head_of(
                    uuid5(run.proposal_id, f"{verb}/{slot_id}"),
                    cause=run.proposal_id,
                    asked=run.body_hash,
                ),
            )
            for slot_id in ids
        )
        replies = await self._desk.ask_each(commands, run.body.clinic_id, begun=True)
        refused = sum(isinstance(reply, Refused) for reply in replies)
        return Outcome(changed=len(replies) - refused, refused=refused)


ROUTES = proposal_routes(CloseSlots, ("too_many_slots",))
