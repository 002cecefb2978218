"""How does a test get a sender? On a real ledger, with whatever provider it is given."""

import asyncpg

from services.notify.channels import Provider
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts
from tests.vaults import a_vault


def a_sender(provider: Provider, config: Config, pool: asyncpg.Pool) -> Sender:
    """Not running yet."""
    dispatcher = Dispatcher(config, Contacts(pool, a_vault("notify")))
    return Sender(provider, config, Ledger(pool), dispatcher, Receipts(pool))
