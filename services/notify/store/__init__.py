"""What is remembered? Each noun's statements in a file of its own; the SQL is beside, in `sql/`."""

from services.notify.store.contacts import Contacts
from services.notify.store.database import SQL, Connection
from services.notify.store.ledger import Claim, Claimed, Counts, Ledger, Lost, Written, write_down
from services.notify.store.live import Gap, LiveEvent, LiveEvents, Look, Missed, keep_live

__all__ = [
    "SQL",
    "Claim",
    "Claimed",
    "Connection",
    "Contacts",
    "Counts",
    "Gap",
    "Ledger",
    "LiveEvent",
    "LiveEvents",
    "Look",
    "Lost",
    "Missed",
    "Written",
    "keep_live",
    "write_down",
]
