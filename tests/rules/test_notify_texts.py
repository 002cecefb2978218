"""Does every language say all that is told, in its own grammar, and to the right screens?"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any, get_args

import msgspec
import pytest
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import FluentParser, ast, visitor
from hypothesis import given
from hypothesis import strategies as st

from services.notify import metrics
from services.notify.rules.discretion import is_discreet
from services.notify.rules.messages import MAILED_SECONDS, Announced, ReplyAnswer
from services.notify.rules.reminders import VisitReminder
from services.notify.rules.segments import is_gsm, segments
from services.notify.texts import LOCALES, Wording, brief, catalogue, letter, short, wording
from services.notify.texts.catalogue import FILES, Moment, TextError, say, source
from shared.messages import BookingEvent
from talon.previews import PAGE, Example, examples
from tests.notify_bookings import NOON, a_place, cancelled, confirmed

LANGUAGES = sorted(LOCALES)
EXAMPLES = examples()

MONTHS = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
TAGS = {"html", "head", "meta", "title", "body", "div", "h1", "p", "strong", "br", "a"}
ATTRIBUTES = {"lang", "charset", "name", "content", "style", "role", "href"}

each_language = pytest.mark.parametrize("language", LANGUAGES)
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)


class Used(visitor.Visitor):
    """Which variables and which other texts a text names."""

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.texts: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802
        self.variables.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802
        self.texts.add(node.id.name)


def texts_of(language: str) -> dict[str, set[str]]:
    """Each text by its name, and the variables that it needs, also for what it names."""
    entries = [
        entry
        for name in FILES
        for entry in FluentParser().parse(source(language, name)).body
        if not isinstance(entry, ast.BaseComment)
    ]
    assert not [entry for entry in entries if isinstance(entry, ast.Junk)], "it cannot be read"
    used: dict[str, Used] = {}
    for entry in entries:
        name = ("-" if isinstance(entry, ast.Term) else "") + entry.id.name
        parts = {name: entry.value} | {f"{name}.{a.id.name}": a.value for a in entry.attributes}
        for part, value in parts.items():
            if value is not None:
                assert part not in used, f"{part} is said twice"
                used[part] = Used()
                used[part].visit(value)
    return {name: set().union(*_needs(used, name)) for name in used}


def _needs(used: dict[str, Used], name: str) -> Iterator[set[str]]:
    yield used[name].variables
    for other in used[name].texts:
        yield from _needs(used, other)


def letter_of(example: Example, language: Any) -> Wording:
    return wording(
        example.event,
        language,
        confirm_at=example.confirm_at,
        move_at=example.move_at,
        cancel_at=example.cancel_at,
        join_at=example.join_at,
        unsubscribe_at=example.unsubscribe_at,
        perhaps_again=example.perhaps_again,
    )


def short_of(example: Example, language: Any) -> str:
    again = example.perhaps_again
    return short(example.event, language, page=PAGE, perhaps_again=again, replies=True)


def english_instead() -> float:
    [family] = metrics.TEXTS_MISSING.collect()
    return sum(sample.value for sample in family.samples if sample.name.endswith("_total"))


# ---- complete ------------------------------------------------------------------------------------


@each_language
def test_each_language_has_the_same_texts_with_the_same_variables(language: str) -> None:
    assert texts_of(language) == texts_of("en")


def test_there_is_an_example_of_every_kind_of_which_anybody_is_told() -> None:
    told = {*get_args(BookingEvent), *MAILED_SECONDS, VisitReminder, Announced, ReplyAnswer}

    assert {type(one.event) for one in EXAMPLES} == told


@each_language
@each_example
def test_nothing_is_missing_in_a_message(language: str, example: Example) -> None:
    before = english_instead()

    words, brief = letter_of(example, language), short_of(example, language)

    assert english_instead() == before
    assert words.language == language
    for said in (words.subject, words.text, brief):
        assert not re.search(r"[{}$⁨⁩]|\?\?\?|None", said)
        assert not re.search(r"  |\n\n\n| \n| [.,:;]", said)
    assert "\n" not in words.subject + brief


@each_language
def test_every_text_is_said_by_somebody_with_just_the_variables_it_has(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, set[str]] = {}

    def heard(spoken: Any, name: str, **about: Any) -> str:
        said.setdefault(name, set(about))
        return say(spoken, name, **about)

    monkeypatch.setattr(letter, "say", heard)
    monkeypatch.setattr(brief, "say", heard)
    for example in EXAMPLES:
        letter_of(example, language)
        short_of(example, language)
    letter.calendar_entry(language)  # type: ignore[arg-type]
    brief.coming(language)  # type: ignore[arg-type]

    needed = texts_of(language)
    named = {name for name in needed if name.startswith("-") or name in PARTS}
    assert set(said) == set(needed) - named
    for name, about in said.items():
        # All short texts are given all that a short text may use.
        assert needed[name] <= about if name.startswith("short-") else needed[name] == about, name


PARTS = {"first", "zone", "short-visit", "short-first"}
"""Texts that only other texts name."""


def test_a_hole_in_a_catalogue_is_english_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = source("ru", "mail.ftl")
    holed = FluentBundle(["ru"], functions=catalogue.BUNDLES["ru"]._functions)
    holed.add_resource(FluentResource(whole.replace("closing =", "opening =")))
    monkeypatch.setitem(catalogue.BUNDLES, "ru", holed)  # type: ignore[arg-type]
    say.cache_clear()
    before = english_instead()

    words, brief = wording(confirmed(), "ru"), short(confirmed(), "ru")

    say.cache_clear()
    assert words.subject.startswith("Your visit")
    assert words.language == "en"
    assert brief.startswith("Talon: you are booked")
    assert english_instead() == before + 2


@pytest.mark.parametrize(
    ("name", "about"),
    [("nothing", {}), ("visit", {}), ("visit.never", {}), ("first", {}), ("first", {"first": 1})],
)
def test_a_text_with_a_hole_is_never_said(name: str, about: dict[str, Any]) -> None:
    with pytest.raises(TextError):
        say("en", name, **about)


# ---- the grammar ---------------------------------------------------------------------------------


@given(st.integers(min_value=0, max_value=10_000))
def test_russian_counts_places_by_its_own_rules(number: int) -> None:
    ending = "мест"
    if number % 100 not in range(11, 15):
        ending = {1: "место", 2: "места", 3: "места", 4: "места"}.get(number % 10, "мест")

    said = say("ru", "visit.places", places=number)

    assert said.split()[-1] == ending
    assert re.sub(r"\D", "", said) == str(number)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_day_of_a_month_is_in_the_genitive(month: int) -> None:
    event = confirmed(a_place(datetime(2100, month, 5, 9, 0, tzinfo=UTC)))

    words = wording(event, "ru")

    assert words.subject == f"Вы записаны на 5 {MONTHS[month - 1]} в 12:00"
    assert f"\n5 {MONTHS[month - 1]} 2100 г., " in words.text


def test_the_same_moment_is_told_by_each_clinic_s_clock() -> None:
    told = [
        wording(confirmed(a_place(time_zone=zone)), "ru").text
        for zone in ("Europe/Moscow", "Asia/Yekaterinburg", "America/New_York", "UTC")
    ]

    assert "12:00–12:30 (местное время, Москва)" in told[0]
    assert "14:00–14:30 (местное время, Екатеринбург)" in told[1]
    assert "05:00–05:30 (местное время, Нью-Йорк)" in told[2]
    assert "09:00–09:30 (местное время, UTC)" in told[3]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_a_time_is_told_as_the_clock_shows_it(at: datetime) -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Almaty"):
        moment = Moment(at, zone)

        assert say("en", "short-first", first=moment).endswith(f"{moment.local:%H:%M}")
        assert say("ru", "short-first", first=moment).startswith(f"{moment.local.day} ")


# ---- text and page -------------------------------------------------------------------------------


class Page(HTMLParser):
    """What is read on a page, and of what it is made."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.read: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "p" in self.open and data.strip():
            self.read.append(data.strip("\n"))


@each_language
@each_example
def test_the_page_says_what_the_text_says(language: str, example: Example) -> None:
    words = letter_of(example, language)

    page = Page(words.html)

    assert page.read == [line for line in words.text.splitlines() if line]
    attributes = [attribute for _, about in page.tags for attribute in about]
    assert {tag for tag, _ in page.tags} <= TAGS
    assert dict(page.tags)["html"] == {"lang": language}
    # Nothing is fetched, and nothing runs.
    assert set(attributes) <= ATTRIBUTES
    links = [about["href"] for tag, about in page.tags if tag == "a"]
    assert links == [line for line in words.text.splitlines() if line.startswith("https://")]


def test_nothing_of_a_clinic_becomes_markup() -> None:
    place = a_place(clinic='<script src="x">&"\'</p>')
    link = 'https://talon.example/?a=1&b="><img src=x>'

    words = wording(confirmed(place), cancel_at=link)

    page = Page(words.html)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img"})
    assert place.clinic_name in page.read
    assert [about["href"] for tag, about in page.tags if tag == "a"] == [link]


# ---- what others may see -------------------------------------------------------------------------


@each_language
@each_example
def test_a_short_message_says_nothing_of_care_and_names_nobody(
    language: str, example: Example
) -> None:
    said = short_of(example, language)

    assert is_discreet(said), said
    assert said.endswith(f" {PAGE}")
    assert "Поликлиника" not in said
    assert segments(said) <= 3
    english = msgspec.structs.replace(example, event=_somewhere(example.event))
    assert is_gsm(short_of(english, "en")), "a letter of another alphabet doubles its price"


def _somewhere(event: Any) -> Any:
    """The same at an address in Latin letters."""
    text = msgspec.json.encode(event).decode().replace("Москва, ул. Тверская, 1", "Main St. 1")
    return msgspec.json.decode(text, type=type(event))


@given(name=st.text(min_size=1, max_size=60), address=st.text(max_size=120))
def test_whatever_a_clinic_is_called_a_short_message_does_not_say_it(
    name: str, address: str
) -> None:
    place = msgspec.structs.replace(
        a_place(), clinic_name=f"Xq{name}", clinic_address=address, clinic_id=a_place().clinic_id
    )

    said = short(confirmed(place), "ru")

    assert f"Xq{name}" not in said.replace(address, "")
    assert (address in said) == (len(address) <= brief.ADDRESS_LENGTH_MAX and is_discreet(address))


@pytest.mark.parametrize(
    "address",
    [
        "Cancer Research Road 1",
        "ул. Лечебная, корпус онкологии 2",
        "Psychiatric ward, Hill 3",
        "Больничная ул., 1",
        "Наркологический диспансер, 5",
    ],
)
def test_an_address_that_tells_what_is_treated_there_is_left_to_the_page(address: str) -> None:
    place = msgspec.structs.replace(a_place(), clinic_address=address)

    assert not is_discreet(address)
    assert short(cancelled(place)) == "Talon: your visit is cancelled: 1 July, 12:00."


def test_more_visits_than_one_are_counted() -> None:
    places = [a_place(NOON + timedelta(days=day)) for day in range(6)]

    def said(count: int, language: Any) -> str:
        return short(confirmed(*places[:count]), language)

    assert "more" not in said(1, "en")
    assert said(2, "en").endswith(", and 1 more visit.")
    assert said(3, "en").endswith(", and 2 more visits.")
    assert said(2, "ru").endswith(", и ещё 1 визит.")
    assert said(3, "ru").endswith(", и ещё 2 визита.")
    assert said(6, "ru").endswith(", и ещё 5 визитов.")
