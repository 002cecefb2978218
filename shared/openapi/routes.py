"""What does a route say about itself, so that it can be served, described and checked?

Who may ask is not said here but in the one table of `shared.policy`. What a route looks like in use
stands in `examples/HANDLER.json` beside the handler's own file: the path's ids, the query, the
body, and an answer for each status that has one.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from importlib.resources import files
from typing import Any, Literal

import msgspec
from aiohttp import web

from shared.access.entries import Touch
from shared.openapi.problems import COMMON, ProblemKind
from shared.policy import Rule, rule_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
CSV = "text/csv"

BASE = "/api/v1"


class Example(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One use of a route: what is asked, and what the answers look like, by status."""

    path: dict[str, str] = {}
    query: dict[str, str] = {}
    body: Any = msgspec.UNSET
    answers: dict[str, Any] = {}


_decode_example = msgspec.json.Decoder(Example)


@dataclass(frozen=True)
class Answer:
    """An answer that is what was asked for: when, with which body, under which headers."""

    when: str
    body: Any = None
    headers: tuple[str, ...] = ()
    media: str = JSON


UNCHANGED = Answer("It is as the ETag in If-None-Match says.", headers=("ETag",))


@dataclass(frozen=True)
class Route:
    """One thing that can be asked. `problems` names those that the rest does not bring with it.

    What `touches` a person's data is noted in the access log, or it is not answered.
    """

    method: Method
    path: str
    handler: Handler
    _: KW_ONLY
    tag: str
    answers: Mapping[int, Answer]
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    needs_key: bool = False
    problems: tuple[str, ...] = ()
    touches: Touch | None = None

    @property
    def name(self) -> str:
        """What the route is called: the same word in the code, the document and its example."""
        return self.handler.__name__

    @property
    def rule(self) -> Rule:
        """Who may ask; a MissingRuleError where the table does not say."""
        return rule_of(f"{self.method} {self.path.removeprefix(BASE)}")

    @property
    def about(self) -> str:
        """The contract in the handler's own words."""
        return (self.handler.__doc__ or "").strip()

    @property
    def streams(self) -> bool:
        """True where the answer goes on for as long as somebody listens."""
        return any(answer.media == EVENT_STREAM for answer in self.answers.values())

    @property
    def codes(self) -> Iterator[str]:
        """Every code that a caller may get: what the route has brings some with it."""
        if self.body is not None:
            yield from ("malformed_json", "body_too_large", "invalid_body")
        if self.needs_key:
            yield from ("idempotency_key_missing", "idempotency_key_malformed", "key_reused")
        if not self.rule.is_public:
            yield from ("token_missing", "token_invalid", "token_expired", "forbidden")
        if self.rule.takes_a_reason:
            yield "reason_needed"
        if "{" in self.path:
            yield "not_found"
        if self.query is not None:
            yield "invalid_query"
        yield from self.problems
        yield from ("internal_error", "unavailable")

    def example(self) -> Example:
        """The route in use."""
        package = files(self.handler.__module__.rpartition(".")[0])
        return _decode_example.decode(
            package.joinpath("examples", f"{self.name}.json").read_bytes()
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Api:
    """All that can be asked of a service, and all that may go wrong."""

    service: str
    title: str
    about: str
    tags: Mapping[str, str]
    routes: Sequence[Route]
    problems: Mapping[str, ProblemKind]

    def kinds(self, route: Route) -> list[ProblemKind]:
        """The problems of a route, by status; a code that no table explains is a KeyError."""
        known = COMMON | dict(self.problems)
        return sorted(
            (known[code] for code in dict.fromkeys(route.codes)), key=lambda kind: kind.status
        )
