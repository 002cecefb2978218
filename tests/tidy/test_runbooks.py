"""Does a page for whoever is woken ask for what is counted, and quote what is drawn and said?"""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.local import counting
from deploy.watch.boards import BOARDS
from services.booking import metrics as booking_metrics
from services.notify import metrics as notify_metrics
from services.slots import metrics as slots_metrics

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
PAGES = [*sorted((ROOT / "docs" / "runbooks").glob("*.md")), ROOT / "docs" / "watching.md"]
REGISTRIES: tuple[CollectorRegistry, ...] = (
    slots_metrics.REGISTRY,
    booking_metrics.REGISTRY,
    notify_metrics.REGISTRY,
    counting.registry(lambda: ()),
)
OURS = r"\b(?:slots|booking|notify|supervisor|edge|process)_\w+"
RECORDED = r"\b(?:slots|booking|talon):\w+:\w+"
OF_EACH = r'__name__=~"\(slots\|booking\|notify\)_(\w+)"'
PARTS = r"\n## How to see it\n(.*?)(?=\n## |\Z)"


def _counted() -> set[str]:
    """Every name that a scrape may show."""
    families = [family for registry in REGISTRIES for family in registry.collect()]
    names = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    ends = ("_bucket", "_count", "_sum")
    names |= {
        family.name + end for family in families if family.type == "histogram" for end in ends
    }
    edge = (ROOT / "deploy" / "nginx" / "metrics.conf").read_text("utf-8")
    return names | set(re.findall("# TYPE ([a-z_]+)", edge))


def _recorded() -> set[str]:
    groups = yaml.safe_load((RULES / "recorded.yml").read_text("utf-8"))["groups"]
    return {rule["record"] for group in groups for rule in group["rules"]}


def _queries(page: Path) -> list[str]:
    """What stands between backticks and asks Prometheus; a word of SQL or of a shell is neither."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.S)
    quoted = [" ".join(quote.split()) for quote in re.findall(r"`([^`]+)`", text)]
    return [quote for quote in quoted if not re.match(r"SELECT|UPDATE|/", quote)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_asks_only_for_what_is_counted_or_worked_out(page: Path):
    counted, recorded = _counted(), _recorded()
    text = " ".join(_queries(page))

    strange = set(re.findall(OURS, text)) - counted
    strange |= set(re.findall(RECORDED, text)) - recorded
    strange |= {f"…_{noun}" for noun in re.findall(OF_EACH, text) if f"slots_{noun}" not in counted}

    assert strange == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_picture_that_a_page_names_is_on_a_board(page: Path):
    drawn = {panel.title for board in BOARDS for panel in board.panels}
    text = " ".join(page.read_text("utf-8").split())

    assert set(re.findall(r"panel \*([^*]+)\*", text)) - drawn == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_quotes_from_a_log_is_said_somewhere(page: Path):
    code = "\n".join(
        path.read_text("utf-8")
        for room in ("services", "shared")
        for path in (ROOT / room).rglob("*.py")
    )
    seen = " ".join(" ".join(re.findall(PARTS, page.read_text("utf-8"), re.S)).split())
    of_others = {"connection refused", "context deadline exceeded"}

    quoted = set(re.findall(r'"([a-z][^"`{}]*[a-z])"', re.sub(r"`[^`]*`", "", seen))) - of_others

    assert [quote for quote in quoted if quote not in code] == []
