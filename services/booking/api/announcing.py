"""The act by which an announcement is told: two persons have seen for how many it is.

What was said cannot be unsaid, so it waits before it begins, and may be withdrawn until then.
"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.booking.api.announcements import people_of
from services.booking.api.desk import Desk
from shared.problems import not_found
from shared.proposals.acts import Batch, Run
from shared.proposals.rules import DryRun, Outcome

NOTHING = DryRun(ids=(), counts={})


class SendAnnouncement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="send_announcement",
):
    """Tell everybody whom the announcement is for: a few first, and after a rest all others."""

    announcement_id: UUID


class Announcing:
    """The act: one announcement begins once."""

    kind = "send_announcement"
    body = SendAnnouncement

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def clinic_of(self, body: SendAnnouncement) -> UUID | None:
        """It may concern people of any clinic."""
        return None

    async def dry_run(self, body: SendAnnouncement) -> DryRun:
        """For how many it is now; nothing, where it has begun, was stopped, or is no news."""
        seen = await self._desk.announcements.load(body.announcement_id)
        if seen is None:
            raise not_found("announcement")
        one = seen.announcement
        if one.begun_at is not None or one.stopped_at is not None or seen.now >= one.expires_at:
            return NOTHING
        people = await people_of(self._desk, one.audience)
        if not people:
            return NOTHING
        return DryRun(ids=(one.id,), counts={"people": len(people)})

    async def execute(self, run: Run, ids: Sequence[UUID]) -> Outcome:
        """It begins, once: whom it is for is noted, and the first may be told."""
        seen = await self._desk.announcements.load(ids[0])
        assert seen is not None, "what was written is never deleted"
        people = await people_of(self._desk, seen.announcement.audience)
        begun = await self._desk.announcements.begin(ids[0], run.proposal_id, people)
        return Outcome(changed=int(begun), refused=int(not begun))

    def undo_of(self, body: SendAnnouncement) -> Batch | None:
        """Nobody can be made not to have heard."""
        return None
