"""How is the peer started? `python -m bench.peer_rowlock --help`"""

import argparse
import multiprocessing
import os
import sys

from bench.peer_rowlock.app import DSN, Options, serve


def main() -> int:
    """Serve until a signal, each process at the same port; the kernel deals out who comes.

    1 when one of them ended before it was told to.
    """
    words = argparse.ArgumentParser(prog="python -m bench.peer_rowlock", description=__doc__)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--processes", type=int, default=1)
    words.add_argument("--connections", type=int, required=True, help="of each process")
    words.add_argument("--at-once", action="store_true", help="the transaction as one call")
    words.add_argument("--jwks", required=True)
    words.add_argument("--issuer", required=True)
    words.add_argument("--audience", required=True)
    told = vars(words.parse_args())
    count = told.pop("processes")
    options = Options(dsn=os.environ[DSN], **told)
    spawning = multiprocessing.get_context("spawn")
    others = [spawning.Process(target=serve, args=(options,)) for _ in range(count - 1)]
    for other in others:
        other.start()
    try:
        serve(options)
        return 1 if any(other.exitcode is not None for other in others) else 0
    finally:
        for other in others:
            other.terminate()
            other.join()


if __name__ == "__main__":
    sys.exit(main())
