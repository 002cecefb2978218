"""Is every answer that a door gives in a test one that its document knows?

The doors of the tests are opened inside `every_answer_is_documented`: an answer whose route,
status, code, headers or body no document tells of is an error of the test that got it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec
from aiohttp import web
from jsonschema import Draft202012Validator

from shared.openapi import Api
from shared.openapi.document import document
from shared.openapi.operations import HEADERS
from shared.openapi.problems import COMMON, UNROUTED
from shared.openapi.routes import CSV, EVENT_STREAM
from shared.web import Handler

Schema = dict[str, Any]


@contextmanager
def every_answer_is_documented(app: web.Application, api: Api) -> Iterator[None]:
    """Look at each answer as it leaves; what was wrong is told at the end, all of it."""
    told = documented(api)
    wrong: list[str] = []

    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        answer = await handler(request)
        said = told.wrong_with(request, answer)
        wrong.extend(f"{request.method} {request.path} {answer.status}: {one}" for one in said)
        return answer

    app.middlewares.insert(0, look)
    yield
    if wrong:
        raise AssertionError("no document tells of this:\n" + "\n".join(wrong))


class Documented:
    """A service's document, and what it says against an answer."""

    def __init__(self, document: Schema) -> None:
        self.document = document
        schemas = document["components"]["schemas"]
        parts = {ref for value in _inner(document) for ref in _parts_of(value)}
        self._schemas = {
            name: schema if f"#/components/schemas/{name}" in parts else _closed(schema)
            for name, schema in schemas.items()
        }

    def wrong_with(self, request: web.Request, answer: web.StreamResponse) -> Iterator[str]:
        """What the document does not tell of an answer."""
        resource = request.match_info.route.resource
        if resource is None:
            yield from _wrong_without_a_route(answer)
            return
        method = "get" if request.method == "HEAD" else request.method.lower()
        operation = self.document["paths"].get(resource.canonical, {}).get(method)
        if operation is None:
            yield "there is no such operation"
            return
        told = operation["responses"].get(str(answer.status))
        if told is None:
            yield f"there is no such status: {body_of(answer)}"
            return
        yield from _wrong_headers(told, answer)
        if request.method != "HEAD":
            yield from self._wrong_content(told.get("content", {}), answer)

    def wrong_value(self, schema: Schema, value: Any) -> list[str]:
        """What is against a value; so is a member that the schema does not name."""
        whole = _closed(schema) | {"components": {"schemas": self._schemas}}
        checker = Draft202012Validator.FORMAT_CHECKER
        errors = Draft202012Validator(whole, format_checker=checker).iter_errors(value)
        return [f"{error.json_path}: {error.message}" for error in errors]

    def _wrong_content(self, content: Schema, answer: web.StreamResponse) -> Iterator[str]:
        body = body_of(answer)
        if not content and body is None:
            return
        if answer.content_type not in content:
            yield f"{answer.content_type} is not told of"
        elif answer.content_type != EVENT_STREAM:
            yield from self.wrong_value(content[answer.content_type]["schema"], body)


@cache
def documented(api: Api) -> Documented:
    """The document of an API, made once for all tests."""
    return Documented(document(api))


def body_of(answer: web.StreamResponse) -> Any:
    """What an answer carries: JSON as what it stands for; of a stream nothing."""
    if not isinstance(answer, web.Response) or not answer.body:
        return None
    assert isinstance(answer.body, bytes)
    is_json = answer.content_type.endswith("json")
    if is_json:
        return msgspec.json.decode(answer.body)
    return answer.body.decode() if answer.content_type == CSV else answer.body


def _wrong_without_a_route(answer: web.StreamResponse) -> Iterator[str]:
    body = body_of(answer)
    if body["code"] not in UNROUTED or COMMON[body["code"]].status != answer.status:
        yield f"where there is no route nobody says {body}"


def _wrong_headers(told: Schema, answer: web.StreamResponse) -> Iterator[str]:
    named, sent = set(told.get("headers", {})), set(HEADERS) & set(answer.headers)
    for name in sent - named:
        yield f"the header {name} is not told of"
    if answer.status < 400:
        for name in named - sent:
            yield f"the header {name} is told of and is not there"


def _inner(value: Any) -> Iterator[Schema]:
    """Every object of a document, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from _inner(inner)


def _parts_of(schema: Schema) -> list[str]:
    """What a schema is put together from: each knows only some of the members."""
    return [part["$ref"] for part in schema.get("allOf", []) if "$ref" in part]


def _closed(schema: Schema) -> Schema:
    """The schema, taking no member that it does not name."""
    return {"unevaluatedProperties": False} | schema if _names_members(schema) else schema


def _names_members(schema: Schema) -> bool:
    return "properties" in schema or "allOf" in schema
