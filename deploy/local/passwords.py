"""Which password does a role of PostgreSQL, or a user of Kafka, have in this stack?"""

import os
import secrets
from pathlib import Path


def of(role: str, folder: Path) -> str:
    """The role's password, made up once and kept in a file for its owner alone."""
    path = folder / role
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_new(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")


def _write_new(path: Path, password: str) -> None:
    # Written aside and linked, so that nobody ever reads half of it and two writers agree on one.
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
    try:
        os.link(part, path)
    except FileExistsError:
        return
    finally:
        part.unlink()
