"""Does counting stay small, whatever callers send, and is what somebody knows looked up in time?"""

from prometheus_client import CollectorRegistry, Counter, Histogram

from shared.counting import Children, Looked, Requests


def test_a_method_that_somebody_made_up_is_no_series_of_its_own():
    registry = CollectorRegistry()
    answered = Counter("a_total", "", ["method", "route", "status"], registry=registry)
    seconds = Histogram("b", "", ["method", "route"], registry=registry)
    requests = Requests(answered, seconds)

    for nth in range(100):
        requests.count(f"X{nth}", "none", 405, 0.001)
    requests.count("GET", "/api/v1/bookings", 200, 0.001)

    labels = {"method": "other", "route": "none", "status": "405"}
    assert registry.get_sample_value("a_total", labels) == 100
    assert len(answered.collect()[0].samples) == 4  # two series, and when each began


def test_a_child_is_found_again_by_its_labels():
    counter = Counter("c_total", "", ["command", "outcome"], registry=CollectorRegistry())
    children = Children(counter)

    children["BookPlaces", "done"].inc()
    children["BookPlaces", "done"].inc(2)

    assert counter.labels("BookPlaces", "done")._value.get() == 3
    assert len(children) == 1


def test_what_is_looked_up_is_what_it_is_at_that_moment_and_nothing_before_anybody_knows():
    registry = CollectorRegistry()
    lag = Looked(registry, "d_records", "", ["partition"])
    found = {"0": 1.0, "1": 2.0}

    before = registry.get_sample_value("d_records", {"partition": "0"})
    lag.look = lambda: [((partition,), value) for partition, value in found.items()]
    del found["1"]

    assert before is None
    assert registry.get_sample_value("d_records", {"partition": "0"}) == 1.0
    assert registry.get_sample_value("d_records", {"partition": "1"}) is None


def test_what_only_grows_says_that_it_is_a_counter():
    registry = CollectorRegistry()
    checks = Looked(registry, "e_total", "", ["by"])
    checks.look = lambda: [(("memory",), 7)]

    (family,) = registry.collect()

    assert (family.name, family.type) == ("e", "counter")
    assert registry.get_sample_value("e_total", {"by": "memory"}) == 7
