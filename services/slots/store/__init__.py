"""What is remembered? `decisions` for the referee's batches, `reads` for staff's doors.

`upcoming` is what the copy in memory is made of, from which everybody's reads are answered.

`schedules` and `closures` are wishes of staff that become many commands; `holidays` are what they
say of days, `practitioners` what they say of people who have slots of their own.
"""

from services.slots.store.closures import Closure, Closures
from services.slots.store.decisions import (
    REFEREE_SESSION,
    Answer,
    Seen,
    answer_failed,
    find_answers,
    find_due,
    forget_old,
    save,
    see,
)
from services.slots.store.doses import keep_doses
from services.slots.store.holidays import Holidays
from services.slots.store.practitioners import Practitioner, Practitioners
from services.slots.store.reads import Reads
from services.slots.store.said import Said
from services.slots.store.schedules import Schedules
from services.slots.store.upcoming import EventNumbers, Record, snapshot

__all__ = [
    "REFEREE_SESSION",
    "Answer",
    "Closure",
    "Closures",
    "EventNumbers",
    "Holidays",
    "Practitioner",
    "Practitioners",
    "Reads",
    "Record",
    "Said",
    "Schedules",
    "Seen",
    "answer_failed",
    "find_answers",
    "find_due",
    "forget_old",
    "keep_doses",
    "save",
    "see",
    "snapshot",
]
