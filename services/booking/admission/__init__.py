"""Who may come in? There is a line before each campaign that has a waiting room."""

from services.booking.admission.joining import Joining
from services.booking.admission.lines import Lines
from services.booking.admission.pressure import Gauge

__all__ = ["Gauge", "Joining", "Lines"]
