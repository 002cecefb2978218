"""Many want a pair, there are fewer second places than first ones, and referees are killed."""

from tests.races.pairs import ORPHAN_SECONDS_MAX, SHORT, Rush


async def test_as_many_pairs_as_second_places_no_half_and_no_hold_that_outlives_its_time(
    slots_dsn: str,
) -> None:
    found = await Rush(slots_dsn, SHORT, seed=1).run()

    assert (found.pairs, found.halves, found.held) == (SHORT.seconds, 0, 0)
    assert found.told <= found.booked
    assert found.oldest_orphan_seconds <= ORPHAN_SECONDS_MAX
    assert found.kills > 0
