"""What is said of a campaign: what failed when, what was kept, and where the first thing broke?"""

from collections import Counter
from collections.abc import Iterator

from tests.faults.checks import Finding
from tests.faults.outcome import Outcome
from tests.faults.replay import state_hash
from tests.faults.trail import trail

SHOWN_MAX = 5
TRAILS_MAX = 2
"""Of so many broken things of each promise it is told where they were lost."""
SLOW_SECONDS = 1.0


def lines(outcome: Outcome, command: str) -> Iterator[str]:
    """The whole report, a line each."""
    yield (
        f"seed {outcome.seed}: {outcome.asked:,} bookings, holds and confirmations asked in"
        f" {outcome.requests:,} requests, {outcome.booked:,} booked, {outcome.changes} changes by"
        f" staff, {outcome.poison} unreadable records"
    )
    yield f"  time: {outcome.stages.told()}"
    hits = ", ".join(f"{name} {count}" for name, count in outcome.hits.items() if count)
    looks = ", ".join(f"{count:,} of {name}" for name, count in outcome.looks.items())
    yield f"  answers kept back: {hits or 'none'}; looks meanwhile: {looks}"
    kinds = Counter(struck.fault.kind for struck in outcome.log)
    yield "  faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"  the client itself was late by at most {outcome.lag_seconds} s"
    for bar in outcome.bars:
        yield f"  {bar}"
    slow = ", ".join(
        f"{finding.promise.name} {finding.seconds:.0f} s"
        for finding in outcome.findings
        if finding.seconds >= SLOW_SECONDS
    )
    yield f"  judged for long: {slow or 'nothing'}"
    found = outcome.history
    yield (
        f"  state: {len(found.slots):,} slots, {len(found.places):,} places,"
        f" hash {state_hash(found.slots, found.places)[:16]}"
    )
    for finding in outcome.findings:
        count = len(finding.broken)
        yield f"  {finding.promise.name:14} {count or 'kept':>6}  {finding.promise.says}"
    if outcome.is_clean:
        yield f"seed {outcome.seed}: clean"
        return
    yield from _what_broke(outcome, command)


def _what_broke(outcome: Outcome, command: str) -> Iterator[str]:
    yield f"seed {outcome.seed}: NOT CLEAN; the same again: {command}"
    began = outcome.history.began
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
    yield from _where_it_was_lost(outcome, broken)


def _where_it_was_lost(outcome: Outcome, broken: list[Finding]) -> Iterator[str]:
    """The first few of each promise, each thing once."""
    shown: set[str] = set()
    for finding in broken:
        for one in finding.broken[:TRAILS_MAX]:
            if one.about not in shown:
                shown.add(one.about)
                yield f"  {finding.promise.name}: the journal of {one.about}, and its trail:"
                yield from (f"    {said}" for said in trail(outcome.history, one))
