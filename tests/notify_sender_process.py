"""How does a test get a sender that it can kill? `python -m tests.notify_sender_process`."""

import asyncio
import os

from services.notify.config import Config
from services.notify.sending import Sender
from services.notify.store import Ledger
from shared import config, database


async def send(settings: Config) -> None:
    """Send for ever."""
    pool = await database.open_pool(settings.database, size_max=2, name="notify-test")
    await Sender(settings, Ledger(pool)).run()


asyncio.run(send(config.load(Config, os.environ)))
