"""Writes what Grafana and Prometheus read. python -m deploy.watch"""

from pathlib import Path

from deploy.watch.boards import BOARDS
from deploy.watch.console import page
from deploy.watch.grafana import dashboard

DEPLOY = Path(__file__).resolve().parents[1]


def files() -> dict[Path, str]:
    """Every file that is made from the boards, with its text."""
    dashboards = DEPLOY / "grafana" / "dashboards"
    made = {dashboards / f"{board.slug}.json": dashboard(board) for board in BOARDS}
    return made | {DEPLOY / "prometheus" / "consoles" / "morning.html": page(BOARDS)}


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
