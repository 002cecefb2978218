"""What is free? Answered from this process's own copy, which knows as of when it is true.

`records` what is kept of a slot · `board` all of it · `told` what events say · `replica` as of when
it is true · `loading`, `memory` how it is loaded, followed and loaded anew · `bodies`, `days`,
`distance`, `encoded`, `pages` what is answered · `nearest`, `alternatives` where else is a place.
"""

from services.slots.availability.alternatives import Alternatives
from services.slots.availability.bodies import ClinicBody, SlotBody, status_of
from services.slots.availability.encoded import Page
from services.slots.availability.memory import Limits, Memory
from services.slots.availability.pages import DAYS_MAX, Around, Behind, Days, Pages, Part
from services.slots.availability.records import as_text, instant, microseconds

__all__ = [
    "DAYS_MAX",
    "Alternatives",
    "Around",
    "Behind",
    "ClinicBody",
    "Days",
    "Limits",
    "Memory",
    "Page",
    "Pages",
    "Part",
    "SlotBody",
    "as_text",
    "instant",
    "microseconds",
    "status_of",
]
