"""Do the docs know everything there is, and do they name nothing that is not?"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from deploy.local import counting
from deploy.local.settings import FILE, read_file
from services.booking import config as booking_config
from services.booking import metrics as booking_metrics
from services.notify import config as notify_config
from services.notify import metrics as notify_metrics
from services.slots import config as slots_config
from services.slots import metrics as slots_metrics
from shared.auditor import promises_of
from shared.config import PREFIX
from shared.messages import Refusal
from shared.topics import COMMANDS_PER_RECORD_MAX, TOPICS, Topic

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CODE_FOLDERS = ("services", "shared", "talon", "deploy", "tests", "bench")
CONFIGS: dict[str, type[msgspec.Struct]] = {
    "slots, the referee": slots_config.Config,
    "booking, the front desk": booking_config.Config,
    "notify, the messenger": notify_config.Config,
}
METRICS: dict[str, CollectorRegistry] = {
    "slots, the referee": slots_metrics.REGISTRY,
    "booking, the front desk": booking_metrics.REGISTRY,
    "notify, the messenger": notify_metrics.REGISTRY,
    "the supervisor": counting.registry(lambda: ()),
}
EVERY_SERVICE = "Every service"
GIVEN = "must be given"
README_COMMAND_LINE_MAX = 15


def _sections(page: str) -> dict[str, list[list[str]]]:
    """The rows of the tables under each heading, as cells without their backticks."""
    sections: dict[str, list[list[str]]] = {}
    heading = ""
    for line in (DOCS / page).read_text("utf-8").splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and not line.startswith("|---"):
            cells = [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
            sections.setdefault(heading, []).append(cells)
    return sections


def _first_cells(page: str, *headings: str) -> set[str]:
    sections = _sections(page)
    return {row[0] for heading in headings for row in sections[heading][1:]}


def _fields() -> Iterator[Any]:
    for heading, config in CONFIGS.items():
        for field in msgspec.structs.fields(config):
            yield pytest.param(heading, field, id=f"{heading.split(',')[0]}.{field.name}")


def _exposed(registry: CollectorRegistry) -> set[str]:
    """The names that a scrape shows, without those of the process as such."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in registry.collect()
        if not family.name.startswith("process_")
    }


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_is_told_as_it_is(topic: Topic):
    rows = {row[0]: row[2:] for row in _sections("messages.md")["Topics"]}

    assert rows[topic.name] == [
        topic.form,
        ", ".join(topic.written_by),
        ", ".join(topic.read_by) or "nobody",
        str(topic.partitions),
        str(topic.kept_days),
    ]


def test_no_other_topic_is_told():
    assert _first_cells("messages.md", "Topics") == {topic.name for topic in TOPICS}


def test_every_message_has_its_line_and_nothing_else_has():
    told = _first_cells(
        "messages.md",
        "Commands, to the referee",
        "What the referee tells",
        "What the front desk tells",
        "What the messenger tells",
    )

    assert told == {kind.__name__ for topic in TOPICS if topic.carries for kind in topic.kinds}


def test_every_refusal_says_what_it_means_and_nothing_else_does():
    assert _first_cells("messages.md", "What a refusal means") == set(get_args(Refusal))


def test_the_size_of_a_record_is_told_as_it_is():
    assert f"1 to {COMMANDS_PER_RECORD_MAX}" in (DOCS / "messages.md").read_text("utf-8")


@pytest.mark.parametrize(("heading", "field"), list(_fields()))
def test_every_setting_of_a_service_is_told_with_its_default(
    heading: str, field: msgspec.structs.FieldInfo
):
    sections = _sections("configuration.md")
    rows = {row[0]: row[2] for row in sections[EVERY_SERVICE] + sections[heading]}

    said = rows[PREFIX + field.name.upper()]

    if field.required:
        assert said == GIVEN
    else:
        assert msgspec.convert(said, type(field.default), strict=False) == field.default


@pytest.mark.parametrize("heading", CONFIGS)
def test_no_other_setting_of_a_service_is_told(heading: str):
    known = {PREFIX + name.upper() for name in CONFIGS[heading].__struct_fields__}

    assert _first_cells("configuration.md", heading) <= known


def test_the_stack_s_settings_are_told_with_their_defaults():
    rows = _sections("configuration.md")["The stack on one machine"][1:]

    assert {row[0]: row[2] for row in rows} == read_file(FILE)


@pytest.mark.parametrize("heading", METRICS)
def test_every_metric_is_told_and_nothing_else_is(heading: str):
    assert _first_cells("metrics.md", heading) == _exposed(METRICS[heading])


@pytest.mark.parametrize("heading", [*METRICS, "the edge"])
def test_every_metric_says_what_it_means_and_what_to_do(heading: str):
    rows = _sections("metrics.md")[heading]

    assert [row[0] for row in rows if len(row) != 3 or not all(row)] == []


def test_what_the_edge_counts_is_told_and_nothing_else_is():
    said = (ROOT / "deploy" / "nginx" / "metrics.conf").read_text("utf-8")

    assert _first_cells("metrics.md", "the edge") == set(re.findall("# TYPE ([a-z_]+)", said))


@pytest.mark.parametrize("service", ["slots", "booking", "notify"])
def test_every_promise_that_is_audited_is_told_and_nothing_else_is(service: str):
    rows = _sections("metrics.md")["What is audited"][1:]
    told = {row[0] for row in rows if row[1] == "all" or service in row[1].split(", ")}

    assert told == set(promises_of(f"services.{service}"))


def _naming() -> Iterator[Any]:
    """Every file that may send a reader to the docs."""
    named = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    named += DOCS.rglob("*.md")
    for folder in CODE_FOLDERS:
        for suffix in ("py", "sql", "md", "env", "sh", "conf", "properties"):
            named += (ROOT / folder).rglob(f"*.{suffix}")
    for path in sorted(named):
        yield pytest.param(path, id=str(path.relative_to(ROOT)))


@pytest.mark.parametrize("path", list(_naming()))
def test_every_page_that_is_named_exists(path: Path):
    named = re.findall(r"docs/[\w/.-]+?\.md", path.read_text("utf-8"))

    assert [page for page in named if not (ROOT / page).is_file()] == []


def test_every_link_between_pages_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *DOCS.rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []


def test_the_readme_has_something_to_run_by_line_15():
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    fence = lines.index("```")

    assert fence + 2 <= README_COMMAND_LINE_MAX
    assert lines[fence + 1].startswith("make ")


def test_decisions_are_numbered_without_a_gap():
    numbers = sorted(int(path.name[:4]) for path in (DOCS / "decisions").glob("[0-9]*.md"))

    assert numbers == list(range(1, len(numbers) + 1))
