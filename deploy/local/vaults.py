"""With which keys does a service seal what it knows of persons in this stack?

A file for each service that knows persons, so that none can open what another keeps. Made up once;
lost, all that was sealed is lost with it.
"""

import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from shared.vault.keyring import Master, Ring, read_ring
from shared.vault.sealing import new_key

SERVICES = ("booking", "notify")
"""Who keeps something of a person."""


def of(service: str, folder: Path) -> Path:
    """The service's key file, made where there is none, for its owner alone."""
    path = folder / f"{service}-vault"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(path, Ring(index=new_key(), masters=(_new_master(),)), replaces=False)
    return path


def add_master(path: Path) -> str:
    """A new master key, by which keys are wrapped from now on; its id."""
    ring = read_ring(path)
    master = _new_master()
    _write(path, Ring(index=ring.index, masters=(*ring.masters, master)), replaces=True)
    return master.id


def drop_masters(path: Path, used: set[str]) -> list[str]:
    """Master keys that wrap nothing any more are gone, but for the newest; the ids of those."""
    ring = read_ring(path)
    kept = tuple(one for one in ring.masters[:-1] if one.id in used) + ring.masters[-1:]
    gone = [one.id for one in ring.masters if one not in kept]
    if gone:
        _write(path, Ring(index=ring.index, masters=kept), replaces=True)
    return gone


def _new_master() -> Master:
    made = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return Master(id=f"{made}-{secrets.token_hex(3)}", key=new_key())


def _write(path: Path, ring: Ring, *, replaces: bool) -> None:
    # Written aside, so that nobody ever reads half of it; where it must be the first, linked, so
    # that of two writers both read the one's.
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(ring), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    if replaces:
        part.replace(path)
        return
    try:
        os.link(part, path)
    except FileExistsError:
        return
    finally:
        part.unlink()
