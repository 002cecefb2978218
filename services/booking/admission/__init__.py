"""Who may come in? There is a line before each campaign that has a waiting room."""

from services.booking.admission.joining import Joining
from services.booking.admission.waiting import Waiting

__all__ = ["Joining", "Waiting"]
