"""What is sealed or forgotten though nobody asks? Plain addresses of old, and unused ones."""

import asyncio
import logging

from services.notify import metrics
from services.notify.config import Config
from services.notify.store import Contacts
from shared import database

log = logging.getLogger(__name__)

SEALED_MAX = 200
"""How many addresses are sealed in one transaction: a second of work at most."""

PAUSE_SECONDS = 0.1


async def seal_plain(contacts: Contacts, owner: str) -> int:
    """Seal every address that an earlier version left in clear, before the first is needed.

    Done in bites, each a transaction, so whoever is killed on the way is gone on from; of several
    that start at once each address is sealed by one. `owner` is how the table's owner is reached.
    """
    sealed = 0
    while taken := await contacts.seal_plain(SEALED_MAX):
        sealed += taken
        metrics.CONTACTS_SEALED.inc(taken)
    if sealed:
        await contacts.drop_old_rows(owner)
        log.info("sealed what was in clear", extra={"addresses": sealed})
    return sealed


async def forget_unused(contacts: Contacts, config: Config) -> None:
    """Forget addresses by rule, bite after bite while there are any, then again after a while."""
    while True:
        gone = 0
        try:
            gone = await contacts.forget_unused(
                days=config.contacts_kept_days, people_max=config.retention_people_max
            )
            metrics.forgotten["unused"].inc(gone)
        except database.AWAY as error:
            log.warning("unused addresses were not forgotten", extra={"error": repr(error)})
        await asyncio.sleep(PAUSE_SECONDS if gone else config.retention_seconds)
