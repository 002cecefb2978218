"""Who keeps the master keys? A key service behind two verbs; by default a file for one reader.

The file is JSON: `masters`, the newest last, each with an `id` and a `key`, and `index`, the key of
the blind index. It is read again when it has changed, so a new master key needs no restart.
"""

import time
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Meta

from shared.vault.sealing import KEY_BYTES, opened, sealed

LOOK_SECONDS = 2.0
"""How often at most it is looked whether the file has changed."""

Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
MasterId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+(?![\s\S])")]


class KeysAwayError(ConnectionError):
    """The master key that is needed is not at hand now; as with any outage, it may be later."""


class Master(msgspec.Struct, frozen=True, kw_only=True):
    """One master key."""

    id: MasterId
    key: Key

    def __repr__(self) -> str:
        return f"Master({self.id})"


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """What a key file holds."""

    index: Key
    masters: Annotated[tuple[Master, ...], Meta(min_length=1, max_length=100)]

    def __repr__(self) -> str:
        return f"Ring({self.masters})"


class KeyService(Protocol):
    """Wraps and unwraps persons' keys. What may be away (a KMS, an HSM) raises KeysAwayError."""

    async def newest(self) -> str:
        """The id of the master key under which keys are wrapped now."""

    async def wrap(self, key: bytes, about: bytes) -> tuple[str, bytes]:
        """The id of the master key, and the key wrapped by it; `about` is bound to it."""

    async def unwrap(self, master_id: str, wrapped: bytes, about: bytes) -> bytes:
        """The key; BrokenSealError where it was not wrapped for exactly this."""


class _Loaded(NamedTuple):
    ciphers: dict[str, AESGCM]
    newest: str
    changed_at: int


class FileKeys:
    """Master keys from a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked_at = time.monotonic()
        self._loaded = self._load()

    async def newest(self) -> str:
        """The last of the file."""
        return self._fresh().newest

    async def wrap(self, key: bytes, about: bytes) -> tuple[str, bytes]:
        """By the newest."""
        loaded = self._fresh()
        return loaded.newest, sealed(loaded.ciphers[loaded.newest], key, about)

    async def unwrap(self, master_id: str, wrapped: bytes, about: bytes) -> bytes:
        """By the one it was wrapped by."""
        cipher = self._fresh().ciphers.get(master_id)
        if cipher is None:
            self._looked_at = float("-inf")
            cipher = self._fresh().ciphers.get(master_id)
        if cipher is None:
            raise KeysAwayError(f"the master key {master_id} is not in {self._path.name}")
        return opened(cipher, wrapped, about)

    def _fresh(self) -> _Loaded:
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            if _changed_at(self._path) != self._loaded.changed_at:
                self._loaded = self._load()
        return self._loaded

    def _load(self) -> _Loaded:
        # Looked at before it is read: what changes in between is read again next time.
        changed_at = _changed_at(self._path)
        masters = read_ring(self._path).masters
        ciphers = {master.id: AESGCM(master.key) for master in masters}
        return _Loaded(ciphers, masters[-1].id, changed_at)


def read_ring(path: Path) -> Ring:
    """The file's content; what is wrong with it is said without a word of it."""
    try:
        ring = msgspec.json.decode(path.read_bytes(), type=Ring)
    except OSError as error:
        raise KeysAwayError(f"the keys cannot be read: {error}") from error
    except msgspec.MsgspecError:
        raise KeysAwayError(f"{path.name} is no key file; see docs/privacy.md") from None
    if len({master.id for master in ring.masters}) < len(ring.masters):
        raise KeysAwayError(f"two master keys in {path.name} have the same id")
    return ring


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise KeysAwayError(f"the keys cannot be read: {error}") from error
