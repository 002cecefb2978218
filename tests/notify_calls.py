"""Whom does a clinic have to call in a test? Whose visit it cancelled, and who has no address."""

from uuid import UUID, uuid4

import asyncpg
import msgspec

from services.notify import store
from services.notify.rules import messages_for
from shared.messages import BookingRevoked
from tests.notify_bookings import a_place, cancelled


def revoked(clinic: UUID, owner: UUID, **about: object) -> BookingRevoked:
    """Their one visit there, cancelled by the clinic."""
    place = msgspec.structs.replace(a_place(), clinic_id=clinic, patient_id=owner)
    event = cancelled(place, booking_id=uuid4(), reason="clinic")
    return msgspec.structs.replace(event, owner_id=owner, **about)


async def hears(pool: asyncpg.Pool, *events: BookingRevoked) -> None:
    """The messenger writes down what it hears, as its inbox does."""
    messages = [message for event in events for message in messages_for(event)]
    async with pool.acquire() as connection, connection.transaction():
        await store.write_down(connection, messages)
        await store.put_on_list(connection, [(one.id, one.owner_id) for one in events])


async def a_call(pool: asyncpg.Pool, clinic: UUID, owner: UUID | None = None) -> UUID:
    """One that is on the clinic's list."""
    event = revoked(clinic, owner or uuid4())
    await hears(pool, event)
    await pool.execute(
        "UPDATE message SET state = 'sent', claimed_by = gen_random_uuid(), provider = 'call_list',"
        " settled_at = now() WHERE event_id = $1 AND channel = 'list'",
        event.id,
    )
    return event.id
