"""What comes in from the log, and what happens then? Commands are decided in whole batches.

`unpacking` reads them, `deciding` decides them by the pure rules, `telling` makes records of what
is to be told, and `referee` is the handler that does it all in the batch's own transaction.
"""

from services.slots.inbox.referee import Referee
from services.slots.inbox.unpacking import unpack

__all__ = ["Referee", "unpack"]
