"""What does the door need to know of the lines before campaigns?"""

from collections.abc import Callable
from typing import Self

import msgspec

from services.booking import metrics
from services.booking.admission.joining import Joining
from services.booking.admission.left import Left
from services.booking.admission.lines import Lines
from services.booking.admission.pressure import Gauge
from services.booking.admission.staff import StaffEntrance
from services.booking.config import Config
from services.booking.rules.line import Pressure
from services.booking.store import Database, Rooms, StaffDoors
from shared import broker
from shared.asking import Asking
from shared.clock import DatabaseClock


class Waiting(msgspec.Struct):
    """The lines, and how long what is handed out there is valid."""

    rooms: Rooms
    lines: Lines
    joining: Joining
    left: Left
    staff: StaffEntrance
    ticket_seconds: float
    pass_seconds: float

    @classmethod
    def before(cls, asking: Asking, store: Database, config: Config, clock: DatabaseClock) -> Self:
        """The lines before those whose wishes are asked for here."""
        rooms, most = Rooms(store), config.joins_waiting_max
        lines = Lines(rooms, config, _pressure_on(asking))
        metrics.LINE_PEOPLE.look = lines.people
        metrics.LINE_SERVING.look = lines.serving
        metrics.LINE_SPEED.look = lines.speeds
        metrics.LINE_LIMITS.look = lines.limits
        return cls(
            rooms=rooms,
            lines=lines,
            joining=Joining(rooms, batch_max=config.joins_batch_max, waiting_max=most),
            left=Left(
                broker.told(config),
                f"booking-{config.instance}",
                wanted=lambda: lines.is_anywhere,
                now=clock.now,
            ),
            staff=StaffEntrance(StaffDoors(store)),
            ticket_seconds=config.ticket_seconds,
            pass_seconds=config.pass_seconds,
        )


def _pressure_on(asking: Asking) -> Callable[[], Pressure]:
    """How those inside fare, as this process sees it."""
    gauge, replies, count = Gauge(), asking.replies, asking.on_answer

    def answered(seconds: float) -> None:
        count(seconds)
        gauge.answered(seconds)

    asking.on_answer = answered
    replies.on_turned_away = gauge.turned_away
    return lambda: gauge.read(seats_taken=replies.seated, seats_max=replies.seats_max)
