"""Are the boards that Grafana and Prometheus read those that are written down in deploy/watch?"""

import json
from pathlib import Path

import pytest

from deploy.watch.__main__ import DEPLOY, files
from deploy.watch.boards import BOARDS

MADE = files()


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_a_board_s_file_is_as_it_is_made(path: Path):
    assert path.read_text("utf-8") == MADE[path], "write it anew: python -m deploy.watch"


def test_no_other_dashboard_lies_beside_them():
    there = set((DEPLOY / "grafana" / "dashboards").iterdir())
    there |= set((DEPLOY / "prometheus" / "consoles").iterdir())

    assert there == set(MADE)


def test_grafana_finds_every_board_under_a_name_of_its_own():
    dashboards = [json.loads(text) for path, text in MADE.items() if path.suffix == ".json"]

    assert len({said["uid"] for said in dashboards}) == len(BOARDS)


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.slug)
def test_a_line_is_called_by_a_name_or_by_its_labels(board):
    lines = [line for panel in board.panels for line in panel.lines]

    assert [line.query for line in lines if bool(line.name) == bool(line.by)] == []
