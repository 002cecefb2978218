"""What is remembered? Each noun's statements in a file of its own; the SQL is beside, in `sql/`."""

from services.notify.store.contacts import Contacts
from services.notify.store.database import SQL, Connection
from services.notify.store.ledger import Claim, Claimed, Counts, Ledger, Lost, write_down

__all__ = [
    "SQL",
    "Claim",
    "Claimed",
    "Connection",
    "Contacts",
    "Counts",
    "Ledger",
    "Lost",
    "write_down",
]
