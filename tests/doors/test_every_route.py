"""Does every documented route do what its example shows, and refuse what all routes refuse?"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.openapi.problems import COMMON
from shared.openapi.routes import CSV, Route
from talon.verbs.openapi import APIS
from tests.booking_doors import problem
from tests.conftest import MakeDatabase
from tests.worlds import World, a_world, headers_for

TOO_LARGE = b'{"a": "' + b"a" * 1_000_000 + b'"}'

ROUTES = [
    pytest.param(service, route, id=route.name)
    for service, api in APIS.items()
    for route in api.routes
]


def _without(name: str, headers: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key != name}


MISUSES: dict[str, Any] = {
    "malformed_json": lambda route, example: {"data": b"{"},
    "body_too_large": lambda route, example: {"data": TOO_LARGE},
    "invalid_body": lambda route, example: {"json": example.body | {"colour": "red"}},
    "invalid_query": lambda route, example: {"params": example.query | {"colour": "red"}},
    "idempotency_key_missing": lambda route, example: {
        "headers": _without("Idempotency-Key", headers_for(route))
    },
    "idempotency_key_malformed": lambda route, example: {
        "headers": headers_for(route) | {"Idempotency-Key": "two words"}
    },
    "token_missing": lambda route, example: {
        "headers": _without("Authorization", headers_for(route))
    },
    "token_invalid": lambda route, example: {
        "headers": headers_for(route) | {"Authorization": "Bearer nonsense"}
    },
    "token_expired": lambda route, example: {"headers": headers_for(route, exp=1)},
    "forbidden": lambda route, example: {"headers": headers_for(route, roles=[])},
}
"""One thing that is wrong about a request that is right otherwise, by the code that it gets."""


@pytest.fixture
async def world(service: str, fresh_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(service, await fresh_database(service), tmp_path) as made:
        yield made


@pytest.mark.parametrize(("service", "route"), ROUTES)
async def test_a_route_asked_as_in_its_example_answers_as_in_its_example(
    world: World, route: Route
) -> None:
    example = await world.ready(route)

    answer = await world.ask(route, example)

    assert answer.status == min(route.answers), await answer.text()
    has_body = route.answers[answer.status].body is not None
    if has_body and not route.streams and route.name != "show_document":
        is_table = answer.content_type == CSV
        said = await answer.text() if is_table else await answer.json()
        assert shape(said) == shape(example.answers[str(answer.status)])


@pytest.mark.parametrize(
    ("service", "route"), [given for given in ROUTES if MISUSES.keys() & given.values[1].codes]
)
async def test_a_route_refuses_what_all_routes_refuse(world: World, route: Route) -> None:
    example = await world.ready(route)

    said = {}
    for code in MISUSES.keys() & route.codes:
        said[code] = await problem(await world.ask(route, example, **MISUSES[code](route, example)))

    assert said == {code: (COMMON[code].status, code) for code in said}


@pytest.mark.parametrize(
    ("service", "route"), [given for given in ROUTES if 304 in given.values[1].answers]
)
async def test_a_route_that_knows_what_was_seen_does_not_send_it_again(
    world: World, route: Route
) -> None:
    example = await world.ready(route)
    seen = (await world.ask(route, example)).headers["ETag"]

    again = await world.ask(route, example, headers=headers_for(route) | {"If-None-Match": seen})

    assert (again.status, again.headers["ETag"]) == (304, seen)


def shape(value: Any) -> Any:
    """Which members there are, and of which kind; ids and times are others each time."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value)
