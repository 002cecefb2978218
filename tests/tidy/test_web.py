"""Do the pages keep their own promises: small files, two whole catalogues, nothing loose?"""

import re
from pathlib import Path
from typing import get_args

import pytest

from services.booking.rules.refusals import (
    BOOKING_CANCELLED,
    BOOKING_UNKNOWN,
    FAILED,
    TOLD,
)
from services.notify.rules import Channel, State, Told
from services.notify.rules.messages import MAILED_SECONDS
from shared.messages import VisitEvent
from tests.page_texts import LANGUAGES, WEB, catalogue

BY_OTHERS = ("api", "fonts")
FILES = sorted(
    path
    for path in WEB.rglob("*")
    if path.is_file() and path.relative_to(WEB).parts[0] not in BY_OTHERS
)
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
CODE = [path for path in SCRIPTS if path.parent.name != "texts"]
COMMENT = {
    ".js": r"// .+\?\n",
    ".css": r"/\* .+\? \*/\n",
    ".html": r"<!doctype html>\n<!-- .+\? -->\n",
    ".svg": r"<svg [^>]+>\n  <!-- .+\? -->\n",
}
LINES_MAX = 320
COLUMNS_MAX = 100
LAYERS = (
    {"words"},
    {"talk"},
    {"route.js", "services.js", "push-worker.js"},
    {"parts"},
    {"asks"},
    {"views", "frame"},
    {"app.js"},
)
"""Each may import from those before it: what talks to Talon knows no element of the page."""

PLURALS = {"ru": {"one", "few", "many", "other"}, "en": {"one", "other"}}
NEVER = re.compile(
    r"innerHTML|outerHTML\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b"
    r"|style=|<script>|https?://(?!www\.w3\.org/2000/svg)"
)
RUSSIAN = re.compile(r"[А-Яа-яЁё]{2,}")
WORKER = "push-worker.js"
IN_RUSSIAN = (
    "texts/ru.js",
    "texts/ru-device.js",
    "texts/ru-line.js",
    "texts/ru-messages.js",
    "texts/ru-problems.js",
    "texts/ru-wishes.js",
    "words/language.js",
    "index.html",
)
"""The catalogue, what the language calls itself, and what is said before anything has run."""

AT_THE_DOOR = {
    "campaign_needed",
    "campaign_unknown",
    "not_eligible",
    "not_found",
    "patient_unknown",
    "token_expired",
    "token_invalid",
    "too_many_dependants",
    "unavailable",
}


def _named(path: Path) -> str:
    return str(path.relative_to(WEB))


def _layer(path: Path) -> int:
    part = path.relative_to(WEB).parts[0]
    return next(nth for nth, layer in enumerate(LAYERS) if part in layer)


def _gaps(text: str | dict[str, str]) -> set[str]:
    forms = [text] if isinstance(text, str) else list(text.values())
    return {gap for form in forms for gap in re.findall(r"\{(\w+)\}", form)}


def _names_in_code() -> tuple[set[str], list[re.Pattern[str]]]:
    """The names of texts as they stand in the code, and patterns of those put together there."""
    code = "\n".join(path.read_text("utf-8") for path in CODE)
    # What an element is made from looks like a name, and is none.
    code = re.sub(r"\b(el|named)\('[^']*'", "", code)
    whole = set(re.findall(r"'([a-z_]+(?:\.[\w-]+)+)'", code)) | {"name", "foot"}
    parts = re.findall(r"`([a-z_]+\.[^`\s]*\$\{[^`\s]*)`", code)
    return whole, [
        re.compile(re.sub(r"\\\$\\\{.*?\\\}", r"[\\w-]+", re.escape(part))) for part in parts
    ]


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in COMMENT], ids=_named)
def test_every_file_opens_with_the_question_it_answers_and_fits_its_room(path: Path):
    text = path.read_text("utf-8")

    assert re.match(COMMENT[path.suffix], text)
    assert len(text.splitlines()) <= LINES_MAX
    if path in CODE:
        assert [line for line in text.splitlines() if len(line) > COLUMNS_MAX] == []


@pytest.mark.parametrize("path", CODE, ids=_named)
def test_calls_go_one_way(path: Path):
    imported = re.findall(r"^import .*?from '([^']+)';$", path.read_text("utf-8"), re.M | re.S)
    known = {_layer((path.parent / target).resolve()) for target in imported}

    assert all(layer <= _layer(path) for layer in known)


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in COMMENT], ids=_named)
def test_nothing_is_run_or_styled_in_passing_and_nothing_comes_from_elsewhere(path: Path):
    assert NEVER.findall(path.read_text("utf-8")) == []


def test_the_catalogues_have_the_same_texts_with_the_same_gaps():
    gaps = [{name: _gaps(said) for name, said in catalogue(lang).items()} for lang in LANGUAGES]

    assert gaps[0] == gaps[1]
    assert len(gaps[0]) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_with_a_number_has_every_plural_form_of_its_language(language: str):
    forms = {name: said for name, said in catalogue(language).items() if isinstance(said, dict)}

    assert {name for name, said in forms.items() if set(said) != PLURALS[language]} == set()


def test_every_text_that_is_asked_for_is_there_and_every_one_there_is_asked_for():
    whole, patterns = _names_in_code()
    there = set(catalogue("en"))

    asked = whole | {name for name in there if any(p.fullmatch(name) for p in patterns)}
    assert there - asked == set()
    roots = {name.split(".")[0] for name in there}
    assert {name for name in whole if name.split(".")[0] in roots} - there == set()


@pytest.mark.parametrize("path", [p for p in FILES if p.suffix in COMMENT], ids=_named)
def test_no_words_stand_outside_the_catalogues(path: Path):
    if _named(path) not in IN_RUSSIAN:
        assert RUSSIAN.findall(path.read_text("utf-8")) == []


def test_every_refusal_has_words_that_a_person_understands():
    codes = {told.code for told in (*TOLD.values(), FAILED, BOOKING_UNKNOWN, BOOKING_CANCELLED)}

    missing = {code for code in codes | AT_THE_DOOR if f"problem.{code}" not in catalogue("en")}

    assert missing == set()


def test_whatever_somebody_was_told_has_words_and_so_has_its_fate():
    told = {*get_args(Told), *MAILED_SECONDS} - ({*get_args(VisitEvent)} - {*MAILED_SECONDS})
    names = {f"told.{one.__name__}" for one in told}
    names |= {f"channel.{channel}" for channel in get_args(Channel)}
    names |= {f"fate.{state}" for state in get_args(State)}

    assert names - set(catalogue("en")) == set()


def test_a_reason_is_told_in_the_words_of_its_code():
    text = (WEB / "parts" / "problems.js").read_text("utf-8")
    told = dict(re.findall(r"^  (\w+): '(\w+)',$", text, re.M))

    assert told == {reason: said.code for reason, said in TOLD.items() if said is not FAILED}


def test_the_page_names_every_module_and_every_style_it_needs():
    page = (WEB / "index.html").read_text("utf-8")
    loaded = re.findall(r'rel="(?:modulepreload|stylesheet)" href="([\w/.-]+)"', page)
    needed = [path for path in FILES if path.suffix == ".css" or path in CODE]
    # It runs beside the page, and only where somebody wants it.
    needed.remove(WEB / WORKER)

    assert sorted([*loaded, "app.js"]) == sorted(_named(path) for path in needed)
