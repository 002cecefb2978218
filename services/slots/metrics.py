"""What is counted in the referee? `docs/metrics.md` says what each means and what to do."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from shared.auditor import Findings
from shared.counting import Children, Looked, Requests
from shared.pool import WAIT_SECONDS
from shared.proposals.rules import Outcome

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

REQUESTS = Counter(
    "slots_requests_total",
    "HTTP requests answered",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "slots_request_seconds",
    "Time from request to answer",
    ["method", "route"],
    registry=REGISTRY,
    buckets=_SECONDS,
)
DECISIONS = Counter(
    "slots_decisions_total",
    "Commands decided, by command and outcome",
    ["command", "outcome"],
    registry=REGISTRY,
)
REPEATED = Counter(
    "slots_repeated_answers_total",
    "Commands that had been answered before",
    registry=REGISTRY,
)
BATCH_COMMANDS = Histogram(
    "slots_batch_commands",
    "Commands decided in one transaction",
    registry=REGISTRY,
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
BATCH_SECONDS = Histogram(
    "slots_batch_seconds",
    "Time of one deciding transaction",
    registry=REGISTRY,
    buckets=_SECONDS,
)
QUEUE_SECONDS = Histogram(
    "slots_queue_delay_seconds",
    "Time from a command's append to its decision",
    registry=REGISTRY,
    buckets=_SECONDS,
)
BATCHES_AGAIN = Counter(
    "slots_batches_again_total",
    "Batches that had to be decided again, and why",
    ["why"],
    registry=REGISTRY,
)
SET_ASIDE = Counter(
    "slots_set_aside_total",
    "Commands that nobody can read or decide, sent to the dead letters",
    registry=REGISTRY,
)
EXPIRED_PLACES = Counter(
    "slots_expired_places_total", "Held places whose time ran out", registry=REGISTRY
)
ANNOUNCED = Counter(
    "slots_announced_records_total",
    "Records of the outbox acknowledged by the log",
    registry=REGISTRY,
)
POSITION = Looked(
    REGISTRY,
    "slots_position_offset",
    "Next offset to decide, of the partitions that are this process's",
    ["topic", "partition"],
)
LAG_RECORDS = Looked(
    REGISTRY,
    "slots_lag_records",
    "Records from there to the log's end",
    ["topic", "partition"],
)
LAG_SECONDS = Looked(
    REGISTRY,
    "slots_lag_seconds",
    "Age of the oldest of them, at most",
    ["topic", "partition"],
)
OUTBOX_ROWS = Gauge("slots_outbox_rows", "Outbox rows not yet announced", registry=REGISTRY)
OUTBOX_AGE_SECONDS = Gauge(
    "slots_outbox_age_seconds", "Age of the oldest outbox row not yet announced", registry=REGISTRY
)
PRODUCERS_BUILT = Gauge(
    "slots_producers_built", "Producers built since the start; 1 is none rebuilt", registry=REGISTRY
)
PART_READY = Looked(
    REGISTRY, "slots_part_ready", "1 while a part makes progress, as /readyz has it", ["part"]
)
POOL_WAIT_SECONDS = Histogram(
    "slots_pool_wait_seconds",
    "Time that a connection to PostgreSQL was waited for",
    registry=REGISTRY,
    buckets=WAIT_SECONDS,
)
POOL_CONNECTIONS = Looked(
    REGISTRY, "slots_pool_connections", "Connections of the pool, by what they do", ["state"]
)
POOL_CONNECTIONS_MAX = Gauge(
    "slots_pool_connections_max", "The most that the pool may have", registry=REGISTRY
)
AUDIT = Findings(REGISTRY)
TOKEN_CHECKS = Looked(
    REGISTRY,
    "slots_token_checks_total",
    "Tokens checked: found in memory, or verified by their signature",
    ["how"],
)
UPCOMING_SLOTS = Gauge(
    "slots_upcoming_slots", "Slots in this process's memory, from today on", registry=REGISTRY
)
LEFT_OUT_SLOTS = Gauge(
    "slots_upcoming_left_out_slots", "Slots for which there is no room", registry=REGISTRY
)
AVAILABILITY_AGE_SECONDS = Gauge(
    "slots_availability_age_seconds",
    "How long ago it was that memory was certainly true",
    registry=REGISTRY,
)
AVAILABILITY_LOADS = Counter(
    "slots_availability_loads_total", "Times that memory was loaded whole", registry=REGISTRY
)
AVAILABILITY_LOAD_SECONDS = Gauge(
    "slots_availability_load_seconds", "Time that the last load took", registry=REGISTRY
)
AVAILABILITY_EVENTS = Counter(
    "slots_availability_events_total", "Events taken into memory", registry=REGISTRY
)
AVAILABILITY_UNREADABLE = Counter(
    "slots_availability_unreadable_total",
    "Records of slots.events without a number",
    registry=REGISTRY,
)
ALTERNATIVES_SEARCHES = Counter(
    "slots_alternatives_searches_total",
    "Searches for what is near a slot that said no",
    registry=REGISTRY,
)
ALTERNATIVES_TOLD = Counter(
    "slots_alternatives_told_total", "Near slots named in refusals", registry=REGISTRY
)
PROPOSAL_STEPS = Counter(
    "slots_proposal_steps_total",
    "What happened to proposals of mass acts, by act and step",
    ["act", "step"],
    registry=REGISTRY,
)
PROPOSAL_IDS = Counter(
    "slots_proposal_ids_total",
    "What mass acts have touched, by act and whether it was changed or refused",
    ["act", "outcome"],
    registry=REGISTRY,
)
PROPOSAL_DUE_SECONDS = Looked(
    REGISTRY,
    "slots_proposal_due_seconds",
    "For how long the oldest mass act has been due that is not done",
)

AHEAD_LEAST_DAYS = Looked(
    REGISTRY,
    "slots_schedule_ahead_least_days",
    "For how many days that schedule without an end is open that is opened least far ahead",
)
AHEAD_TARGET_DAYS = Looked(
    REGISTRY,
    "slots_schedule_ahead_target_days",
    "For how many days each of them is to be open",
)
AHEAD_SLOTS = Counter(
    "slots_schedule_ahead_slots_total",
    "Slots that were asked for by themselves, by whether they were opened or refused",
    ["outcome"],
    registry=REGISTRY,
)
AHEAD_FAILURES = Counter(
    "slots_schedule_ahead_failures_total",
    "Times that days were not opened, and are tried again",
    registry=REGISTRY,
)

count_request = Requests(REQUESTS, REQUEST_SECONDS).count
decided = Children(DECISIONS)
again = Children(BATCHES_AGAIN, "outage")
steps = Children(PROPOSAL_STEPS)
touched = Children(PROPOSAL_IDS)
ahead_slots = Children(AHEAD_SLOTS)


def count_step(act: str, step: str) -> None:
    """Something happened to a proposal of this act."""
    steps[act, step].inc()


def count_touched(act: str, outcome: Outcome) -> None:
    """A batch of this act was carried out."""
    touched[act, "changed"].inc(outcome.changed)
    touched[act, "refused"].inc(outcome.refused)


def count_ahead(opened: int, refused: int) -> None:
    """So many slots were asked for by themselves."""
    ahead_slots["opened"].inc(opened)
    ahead_slots["refused"].inc(refused)
