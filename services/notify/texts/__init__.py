"""In what words is a person told? In their language, in clinic time, without reasons for care.

The words are in the catalogues, a folder for each language; what is said of which event is here.
"""

from services.notify.texts.brief import coming, short
from services.notify.texts.catalogue import FALLBACK, LOCALES, TextError
from services.notify.texts.letter import Wording, calendar_entry, where, wording

__all__ = [
    "FALLBACK",
    "LOCALES",
    "TextError",
    "Wording",
    "calendar_entry",
    "coming",
    "short",
    "where",
    "wording",
]
