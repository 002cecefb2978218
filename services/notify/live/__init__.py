"""How is what happens told to a person's open pages at once, and once? By one loop per process."""

from services.notify.live.broadcaster import Broadcaster
from services.notify.live.streams import Stream, TooManyError

__all__ = ["Broadcaster", "Stream", "TooManyError"]
