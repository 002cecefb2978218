"""How many people want how many places, and how often is a part killed meanwhile?"""

from typing import NamedTuple


class Size(NamedTuple):
    """One morning. `capacity` is each slot's; who `abandons` a hold tells nobody that they left."""

    people: int
    firsts: int
    seconds: int
    capacity: int
    kills: int
    kafka_kills: int
    come_seconds: float
    pause_seconds: float
    """Between two looks of somebody who has nothing yet, at most."""
    kill_seconds: float
    """Between two kills, on average."""
    abandons: float


SHORT = Size(
    people=200,
    firsts=50,
    seconds=30,
    capacity=5,
    kills=3,
    kafka_kills=0,
    come_seconds=4.0,
    pause_seconds=1.5,
    kill_seconds=0.8,
    abandons=0.0,
)
"""Nobody abandons a hold here: the shortest lasts 30 s, which is longer than a test may take."""

FULL = Size(
    people=2_000,
    firsts=500,
    seconds=300,
    capacity=10,
    kills=20,
    kafka_kills=0,
    come_seconds=40.0,
    pause_seconds=6.0,
    kill_seconds=2.5,
    abandons=0.5,
)
KAFKA = FULL._replace(kafka_kills=1)
"""And the log is killed once, while which nobody decides anything."""

PROFILES = {"short": SHORT, "full": FULL, "kafka": KAFKA}
