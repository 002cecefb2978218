"""How is it run? `make drill NAME=doctolib`, or with ARGS=--quick to see that it works.

On a stack of its own, from nothing to nothing (KEEP=1 leaves it up). The report is a page in
`.talon/drills/`, the last line is `RESULT {json}`. It ends with 1 where a promise was broken.
"""

import argparse
import sys
from pathlib import Path

import msgspec
import uvloop

from bench.drills.found import conclude
from bench.drills.mornings import MORNINGS, Morning
from bench.drills.play import Size, play
from bench.drills.report import page
from bench.stage import played
from deploy.local.settings import CHECKOUT
from deploy.local.stack import Stack, named
from talon.progress import console
from talon.verbs import audit

REPORTS = CHECKOUT / ".talon" / "drills"
FULL = Size(people=8_000, seconds=120.0)
QUICK = Size(people=400, seconds=12.0)


def main() -> int:
    """One morning; the exit code is the verdict."""
    words = argparse.ArgumentParser(prog="python -m bench.drills", description=__doc__)
    words.add_argument("name", choices=sorted(MORNINGS))
    words.add_argument("--stack", default="bench")
    words.add_argument("--quick", action="store_true", help="few people, nothing to quote")
    words.add_argument("--report", type=Path, help="where the page is written")
    options = words.parse_args()
    stack, size = named(options.stack), QUICK if options.quick else FULL
    path = options.report or REPORTS / f"{options.name}.html"
    return played("drill", stack, lambda: _verdict(stack, MORNINGS[options.name], size, path))


def _verdict(stack: Stack, morning: Morning, size: Size, path: Path) -> int:
    out = console()
    played = uvloop.run(play(stack, morning, size))
    code = audit.run(stack, argparse.Namespace(quiet_seconds=audit.QUIET_SECONDS))
    result = conclude(played, is_audit_clean=code == 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(morning, played, result), encoding="utf-8")
    out.print(f"drill: the report is {path}", soft_wrap=True, highlight=False)
    print(f"RESULT {msgspec.json.encode(result).decode()}", flush=True)
    return 0 if result.kept else 1


if __name__ == "__main__":
    sys.exit(main())
