"""What does a service hold of the vault? Its persons' keys and its blind index."""

from pathlib import Path

import msgspec

from shared.vault.index import BlindIndex
from shared.vault.keyring import FileKeys, read_ring
from shared.vault.persons import PersonKeys


class Vault(msgspec.Struct, frozen=True):
    """One service's own."""

    keys: PersonKeys
    index: BlindIndex


def open_vault(service: str, path: str) -> Vault:
    """The vault whose keys are in this file."""
    place = Path(path)
    return Vault(PersonKeys(service, FileKeys(place)), BlindIndex(read_ring(place).index))
