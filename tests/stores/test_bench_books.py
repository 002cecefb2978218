"""Are places that the bench makes up as if they had been booked, and does its audit see wrongs?"""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from bench.chapters import places
from bench.rush.audit import Found
from bench.rush.clinics import SQL
from deploy.local.stack import SERVICES
from tests.conftest import MakeDatabase
from tests.walled import as_role, walled

SLOTS = 1_200


@pytest.fixture
async def dsn(fresh_database: MakeDatabase) -> str:
    made = await walled(fresh_database, *SERVICES)
    await places.fill(made, 0, 200)
    await places.fill(made, 200, SLOTS)
    return made


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    made = await asyncpg.connect(as_role(dsn, "postgres", "booking"))
    yield made
    await made.close()


async def found(connection: asyncpg.Connection) -> Found:
    """What the audit says of a bench that told of all of them; nobody told them by a message."""
    totals = dict(await connection.fetchrow(SQL["totals"]))
    counts = {
        name: await connection.fetchval(SQL[name]) for name in ("oversold", "mismatched", "twice")
    }
    told = {"messages": totals["bookings"], "told_of": totals["bookings"]}
    return Found(told=totals["bookings"], unsure=0, **counts, **(totals | told))


HARM = {
    "a place less": "DELETE FROM slots.place WHERE id = md5('place0')::uuid",
    "a slot that is oversold": "UPDATE slots.slot SET capacity = 2, booked = 2"
    " WHERE id = md5('slot0')::uuid",
    "a booking less": "DELETE FROM booking.booking WHERE id = md5('booking0')::uuid",
    "a booking elsewhere": "UPDATE booking.booking SET slot_ids = ARRAY[md5('slot1')::uuid]"
    " WHERE id = md5('booking0')::uuid",
    "a dose twice": "UPDATE booking.booking SET campaign_id = md5('spring')::uuid,"
    """ places = '[{"patient_id": "p", "dose": 1}]'"""
    " WHERE id IN (md5('booking0')::uuid, md5('booking1')::uuid)",
}


async def test_a_town_that_grew_step_by_step_is_one_in_which_all_is_right(
    dsn: str, connection: asyncpg.Connection
):
    audit = await found(connection)
    rows = await connection.fetch(SQL["positions"])

    assert (audit.wrong, audit.places, audit.bookings) == ([], SLOTS, SLOTS)
    assert await connection.fetchval("SELECT count(*) FROM slots.answer") == SLOTS
    assert await connection.fetchval("SELECT count(DISTINCT clinic_id) FROM slots.slot") == 500
    assert len(set(await places.spread(dsn, SLOTS))) == SLOTS
    assert {row["topic"]: row["position"] for row in rows} == {"unannounced": 0}


async def test_what_is_wrong_in_one_table_alone_is_found(connection: asyncpg.Connection):
    wrong = {}
    for harm, statement in HARM.items():
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(statement)
        wrong[harm] = (await found(connection)).wrong
        await transaction.rollback()

    assert [harm for harm, said in wrong.items() if not said] == []
    assert (await found(connection)).wrong == []
