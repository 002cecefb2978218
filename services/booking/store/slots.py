"""What does the front desk know of slots?"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from services.booking.rules.eligibility import SlotFacts
from services.booking.store.database import SQL, Connection, Database
from shared.messages import SlotChanged, SlotOpened


class Slots:
    """The facts of slots, as projected."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def facts(self, slot_ids: Iterable[UUID]) -> list[SlotFacts]:
        """The facts of those slots that are known."""
        rows = await self._database.rows("slot_facts", list(slot_ids))
        return [SlotFacts(**dict(row)) for row in rows]


async def project(connection: Connection, events: Sequence[SlotOpened | SlotChanged]) -> None:
    """Keep what a batch says of slots: what is new, then what changed of it."""
    opened = [event for event in events if isinstance(event, SlotOpened)]
    changed = _last_of_each([event for event in events if isinstance(event, SlotChanged)])
    if opened:
        await connection.execute(
            SQL["slots_opened"],
            [event.slot_id for event in opened],
            [event.clinic_id for event in opened],
            [event.service for event in opened],
            [event.starts_at for event in opened],
            [event.ends_at for event in opened],
            [event.count.open for event in opened],
            [event.count.version for event in opened],
            [event.modality for event in opened],
            [event.practitioner_id for event in opened],
            [event.resource for event in opened],
            [event.asks_for for event in opened],
        )
    if changed:
        await connection.execute(
            SQL["slots_changed"],
            [last.slot_id for last in changed],
            [last.open for last in changed],
            [last.version for last in changed],
            [last.closing_id for last in changed],
            [last.reopened for last in changed],
        )


class _Last(msgspec.Struct):
    """How a batch leaves a slot; `reopened` within it forgets why it was closing before."""

    slot_id: UUID
    open: bool = True
    version: int = 0
    closing_id: UUID | None = None
    reopened: bool = False


def _last_of_each(events: Iterable[SlotChanged]) -> list[_Last]:
    found: dict[UUID, _Last] = {}
    for event in events:
        count = event.count
        last = found.setdefault(count.slot_id, _Last(count.slot_id))
        last.open, last.version = count.open, count.version
        if count.open:
            last.closing_id, last.reopened = None, True
        elif event.cancel_bookings:
            last.closing_id = event.id
    return list(found.values())
