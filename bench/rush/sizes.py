"""How long, how often and with how many is measured?"""

import msgspec

from bench import overload, reads
from bench.waiting import morning


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """How the peer is run: in so many processes, with so many connections to PostgreSQL in all."""

    processes: int
    sessions: int


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """One profile of the bench. Seconds are those of one measurement."""

    name: str
    rounds: int
    seconds: float
    patients: int
    warm_seconds: float
    sweep_seconds: float
    cold_seconds: float
    kept_seconds: float
    kept_steps_max: int
    profile_seconds: float
    connections: tuple[int, ...]
    peer_sessions: tuple[int, ...]
    """Connections to PostgreSQL that the peer is tried with, in all its processes together."""

    peer_processes: tuple[int, ...]
    commit_sessions: tuple[int, ...]
    """The same for PostgreSQL's own commits."""

    sweep_patients: int
    """So many of the patients come while the peer is tried, known to it before."""

    attempts_max: int
    """How often a run is made anew that others on the machine disturbed."""

    patience_seconds: float
    """How long to wait for others to be quiet before each run."""

    families: int
    """So many of the patients have children."""

    half_seconds: float
    handed_seconds: float
    handed_warm_seconds: float
    looks: tuple[int, ...] = (50, 700)
    """So many pages are looked at for each booking."""

    looks_seconds: float
    backlog: int
    """So many wishes, and then events, gather."""

    processes: tuple[int, ...]
    """So many front desks and referees, one after the other."""

    processes_seconds: float
    places: tuple[int, ...] = (10_000, 100_000, 1_000_000, 10_000_000)
    """The first is what the others are compared with."""

    places_rounds: int
    places_seconds: float
    places_warm_seconds: float
    places_connections: int = 128
    reads: reads.Sizes
    city_clinics: int
    city_patients: int = 200
    overload_cap: int
    overload_seconds: float
    overload_people: int = overload.PEOPLE
    waiting: morning.Sizes


FULL = Sizes(
    name="full",
    rounds=3,
    seconds=30.0,
    patients=40_000,
    warm_seconds=3.0,
    sweep_seconds=6.0,
    cold_seconds=6.0,
    kept_seconds=30.0,
    kept_steps_max=8,
    profile_seconds=15.0,
    connections=(32, 64, 128, 256, 512),
    peer_sessions=(4, 8, 16, 32),
    peer_processes=(1, 2),
    commit_sessions=(16, 32, 64),
    sweep_patients=20_000,
    attempts_max=3,
    patience_seconds=120.0,
    families=5_000,
    half_seconds=30.0,
    handed_seconds=60.0,
    handed_warm_seconds=30.0,
    looks_seconds=30.0,
    backlog=100_000,
    processes=(1, 2, 3, 4),
    processes_seconds=20.0,
    places_rounds=5,
    places_seconds=10.0,
    places_warm_seconds=5.0,
    reads=reads.Sizes(),
    city_clinics=60,
    overload_cap=1_000,
    overload_seconds=10.0,
    waiting=morning.FULL,
)

SHORT = Sizes(
    name="short",
    rounds=3,
    seconds=4.0,
    patients=4_000,
    warm_seconds=1.0,
    sweep_seconds=2.0,
    cold_seconds=3.0,
    kept_seconds=6.0,
    kept_steps_max=2,
    profile_seconds=4.0,
    connections=(128, 256, 512),
    peer_sessions=(8,),
    peer_processes=(1, 2),
    commit_sessions=(32,),
    sweep_patients=4_000,
    attempts_max=1,
    patience_seconds=0.0,
    families=1_000,
    half_seconds=5.0,
    handed_seconds=20.0,
    handed_warm_seconds=15.0,
    looks_seconds=6.0,
    backlog=20_000,
    processes=(1, 2),
    processes_seconds=5.0,
    places=(10_000, 10_000_000),
    places_rounds=3,
    places_seconds=4.0,
    places_warm_seconds=2.0,
    reads=reads.Sizes(rounds=2, seconds=3.0, booking_seconds=5.0),
    city_clinics=30,
    overload_cap=1_000,
    overload_seconds=4.0,
    waiting=morning.Sizes(
        people=100_000,
        rounds=1,
        late=5_000,
        bots=500,
        speed=200.0,
        seconds=8.0,
        connections=256,
    ),
)
"""Everything in a quarter of an hour: to compare before and after."""

QUICK = Sizes(
    name="quick",
    rounds=1,
    seconds=2.0,
    patients=2_000,
    warm_seconds=1.0,
    sweep_seconds=1.0,
    cold_seconds=2.0,
    kept_seconds=3.0,
    kept_steps_max=1,
    profile_seconds=2.0,
    connections=(64,),
    peer_sessions=(8,),
    peer_processes=(1,),
    commit_sessions=(8,),
    sweep_patients=1_000,
    attempts_max=1,
    patience_seconds=0.0,
    families=100,
    half_seconds=2.0,
    handed_seconds=4.0,
    handed_warm_seconds=2.0,
    looks=(50,),
    looks_seconds=2.0,
    backlog=2_000,
    processes=(1, 2),
    processes_seconds=2.0,
    places=(10_000, 100_000),
    places_rounds=1,
    places_seconds=2.0,
    places_warm_seconds=1.0,
    reads=reads.Sizes(rounds=1, seconds=1.0, booking_seconds=2.0, beside=200.0),
    city_clinics=10,
    overload_cap=200,
    overload_seconds=2.0,
    overload_people=400,
    waiting=morning.SHORT,
)
"""To see that everything works; its numbers are not to be quoted."""


def tunings(sizes: Sizes) -> list[Tuning]:
    """All that the peer is tried with."""
    return [
        Tuning(processes=processes, sessions=sessions)
        for processes in sizes.peer_processes
        for sessions in sizes.peer_sessions
    ]


def told(tuning: Tuning) -> str:
    """In words."""
    return f"{tuning.processes} processes, {tuning.sessions} connections"
