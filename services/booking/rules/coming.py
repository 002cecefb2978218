"""Of which places does somebody say that they come, who has the link in a reminder?"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.booking.rules.life import Place, Places


def reminded_of(places: Places, starts_at: datetime) -> Sequence[Place]:
    """What begins then, to the second, and all else on that day at that clinic; in order of time.

    Nothing where nothing begins then: the link is of a time at which there is nothing any more.
    """
    firsts = [place for place in places if place.starts_at.replace(microsecond=0) == starts_at]
    days = {_day(place) for place in firsts}
    there = [place for place in places if _day(place) in days and place.starts_at >= starts_at]
    return sorted(there, key=lambda place: (place.starts_at, place.id.int))


def _day(place: Place) -> tuple[object, ...]:
    return place.clinic_id, place.starts_at.astimezone(ZoneInfo(place.time_zone)).date()
