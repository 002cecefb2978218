"""How is it run? python -m tests.pairs --profile full --seed 1, on a stack of its own."""

import argparse
import asyncio
import os
import sys

from deploy.local.settings import DISTANCE_SETTING
from deploy.local.stack import named
from tests.pairs.looking import Found
from tests.pairs.play import play
from tests.pairs.sizes import PROFILES, Size
from tests.stack_verbs import verb

STACK = "pairs"
OWN = {DISTANCE_SETTING: "600", "TALON_OFFER_SECONDS": "30"}
PARTS = ("--only", "postgres,kafka,slots,booking,edge", "--scale", "slots=2,booking=2")
ORPHAN_SECONDS_MAX = 5.0


def main() -> int:
    """0 where everything is as it must be."""
    words = argparse.ArgumentParser(prog="python -m tests.pairs", description=__doc__)
    words.add_argument("--profile", choices=PROFILES, default="full")
    words.add_argument("--seed", type=int, default=1)
    options = words.parse_args()
    environ = OWN | dict(os.environ) | {"STACK": STACK}
    stack, size = named(STACK, environ), PROFILES[options.profile]
    verb(environ, "reset")
    try:
        verb(environ, "up", *PARTS)
        found, _ = asyncio.run(play(stack, size, options.seed))
    finally:
        verb(environ, "down" if os.environ.get("KEEP") else "reset")
    said = report(found, size)
    print("\n".join(said))
    return int(not is_so(found, size))


def is_so(found: Found, size: Size) -> bool:
    """True where all second doses are in whole pairs, and nothing is broken or too late."""
    is_whole = found.pairs == size.seconds and found.broken == 0 and not found.unanswered
    # While the log is away nobody decides anything, and so nobody says that a hold is over.
    return is_whole and (size.kafka_kills > 0 or found.orphan_seconds <= ORPHAN_SECONDS_MAX)


def report(found: Found, size: Size) -> list[str]:
    """What was found, a line each."""
    killed = ", ".join(f"{part} {times}" for part, times in sorted(found.killed.items()))
    return [
        f"{size.people:,} people, {size.firsts} first and {size.seconds} second places,"
        f" {found.killed.total()} kills ({killed}), {found.seconds:.0f} s",
        f"  {found.requests:,} requests, {found.repeats:,} of them not definite and asked again;"
        f" {len(found.unanswered)} wishes without an answer; {found.abandoned} holds abandoned",
        f"  {found.pairs} whole pairs, {found.halves} halves, {found.held} still held,"
        f" {found.overfull} slots too full, {found.one_dose_only} people with one dose only,"
        f" {found.twice} with one twice",
        f"  {found.lost} told and not booked, {found.untold} booked and not told,"
        f" {found.differs} in which referee and front desk differ",
        f"  the latest hold was there {found.orphan_seconds:.2f} s after its time"
        f" (bar {ORPHAN_SECONDS_MAX:.0f} s), {found.orphan_at:.0f} s after the beginning;"
        f" killed at {', '.join(f'{at:.0f}' for at in found.kill_times)} s",
        *(f"  strange: {one}" for one in (*found.strange, *found.unanswered)[:10]),
        f"pairs: {'all so' if is_so(found, size) else 'NOT SO'}",
    ]


if __name__ == "__main__":
    sys.exit(main())
