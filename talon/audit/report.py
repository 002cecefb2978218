"""How is a person told what the audit found?"""

from collections import Counter

from rich.console import Console
from rich.table import Table

from talon.audit.facts import World
from talon.audit.rules import Finding
from talon.audit.witness import Witness

BROKEN_SHOWN = 5
"""Of each broken promise; the first are enough to start looking."""

UNKNOWN_SHOWN = 100


def show(out: Console, witness: Witness, world: World, findings: list[Finding]) -> None:
    """What was compared, each promise, and where those are broken that are."""
    out.print(_compared(witness, world))
    out.print(_promises(findings))
    _show_unknown(out, witness, world)
    for finding in findings:
        if finding.broken:
            _show_broken(out, finding)


def verdict(findings: list[Finding], unrest: str) -> str:
    """The audit in one line."""
    counts = {finding.promise.name: len(finding.broken) for finding in findings}
    ghosts = counts["ghosts"] + counts["ghost mail"]
    twice = counts["twice"] + counts["told twice"]
    lost = counts["lost"] + counts["untold"]
    numbers = f"oversold {counts['oversold']}, lost {lost}, ghosts {ghosts}, twice {twice}"
    others = sum(counts.values()) - counts["oversold"] - lost - ghosts - twice
    if others:
        numbers += f", other broken promises {others}"
    if unrest:
        return f"audit: BROKEN: not at rest ({unrest}); {numbers}"
    return f"audit: {'BROKEN' if sum(counts.values()) else 'clean'}: {numbers}"


def _compared(witness: Witness, world: World) -> str:
    outcomes = Counter(wish.outcome for wish in witness.wishes)
    lines = sum(len(wish.lines) for wish in witness.wishes)
    mails = sum(len(found) for found in world.mails.values()) + len(world.strays)
    return (
        f"audit: {lines:,} answers to {len(witness.wishes):,} wishes"
        f" ({outcomes['ok']:,} granted, {outcomes['refused']:,} refused,"
        f" {outcomes['away']:,} turned away, {outcomes['unknown']:,} unknown)\n"
        f"  against {len(world.slots):,} slots, {sum(map(len, world.places.values())):,} seats,"
        f" {len(world.bookings):,} bookings and holds, {mails:,} mails"
    )


def _promises(findings: list[Finding]) -> Table:
    table = Table(title="Promises", title_justify="left")
    table.add_column("promise")
    table.add_column("what it says")
    table.add_column("broken", justify="right")
    for finding in findings:
        style = "bold red" if finding.broken else ""
        count = f"{len(finding.broken):,}"
        table.add_row(finding.promise.name, finding.promise.says, count, style=style)
    return table


def _show_unknown(out: Console, witness: Witness, world: World) -> None:
    """What nobody can say is counted and listed: it is not broken, and not hidden."""
    messages = [row for row in world.messages if row.state == "unknown"]
    out.print(f"messages of which nobody knows whether they were sent: {len(messages):,}")
    for row in messages[:UNKNOWN_SHOWN]:
        out.print(f"  {row.tells} about booking {row.booking_id}")
    wishes = witness.unknown
    out.print(f"wishes that never got a definite answer: {len(wishes):,}")
    for wish in wishes[:UNKNOWN_SHOWN]:
        last = wish.lines[-1]
        out.print(f"  {last.act} {wish.key}: {last.status} {last.code} {last.state}")


def _show_broken(out: Console, finding: Finding) -> None:
    out.print(f"broken: {finding.promise.name}: {finding.promise.says}", style="bold red")
    for broken in finding.broken[:BROKEN_SHOWN]:
        out.print(
            f"  {broken.about} in {broken.where}\n"
            f"    should be: {broken.expected}\n"
            f"    found:     {broken.found}",
            soft_wrap=True,
        )
    more = len(finding.broken) - BROKEN_SHOWN
    if more > 0:
        out.print(f"  and {more:,} more")
