"""What is said of a campaign: what failed when, what was kept, and where the first thing broke?"""

from collections import Counter
from collections.abc import Iterator

from tests.faults.campaign import Outcome
from tests.faults.trail import trail

SHOWN_MAX = 5


def lines(outcome: Outcome, command: str) -> Iterator[str]:
    """The whole report, a line each."""
    yield (
        f"seed {outcome.seed}: {outcome.asked:,} times a booking or hold was asked for,"
        f" {outcome.booked:,} booked, {outcome.changes} changes by staff,"
        f" {outcome.poison} unreadable records, {outcome.seconds:.0f} s"
    )
    hits = ", ".join(f"{name} {count}" for name, count in outcome.hits.items() if count)
    looks = ", ".join(f"{count:,} of {name}" for name, count in outcome.looks.items())
    yield f"  answers kept back: {hits or 'none'}; looks meanwhile: {looks}"
    kinds = Counter(struck.fault.kind for struck in outcome.log)
    yield "  faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    if not outcome.is_timed:
        yield (
            f"  the client itself was late by {outcome.lag_seconds} s: on a machine so busy its"
            " times judge nobody"
        )
    for bar in outcome.bars:
        sign = "at least" if bar.at_least else "at most"
        verdict = "" if bar.is_met else "  <-- NOT MET"
        yield f"  {bar.name}: {bar.found} {bar.unit} ({sign} {bar.allowed}){verdict}"
    for finding in outcome.findings:
        count = len(finding.broken)
        yield f"  {finding.promise.name:14} {count or 'kept':>6}  {finding.promise.says}"
    if outcome.is_clean:
        yield f"seed {outcome.seed}: clean"
        return
    yield from _what_broke(outcome, command)


def _what_broke(outcome: Outcome, command: str) -> Iterator[str]:
    yield f"seed {outcome.seed}: NOT CLEAN; the same again: {command}"
    began = outcome.log[0].at if outcome.log else 0.0
    for struck in outcome.log:
        until = f" until {struck.until - began:.1f}" if struck.fault.seconds else ""
        yield f"    {struck.at - began:7.1f} s{until}  {struck.fault.name}  {struck.note}"
    if outcome.unrest:
        yield f"  still not at rest: {outcome.unrest}"
    if outcome.unanswered:
        yield f"  {outcome.unanswered} wishes got no definite answer after all was well again"
    broken = [finding for finding in outcome.findings if finding.broken]
    for finding in broken:
        for one in finding.broken[:SHOWN_MAX]:
            yield (
                f"  {finding.promise.name}: {one.about} in {one.where}:"
                f" expected {one.expected}; found {one.found}"
            )
    for finding in broken:
        first = finding.broken[0]
        yield f"  {finding.promise.name}: where {first.about} is known:"
        for said in trail(outcome.history, first):
            yield f"    {said}"
