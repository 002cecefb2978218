"""Does the tree keep its own promises?"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path
    for folder in ("services", "shared", "talon", "deploy", "bench", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if path.read_text(encoding="utf-8").strip()
)
CODE = [path for path in SOURCES if "tests" not in path.parts]
ROOMS = {
    "__init__",
    "__main__",
    "app",
    "config",
    "api",
    "inbox",
    "rules",
    "store",
    "sql",
    "metrics",
}
EXTRA_ROOMS = {
    "slots": {"ahead", "availability"},
    "booking": {
        "admission",
        "announcing",
        "answering",
        "closures",
        "doors",
        "dryruns",
        "families",
        "learning",
        "memory",
        "pending",
        "replies",
        "retention",
        "televisits",
    },
    "notify": {
        "channels",
        "dispatching",
        "errands",
        "giving_up",
        "invitations",
        "live",
        "marking",
        "reminding",
        "retention",
        "sending",
        "speaking",
        "texts",
    },
}
LINES_MAX = 320
FUNCTION_LINES_MAX = 40
SQL = re.compile(
    r"^\s*(SELECT\s|INSERT INTO|UPDATE \w+ (AS \w+ )?SET|DELETE FROM|(CREATE|ALTER) (TABLE|ROLE))"
)


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("service", sorted(EXTRA_ROOMS))
def test_every_service_has_the_same_rooms_and_those_it_says(service: str):
    rooms = {p.stem for p in (ROOT / "services" / service).iterdir() if p.name != "__pycache__"}

    assert rooms - ROOMS - EXTRA_ROOMS[service] == set()


@pytest.mark.parametrize("path", SOURCES, ids=_named)
def test_every_file_opens_with_the_question_it_answers(path: Path):
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert said, "the first line of a file says what it is there for"


@pytest.mark.parametrize("path", CODE, ids=_named)
def test_a_file_and_a_function_fit_their_room(path: Path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_MAX

    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", CODE, ids=_named)
def test_sql_lives_in_sql_files(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]

    assert [text for text in texts if isinstance(text, str) and SQL.match(text)] == []


@pytest.mark.parametrize("service", sorted(EXTRA_ROOMS))
def test_rules_take_the_time_and_ids_as_arguments(service: str):
    rules = [p for p in (ROOT / "services" / service).rglob("*.py") if "rules" in str(p)]

    for path in rules:
        assert not re.search(r"\.now\(|uuid4\(", path.read_text(encoding="utf-8")), path.name
