"""How many pages a second does the edge give, alone and beside a quarter of the peak's bookings?"""

import asyncio
import sys

import msgspec

from bench import reads
from bench.rush.scene import Scene
from deploy.local.settings import CHECKOUT
from talon.mistakes import MistakeError

QUARTER = 0.25
NAME = "edge"


async def play(scene: Scene) -> None:
    """`bench.reads` on a stack with a city; the bookings beside are a quarter of this run's."""
    await scene.up()
    await _build_a_city(scene)
    sizes = scene.sizes.reads
    runs = scene.all.runs.get("talon uniform", [])
    if runs:
        sizes = sizes._replace(beside=QUARTER * scene.all.rate("talon uniform"))
    found = await reads.measured(scene.stack, sizes)
    scene.all.details[NAME] = found | {"booked_beside": sizes.beside}
    scene.all.values |= {
        "edge_reads_alone": found["pages_per_second"],
        "edge_reads_one_page": found["one_page_per_second"],
        "edge_reads_file": found["file_per_second"],
        "edge_reads_beside": found["beside_bookings_per_second"],
        "edge_bookings_beside": found["bookings_beside_per_second"],
        "edge_age_p99_seconds": found["age_p99_seconds"],
        "edge_age_max_seconds": found["age_max_seconds"],
    }
    scene.say(msgspec.json.encode(found).decode())


async def _build_a_city(scene: Scene) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "talon", "city", "--stack", scene.stack.name),
        *("--clinics", str(scene.sizes.city_clinics)),
        *("--patients", str(scene.sizes.city_patients)),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise MistakeError(said.decode(errors="replace"))
