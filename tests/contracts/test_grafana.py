"""Does Grafana find Prometheus and every board, as docker-compose.yml gives them to it?"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.watch.boards import BOARDS
from deploy.watch.grafana import dashboard
from deploy.watch.questions import Board
from tests.containers import CHECKOUT, containers, mounts_of, settings

ASKED = [pytest.param(board, id=board.slug) for board in BOARDS]


def provisioned(kind: str) -> list[dict[str, Any]]:
    """What Grafana finds of this kind in the folder where it looks when it starts."""
    folder = _outside("/etc/grafana/provisioning") / kind
    said = [yaml.safe_load(path.read_text("utf-8")) for path in folder.glob("*.yml")]
    return [one for file in said for one in file["providers" if "providers" in file else kind]]


def _outside(inside: str) -> Path:
    return CHECKOUT / mounts_of("grafana")[inside]


def test_grafana_asks_prometheus_where_its_container_is() -> None:
    (source,) = provisioned("datasources")

    assert source["url"] == f"http://prometheus:{settings()['TALON_PROMETHEUS_PORT']}"
    shared = set(containers()["grafana"]["networks"]) & set(containers()["prometheus"]["networks"])
    assert shared != set()


def test_grafana_expects_figures_as_often_as_prometheus_asks_for_them() -> None:
    told = yaml.safe_load((CHECKOUT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    (source,) = provisioned("datasources")

    assert source["jsonData"]["timeInterval"] == told["global"]["scrape_interval"]


def test_grafana_looks_for_boards_where_they_are_mounted() -> None:
    (provider,) = provisioned("dashboards")

    folder = _outside(provider["options"]["path"])

    assert {path.stem for path in folder.glob("*.json")} == {board.slug for board in BOARDS}


@pytest.mark.parametrize("board", ASKED)
def test_every_picture_takes_its_figures_from_that_prometheus(board: Board) -> None:
    (source,) = provisioned("datasources")

    panels = json.loads(dashboard(board))["panels"]

    used = [panel["datasource"] for panel in panels]
    used += [target["datasource"] for panel in panels for target in panel["targets"]]
    assert used != []
    assert {(one["type"], one["uid"]) for one in used} == {(source["type"], source["uid"])}
