"""How does a test get a sender that it can kill? `python -m tests.notify_sender_process`."""

import asyncio
import os

from services.notify.channels.email import Smtp
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts
from shared import config, database
from shared.vault import open_vault


async def send(settings: Config) -> None:
    """Send for ever."""
    pool = await database.open_pool(settings.database, size_max=2, name="notify-test")
    dispatcher = Dispatcher(settings, Contacts(pool, open_vault("notify", settings.vault)))
    await Sender(Smtp(settings), settings, Ledger(pool), dispatcher, Receipts(pool)).run()


asyncio.run(send(config.load(Config, os.environ)))
