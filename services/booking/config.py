"""What may be set from outside? Each field is `TALON_<FIELD>` in the environment."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.links.rules import keys_of

Number = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]

REPLY_SEATS = 12
"""The first partitions of `slots.replies` are the front desks'; the rest are the referees'."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the front desk is told. An answer never takes longer than `patience_seconds`,
    `keep_seconds` and `access_wait_seconds` together.
    """

    database: str
    database_owner: str
    database_person: str
    kafka: str
    kafka_user: str
    kafka_password: str
    jwks: str
    issuer: str
    audience: str
    vault: str
    host: str = "127.0.0.1"
    port: int = 8102
    ops_port: int = 9102
    instance: Annotated[int, Meta(ge=0)] = 0
    role: Literal["all", "api", "projector"] = "all"

    drain_seconds: Seconds = 5.0
    log_one_in: Number = 1_000
    patience_seconds: Seconds = 2.0
    keep_seconds: Seconds = 0.4
    deadline_seconds: Seconds = 20.0
    seats_max: Number = 5_000
    person_wishes_at_once_max: Number = 60
    person_wishes_per_second_max: Seconds = 2.0

    pool_connections_max: Number = 10
    person_connections_max: Number = 5
    batch_connections_max: Number = 4
    audit_seconds: Seconds = 60.0
    audit_promise_seconds: Seconds = 5.0
    database_seconds: Seconds = 1.5

    offer_seconds: Annotated[int, Meta(ge=30, le=900)] = 60
    dose_offer_seconds: Annotated[int, Meta(ge=30, le=900)] = 300
    offer_crowd_seats: Number = 50
    offers_per_second_max: Annotated[int, Meta(ge=0)] = 100

    hold_again_seconds: Annotated[int, Meta(ge=0, le=3_600)] = 120

    facts_max: Number = 100_000
    dependants_max: Number = 20
    link_keys: str = ""

    proposal_window_seconds: Number = 60
    proposal_life_seconds: Number = 86_400
    proposal_look_seconds: Seconds = 1.0

    announcement_people_first: Number = 100
    announcement_rest_seconds: Annotated[float, Meta(ge=0)] = 600.0
    announcement_people_per_second: Seconds = 50.0

    resend_seconds: Seconds = 5.0
    sweep_seconds: Seconds = 0.5
    gather_seconds: Seconds = 0.05
    batch_events_max: Number = 512
    sweep_max: Number = 200
    closure_seconds: Seconds = 1.0
    closure_max: Number = 500

    admission_seconds: Seconds = 0.5
    admission_answer_seconds_max: Seconds = 0.5
    admission_seats_share_max: Annotated[float, Meta(gt=0, le=1)] = 0.5
    joins_batch_max: Number = 500
    joins_waiting_max: Number = 20_000
    ticket_seconds: Seconds = 86_400.0
    pass_seconds: Seconds = 600.0
    visit_before_seconds: Seconds = 300.0
    visit_after_seconds: Seconds = 3_600.0
    visit_patient_seconds: Seconds = 900.0
    visit_practitioner_seconds: Seconds = 300.0
    visit_silent_seconds: Seconds = 90.0
    visit_admitted_seconds_max: Seconds = 14_400.0
    attendance_before_seconds: Annotated[float, Meta(gt=0, le=86_400)] = 43_200.0
    visit_sweep_seconds: Seconds = 2.0
    visit_sweep_max: Number = 200

    access_gather_seconds: Seconds = 0.05
    access_batch_max: Number = 500
    access_waiting_max: Number = 10_000
    access_wait_seconds: Seconds = 0.25
    profiles_kept_days: Number = 1_095
    consents_kept_days: Number = 1_095
    lines_kept_days: Number = 30
    announced_kept_days: Number = 90
    retention_seconds: Seconds = 3_600.0
    retention_people_max: Number = 200

    def __post_init__(self) -> None:
        """The keys can be read, or it does not start."""
        keys_of(self.link_keys)

    @property
    def reply_to(self) -> int:
        """The partition on which this process waits for its answers."""
        return self.instance % REPLY_SEATS
