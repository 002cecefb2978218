"""What is remembered? `decisions` for the referee's batches, `reads` for staff's doors, `upcoming`
for the copy in memory from which everybody's reads are answered.
"""

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
from services.slots.store.reads import Reads
from services.slots.store.upcoming import EventNumbers, Record, snapshot

__all__ = [
    "REFEREE_SESSION",
    "Answer",
    "EventNumbers",
    "Reads",
    "Record",
    "Seen",
    "answer_failed",
    "find_answers",
    "find_due",
    "forget_old",
    "save",
    "see",
    "snapshot",
]
