"""With which keys do tests seal? Files as a service has them, in a folder that goes at the end."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

import msgspec

from shared.vault import Vault, open_vault
from shared.vault.keyring import Master, Ring
from shared.vault.sealing import new_key


def a_master(name: str = "first") -> Master:
    """A master key of this name."""
    return Master(id=name, key=new_key())


def written(path: Path, *masters: Master, index: bytes | None = None) -> Path:
    """A key file with these master keys, the last being the newest."""
    ring = Ring(index=index or new_key(), masters=masters or (a_master(),))
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(msgspec.json.encode(ring))
    part.replace(path)
    return path


def a_key_file() -> Path:
    """A new key file with one master key."""
    return written(_folder() / uuid4().hex)


def a_vault(service: str) -> Vault:
    """The service's vault, the same each time, as each of its processes has it."""
    return open_vault(service, str(key_file_of(service)))


@cache
def key_file_of(service: str) -> Path:
    """The service's key file, the same each time."""
    return a_key_file()


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="talon-vault-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
