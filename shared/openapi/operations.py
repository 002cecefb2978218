"""How is one route written in OpenAPI's words?"""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import msgspec

from shared.openapi.problems import MEDIA, ProblemDocument, ProblemKind
from shared.openapi.routes import EVENT_STREAM, JSON, Answer, Api, Route
from shared.openapi.schemas import Schema, parameters_of
from shared.policy import REASON_HEADER, REASON_LENGTH_MAX, REASON_LENGTH_MIN, Reach
from shared.web import KEY_LENGTH_MAX

HEADERS: dict[str, str] = {
    "Allow": "The methods that the path has.",
    "Cache-Control": "Who may keep the answer, and for how long.",
    "ETag": "Names this state; sent back as If-None-Match it saves the same answer.",
    "Location": "Where what was made can be read.",
    "Retry-After": "After how many seconds to ask again.",
    "Talon-As-Of": "As of when the answer is true.",
    "WWW-Authenticate": "How to sign in: Bearer.",
}
PARAMETERS: dict[str, Schema] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Names the wish: a new one for a new wish, the same one to ask again.",
        "schema": {"type": "string", "pattern": f"^[!-~]{{1,{KEY_LENGTH_MAX}}}$"},
        "example": "5f1b7c1e-6d0b-4a86-9d53-7a3f4a9e2c11",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of the answer that is known already.",
        "schema": {"type": "string"},
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that was had: the stream goes on after it.",
        "schema": {"type": "string"},
    },
    "Reason": {
        "name": REASON_HEADER,
        "in": "header",
        "description": "Why somebody has to see what is not theirs; it is written down. Other"
        " letters than Latin are percent-encoded UTF-8.",
        "schema": {
            "type": "string",
            "minLength": REASON_LENGTH_MIN,
            "maxLength": REASON_LENGTH_MAX,
        },
        "example": "Taken ill at our clinic; what is booked?",
    },
}
REACHES: dict[Reach, str] = {
    "own": "their own",
    "clinic": "what is of the clinics that their token names",
    "all": "all",
    "reason": "any other with a reason",
}

Schemas = Mapping[Any, Schema]


def operation(api: Api, route: Route, schemas: Schemas) -> Schema:
    """The route as an Operation Object."""
    said: Schema = {
        "operationId": route.name,
        "summary": route.name.replace("_", " ").capitalize(),
        "description": _about(route),
        "tags": [route.tag],
    }
    if parameters := list(_parameters(route)):
        said["parameters"] = parameters
    if route.body is not None:
        said["requestBody"] = {
            "required": any(field.required for field in msgspec.structs.fields(route.body)),
            "content": {JSON: {"schema": schemas[route.body], "example": route.example().body}},
        }
    said["responses"] = _answers(route, schemas) | _problems(api.kinds(route), schemas)
    said["security"] = _security(route)
    return said


def types_of(api: Api, routes: Iterable[Route]) -> list[Any]:
    """Every type that the routes take or give."""
    types: list[Any] = [ProblemDocument]
    for route in routes:
        types += [route.body] if route.body is not None else []
        types += [answer.body for answer in route.answers.values() if answer.body is not None]
        types += [type(kind.more) for kind in api.kinds(route) if kind.more is not None]
    return types


def _about(route: Route) -> str:
    return "\n\n".join([route.about, _for_whom(route), *_what_is_noted(route)])


def _for_whom(route: Route) -> str:
    if route.rule.is_public:
        return "For everybody, without a token."
    who = (f"- `{role}`: {_how_far(route.rule.reaches[role])}" for role in route.rule.roles)
    return "\n".join(["For these roles:", "", *who])


def _how_far(reach: frozenset[Reach]) -> str:
    return ", ".join(words for word, words in REACHES.items() if word in reach)


def _what_is_noted(route: Route) -> Iterable[str]:
    if route.touches is not None:
        yield "Who asks is noted in the access log of each person whose data it touches."


def _parameters(route: Route) -> Iterable[Schema]:
    example = route.example()
    for name in _ids_in(route.path):
        identity = {"type": "string"} | ({} if name == "token" else {"format": "uuid"})
        yield {"name": name, "in": "path", "required": True, "schema": identity} | {
            "example": example.path[name]
        }
    if route.query is not None:
        for parameter in parameters_of(route.query):
            if parameter["name"] in example.query:
                parameter["example"] = _typed(example.query[parameter["name"]], parameter["schema"])
            yield parameter
    if route.needs_key:
        yield _ref("parameters", "IdempotencyKey")
    if 304 in route.answers:
        yield _ref("parameters", "IfNoneMatch")
    if route.streams:
        yield _ref("parameters", "LastEventId")
    if route.rule.takes_a_reason:
        yield _ref("parameters", "Reason")


def _ids_in(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _typed(text: str, schema: Schema) -> Any:
    """A query is text; its example is what the text stands for."""
    kinds = {"integer": int, "number": float}
    return kinds.get(schema.get("type", ""), str)(text)


def _answers(route: Route, schemas: Schemas) -> Schema:
    examples = route.example().answers
    return {
        str(status): _answer(answer, schemas, examples.get(str(status)))
        for status, answer in sorted(route.answers.items())
    }


def _answer(answer: Answer, schemas: Schemas, example: Any) -> Schema:
    said: Schema = {"description": answer.when}
    if answer.headers:
        said["headers"] = _headers(answer.headers)
    if answer.media == EVENT_STREAM:
        # OpenAPI 3.1 has no word for what is inside an event, so it is said in one of our own.
        schema = {"type": "string", "x-event-data": schemas[answer.body]}
        said["content"] = {EVENT_STREAM: {"schema": schema, "example": example}}
    elif answer.body is not None:
        said["content"] = {answer.media: {"schema": schemas[answer.body], "example": example}}
    return said


def _problems(kinds: list[ProblemKind], schemas: Schemas) -> Schema:
    return {
        str(status): _problem(list(same), schemas)
        for status, same in groupby(kinds, key=lambda kind: kind.status)
    }


def _problem(kinds: list[ProblemKind], schemas: Schemas) -> Schema:
    """Several codes under one status: which there are, when, and what to do then."""
    codes = {"properties": {"code": {"enum": [kind.code for kind in kinds]}}}
    more = {type(kind.more): None for kind in kinds if kind.more is not None}
    said: Schema = {
        "description": "\n".join(f"- `{kind.code}`: {kind.when} {kind.then}" for kind in kinds),
        "content": {
            MEDIA: {
                "schema": {"allOf": [schemas[ProblemDocument], codes, *map(schemas.get, more)]},
                "examples": {kind.code: _ref("examples", kind.code) for kind in kinds},
            }
        },
    }
    if headers := [name for kind in kinds for name in kind.headers]:
        said["headers"] = _headers(headers)
    return said


def _headers(names: Iterable[str]) -> Schema:
    return {name: _ref("headers", name) for name in dict.fromkeys(names)}


def _security(route: Route) -> list[Schema]:
    """One of the roles is enough, so each is an alternative."""
    return [{"bearer": [role]} for role in route.rule.roles]


def _ref(section: str, name: str) -> Schema:
    return {"$ref": f"#/components/{section}/{name}"}
