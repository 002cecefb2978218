"""How does a campaign bring up a stack of its own, with settings of its own, and take it down?"""

import subprocess
import sys
from collections.abc import Mapping

from deploy.local.settings import CHECKOUT


def verb(environ: Mapping[str, str], *words: str) -> None:
    """A verb of `deploy.local`; it has to work."""
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", *words],
        cwd=CHECKOUT,
        env=dict(environ),
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"deploy.local {' '.join(words)}:\n{done.stdout}{done.stderr}")
