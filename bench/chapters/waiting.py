"""What is a campaign's waiting room like on its morning?"""

from typing import Any

from bench.rush.scene import Scene
from bench.rush.sides import roots_of
from bench.waiting.found import Result
from bench.waiting.morning import measure

PARTS = "postgres,kafka,booking"
NAME = "waiting"


async def play(scene: Scene) -> None:
    """`bench.waiting` on a stack of a front desk and what that needs."""
    await scene.up(PARTS)
    result = await measure(
        scene.stack, scene.sizes.waiting, scene.out, roots_of(scene.stack, needs=PARTS.split(","))
    )
    scene.all.details[NAME] = result
    scene.all.values |= values_of(result)


def values_of(result: Result) -> dict[str, Any]:
    """By the names in RESULT."""
    return {
        "waiting_draw_people": result.people,
        "waiting_draw_seconds": result.draw_seconds,
        "waiting_joins_per_second": result.joins_per_second,
        "waiting_join_p99_ms": result.join_p99_ms,
        "waiting_correlation": result.correlation,
        "waiting_inversions": result.inversions,
        "waiting_bots_more_places": result.bots_places - result.bots,
        "waiting_bots_gain_sigmas": max(0.0, result.bots_gain_sigmas),
        "waiting_admissions_off": round(
            abs(result.admissions_per_second / result.speed_set - 1), 4
        ),
    }
