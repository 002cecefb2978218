"""Which verb is meant?

python -m talon token|city|import|rush|audit|accesses|keys|demo|openapi|preview|verify-draw|
    dead-letters
"""

import argparse
import os
import sys
from collections.abc import Sequence

from deploy.local.settings import SettingError
from deploy.local.stack import named
from talon.mistakes import MistakeError
from talon.verbs import (
    accesses,
    audit,
    city,
    dead_letters,
    demo,
    import_,
    keys,
    openapi,
    preview,
    rush,
    token,
    verify_draw,
)

VERBS = {
    "token": token,
    "city": city,
    "import": import_,
    "rush": rush,
    "audit": audit,
    "accesses": accesses,
    "keys": keys,
    "demo": demo,
    "openapi": openapi,
    "preview": preview,
    "verify-draw": verify_draw,
    "dead-letters": dead_letters,
}


def main(arguments: Sequence[str]) -> int:
    """Do what was asked; a person's mistake is a sentence, not a traceback."""
    options = _parser().parse_args(arguments)
    try:
        code: int = VERBS[options.verb].run(named(options.stack), options)
        return code
    except (MistakeError, SettingError) as reason:
        return _explain(options.verb, reason)
    except BaseExceptionGroup as group:
        mistakes, others = group.split(MistakeError)
        if mistakes is None or others is not None:
            raise
        return _explain(options.verb, _first(mistakes))
    except KeyboardInterrupt:
        return 130


def _explain(verb: str, reason: BaseException) -> int:
    print(f"talon {verb}: {reason}", file=sys.stderr)
    return 2


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Of things that failed at once, one is enough to read."""
    reason = group.exceptions[0]
    return _first(reason) if isinstance(reason, BaseExceptionGroup) else reason


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m talon", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, verb in VERBS.items():
        stack = "demo" if verb is demo else "local"
        words = verbs.add_parser(name, help=(verb.__doc__ or "").splitlines()[0])
        words.add_argument("--stack", default=os.environ.get("STACK") or stack)
        verb.add_options(words)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
