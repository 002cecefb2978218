"""What is counted in the messenger? `docs/metrics.md` says what each means and what to do."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from shared.access.counting import Figures
from shared.auditor import Findings
from shared.counting import Children, Looked, Requests
from shared.pool import WAIT_SECONDS

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_LONG_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

REQUESTS = Counter(
    "notify_requests_total",
    "HTTP requests answered",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "notify_request_seconds",
    "Time from request to answer",
    ["method", "route"],
    registry=REGISTRY,
    buckets=_SECONDS,
)
WRITTEN = Counter(
    "notify_written_messages_total", "Messages written down to be sent", registry=REGISTRY
)
REMINDERS = Counter("notify_reminders_total", "Reminders handed over to be sent", registry=REGISTRY)
REMINDERS_DUE_SECONDS = Gauge(
    "notify_reminders_due_seconds",
    "For how long the reminder that is due longest has not been handed over",
    registry=REGISTRY,
)
CONTACTS_FORGOTTEN = Counter(
    "notify_contacts_forgotten_total",
    "People whose address and key were destroyed, and why",
    ["why"],
    registry=REGISTRY,
)
CONTACTS_SEALED = Counter(
    "notify_contacts_sealed_total",
    "Addresses sealed that an earlier version had left in clear",
    registry=REGISTRY,
)
TEXTS_MISSING = Counter(
    "notify_texts_missing_total",
    "Messages told in English since a language's catalogue had no words for them",
    ["language"],
    registry=REGISTRY,
)
SETTLED = Counter(
    "notify_settled_messages_total", "Messages settled, by fate", ["fate"], registry=REGISTRY
)
FALLEN_OVER = Counter(
    "notify_fallen_over_total",
    "Messages told anew by the next channel, by that channel",
    ["channel"],
    registry=REGISTRY,
)
UNSETTLED = Gauge(
    "notify_messages", "Messages in the ledger, by state", ["state"], registry=REGISTRY
)
OLDEST_WAITING_SECONDS = Gauge(
    "notify_oldest_waiting_seconds", "Age of the oldest message not yet sent", registry=REGISTRY
)
ATTEMPTS = Counter(
    "notify_attempts_total",
    "Attempts to hand a message over, by provider and outcome",
    ["provider", "outcome"],
    registry=REGISTRY,
)
GUARDED = Counter(
    "notify_sms_guarded_total",
    "Text messages not sent since too many went there, or too few of them arrived, and why",
    ["why"],
    registry=REGISTRY,
)
TEXTS_ENDED = Counter(
    "notify_sms_ended_total",
    "Text messages of which a receipt has told how they ended",
    ["provider", "state"],
    registry=REGISTRY,
)
REPLIES = Counter(
    "notify_sms_replies_total",
    "Text messages that people wrote back, by what came of them",
    ["became"],
    registry=REGISTRY,
)
SEND_SECONDS = Histogram(
    "notify_send_seconds",
    "Time of handing one message over, by provider",
    ["provider"],
    registry=REGISTRY,
    buckets=_SECONDS,
)
DELAY_SECONDS = Histogram(
    "notify_delay_seconds",
    "Time from writing a message down to handing it over",
    registry=REGISTRY,
    buckets=_LONG_SECONDS,
)
PROVIDER_LINES = Gauge(
    "notify_provider_lines", "Lines open to a provider", ["provider"], registry=REGISTRY
)
PROVIDER_AWAY = Counter(
    "notify_provider_away_total",
    "Calls that a provider did not answer",
    ["provider"],
    registry=REGISTRY,
)
PROVIDER_RESTS = Counter(
    "notify_provider_rests_total",
    "Times that a provider was left alone for a while, since it was in trouble",
    ["provider"],
    registry=REGISTRY,
)
BATCH_EVENTS = Histogram(
    "notify_batch_events",
    "Events taken in one transaction",
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
BATCH_SECONDS = Histogram(
    "notify_batch_seconds",
    "Time of one transaction that takes events",
    registry=REGISTRY,
    buckets=_SECONDS,
)
BATCHES_AGAIN = Counter(
    "notify_batches_again_total",
    "Batches that had to be taken again, and why",
    ["why"],
    registry=REGISTRY,
)
SET_ASIDE = Counter(
    "notify_set_aside_total",
    "Events that nobody can read or write down, sent to the dead letters",
    registry=REGISTRY,
)
MISSING_EVENTS = Gauge(
    "notify_missing_events_partitions",
    "Partitions where an event's number was skipped and has not come yet",
    registry=REGISTRY,
)
POSITION = Looked(
    REGISTRY,
    "notify_position_offset",
    "Next offset to take, of the partitions that are this process's",
    ["topic", "partition"],
)
LAG_RECORDS = Looked(
    REGISTRY,
    "notify_lag_records",
    "Records from there to the log's end",
    ["topic", "partition"],
)
LAG_SECONDS = Looked(
    REGISTRY,
    "notify_lag_seconds",
    "Age of the oldest of them, at most",
    ["topic", "partition"],
)
ANNOUNCED = Counter(
    "notify_announced_records_total",
    "Records of the outbox acknowledged by the log",
    registry=REGISTRY,
)
OUTBOX_ROWS = Gauge("notify_outbox_rows", "Outbox rows not yet announced", registry=REGISTRY)
OUTBOX_AGE_SECONDS = Gauge(
    "notify_outbox_age_seconds", "Age of the oldest outbox row not yet announced", registry=REGISTRY
)
PRODUCERS_BUILT = Gauge(
    "notify_producers_built",
    "Producers built since the start; 1 is none rebuilt",
    registry=REGISTRY,
)
PART_READY = Looked(
    REGISTRY, "notify_part_ready", "1 while a part makes progress, as /readyz has it", ["part"]
)
POOL_WAIT_SECONDS = Histogram(
    "notify_pool_wait_seconds",
    "Time that a connection to PostgreSQL was waited for",
    registry=REGISTRY,
    buckets=WAIT_SECONDS,
)
POOL_CONNECTIONS = Looked(
    REGISTRY, "notify_pool_connections", "Connections of the pool, by what they do", ["state"]
)
POOL_CONNECTIONS_MAX = Gauge(
    "notify_pool_connections_max", "The most that the pool may have", registry=REGISTRY
)
AUDIT = Findings(REGISTRY)
ACCESS = Figures(REGISTRY, "notify")
TOKEN_CHECKS = Looked(
    REGISTRY,
    "notify_token_checks_total",
    "Tokens checked: found in memory, or verified by their signature",
    ["how"],
)
LIVE_STREAMS = Gauge("notify_live_streams", "Streams of open pages", registry=REGISTRY)
LIVE_TOLD = Counter(
    "notify_live_told_total",
    "Events told on streams, at once or as what was missed",
    ["when"],
    registry=REGISTRY,
)
LIVE_LAG_SECONDS = Histogram(
    "notify_live_lag_seconds",
    "Time from writing an event down to finding it for the streams that wait for it",
    registry=REGISTRY,
    buckets=_SECONDS,
)
LIVE_OVERFLOWED = Counter(
    "notify_live_overflowed_total", "Streams cut off since too much waited", registry=REGISTRY
)
LIVE_RESETS = Counter(
    "notify_live_resets_total",
    "Streams told to read their bookings anew, since something may have been missed",
    registry=REGISTRY,
)

count_request = Requests(REQUESTS, REQUEST_SECONDS).count
forgotten = Children(CONTACTS_FORGOTTEN, "erased", "unused", "gone")
again = Children(BATCHES_AGAIN, "outage")
settled = Children(
    SETTLED,
    "sent",
    "delivered",
    "failed",
    "unknown",
    "expired",
    "no_address",
    "declined",
)
fallen_over = Children(FALLEN_OVER, "email", "sms", "web_push", "mobile_push", "list")
rests = Children(PROVIDER_RESTS)
attempted = Children(ATTEMPTS)
send_seconds = Children(SEND_SECONDS)
guarded = Children(GUARDED, "number", "due", "prefix", "country", "conversion")
replies = Children(
    REPLIES,
    "coming",
    "cancel",
    "other_time",
    "stop",
    "repeated",
    "ambiguous",
    "not_understood",
    "not_by_reply",
    "nothing",
    "unanswered",
    "nobody",
    "unread",
)
told = Children(LIVE_TOLD, "at_once", "missed")


def count_settled(fates: Iterable[str]) -> None:
    """What messages became by their receipts."""
    for fate in fates:
        settled[fate].inc()


def count_reply(became: str) -> None:
    """What came of one that somebody wrote back."""
    replies[became].inc()
