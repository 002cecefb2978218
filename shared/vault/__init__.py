"""How is what is known of a person kept so that only who may read it can, and nobody after erasure?

Every person has a key of their own, by which their fields are sealed; it is kept wrapped by a
master key that no database holds. Destroying a person's key makes all of it unreadable at once.
What is looked up by value is found by a keyed hash of it.
"""

from shared.vault.index import BlindIndex, plain_email, plain_phone
from shared.vault.keyring import FileKeys, KeysAwayError, KeyService
from shared.vault.persons import PersonKeys, Wrapped
from shared.vault.sealing import BrokenSealError, DataKey, Field
from shared.vault.vault import Vault, open_vault

__all__ = [
    "BlindIndex",
    "BrokenSealError",
    "DataKey",
    "Field",
    "FileKeys",
    "KeyService",
    "KeysAwayError",
    "PersonKeys",
    "Vault",
    "Wrapped",
    "open_vault",
    "plain_email",
    "plain_phone",
]
