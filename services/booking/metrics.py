"""What is counted at the front desk?"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector

from shared.batch import Batch, Item

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)

REQUESTS = Counter(
    "booking_requests",
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
    "booking_commands_asked", "Commands handed over.", ["type"], registry=REGISTRY
)
ANSWERS = Counter(
    "booking_answers",
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
SEATS_TAKEN = Gauge("booking_seats_taken", "Who waits for an answer now.", registry=REGISTRY)
REPLIES_UNKEPT = Counter(
    "booking_replies_unkept", "Replies that the database did not take.", registry=REGISTRY
)
COMMANDS_PENDING = Gauge(
    "booking_commands_pending", "Commands whose answer did not come in time.", registry=REGISTRY
)
COMMANDS_ASKED_AGAIN = Counter(
    "booking_commands_asked_again", "Pending commands handed over once more.", registry=REGISTRY
)
BOOKINGS_REVOKED = Counter(
    "booking_bookings_revoked", "Bookings to be cancelled for a closing slot.", registry=REGISTRY
)
EVENTS_PROJECTED = Counter(
    "booking_events_projected", "Events applied.", ["type"], registry=REGISTRY
)
EVENTS_SET_ASIDE = Counter(
    "booking_events_set_aside", "Messages sent to the dead letters.", registry=REGISTRY
)
EVENTS_ANNOUNCED = Counter(
    "booking_events_announced", "Records acknowledged by the log.", registry=REGISTRY
)
BATCH_SECONDS = Histogram(
    "booking_batch_seconds", "One batch of the projection.", buckets=SECONDS, registry=REGISTRY
)
BATCHES_AGAIN = Counter(
    "booking_batches_again", "Batches that had to be done again.", ["why"], registry=REGISTRY
)
POSITION = Gauge(
    "booking_position_offset", "Next offset of slots.events.", ["partition"], registry=REGISTRY
)
OUTBOX_ROWS = Gauge("booking_outbox_rows", "Batches not yet announced.", registry=REGISTRY)
OUTBOX_SECONDS = Gauge(
    "booking_outbox_seconds", "Age of the oldest batch not yet announced.", registry=REGISTRY
)
PRODUCERS_REBUILT = Gauge(
    "booking_producers_rebuilt", "How often the producer was built.", registry=REGISTRY
)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """One request was answered."""
    REQUESTS.labels(method, route, str(status)).inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)


def count_batch(batch: Batch) -> None:
    """One batch of the projection was committed."""
    BATCH_SECONDS.observe(batch.seconds)
    for item in batch.items:
        if item.message is None:
            continue
        EVENTS_PROJECTED.labels(type(item.message).__name__).inc()
    for partition, offset in batch.positions.items():
        POSITION.labels(str(partition)).set(offset)


def count_set_aside(item: Item, reason: str) -> None:
    """One message could not be read or handled."""
    EVENTS_SET_ASIDE.inc()
