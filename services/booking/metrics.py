"""What is counted at the front desk? `docs/metrics.md` says what each means and what to do."""

from collections import Counter as Counted
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from shared.access.counting import Figures
from shared.auditor import Findings
from shared.batch import Batch, Item
from shared.counting import Children, Looked, Requests
from shared.pool import WAIT_SECONDS

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)

REQUESTS = Counter(
    "booking_requests_total",
    "Requests answered.",
    ["method", "route", "status"],
    registry=REGISTRY,
)
REQUEST_SECONDS = Histogram(
    "booking_request_seconds",
    "From the head of a request to its answer.",
    ["method", "route"],
    buckets=SECONDS,
    registry=REGISTRY,
)
COMMANDS_ASKED = Counter(
    "booking_commands_asked_total", "Commands handed over.", ["type"], registry=REGISTRY
)
ANSWERS = Counter(
    "booking_answers_total",
    "What became of commands asked: the event, the reason of a refusal, or why not known.",
    ["outcome"],
    registry=REGISTRY,
)
ANSWER_SECONDS = Histogram(
    "booking_answer_seconds",
    "From a command asked to its answer.",
    buckets=SECONDS,
    registry=REGISTRY,
)
OFFERS = Counter(
    "booking_offers_total",
    "Places near a full one: held for whoever was refused, or not, and why.",
    ["outcome"],
    registry=REGISTRY,
)
SHED = Counter(
    "booking_shed_total",
    "Requests asked to come again: looks, wishes or what finishes one; or one person's too many.",
    ["kind"],
    registry=REGISTRY,
)
SEATS_TAKEN = Gauge("booking_seats_taken", "Who waits for an answer now.", registry=REGISTRY)
SEATS_MAX = Gauge("booking_seats_max", "How many may wait for one.", registry=REGISTRY)
LATE_SECONDS = Gauge(
    "booking_late_seconds",
    "How late the front desk is in looking at whoever has come.",
    registry=REGISTRY,
)
REPLIES_UNKEPT = Counter(
    "booking_replies_unkept_total", "Replies that the database did not take.", registry=REGISTRY
)
COMMANDS_PENDING = Gauge(
    "booking_commands_pending", "Commands whose answer did not come in time.", registry=REGISTRY
)
COMMANDS_ASKED_AGAIN = Counter(
    "booking_commands_asked_again_total",
    "Pending commands handed over once more.",
    registry=REGISTRY,
)
BOOKINGS_REVOKED = Counter(
    "booking_bookings_revoked_total",
    "Bookings to be cancelled for a closing slot.",
    registry=REGISTRY,
)
PERSONS_ERASED = Counter(
    "booking_persons_erased_total",
    "Wishes to be erased that were done, and persons erased by rule.",
    ["why"],
    registry=REGISTRY,
)
PERSONS_MERGED = Counter(
    "booking_persons_merged_total", "Ids that lead to another one since.", registry=REGISTRY
)
CONSENTS_FORGOTTEN = Counter(
    "booking_consents_forgotten_total", "Consents that ended long ago.", registry=REGISTRY
)
EVENTS_PROJECTED = Counter(
    "booking_events_projected_total", "Events applied.", ["type"], registry=REGISTRY
)
SET_ASIDE = Counter(
    "booking_set_aside_total", "Messages sent to the dead letters.", registry=REGISTRY
)
REMINDER_ANSWERS = Counter(
    "booking_reminder_answers_total",
    "Text messages by which somebody answered a reminder, by what came of them.",
    ["became"],
    registry=REGISTRY,
)
ANNOUNCED = Counter(
    "booking_announced_records_total", "Records acknowledged by the log.", registry=REGISTRY
)
BATCH_SECONDS = Histogram(
    "booking_batch_seconds", "One batch of the projection.", buckets=SECONDS, registry=REGISTRY
)
BATCHES_AGAIN = Counter(
    "booking_batches_again_total", "Batches that had to be done again.", ["why"], registry=REGISTRY
)
POSITION = Looked(
    REGISTRY,
    "booking_position_offset",
    "Next offset to apply, of the partitions that are this process's",
    ["topic", "partition"],
)
LAG_RECORDS = Looked(
    REGISTRY,
    "booking_lag_records",
    "Records from there to the log's end",
    ["topic", "partition"],
)
LAG_SECONDS = Looked(
    REGISTRY,
    "booking_lag_seconds",
    "Age of the oldest of them, at most",
    ["topic", "partition"],
)
OUTBOX_ROWS = Gauge("booking_outbox_rows", "Batches not yet announced.", registry=REGISTRY)
OUTBOX_AGE_SECONDS = Gauge(
    "booking_outbox_age_seconds", "Age of the oldest batch not yet announced.", registry=REGISTRY
)
VISIT_STEPS = Counter(
    "booking_visit_steps_total",
    "Steps of visits that were taken, by whom and which.",
    ["by", "step"],
    registry=REGISTRY,
)
PRODUCERS_BUILT = Gauge(
    "booking_producers_built",
    "Producers built since the start; 1 is none rebuilt.",
    registry=REGISTRY,
)
FACTS_LOOKED_UP = Looked(
    REGISTRY,
    "booking_facts_looked_up_total",
    "Facts that never change, by where they were found",
    ["kind", "found"],
)
PART_READY = Looked(
    REGISTRY, "booking_part_ready", "1 while a part makes progress, as /readyz has it", ["part"]
)
POOL_WAIT_SECONDS = Histogram(
    "booking_pool_wait_seconds",
    "Time that a connection to PostgreSQL was waited for",
    registry=REGISTRY,
    buckets=WAIT_SECONDS,
)
POOL_CONNECTIONS = Looked(
    REGISTRY, "booking_pool_connections", "Connections of the pool, by what they do", ["state"]
)
POOL_CONNECTIONS_MAX = Gauge(
    "booking_pool_connections_max", "The most that the pool may have", registry=REGISTRY
)
AUDIT = Findings(REGISTRY)
LINE_PEOPLE = Looked(
    REGISTRY, "booking_line_people", "Who stands in a campaign's line", ["campaign"]
)
LINE_SERVING = Looked(
    REGISTRY, "booking_line_serving", "How far a campaign's line has moved", ["campaign"]
)
LINE_SPEED = Looked(
    REGISTRY, "booking_line_people_per_second", "How many a second come in from it", ["campaign"]
)
LINE_LIMITS = Looked(
    REGISTRY,
    "booking_line_limit_people_per_second",
    "How many a second a person lets come in from it, at least and at most",
    ["campaign", "end"],
)
LINE_PROMISES = Counter(
    "booking_line_promises_total",
    "Waits that were told in a line, and what came true.",
    ["told", "came"],
    registry=REGISTRY,
)
line_promises = Children(LINE_PROMISES, *product(("ticket", "room"), ("inside", "sooner", "later")))
GLASS_BROKEN = Counter(
    "booking_glass_broken_total",
    "Times that what is another's was shown for a reason.",
    ["object"],
    registry=REGISTRY,
)
ACCESS = Figures(REGISTRY, "booking")
DRY_RUNS = Counter(
    "booking_dry_runs_total", "Rule books tried on everybody, to the end.", registry=REGISTRY
)
DRY_RUN_PEOPLE = Counter(
    "booking_dry_run_people_total", "Persons looked at in dry runs.", registry=REGISTRY
)
ANNOUNCED_PEOPLE = Counter(
    "booking_announced_people_total",
    "People who may be told of an announcement by now.",
    registry=REGISTRY,
)
NOT_ADMITTED = Counter(
    "booking_not_admitted_total",
    "Wishes for a campaign's place refused by its rules, by why.",
    ["why"],
    registry=REGISTRY,
)
PROPOSAL_STEPS = Counter(
    "booking_proposal_steps_total",
    "What happened to proposals, by act and step.",
    ["act", "step"],
    registry=REGISTRY,
)
PROPOSAL_DUE_SECONDS = Looked(
    REGISTRY,
    "booking_proposal_due_seconds",
    "For how long the oldest act that two persons agreed on has been due that is not done",
)
TOKEN_CHECKS = Looked(
    REGISTRY,
    "booking_token_checks_total",
    "Tokens checked: found in memory, or verified by their signature",
    ["how"],
)


STAFF_TURNS = Counter(
    "booking_staff_turns_total",
    "Wishes of staff before a waiting room, that came in by their own door or were too early.",
    ["outcome"],
    registry=REGISTRY,
)
count_request = Requests(REQUESTS, REQUEST_SECONDS).count
asked = Children(COMMANDS_ASKED)
answered = Children(ANSWERS)
shed = Children(SHED, "look", "wish", "finish", "person")
staff_turns = Children(STAFF_TURNS, "in", "too_early")
offers = Children(OFFERS, "held", "not_held", "crowd")
erased = Children(PERSONS_ERASED, "asked", "unused")
visit_steps = Children(VISIT_STEPS, ("rule", "noshow"))
answers = Children(REMINDER_ANSWERS, "coming", "cancel", "used", "gone")
again = Children(BATCHES_AGAIN, "outage")
not_admitted = Children(NOT_ADMITTED, "later", "unknown", "over", "other", "no_campaign", "product")
steps = Children(PROPOSAL_STEPS)
_projected = Children(EVENTS_PROJECTED)
_glass = Children(GLASS_BROKEN, "booking", "day")


def count_batch(batch: Batch) -> None:
    """One batch of the projection was committed."""
    BATCH_SECONDS.observe(batch.seconds)
    kinds = Counted(type(item.message).__name__ for item in batch.items if item.message is not None)
    for kind, times in kinds.items():
        _projected[kind].inc(times)


def count_glass(kind: str) -> None:
    """Somebody saw what is another's, and said why."""
    _glass[kind].inc()


def count_set_aside(item: Item, reason: str) -> None:
    """One message could not be read or handled."""
    SET_ASIDE.inc()


def count_step(act: str, step: str) -> None:
    """Something happened to a proposal of this act."""
    steps[act, step].inc()
