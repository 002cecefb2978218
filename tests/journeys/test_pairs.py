"""Who gets a pair when many want one over the whole stack, and parts of it are killed meanwhile?"""

import asyncio

import asyncpg
import pytest

from deploy.local.stack import SUPERUSER
from tests.pairs.__main__ import is_so, report
from tests.pairs.looking import Found, count
from tests.pairs.people import Scene
from tests.pairs.play import play
from tests.pairs.sizes import SHORT
from tests.town import Town

SEED = 1
UNTRUE = {
    "halves": "DELETE FROM slots.place WHERE id = (SELECT id FROM slots.place"
    " WHERE slot_id = ANY ($1) ORDER BY id LIMIT 1)",
    "overfull": "UPDATE slots.place SET slot_id = ($1::uuid[])[1]"
    " WHERE slot_id = ANY (($1::uuid[])[2:])",
    "held": "UPDATE slots.place SET state = 'held', expires_at = now(), claim = NULL"
    " WHERE slot_id = ANY ($1) AND ordinal = 0",
    "lost": "DELETE FROM slots.place WHERE booking_id = (SELECT booking_id FROM slots.place"
    " WHERE slot_id = ANY ($1) ORDER BY id LIMIT 1)",
    "one_dose_only": "UPDATE booking.booking SET places = json_build_array(places -> 0)"
    " WHERE id = (SELECT booking_id FROM slots.place WHERE slot_id = ANY ($1) LIMIT 1)",
}
"""What would have gone wrong, as it would stand in the database."""


@pytest.fixture(scope="module")
def played(town: Town) -> tuple[Found, Scene]:
    return asyncio.run(play(town.stack, SHORT, SEED))


def test_all_second_doses_are_in_whole_pairs_whoever_was_killed_meanwhile(
    played: tuple[Found, Scene],
) -> None:
    found, _ = played

    assert is_so(found, SHORT), "\n".join(report(found, SHORT))
    assert found.killed.total() == SHORT.kills


@pytest.mark.parametrize("wrong", UNTRUE)
async def test_what_would_have_gone_wrong_is_seen(
    town: Town, played: tuple[Found, Scene], wrong: str
) -> None:
    connection = await asyncpg.connect(town.stack.dsn(SUPERUSER))
    try:
        # Nobody else sees it: it is never committed.
        await connection.execute("BEGIN")
        await connection.execute(UNTRUE[wrong], played[1].morning.slots)
        found = await count(connection, played[1])
        await connection.execute("ROLLBACK")
    finally:
        await connection.close()

    assert getattr(found, wrong) > 0
