"""Which parts of the edge's configuration follow from the stack, and which words from shared?"""

from collections.abc import Mapping

import msgspec

from deploy.local.stack import SERVICES, Stack
from shared.problems import Problem, outcome_unknown, unavailable
from shared.web import BODY_BYTES_MAX

IDLE_CONNECTIONS_MAX = 256
"""How many idle connections to each service a worker keeps for the next request."""

IDLE_SECONDS = 30
"""How long; shorter than a service keeps them, so that none is closed under a request."""

DOWN_SECONDS = 2
"""How long a process that could not be reached is passed over; a restart takes about as long."""


def upstreams(stack: Stack, counts: Mapping[str, int]) -> str:
    """Where every process of each service is."""
    return "\n".join(_upstream(stack, name, counts.get(name, 1)) for name in SERVICES)


def _upstream(stack: Stack, service: str, count: int) -> str:
    servers = "\n".join(
        f"    server {stack.api(service, instance).removeprefix('http://')}"
        f" fail_timeout={DOWN_SECONDS}s;"
        for instance in range(count)
    )
    return (
        f"upstream {service} {{\n"
        f"    zone {service} 128k;\n"
        f"{servers}\n"
        f"    keepalive {IDLE_CONNECTIONS_MAX};\n"
        f"    keepalive_timeout {IDLE_SECONDS}s;\n"
        "}\n"
    )


def problems(stack: Stack) -> str:
    """What the edge itself says when something is wrong, in the words that services use."""
    return "\n".join(_location(problem) for problem in _problems(stack))


def _problems(stack: Stack) -> list[Problem]:
    header_bytes_max = stack.settings.number("TALON_EDGE_HEADER_BYTES_MAX")
    again = {"Retry-After": "1"}
    return [
        Problem(400, "malformed_request", "This is not HTTP as we understand it."),
        Problem(404, "not_found", "There is nothing at this address."),
        Problem(405, "method_not_allowed", "This address does not take that method."),
        Problem(413, "body_too_large", f"A body may have at most {BODY_BYTES_MAX} bytes."),
        Problem(414, "address_too_long", f"An address may have at most {header_bytes_max} bytes."),
        Problem(
            429,
            "too_many_requests",
            "Too many requests come from your address; ask again in a second.",
            headers=again,
        ),
        Problem(431, "headers_too_large", f"A header may have at most {header_bytes_max} bytes."),
        Problem(500, "internal_error", "This is our mistake, and it was recorded."),
        unavailable("The service that answers this cannot be reached now."),
        outcome_unknown(),
    ]


def _location(problem: Problem) -> str:
    body = msgspec.json.encode(problem.body()).decode()
    assert not set(body) & set("'$\\"), "nginx would read something else"
    headers = "".join(
        f"    add_header {name} {value} always;\n" for name, value in problem.headers.items()
    )
    return (
        f"location = /problem/{problem.code} {{\n"
        "    internal;\n"
        "    include headers.conf;\n"
        "    add_header Cache-Control no-store always;\n"
        f"{headers}"
        "    default_type application/problem+json;\n"
        f"    return {problem.status} '{body}';\n"
        "}\n"
    )
