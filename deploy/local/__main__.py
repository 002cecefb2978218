"""What can one ask of the stack? python -m deploy.local up|run|down|status|logs|reset"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from deploy.local import logs, status
from deploy.local.down import down, reset
from deploy.local.parts import HopelessError
from deploy.local.plan import PARTS, one_each
from deploy.local.settings import SettingError
from deploy.local.stack import Stack, named
from deploy.local.supervisor import supervise
from deploy.local.up import up


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; a person's mistake is a sentence, not a traceback."""
    # While a part starts, a refused connection is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options = _parser().parse_args(arguments)
    try:
        stack = named(options.stack)
        _check_owner(stack)
        return _do(options, stack)
    except (HopelessError, SettingError) as reason:
        print(f"stack {options.stack}: {reason}", flush=True)
        return 1
    except KeyboardInterrupt:
        return 130


def _do(options: argparse.Namespace, stack: Stack) -> int:
    match options.verb:
        case "up":
            return up(stack, options.only, options.scale)
        case "run":
            return supervise(stack, options.only, one_each(options.scale))
        case "down":
            return down(stack)
        case "reset":
            return reset(stack)
        case "status":
            return status.show(stack, as_json=options.json)
        case _:
            return logs.show(stack.logs, options.part, lines=options.lines, follow=options.follow)


def _check_owner(stack: Stack) -> None:
    """Files of two accounts in one home end in refusals that nobody understands."""
    if stack.home.exists() and stack.home.stat().st_uid != os.geteuid():
        raise HopelessError(
            f"{stack.home} belongs to {stack.home.owner()}; run this as that account"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--stack", default=os.environ.get("STACK") or "local")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, text in (
        ("up", "start it in the background and wait until it is ready"),
        ("run", "start it in the foreground, until Ctrl-C"),
    ):
        starting = verbs.add_parser(verb, parents=[common], help=text)
        starting.add_argument(
            "--only", type=_names, default=(), metavar="PART,...", help=", ".join(PARTS)
        )
        starting.add_argument(
            "--scale",
            type=_counts,
            default={},
            metavar="N|SERVICE=N,...",
            help="processes of front desk and referee, or of each",
        )
    verbs.add_parser("down", parents=[common], help="stop it; the data stay")
    verbs.add_parser("reset", parents=[common], help="stop it and delete its data")
    asking = verbs.add_parser("status", parents=[common], help="how each part is")
    asking.add_argument("--json", action="store_true")
    reading = verbs.add_parser("logs", parents=[common], help="the last lines of each log")
    reading.add_argument("part", nargs="?")
    reading.add_argument("--lines", type=int, default=30)
    reading.add_argument("--follow", action="store_true")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _counts(text: str) -> dict[str, int]:
    """A number alone is how many front desks there are, and how many referees."""
    if text.isdigit():
        return dict.fromkeys(("slots", "booking"), int(text))
    pairs = [pair.partition("=") for pair in text.split(",") if pair]
    return {name: int(count) for name, _, count in pairs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
