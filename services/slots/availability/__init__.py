"""What is free? Answered from this process's own copy, which knows as of when it is true.

`records` what is kept of a slot · `board` all of it · `told` what events say · `replica` as of when
it is true · `loading`, `memory` how it is loaded, followed and loaded anew · `bodies`, `days`,
`distance`, `encoded`, `pages` what is answered · `nearest`, `intervals`,
`alternatives` where else is a place · `left` how many there are ·
`adjacent` where several people can come together · `calendars`, `series`, `pairs` pairs of doses.
"""

from services.slots.availability.adjacent import AdjacentSets, Party
from services.slots.availability.alternatives import Alternatives
from services.slots.availability.bodies import (
    Availability,
    ClinicBody,
    ClinicList,
    ReadClinic,
    ReadSlot,
    SlotBody,
    SlotList,
    status_of,
)
from services.slots.availability.encoded import Written
from services.slots.availability.left import Teller
from services.slots.availability.memory import Limits, Memory
from services.slots.availability.pages import DAYS_MAX, Around, At, Behind, Days, Pages, Part
from services.slots.availability.pairs import PairList
from services.slots.availability.records import as_text, instant, microseconds
from services.slots.availability.series import BehindPair, Wish

__all__ = [
    "DAYS_MAX",
    "AdjacentSets",
    "Alternatives",
    "Around",
    "At",
    "Availability",
    "Behind",
    "BehindPair",
    "ClinicBody",
    "ClinicList",
    "Days",
    "Limits",
    "Memory",
    "Pages",
    "PairList",
    "Part",
    "Party",
    "ReadClinic",
    "ReadSlot",
    "SlotBody",
    "SlotList",
    "Teller",
    "Wish",
    "Written",
    "as_text",
    "instant",
    "microseconds",
    "status_of",
]
