"""How is the peer started? `python -m bench.peer_rowlock --help`"""

import argparse
import multiprocessing
import sys
from typing import Any

import uvloop

from bench.peer_rowlock.app import Options, run


def main() -> int:
    """Serve until a signal, each process at the same port; the kernel deals out who comes."""
    words = argparse.ArgumentParser(prog="python -m bench.peer_rowlock", description=__doc__)
    words.add_argument("--dsn", required=True)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--connections", type=int, required=True, help="of each process")
    words.add_argument("--processes", type=int, default=1)
    words.add_argument("--at-once", action="store_true", help="the transaction as one call")
    words.add_argument("--jwks", required=True)
    words.add_argument("--issuer", required=True)
    words.add_argument("--audience", required=True)
    told = vars(words.parse_args())
    spawning = multiprocessing.get_context("spawn")
    others = [
        spawning.Process(target=_serve, args=(told,)) for _ in range(told.pop("processes") - 1)
    ]
    for other in others:
        other.start()
    try:
        _serve(told)
    finally:
        for other in others:
            other.terminate()
            other.join()
    return 0


def _serve(told: dict[str, Any]) -> None:
    uvloop.run(run(Options(**told)))


if __name__ == "__main__":
    sys.exit(main())
