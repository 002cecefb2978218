"""How does a test get a process that seals and can be killed?

`python -m tests.notify_sealing_process DSN KEY_FILE BITE` says a line after each bite.
"""

import asyncio
import sys

from services.notify.store import Contacts
from shared import database
from shared.vault import open_vault


async def seal(dsn: str, vault: str, contacts_max: int) -> None:
    """Seal bite after bite, slowly enough to be killed in between."""
    pool = await database.open_pool(dsn, size_max=1, name="notify-test")
    contacts = Contacts(pool, open_vault("notify", vault))
    while taken := await contacts.seal_plain(contacts_max):
        sys.stdout.write(f"{taken}\n")
        sys.stdout.flush()


asyncio.run(seal(sys.argv[1], sys.argv[2], int(sys.argv[3])))
