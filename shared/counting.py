"""How is something counted so that counting costs next to nothing, and never grows without end?

Finding a metric's child by its labels costs a microsecond each time, so children are kept. What
somebody knows already is not counted a second time but looked up when Prometheus asks.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "other"
"""A caller may send any word as a method; each would be a time series of its own."""

M = TypeVar("M", Counter, Histogram)

Found = Iterable[tuple[Sequence[str], float]]
"""Values as they are now, each with its labels."""


class Children(dict[Any, M], Generic[M]):
    """A metric's children by their labels: one value, or a tuple of them in their order."""

    def __init__(self, parent: M, *known: Any) -> None:
        """What is `known` beforehand begins at 0: else its first time would be no increase."""
        super().__init__()
        self._parent: M = parent
        for labels in known:
            self[labels]

    def __missing__(self, labels: Any) -> M:
        values = labels if isinstance(labels, tuple) else (labels,)
        child: M = self._parent.labels(*map(str, values))
        self[labels] = child
        return child


class Requests:
    """Every answer to a request, by what was asked and how it ended."""

    def __init__(self, answered: Counter, seconds: Histogram) -> None:
        self._answered = Children(answered)
        self._seconds = Children(seconds)
        self._counts: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]]
        self._counts = {}

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        found = self._counts.get((method, route, status))
        if found is None:
            known = method if method in METHODS else OTHER_METHOD
            found = self._answered[known, route, status].inc, self._seconds[known, route].observe
            if known == method:
                self._counts[method, route, status] = found
        inc, observe = found
        inc()
        observe(seconds)


class Looked(Collector):
    """What is looked up when Prometheus asks: whoever knows it gives `look`. Till then nothing."""

    def __init__(
        self, registry: CollectorRegistry, name: str, text: str, labels: Sequence[str] = ()
    ) -> None:
        self.look: Callable[[], Found] = lambda: ()
        self._name = name
        self._text = text
        self._labels = tuple(labels)
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """The one family of this name; a counter if the name says so."""
        kind = CounterMetricFamily if self._name.endswith("_total") else GaugeMetricFamily
        family = kind(self._name, self._text, labels=self._labels)
        for labels, value in self.look():
            family.add_metric(labels, value)
        yield family

    def one(self, look: Callable[[], float]) -> None:
        """It has no labels, and this is its value."""
        self.look = lambda: [((), look())]
