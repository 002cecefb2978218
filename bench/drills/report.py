"""What does a person see of a drill? One page with everything in it, which needs no server."""

import sys
from collections.abc import Mapping, Sequence
from html import escape
from xml.etree.ElementTree import tostring

import pygal
from pygal.style import Style

from bench.drills.found import Result
from bench.drills.mornings import Morning
from bench.drills.play import Played
from bench.drills.tally import Second

LABELS_EVERY_SECONDS = 10
# The library leaves a finder of its own plugins behind, of a kind that Python no longer asks.
sys.meta_path[:] = [it for it in sys.meta_path if type(it).__name__ != "PluginImportFixer"]

STYLE = Style(
    background="transparent",
    plot_background="transparent",
    font_family="system-ui, sans-serif",
    colors=("#1b6ca8", "#2a9d5c", "#c8553d", "#8a6fb0", "#c79a2b", "#5f6b73"),
)

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
th, td {{ border-bottom: 1px solid #ccc; padding: 0.3rem 0.8rem 0.3rem 0; text-align: left; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
.broken {{ color: #a40000; font-weight: bold; }}
figure {{ margin: 2rem 0; }}
</style>
<h1>{title}</h1>
<p>{summary}</p>
{body}
</html>
"""


def page(morning: Morning, played: Played, result: Result) -> str:
    """The whole report."""
    parts = (
        "<h2>Promises</h2>",
        _promises(played, result),
        "<h2>In numbers</h2>",
        _table(_numbers(played, result)),
        "<h2>Second by second</h2>",
        *(f"<figure>{chart}</figure>" for chart in _charts(played)),
        "<h2>Where the morning comes from</h2>",
        _sources(morning),
        "<h2>What is made up</h2>",
        _list(morning.made_up),
    )
    summary = (
        f"{played.people:,} people came within {played.curve.seconds:.0f} s, up to"
        f" {played.curve.peak:.0f} a second, for {played.places:,} places. The waiting room let in"
        f" up to {played.speed:.1f} a second. Played from {played.began:%Y-%m-%d %H:%M} UTC."
    )
    return PAGE.format(title=escape(morning.title), summary=summary, body="\n".join(parts))


def _promises(played: Played, result: Result) -> str:
    found = played.invariants
    rows = {
        "slots with more people than room": found.oversold,
        "bookings that were acknowledged and are not there": found.lost,
        "people with one dose twice": found.twice,
        "people booked before the line had come to them": found.jumped,
        "people who came past the line": result.went_around,
        "second tabs with another place": result.another_place,
        "audits afterwards that found anything": int(not result.is_audit_clean),
    }
    said = "".join(
        f"<tr><td>{escape(what)}</td>"
        f'<td class="number{" broken" if count else ""}">{count:,}</td></tr>'
        for what, count in rows.items()
    )
    looks = f"<p>Looked at {found.looks:,} times; {found.failed_looks:,} looks failed.</p>"
    return f"{looks}<table>{said}</table>"


def _numbers(played: Played, result: Result) -> Mapping[str, str]:
    return {
        "let in, a second, while somebody waited": f"{played.served:.2f} of {played.speed:.2f}",
        "booked": f"{result.booked:,}",
        "came in": f"{result.admitted:,}",
        "left while they waited": f"{result.left:,}",
        "a booking's answer, p50": f"{result.p50_ms:.0f} ms",
        "a booking's answer, p99": f"{result.p99_ms:.0f} ms",
        "slowest answer of the room to somebody turned away": f"{played.slowest_shed_ms:.0f} ms",
        "how late the client itself was, at most": f"{played.lag_ms:.0f} ms",
        **{
            what: f"{count:,}"
            for what, count in played.totals.items()
            if what.startswith(("refused: ", "join: "))
        },
    }


def _charts(played: Played) -> Sequence[str]:
    seconds = played.seconds
    reasons = sorted({reason for second in seconds for reason in second.refused})
    return (
        _chart(
            "People a second",
            seconds,
            {
                "come": [second.arrived for second in seconds],
                "come in": [second.admitted for second in seconds],
                "book": [second.booked for second in seconds],
            },
        ),
        _chart("People waiting", seconds, {"wait": [second.waiting for second in seconds]}),
        _chart(
            "A booking's answer, ms",
            seconds,
            {
                "p50": [second.p50_ms for second in seconds],
                "p99": [second.p99_ms for second in seconds],
                "in the referee's queue, p99": [second.queue_ms for second in seconds],
            },
        ),
        _chart(
            "Refusals a second, by reason",
            seconds,
            {reason: [second.refused.get(reason, 0) for second in seconds] for reason in reasons},
        ),
    )


def _chart(
    title: str, seconds: Sequence[Second], lines: Mapping[str, Sequence[float | None]]
) -> str:
    chart = pygal.Line(
        title=title,
        style=STYLE,
        js=[],
        height=360,
        show_dots=False,
        include_x_axis=True,
        x_labels_major_every=LABELS_EVERY_SECONDS,
        show_minor_x_labels=False,
        disable_xml_declaration=True,
        no_data_text="nothing",
        x_title="seconds",
        legend_at_bottom=True,
        truncate_label=-1,
        truncate_legend=-1,
    )
    chart.x_labels = [str(nth) for nth in range(len(seconds))]
    for name, values in lines.items():
        chart.add(name, list(values))
    drawn = chart.render_tree()
    for parent in list(drawn.iter()):
        for script in parent.findall("script"):
            parent.remove(script)
    return tostring(drawn, encoding="unicode")


def _sources(morning: Morning) -> str:
    said = (
        f'<li>{escape(one.says)}: <a href="{escape(one.address)}">{escape(one.address)}</a></li>'
        for one in morning.sources
    )
    return f"<ul>{''.join(said)}</ul>"


def _list(texts: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(text)}</li>" for text in texts) + "</ul>"


def _table(rows: Mapping[str, str]) -> str:
    said = "".join(
        f'<tr><td>{escape(what)}</td><td class="number">{escape(value)}</td></tr>'
        for what, value in rows.items()
    )
    return f"<table>{said}</table>"
