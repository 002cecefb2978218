"""Does promtool take the rules, does each alert speak of people, and has it a page to act by?"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.topics import HOMES

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
STORIES = sorted(Path(__file__).parent.glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
QUESTIONS = (
    "## What people notice",
    "## How to see it",
    "## What to do",
    "## What not to do",
    "## How it was rehearsed",
)


def _alerts() -> list[dict[str, Any]]:
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def _page_of(alert: str) -> str:
    """BookingsSlow has its page in bookings-slow.md."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alert).lower() + ".md"


def _promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_its_configuration_and_its_rules():
    _promtool("check", "config", str(PROMETHEUS / "prometheus.yml"))


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_are_quiet_when_they_should(story: Path):
    _promtool("test", "rules", str(story))


def test_every_alert_has_a_story_in_which_it_fires():
    fired = {
        expected["alertname"]
        for story in STORIES
        for test in yaml.safe_load(story.read_text())["tests"]
        for expected in test["alert_rule_test"]
        if expected["exp_alerts"]
    }

    assert fired == {alert["alert"] for alert in _alerts()}


@pytest.mark.parametrize("alert", _alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_where_its_page_is(alert: dict[str, Any]):
    page = RUNBOOKS / _page_of(alert["alert"])

    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["runbook"] == str(page.relative_to(ROOT))
    text = page.read_text("utf-8")
    assert text.startswith(f"# {alert['alert']}\n")
    assert [question for question in QUESTIONS if question not in text] == []


def test_no_page_is_about_an_alert_that_is_not_there():
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}

    assert pages == {_page_of(alert["alert"]) for alert in _alerts()}


def test_the_list_of_pages_has_each_with_its_urgency():
    rows = re.findall(
        r"^\| \[(\w+)\]\(([\w-]+\.md)\) \| (\w+) \|", (RUNBOOKS / "README.md").read_text(), re.M
    )

    assert sorted(rows) == sorted(
        (alert["alert"], _page_of(alert["alert"]), alert["labels"]["severity"])
        for alert in _alerts()
    )


def test_a_partition_of_nobody_is_missed_by_the_number_that_there_are():
    named = [n for alert in _alerts() for n in re.findall(r"vector\(0\)\) < (\d+)", alert["expr"])]

    assert named == [str(HOMES)] * 2
