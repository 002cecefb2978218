"""What does the supervisor count? `docs/metrics.md` says what each means and what to do."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from deploy.local.settings import Port
from deploy.local.state import PartState


class Parts(Collector):
    """The parts as they are when somebody asks."""

    def __init__(self, parts: Callable[[], Sequence[PartState]]) -> None:
        self._parts = parts

    def collect(self) -> Iterable[Metric]:
        """Two facts of each part; what else there is to know of it, it says itself."""
        restarts = CounterMetricFamily(
            "supervisor_part_restarts_total", "Times that a part was started again", labels=["part"]
        )
        ready = GaugeMetricFamily(
            "supervisor_part_ready", "1 while a part answers as it should", labels=["part"]
        )
        for part in self._parts():
            restarts.add_metric([part.name], part.restarts)
            ready.add_metric([part.name], part.state == "ready")
        yield restarts
        yield ready


def registry(parts: Callable[[], Sequence[PartState]]) -> CollectorRegistry:
    """All that the supervisor counts."""
    made = CollectorRegistry()
    made.register(Parts(parts))
    return made


@contextmanager
def told(host: str, port: Port, parts: Callable[[], Sequence[PartState]]) -> Iterator[None]:
    """Tell it at /metrics while the block runs."""
    server, thread = start_http_server(port.number, host, registry(parts))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
