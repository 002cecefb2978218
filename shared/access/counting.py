"""What is counted of a service's access log? Of the same nouns wherever there is one."""

from prometheus_client import CollectorRegistry

from shared.access.noting import Access
from shared.counting import Looked


class Figures:
    """Looked up when Prometheus asks; counting costs nothing."""

    def __init__(self, registry: CollectorRegistry, service: str) -> None:
        def looked(name: str, text: str) -> Looked:
            return Looked(registry, f"{service}_access_{name}", text)

        self._entries = looked("entries_total", "Accesses written down")
        self._batches = looked("batches_total", "Batches in which they were")
        self._chains = looked("chains_total", "Chains of accesses opened; 1 is none broken")
        self._waiting = looked("waiting_entries", "Accesses noted and not yet written down")
        self._seconds = looked("waiting_seconds", "How long the oldest of them has waited")
        self._late = looked("late_total", "Answers that could not wait for their entry any longer")

    def show(self, access: Access) -> None:
        """From now on this one's."""
        writer = access.writer
        self._entries.one(lambda: writer.entries)
        self._batches.one(lambda: writer.batches)
        self._chains.one(lambda: writer.chains)
        self._waiting.one(lambda: writer.waiting)
        self._seconds.one(writer.waiting_seconds)
        self._late.one(lambda: access.late)
