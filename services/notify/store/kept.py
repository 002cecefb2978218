"""What do the doors read and write of people? On the service's connections, and on theirs."""

from typing import NamedTuple, Self

import asyncpg

from services.notify.store.calls import Calls
from services.notify.store.contacts import Contacts
from services.notify.store.devices import Devices
from services.notify.store.pages import Tellings
from services.notify.store.preferences import Preferences
from services.notify.store.receipts import Receipts
from shared.vault import Vault


class Kept(NamedTuple):
    """The stores of people."""

    contacts: Contacts
    preferences: Preferences
    tellings: Tellings
    receipts: Receipts
    browsers: Devices
    apps: Devices
    calls: Calls

    @classmethod
    def of(cls, pool: asyncpg.Pool, vault: Vault, persons: asyncpg.Pool | None = None) -> Self:
        """In the pool of `persons` the service is one person at a time."""
        contacts = Contacts(pool, vault, persons)
        return cls(
            contacts,
            Preferences(pool, persons or pool),
            Tellings(pool, persons),
            Receipts(pool),
            Devices("web_push", contacts, pool, vault, persons),
            Devices("mobile_push", contacts, pool, vault, persons),
            Calls(pool),
        )
