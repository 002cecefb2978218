"""What in the edge's configuration follows from the stack, or is said in the services' words?"""

from collections.abc import Mapping

import msgspec

from deploy.local.stack import SERVICES, Stack
from shared.problems import Problem, outcome_unknown, unavailable
from shared.web import BODY_BYTES_MAX

LIMITED = {
    "slots_reads": ("slots", "TALON_EDGE_READS_MAX"),
    "slots_searches": ("slots", "TALON_EDGE_SEARCHES_MAX"),
    "booking": ("booking", "TALON_EDGE_DESK_MAX"),
    "booking_wishes": ("booking", "TALON_EDGE_DESK_MAX"),
    "booking_looks": ("booking", "TALON_EDGE_LOOKS_MAX"),
}
"""A service's processes by what they are asked for, and by which setting so much of it at once.
What is of no such kind is staff's, or a live stream; the services hold those to numbers."""

IDLE_CONNECTIONS_MAX = 256
"""How many idle connections to a service each of nginx's processes keeps for the next request."""

IDLE_SECONDS = 1
"""How long it keeps them. The services keep them longer, even when they have to go, so none is
closed under a request: a POST that was sent is not sent again."""

DOWN_SECONDS = 2
"""How long a process that could not be reached is passed over; a restart takes about as long."""

KNOWN_SECONDS = 1
"""How long the address behind a name is taken for the right one."""


def upstreams(stack: Stack, counts: Mapping[str, int]) -> str:
    """Where every process of each service is.

    Where the services have names, TALON_EDGE_RESOLVER knows them, and it is asked again and again:
    all addresses of a name are the service's processes, and a new process has a new one.
    """
    resolver = stack.settings.values.get("TALON_EDGE_RESOLVER")
    words = ["resolve"] if resolver else []
    # A question that got lost is asked again soon; by itself nginx would wait 30 s for its answer.
    asking = f"resolver {resolver} valid={KNOWN_SECONDS}s ipv6=off;\nresolver_timeout 1s;\n"
    asked = [asking] if resolver else []
    blocks = [
        _upstream(name, _addresses(stack, counts, name), *words)
        for name in SERVICES
        if name not in LIMITED
    ]
    limited = [
        _upstream(
            name,
            _addresses(stack, counts, service),
            *words,
            f"max_conns={stack.settings.number(setting)}",
        )
        for name, (service, setting) in LIMITED.items()
    ]
    return "\n".join([*asked, *blocks, *limited])


def _addresses(stack: Stack, counts: Mapping[str, int], service: str) -> list[str]:
    count = counts.get(service, 1)
    return [stack.api(service, instance).removeprefix("http://") for instance in range(count)]


def _upstream(name: str, addresses: list[str], *limits: str) -> str:
    words = " ".join([f"fail_timeout={DOWN_SECONDS}s", *limits])
    servers = "".join(f"    server {address} {words};\n" for address in addresses)
    return (
        f"upstream {name} {{\n"
        # Shared memory: what one of nginx's processes learns of a server, the others know.
        f"    zone {name} 128k;\n"
        f"{servers}"
        f"    keepalive {IDLE_CONNECTIONS_MAX};\n"
        f"    keepalive_timeout {IDLE_SECONDS}s;\n"
        "}\n"
    )


def problems(stack: Stack) -> str:
    """A place for each answer that the edge itself gives."""
    return "\n".join(_location(problem) for problem in _problems(stack))


def _problems(stack: Stack) -> list[Problem]:
    header_bytes_max = stack.settings.number("TALON_EDGE_HEADER_BYTES_MAX")
    long = f"may have at most {header_bytes_max} bytes."
    many = "More comes than is taken now, from your address or from all; ask again in a second."
    return [
        Problem(400, "malformed_request", "This is not HTTP as we understand it."),
        Problem(404, "not_found", "There is nothing at this address."),
        Problem(405, "method_not_allowed", "This address does not take that method."),
        Problem(413, "body_too_large", f"A body may have at most {BODY_BYTES_MAX} bytes."),
        Problem(414, "address_too_long", f"An address {long}"),
        Problem(429, "too_many_requests", many, headers={"Retry-After": "1"}),
        Problem(431, "headers_too_large", f"A header {long}"),
        Problem(500, "internal_error", "This is our mistake, and it was recorded."),
        unavailable("The service that answers this cannot be reached now."),
        outcome_unknown(),
    ]


def _location(problem: Problem) -> str:
    body = msgspec.json.encode(problem.body()).decode()
    assert not set(body) & set("'$\\"), "nginx would read something else"
    headers = {"Cache-Control": "no-store", **problem.headers}
    added = "".join(f"    add_header {name} {value} always;\n" for name, value in headers.items())
    return (
        f"location = /internal/problem/{problem.code} {{\n"
        "    internal;\n"
        "    include headers.conf;\n"
        f"{added}"
        "    default_type application/problem+json;\n"
        f"    return {problem.status} '{body}';\n"
        "}\n"
    )
