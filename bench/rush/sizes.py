"""How long, how often and with how many is measured?"""

import msgspec

SHAPES = ("hot", "uniform")
"""One slot that all want, and a thousand."""


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
    sweep_patients: int
    """So many of the patients come while the peer is tried, known to it before."""

    attempts_max: int
    """How often a run is made anew that others on the machine disturbed."""

    patience_seconds: float
    """How long to wait for others to be quiet before each run."""


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
    sweep_patients=20_000,
    attempts_max=3,
    patience_seconds=120.0,
)

SHORT = Sizes(
    name="short",
    rounds=3,
    seconds=8.0,
    patients=20_000,
    warm_seconds=2.0,
    sweep_seconds=3.0,
    cold_seconds=4.0,
    kept_seconds=10.0,
    kept_steps_max=4,
    profile_seconds=6.0,
    connections=(64, 128, 256),
    peer_sessions=(8, 16),
    peer_processes=(1, 2),
    sweep_patients=4_000,
    attempts_max=1,
    patience_seconds=5.0,
)
"""Medians of three in a quarter of an hour: to compare before and after."""

QUICK = Sizes(
    name="quick",
    rounds=1,
    seconds=6.0,
    patients=20_000,
    warm_seconds=2.0,
    sweep_seconds=3.0,
    cold_seconds=3.0,
    kept_seconds=8.0,
    kept_steps_max=3,
    profile_seconds=5.0,
    connections=(64, 128),
    peer_sessions=(8,),
    peer_processes=(1, 2),
    sweep_patients=4_000,
    attempts_max=1,
    patience_seconds=5.0,
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
