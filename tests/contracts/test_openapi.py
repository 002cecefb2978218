"""Is what the documents say well formed, complete, and the same each time?"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.openapi import DOCUMENT
from shared.openapi.document import document
from shared.openapi.merged import merged
from shared.openapi.problems import COMMON
from shared.openapi.routes import EVENT_STREAM, JSON, Route
from talon.verbs.openapi import APIS, of_all
from tests.documented import Documented

ROOT = Path(__file__).resolve().parents[2]
ALL = Documented(msgspec.json.decode(of_all()))
DOCUMENTS = {service: document(api) for service, api in APIS.items()} | {"all": ALL.document}
ROUTES = [
    pytest.param(route, id=f"{service}.{route.name}")
    for service, api in APIS.items()
    for route in api.routes
]
METHODS = {"get", "put", "post", "delete", "patch"}


def _operations(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in whole["paths"].values():
        yield from item.values()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_openapi_3_1(name: str):
    whole = DOCUMENTS[name]

    assert whole["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(whole).iter_errors()) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_everything_that_is_named_has_words_of_its_own(name: str):
    whole = DOCUMENTS[name]
    operations = list(_operations(whole))

    ids = [operation["operationId"] for operation in operations]
    assert sorted(set(ids)) == sorted(ids)
    assert all(operation["description"] for operation in operations)
    tags = {tag["name"] for tag in whole["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} == tags


def test_the_document_of_all_has_every_service_s_operations():
    apart = {
        (path, method)
        for service in APIS
        for path, item in DOCUMENTS[service]["paths"].items()
        for method in item
    }

    assert {(p, m) for p, item in ALL.document["paths"].items() for m in item} == apart
    assert {method for _, method in apart} <= METHODS


@pytest.mark.parametrize("route", ROUTES)
def test_an_example_is_what_its_schema_says(route: Route):
    operation = ALL.document["paths"][route.path][route.method.lower()]
    contents = [answer.get("content", {}) for answer in operation["responses"].values()]
    contents.append(operation.get("requestBody", {}).get("content", {}))

    shown = [content[JSON] for content in contents if JSON in content]
    wrong = [one for part in shown for one in ALL.wrong_value(part["schema"], part["example"])]
    asked = [
        one
        for parameter in operation.get("parameters", [])
        if "example" in parameter
        for one in ALL.wrong_value(parameter["schema"], parameter["example"])
    ]
    assert (wrong, asked) == ([], [])


def test_the_events_of_a_stream_s_example_carry_what_is_said_of_them():
    streams = [
        answer["content"][EVENT_STREAM]
        for operation in _operations(ALL.document)
        for answer in operation["responses"].values()
        if EVENT_STREAM in answer.get("content", {})
    ]

    for stream in streams:
        lines = stream["example"].splitlines()
        data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        said = stream["schema"]["x-event-data"]
        assert [ALL.wrong_value(said, msgspec.json.decode(one)) for one in data] == [[]]


@pytest.mark.parametrize("route", ROUTES)
def test_an_example_shows_every_answer_and_every_parameter_that_must_be_given(route: Route):
    example = route.example()

    with_a_body = {str(status) for status, answer in route.answers.items() if answer.body}
    assert set(example.answers) == with_a_body
    assert set(example.path) == set(re.findall(r"\{(\w+)\}", route.path))
    if route.query is not None:
        assert msgspec.convert(dict(example.query), route.query, strict=False)


def test_an_example_of_a_problem_is_what_its_schema_says():
    for operation in _operations(ALL.document):
        for status, answer in operation["responses"].items():
            content = answer.get("content", {}).get("application/problem+json", {})
            for ref in content.get("examples", {}).values():
                name = ref["$ref"].rpartition("/")[2]
                example = ALL.document["components"]["examples"][name]["value"]

                assert ALL.wrong_value(content["schema"], example) == []
                assert example["status"] == int(status)


def test_no_example_is_left_of_a_route_that_is_gone():
    kept = {path.stem for path in ROOT.glob("s*/**/api/examples/*.json")}

    assert kept == {r.name for api in APIS.values() for r in api.routes if r is not DOCUMENT}


def test_no_service_puts_a_route_behind_its_door_past_its_list():
    adding = re.compile(r"router\.add|web\.(get|post|put|patch|delete|route|view)\(|add_routes\(")

    found = {
        str(path.relative_to(ROOT))
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if adding.search(path.read_text("utf-8").replace("add_routes(app, API, gate)", ""))
    }

    # One for what is documented, one for the ops port, which is no part of any document.
    assert found == {"shared/openapi/serving.py", "shared/web.py"}


def test_the_same_routes_make_the_same_bytes():
    made = [
        subprocess.run(
            [sys.executable, "-m", "talon", "openapi"],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert made == [of_all()] * 2


def _with(schemas: dict[str, Any], path: str) -> dict[str, Any]:
    return {
        "tags": [],
        "paths": {path: {"get": {"schema": {"$ref": "#/components/schemas/Visit"}}}},
        "components": {"schemas": schemas, "examples": {}},
    }


def test_a_name_that_means_two_things_is_told_apart_and_so_is_what_refers_to_it():
    visit = {"properties": {"place": {"$ref": "#/components/schemas/Place"}}}
    same = {"type": "string"}
    desk = _with({"Visit": visit, "Place": {"type": "string"}, "Same": same}, "/desk")
    shop = _with({"Visit": visit, "Place": {"type": "object"}, "Same": same}, "/shop")

    whole = merged({"desk": desk, "shop": shop}, title="", about="")

    schemas = whole["components"]["schemas"]
    assert set(schemas) == {"desk.Visit", "desk.Place", "shop.Visit", "shop.Place", "Same"}
    assert whole["paths"]["/shop"]["get"]["schema"]["$ref"].endswith("/shop.Visit")
    assert schemas["desk.Visit"]["properties"]["place"]["$ref"].endswith("/desk.Place")


def test_two_services_do_not_answer_one_operation_differently():
    desk = _with({"Visit": {"type": "string"}}, "/visits")
    shop = _with({"Visit": {"type": "object"}}, "/visits")

    with pytest.raises(ValueError, match="GET /visits"):
        merged({"desk": desk, "shop": shop}, title="", about="")


def test_what_a_problem_adds_may_be_left_out():
    """Other codes of the same status come without it."""
    kinds = [kind for api in APIS.values() for kind in (COMMON | dict(api.problems)).values()]

    added = [type(kind.more) for kind in kinds if kind.more is not None]
    assert added
    assert not [f for more in added for f in msgspec.structs.fields(more) if f.required]
