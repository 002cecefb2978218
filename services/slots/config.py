"""What may be set from outside for the referee?"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.messages import PLACES_MAX


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is the setting TALON_<FIELD>; `docs/configuration.md` explains them all."""

    database: str
    database_owner: str
    kafka: str
    kafka_user: str
    kafka_password: str
    jwks: str
    issuer: str
    audience: str
    host: str = "127.0.0.1"
    port: int
    ops_port: int
    instance: int = 0
    role: Literal["all", "api", "referee"] = "all"
    drain_seconds: float = 5.0
    log_one_in: int = 1_000
    pool_connections_max: int = 8
    audit_seconds: float = 60.0
    audit_promise_seconds: float = 5.0
    staff_seats_max: int = 2_000
    staff_patience_seconds: float = 10.0
    batch_commands_max: int = 128
    buffered_commands_max: int = 2_000
    lease_seconds: float = 1.0
    sweep_seconds: float = 0.25
    swept_holds_max: int = 500
    held_places_max: Annotated[int, Meta(ge=1, le=PLACES_MAX)] = PLACES_MAX
    holds_max: Annotated[int, Meta(ge=1, le=PLACES_MAX)] = 4
    answers_kept_days: int = 7
    forgotten_rows_max: int = 10_000
    upcoming_slots_max: int = 1_000_000
    encoded_bytes_max: int = 67_108_864
    hole_seconds_max: float = 10.0
    stale_seconds_max: float = 5.0
    alone_slots_max: int = 100
    alone_people_max: int = 100
    proposal_window_seconds: int = 60
    proposal_life_seconds: int = 86_400
    proposal_look_seconds: float = 1.0
    schedule_ahead_days: Annotated[int, Meta(ge=1, le=366)] = 60
    schedule_look_seconds: float = 1.0
