"""How is the peer started? `python -m bench.peer_rowlock --help`"""

import argparse
import sys

import uvloop

from bench.peer_rowlock.app import Options, run


def main() -> int:
    """Serve until a signal."""
    words = argparse.ArgumentParser(prog="python -m bench.peer_rowlock", description=__doc__)
    words.add_argument("--dsn", required=True)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--connections", type=int, required=True)
    words.add_argument("--at-once", action="store_true")
    words.add_argument("--jwks", required=True)
    words.add_argument("--issuer", required=True)
    words.add_argument("--audience", required=True)
    uvloop.run(run(Options(**vars(words.parse_args()))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
