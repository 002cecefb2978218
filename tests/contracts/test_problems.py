"""Is every code that a caller may get explained, and is nothing explained that nobody says?"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.openapi import ProblemKind
from shared.openapi.problems import COMMON, UNROUTED
from talon.verbs.openapi import APIS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "problems.md"
ERRORS = range(400, 600)
WITHOUT_A_STATUS = {"_unauthorized": 401}
"""Functions that are given a code and know its status."""

SAYING = ("Problem", "Told", *WITHOUT_A_STATUS)

TABLES: dict[str, dict[str, ProblemKind]] = {"shared": COMMON} | {
    service: dict(api.problems) for service, api in APIS.items()
}


def _said_in(folder: Path) -> Iterator[tuple[int, str]]:
    """Every status with the code that follows it, wherever the sources put the two together."""
    for path in folder.rglob("*.py"):
        if path.name == "problems.py" and path.parent.name in ("api", "openapi"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(code)), *_]):
                    if name in WITHOUT_A_STATUS:
                        yield WITHOUT_A_STATUS[name], code
                case (
                    ast.Call(args=[ast.Constant(value=status), ast.Constant(value=code), *_])
                    | ast.Tuple(elts=[ast.Constant(value=status), ast.Constant(value=code), *_])
                ):
                    if status in ERRORS and isinstance(code, str):
                        yield status, code
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if (
                            isinstance(key, ast.Constant)
                            and isinstance(value, ast.Constant)
                            and key.value in ERRORS
                        ):
                            yield key.value, str(value.value)


def _said_by(name: str) -> set[tuple[int, str]]:
    folder = ROOT / "shared" if name == "shared" else ROOT / "services" / name
    return set(_said_in(folder))


@pytest.mark.parametrize("name", TABLES)
def test_every_code_in_the_sources_is_explained_with_its_status(name: str):
    explained = {(k.status, k.code) for k in (COMMON | TABLES[name]).values()}

    assert _said_by(name) - explained == set()


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_explained_that_nobody_says(name: str):
    explained = {(kind.status, kind.code) for kind in TABLES[name].values()}

    said = _said_by(name)
    if name == "shared":
        said = said.union(*map(_said_by, APIS))
    assert explained - said == set()


@pytest.mark.parametrize("service", APIS)
def test_every_code_of_a_service_is_told_of_by_a_route(service: str):
    api = APIS[service]
    told = {kind.code for route in api.routes for kind in api.kinds(route)} | set(UNROUTED)

    assert {code for _, code in _said_by(service)} - told == set()
    assert set(api.problems) - told == set()


def test_every_common_code_is_told_of_by_a_route():
    told = {kind.code for api in APIS.values() for route in api.routes for kind in api.kinds(route)}

    assert set(COMMON) - told == {"method_not_allowed"}


def test_a_code_is_never_put_together_from_pieces():
    """One grep finds it, wherever it is said."""
    for folder in ("services", "shared"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id=name), args=args) if name in SAYING:
                        assert not any(isinstance(arg, ast.JoinedStr) for arg in args[:2]), path


@pytest.mark.parametrize("name", TABLES)
def test_the_page_explains_every_problem_in_the_same_words(name: str):
    heading = "Every service" if name == "shared" else f"{name},"

    section = next(part for part in _sections() if part.startswith(heading))

    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{kind.code}` | {kind.status} | {kind.when} | {kind.then} |"
        for kind in TABLES[name].values()
    ]


def test_the_page_has_no_other_table():
    headings = {part.splitlines()[0] for part in _sections() if "\n| `" in part}

    assert len(headings) == len([name for name, table in TABLES.items() if table])


def _sections() -> list[str]:
    return PAGE.read_text("utf-8").split("\n## ")[1:]
