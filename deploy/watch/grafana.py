"""How does a board become a Grafana dashboard?"""

import json
from typing import Any

from deploy.watch.questions import Board, Line, Panel

UNITS = {
    "per_second": "cps",
    "seconds": "s",
    "share": "percentunit",
    "number": "short",
    "bytes": "bytes",
    "cores": "short",
}
"""Grafana's names."""

PANELS_A_ROW = 3
COLUMNS = 24
HEIGHT = 8
SOURCE = {"type": "prometheus", "uid": "prometheus"}


def dashboard(board: Board) -> str:
    """The dashboard's JSON, as it lies in the repository."""
    said = {
        "uid": f"talon-{board.slug}",
        "title": board.question,
        "tags": ["talon"],
        "timezone": "browser",
        "schemaVersion": 38,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "annotations": {"list": [_alerts()]},
        "links": [{"type": "dashboards", "tags": ["talon"], "title": "Talon", "asDropdown": False}],
        "panels": [_panel(nth, panel) for nth, panel in enumerate(board.panels)],
    }
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _panel(nth: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(nth, PANELS_A_ROW)
    width = COLUMNS // PANELS_A_ROW
    return {
        "id": nth + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.note,
        "datasource": SOURCE,
        "gridPos": {"x": column * width, "y": row * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {"unit": UNITS[panel.unit], "min": 0, "custom": {"fillOpacity": 8}},
            "overrides": [],
        },
        "options": {"tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [_target(chr(ord("A") + n), line) for n, line in enumerate(panel.lines)],
    }


def _target(letter: str, line: Line) -> dict[str, Any]:
    legend = line.name or " ".join(f"{{{{{label}}}}}" for label in line.by)
    return {"refId": letter, "expr": line.query, "legendFormat": legend, "datasource": SOURCE}


def _alerts() -> dict[str, Any]:
    """Marks in every picture when somebody was told that something is wrong."""
    return {
        "name": "alerts",
        "enable": True,
        "iconColor": "red",
        "datasource": SOURCE,
        "expr": 'ALERTS{alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{severity}} {{job}} {{part}}",
    }
