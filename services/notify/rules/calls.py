"""What is told by a clinic's own people to whom no address leads, and what may they note of it?"""

from typing import Literal
from uuid import UUID

from services.notify.rules.messages import Told, freed_by, places_of
from shared.messages import BookingRevoked, VisitTold

Called = Literal["delivered", "failed"]
"""What becomes of a call: they know of it, or nobody could tell them."""


def due_to_a_list(event: Told) -> bool:
    """True for what must reach a person though they gave no address: that the clinic cancelled.

    A move is not: the front desk moves what somebody on the telephone asks it to move, and whoever
    moved their own visit knows of it. Plain bookings and reminders are nobody's to call about.
    """
    return isinstance(event, BookingRevoked) and event.reason == "clinic"


def clinic_of(event: Told) -> UUID | None:
    """On whose list it is: of the clinic at which the first of the visits was, or else is.

    The index of the lists says the same. What is announced to many is no clinic's.
    """
    places = (event.place,) if isinstance(event, VisitTold) else freed_by(event) or places_of(event)
    return places[0].clinic_id if places else None
