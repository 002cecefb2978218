"""How do I play histories by hand? `python -m tests.loops SEED` tells one, `FIRST END` many."""

import logging
import sys
import time

from tests.loops.history import History


def say(what: str) -> None:
    """To whoever plays."""
    sys.stdout.write(f"{what}\n")


def main(first: int, end: int) -> int:
    """How many of these histories broke a promise."""
    logging.disable(logging.CRITICAL)
    began, broken = time.monotonic(), 0
    for seed in range(first, end):
        history = History(seed)
        try:
            history.run()
        except AssertionError as error:
            broken += 1
            say(str(error))
        else:
            if end - first == 1:
                say("\n".join(history.city.world.story))
    say(f"{end - first} histories, {broken} broken, {time.monotonic() - began:.1f} s")
    return broken


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    sys.exit(1 if main(numbers[0], numbers[1] if len(numbers) > 1 else numbers[0] + 1) else 0)
