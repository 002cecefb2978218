"""By which keys are links signed? Made at the first start, and turned when somebody says so.

`python -m deploy.local.link_keys FILE` adds a key that signs from now on. Those that were there
before are still known, so that links which were sent already stay valid; they may be taken out when
those are over.
"""

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

SECRET_BYTES = 32


def make_once(path: Path) -> None:
    """One key, kept as long as the stack's data."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        turn(path)


def turn(path: Path) -> int:
    """Another key signs; its number."""
    told: dict[str, Any] = {"signs": 0, "keys": {}}
    if path.exists():
        told = json.loads(path.read_text(encoding="utf-8"))
    number = max(map(int, told["keys"]), default=0) + 1
    told["keys"][str(number)] = base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")
    told["signs"] = number
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file)
    part.replace(path)
    return number


if __name__ == "__main__":
    print(f"key {turn(Path(sys.argv[1]))} signs from the next start on")
