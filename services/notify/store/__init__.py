"""What is remembered? Each noun's statements in a file of its own; the SQL is beside, in `sql/`."""

from services.notify.store.announcements import (
    Spending,
    sayings,
    stop_announcements,
    word_announcements,
)
from services.notify.store.calls import Call, Calls, put_on_list
from services.notify.store.contacts import DEVICES_MAX, Contacts, Reach, SealedAddress, forget
from services.notify.store.database import SQL, Connection
from services.notify.store.devices import Device, Devices
from services.notify.store.kept import Kept
from services.notify.store.ledger import (
    ANY_AGE,
    NOTHING,
    Claim,
    Claimed,
    Counts,
    Ledger,
    Lost,
    Written,
    latest_told,
    write_down,
)
from services.notify.store.live import Gap, LiveEvent, LiveEvents, Look, Missed, keep_live
from services.notify.store.pages import Tellings, TellingSeen
from services.notify.store.preferences import KeptWishes, Preferences, WishesChangedError
from services.notify.store.receipts import Receipts
from services.notify.store.reminders import (
    Planned,
    Reminders,
    Step,
    drop_reminders,
    forget_reminders,
    plan_reminders,
)
from services.notify.store.replies import (
    Replies,
    Wish,
    forget_replies,
    has_untold_replies,
    take_untold_replies,
)
from services.notify.store.texting import End, Texting

__all__ = [
    "ANY_AGE",
    "DEVICES_MAX",
    "NOTHING",
    "SQL",
    "Call",
    "Calls",
    "Claim",
    "Claimed",
    "Connection",
    "Contacts",
    "Counts",
    "Device",
    "Devices",
    "End",
    "Gap",
    "Kept",
    "KeptWishes",
    "Ledger",
    "LiveEvent",
    "LiveEvents",
    "Look",
    "Lost",
    "Missed",
    "Planned",
    "Preferences",
    "Reach",
    "Receipts",
    "Reminders",
    "Replies",
    "SealedAddress",
    "Spending",
    "Step",
    "TellingSeen",
    "Tellings",
    "Texting",
    "Wish",
    "WishesChangedError",
    "Written",
    "drop_reminders",
    "forget",
    "forget_reminders",
    "forget_replies",
    "has_untold_replies",
    "keep_live",
    "latest_told",
    "plan_reminders",
    "put_on_list",
    "sayings",
    "stop_announcements",
    "take_untold_replies",
    "word_announcements",
    "write_down",
]
