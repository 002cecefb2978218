"""By which key does the messenger say to push services who it is? It is made once, and kept.

Browsers subscribe for the other half of it alone, so it is not turned like others: with another
one every subscription is refused, and its owner has to make it anew.
"""

import base64
import os
import secrets
from pathlib import Path

SECRET_BYTES = 32
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of P-256: a secret is from 1 to one less than this."""


def make_once(path: Path) -> None:
    """One key, kept as long as the stack's data."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = (1 + secrets.randbelow(ORDER - 1)).to_bytes(SECRET_BYTES, "big")
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii"))
    part.replace(path)
