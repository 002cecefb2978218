"""What becomes of those who come when five and ten times as many come as are taken?"""

from typing import Any

from bench import overload
from bench.rush.scene import Scene

NAME = "overload"


async def play(scene: Scene) -> None:
    """`bench.overload` at the profile's cap, on a stack with that setting."""
    sizes = scene.sizes
    found = await overload.on_a_stack(
        scene.stack.name, sizes.overload_cap, sizes.overload_seconds, sizes.overload_people
    )
    scene.all.details[NAME] = found
    scene.all.values |= values_of(found)
    scene.say(str(found))


def values_of(found: dict[str, Any]) -> dict[str, Any]:
    """The worse of both rushes, where a bar is the same for both."""
    rushes = [told for name, told in found.items() if name.startswith("times_")]
    refused = _worst(rushes, "refused_p99_seconds")
    return {
        "overload_cap": found["cap_per_second"],
        "overload_goodput_5x": found["times_5"]["goodput"],
        "overload_goodput_10x": found["times_10"]["goodput"],
        "overload_admitted_p99_seconds": _worst(rushes, "admitted_p99_seconds"),
        "overload_refused_p99_ms": None if refused is None else round(1_000 * refused),
        "overload_back_seconds": _worst(rushes, "back_seconds"),
        "overload_failed": sum(told["failed"] for told in rushes),
    }


def _worst(rushes: list[dict[str, Any]], name: str) -> float | None:
    """Not known of one is not known."""
    found = [told[name] for told in rushes]
    return None if None in found else max(found)
