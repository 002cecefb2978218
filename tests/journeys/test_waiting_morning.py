"""Does a small morning of a waiting room go as a large one is measured?"""

import pytest

from bench.waiting.morning import SHORT, measure
from talon.progress import console
from tests.town import Town


async def test_a_small_morning_is_drawn_fairly_in_order_and_at_its_speed(town: Town) -> None:
    result = await measure(town.stack, SHORT, console(), {})

    # Of so few people places and arrivals correlate by chance: one in a thousand mornings more.
    assert abs(result.correlation) <= 0.2
    assert result.people == SHORT.people
    assert (result.inversions, result.compared > 0) == (0.0, True)
    assert result.bots_places == SHORT.bots
    assert result.bots_gain_sigmas <= 3.5
    assert result.admissions_per_second == pytest.approx(SHORT.speed, rel=0.25)
