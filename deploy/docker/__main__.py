"""What does one container do for the others? python -m deploy.docker prepare|settle|mail"""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.docker.prepare import GIVEN, SECRETS, Folders, prepare
from deploy.docker.settle import settle
from deploy.local.parts import HopelessError, sink
from deploy.local.settings import SettingError
from deploy.local.stack import Stack, named


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; a person's mistake is a sentence, not a traceback."""
    # While Kafka starts, a refused connection is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    options = _parser().parse_args(arguments)
    try:
        return _do(options, named(options.stack))
    except (HopelessError, SettingError) as reason:
        print(f"{options.verb}: {reason}", flush=True)
        return 1


def _do(options: argparse.Namespace, stack: Stack) -> int:
    match options.verb:
        case "prepare":
            prepare(stack, Folders(given=options.given, secrets=options.secrets))
        case "settle":
            asyncio.run(settle(stack))
        case _:
            # The same program with the same words as on one machine; it takes this one's place.
            command = sink.part(stack).command
            os.execv(command[0], command)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.docker", description=__doc__)
    parser.add_argument("--stack", default=os.environ.get("STACK") or "local")
    verbs = parser.add_subparsers(dest="verb", required=True)
    preparing = verbs.add_parser("prepare", help="write what the others read, and end")
    preparing.add_argument("--given", type=Path, default=GIVEN, metavar="FOLDER")
    preparing.add_argument("--secrets", type=Path, default=SECRETS, metavar="FOLDER")
    verbs.add_parser("settle", help="make the database, its roles and the topics, and end")
    verbs.add_parser("mail", help="be the mail sink, until stopped")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
