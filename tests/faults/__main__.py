"""How is a campaign run? python -m tests.faults --profile default --seeds 1,2,3"""

import argparse
import logging
import os
import re
import sys
import time
from collections.abc import Sequence

import msgspec
import uvloop

from tests.faults import campaign, controls, report
from tests.faults.controls import NAMES
from tests.faults.ground import STACK, a_ground
from tests.faults.outcome import Outcome
from tests.faults.schedule import DEFAULT, PROFILES, SEEDS, Profile, draw_up, of_seed
from tests.faults.stages import Stages
from tests.faults.totals import Totals

BROKEN = re.compile(r"  ([a-z ]{14} +\d+  |still not at rest)")
"""The lines of a report that say what is broken."""


def main() -> int:
    """0 when every campaign is clean."""
    words = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    words.add_argument("--profile", choices=PROFILES, default="default")
    words.add_argument("--seeds", default="1,2,3", help="comma-separated numbers")
    words.add_argument("--rate", type=float, help="people a second")
    words.add_argument("--stack", default=os.environ.get("FAULTS_STACK", STACK))
    words.add_argument("--only", default="", help="kinds of faults, comma-separated")
    words.add_argument("--controls", default="", help=f"guards to take out: all, or {NAMES}")
    words.add_argument("--late", default="", help="used by --controls in its copies")
    words.add_argument("--show", action="store_true", help="only print the schedule")
    options = words.parse_args()
    # While Kafka is away, that it is away is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    if options.controls:
        return _without_guards(NAMES if options.controls == "all" else options.controls.split(","))
    profile = _profile(options)
    seeds = [int(text) for text in options.seeds.split(",")]
    if options.show:
        for seed in seeds:
            for fault in draw_up(seed, profile):
                print(f"{fault.at:7.1f} s  {fault.name}")
        return 0
    return _judge(profile, seeds, options)


def _judge(profile: Profile, seeds: Sequence[int], options: argparse.Namespace) -> int:
    """0 when each campaign is clean, and all together were enough."""
    began = time.monotonic()
    totals, clean = Totals(), True
    for seed in seeds:
        outcome = uvloop.run(_one(profile, seed, options))
        clean = outcome.is_clean and clean
        totals.add(outcome)
        # A campaign's history is large, and the next one has its own.
        del outcome
    seconds = time.monotonic() - began
    if len(seeds) > 1:
        is_judged = profile.faults == DEFAULT.faults and len(seeds) >= SEEDS
        for line in totals.lines(seconds, is_judged=is_judged):
            print(line)
        clean = clean and not (is_judged and any(bar.is_red for bar in totals.bars(seconds)))
    print(f"faults: {'clean' if clean else 'NOT CLEAN'}, {seconds:.0f} s in all")
    return 0 if clean else 1


def _without_guards(guards: Sequence[str]) -> int:
    """0 when each campaign without its guard goes red, as it must."""
    missed = 0
    for guard in guards:
        code, said = controls.run(guard, ("--profile", "control", "--seeds", "1"))
        promises = [line for line in said.splitlines() if BROKEN.match(line)]
        is_red = code == 1 and bool(promises)
        missed += not is_red
        print(f"without {guard}: {'red, as it must be' if is_red else 'NOT RED'}", flush=True)
        print("\n".join(promises if is_red else said.splitlines()[-40:]), flush=True)
    print(f"controls: {len(guards) - missed} of {len(guards)} went red")
    return 1 if missed else 0


def _profile(options: argparse.Namespace) -> Profile:
    profile = PROFILES[options.profile]
    if options.rate:
        profile = msgspec.structs.replace(profile, rate=options.rate)
    if options.only:
        kinds = options.only.split(",")
        faults = tuple(fault for fault in profile.faults if fault.kind in kinds)
        profile = msgspec.structs.replace(profile, faults=faults)
    return profile


async def _one(profile: Profile, seed: int, options: argparse.Namespace) -> Outcome:
    seconds = of_seed(profile, seed).seconds
    print(f"seed {seed}, profile {profile.name}: {seconds:.0f} s of people", flush=True)
    stages = Stages()
    async with a_ground(options.stack) as ground:
        stages.done("stack")
        outcome = await campaign.run(ground, profile, seed, late=options.late, stages=stages)
    stages.done("gone")
    command = f"make faults ARGS='--profile {profile.name} --seeds {seed}'"
    for line in report.lines(outcome, command):
        print(line, flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(main())
