"""What may be set from outside for the messenger?"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.links.rules import keys_of

HostAndPort = Annotated[str, Meta(pattern=r"^[^\s:]+:[0-9]{1,5}$")]
Address = Annotated[str, Meta(pattern=r"^[!-?A-~]+@[!-?A-~]+$", max_length=254)]
AtLeastOne = Annotated[int, Meta(ge=1)]
Reminders = Annotated[
    str,
    Meta(
        pattern=r"^((P[1-9][0-9]{0,2}D|PT[1-9][0-9]{0,2}H)(,(P[1-9][0-9]{0,2}D|PT[1-9][0-9]{0,2}H))*)?$"
    ),
]
Quiet = Annotated[
    str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")
]
Regions = Annotated[str, Meta(pattern=r"^[A-Z]{2}(,[A-Z]{2})*$")]
Seconds = Annotated[float, Meta(gt=0)]
PushContact = Annotated[str, Meta(pattern=r"^((mailto:[!-?A-~]+@|https://)[!-~]+)?$")]
HostAndPortOrNone = Annotated[str, Meta(pattern=r"^([^\s:]+:[0-9]{1,5})?$")]
ApiAddress = Annotated[str, Meta(pattern=r"^(https?://[!-~]+)?$")]
SmsSender = Annotated[
    str, Meta(pattern=r"^(\+?[0-9]{3,15}|[A-Za-z0-9 ._-]{1,11}|MG[0-9a-f]{32})?$")
]
AppleId = Annotated[str, Meta(pattern=r"^([A-Z0-9]{10})?$")]
Rate = Annotated[float, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]

NUMBER = re.compile(r"\+?[0-9]{3,15}|MG[0-9a-f]{32}")
"""A sender to whom one can reply, or a service that has such numbers; to a name nobody can."""

NEEDED: Mapping[str, tuple[str, ...]] = {
    "smpp": ("smpp", "smpp_user", "sms_from"),
    "twilio": ("twilio_account", "twilio_token", "sms_from"),
}
"""What each provider of text messages cannot be spoken to without."""

PUSH_SERVICES = (
    "fcm.googleapis.com,*.push.services.mozilla.com,*.notify.windows.com,*.push.apple.com"
)
"""To whom the browsers that there are let themselves be pushed."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Each field is the setting TALON_<FIELD>; `docs/configuration.md` explains them all.

    `claim_batch_max` is small since all that a killed sender had claimed becomes unknown; claims of
    25 cost 7 % less CPU for each mail than claims of 8.
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
    smtp: HostAndPort
    smtp_from: Address
    smtp_second: HostAndPortOrNone = ""
    sms_provider: Literal["none", "smpp", "twilio"] = "none"
    sms_second: Literal["none", "smpp", "twilio"] = "none"
    sms_from: SmsSender = ""
    sms_regions: Regions = "RU"
    sms_links: bool = True
    sms_replies: bool = False
    sms_valid_seconds_max: Seconds = 86_400.0
    sms_number_hour_max: AtLeastOne = 10
    sms_number_day_max: AtLeastOne = 30
    sms_due_day_max: AtLeastOne = 10
    sms_prefix_hour_max: AtLeastOne = 50_000
    sms_country_hour_max: AtLeastOne = 200_000
    sms_share_min: Share = 0.2
    sms_share_after: AtLeastOne = 200
    sms_probes_hour_max: AtLeastOne = 20
    smpp: HostAndPortOrNone = ""
    smpp_user: Annotated[str, Meta(max_length=15)] = ""
    smpp_password: Annotated[str, Meta(max_length=8)] = ""
    smpp_tls: bool = False
    smpp_system_type: Annotated[str, Meta(max_length=12)] = ""
    smpp_binds: AtLeastOne = 1
    smpp_window: AtLeastOne = 8
    smpp_enquire_seconds: Seconds = 30.0
    twilio_api: ApiAddress = "https://api.twilio.com"
    twilio_account: str = ""
    twilio_token: str = ""
    twilio_callback: ApiAddress = ""
    twilio_keyed: bool = False
    twilio_connections_max: AtLeastOne = 4
    push_key: str = ""
    push_contact: PushContact = ""
    push_services: str = PUSH_SERVICES
    push_connections_max: AtLeastOne = 2
    apns_key: str = ""
    apns_key_id: AppleId = ""
    apns_team_id: AppleId = ""
    apns_apps: str = ""
    apns_environment: Literal["production", "sandbox"] = "production"
    apns_server: HostAndPortOrNone = ""
    apns_ca: str = ""
    apns_connections_max: AtLeastOne = 2
    link_keys: str = ""
    link_page: str = ""
    host: str = "127.0.0.1"
    port: int
    ops_port: int
    instance: int = 0
    drain_seconds: Seconds = 5.0
    log_one_in: AtLeastOne = 1_000
    pool_connections_max: AtLeastOne = 8
    person_connections_max: AtLeastOne = 2
    audit_seconds: Seconds = 60.0
    audit_promise_seconds: Seconds = 5.0
    batch_events_max: AtLeastOne = 512
    buffered_events_max: AtLeastOne = 2_000
    lease_seconds: Seconds = 1.0
    gather_seconds: Seconds = 0.1
    smtp_connections_max: AtLeastOne = 4
    provider_faults_max: AtLeastOne = 5
    provider_rest_seconds_min: Seconds = 0.5
    provider_rest_seconds_max: Seconds = 30.0
    email_per_second_max: Rate = 0.0
    sms_per_second_max: Rate = 0.0
    sms_claim_batch_max: AtLeastOne = 2
    sms_announcements_per_day_max: Annotated[int, Meta(ge=0)] = 0
    push_per_second_max: Rate = 0.0
    claim_batch_max: AtLeastOne = 8
    claim_seconds: Seconds = 15.0
    send_seconds: Seconds = 10.0
    poll_seconds: Seconds = 0.25
    attempts_max: AtLeastOne = 10
    backoff_seconds_min: Seconds = 1.0
    backoff_seconds_max: Seconds = 300.0
    reminders: Reminders = "P7D,P1D,PT2H"
    announcements_need_consent: bool = False
    reminders_quiet: Quiet = "21:00-08:00"
    reminders_poll_seconds: Seconds = 5.0
    reminders_at_once_max: AtLeastOne = 64
    live_poll_seconds: Seconds = 0.25
    live_rows_max: AtLeastOne = 250
    live_missed_rows_max: AtLeastOne = 25
    live_streams_max: AtLeastOne = 10_000
    live_streams_per_person_max: AtLeastOne = 8
    live_waiting_bytes_max: AtLeastOne = 65_536
    live_heartbeat_seconds: Seconds = 15.0
    live_arrival_seconds: Seconds = 3.0
    live_kept_days: AtLeastOne = 2
    forgotten_rows_max: AtLeastOne = 10_000
    access_gather_seconds: Seconds = 0.05
    access_batch_max: AtLeastOne = 500
    access_waiting_max: AtLeastOne = 10_000
    access_wait_seconds: Seconds = 0.25
    contacts_kept_days: AtLeastOne = 1_095
    retention_seconds: Seconds = 3_600.0
    retention_people_max: AtLeastOne = 200

    def __post_init__(self) -> None:
        """A claim outlives a send, or every message would be given back before it is begun; and
        the keys can be read.
        """
        if self.claim_seconds <= self.send_seconds:
            raise ValueError("CLAIM_SECONDS must be more than SEND_SECONDS")
        keys_of(self.link_keys)
        for provider, needed in NEEDED.items():
            missing = [name.upper() for name in needed if not getattr(self, name)]
            if provider in (self.sms_provider, self.sms_second) and missing:
                raise ValueError(f"the SMS provider {provider} needs {', '.join(missing)}")
        if self.sms_replies and (not self.link_keys or not NUMBER.fullmatch(self.sms_from)):
            raise ValueError("SMS_REPLIES needs LINK_KEYS, and in SMS_FROM a number to reply to")
        if self.apns_key and not (self.apns_key_id and self.apns_team_id and self.apns_apps):
            raise ValueError("APNS_KEY needs APNS_KEY_ID, APNS_TEAM_ID and APNS_APPS")

    @property
    def regions(self) -> frozenset[str]:
        """The countries that text messages are sent to."""
        return frozenset(self.sms_regions.split(","))

    @property
    def smtp_servers(self) -> list[tuple[str, int]]:
        """The mail servers' hosts and ports: the first, and who speaks while that is in trouble."""
        each = [one.rpartition(":") for one in (self.smtp, self.smtp_second) if one]
        return [(host, int(port)) for host, _, port in each]
