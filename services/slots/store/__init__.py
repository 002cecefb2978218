"""What is remembered? `decisions` for the referee's batches, `reads` for the doors."""

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

__all__ = [
    "REFEREE_SESSION",
    "Answer",
    "Reads",
    "Seen",
    "answer_failed",
    "find_answers",
    "find_due",
    "forget_old",
    "save",
    "see",
]
