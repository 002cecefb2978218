"""How are all tests run? In two lanes side by side: those on a whole stack, and all others.

`make test`. Who watches sees the first lane's tests as they end, and then all that the second said.
With arguments it is pytest itself, in one lane: `make test ARGS="tests/rules -k line"`.
"""

import subprocess
import sys
import tempfile

ON_A_STACK = ("tests/faults", "tests/journeys", "tests/pages")
PYTEST = (sys.executable, "-m", "pytest")
STOP_SECONDS = 60.0
"""How long a lane may take to stop what it has started."""


def main() -> int:
    """0 when every test of both lanes passed."""
    if len(sys.argv) > 1:
        return subprocess.run([*PYTEST, *sys.argv[1:]], check=False).returncode
    others = [f"--ignore={folder}" for folder in ON_A_STACK]
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        lanes = [
            subprocess.Popen([*PYTEST, "-q", *ON_A_STACK]),
            subprocess.Popen(
                [*PYTEST, "-q", "-p", "no:cacheprovider", *others],
                stdout=said,
                stderr=subprocess.STDOUT,
            ),
        ]
        try:
            codes = [lane.wait() for lane in lanes]
        except KeyboardInterrupt:
            # Both have heard it as well, and stop what they have started.
            codes = [lane.wait(timeout=STOP_SECONDS) or 1 for lane in lanes]
        said.seek(0)
        print(said.read(), flush=True)
    print(f"tests: {'all passed' if not any(codes) else f'not all passed: {codes}'}", flush=True)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
