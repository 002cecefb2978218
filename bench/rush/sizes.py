"""How long, how often and with how many is measured?"""

import msgspec


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
    attempts_max: int
    """How often a run is made anew that others on the machine disturbed."""

    patience_seconds: float
    """How long to wait for others to be quiet before each run."""


FULL = Sizes(
    name="full",
    rounds=3,
    seconds=30.0,
    patients=100_000,
    warm_seconds=4.0,
    sweep_seconds=8.0,
    cold_seconds=10.0,
    kept_seconds=30.0,
    kept_steps_max=8,
    profile_seconds=15.0,
    connections=(32, 64, 128, 256, 512),
    peer_sessions=(2, 4, 8, 16, 32),
    attempts_max=3,
    patience_seconds=120.0,
)

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
    peer_sessions=(4, 8),
    attempts_max=1,
    patience_seconds=5.0,
)
"""To see that everything works; its numbers are not to be quoted."""
