"""How do the boards become one page in Prometheus itself, for whoever has no Grafana?

The figures are filled in by Prometheus (a console template, so without JavaScript they are there);
the lines of the last quarter of an hour are drawn by a few lines of script.
"""

from html import escape
from pathlib import Path

from deploy.watch.questions import Board, Line, Panel, Unit

FRAME = Path(__file__).parent / "morning.html"
FORMATS: dict[Unit, str] = {
    "per_second": '{{ printf "%.1f" .Value }}/s',
    "seconds": "{{ humanizeDuration .Value }}",
    "share": "{{ humanizePercentage .Value }}",
    "number": "{{ humanize .Value }}",
    "bytes": "{{ humanize1024 .Value }}B",
    "cores": '{{ printf "%.2f" .Value }}',
}
NO_NUMBER = '{{ if eq (printf "%v" .Value) "NaN" }}–{{ else }}'
"""A quantile of nothing is no number."""


def page(boards: tuple[Board, ...]) -> str:
    """The console template, as it lies in the repository."""
    frame = FRAME.read_text(encoding="utf-8")
    return frame.replace("<!-- boards -->", "\n".join(map(_board, boards)))


def _board(board: Board) -> str:
    panels = "\n".join(map(_panel, board.panels))
    title = f'<h2 id="{board.slug}">{escape(board.question)}</h2>'
    return f"<section>\n{title}\n<div>\n{panels}\n</div>\n</section>"


def _panel(panel: Panel) -> str:
    values = "\n".join(_values(line, panel.unit) for line in panel.lines)
    return (
        f'<figure data-unit="{panel.unit}">\n'
        f"<figcaption>{escape(panel.title)}</figcaption>\n"
        f"<svg></svg>\n<ul>\n{values}\n</ul>\n"
        f"<p>{escape(panel.note)}</p>\n"
        "</figure>"
    )


def _values(line: Line, unit: Unit) -> str:
    """One entry for each series; what the script needs to draw it stands beside it."""
    assert "`" not in line.query
    labels = " ".join(f"{{{{ .Labels.{label} }}}}" for label in line.by)
    query = escape(line.query)
    value = f"{NO_NUMBER}{FORMATS[unit]}{{{{ end }}}}"
    return (
        f'<li hidden data-query="{query}" data-name="{line.name}" data-by="{" ".join(line.by)}">'
        f"</li>\n{{{{ range query `{line.query}` }}}}"
        f"<li><b>{value}</b> <span>{escape(line.name) or labels}</span></li>{{{{ end }}}}"
    )
