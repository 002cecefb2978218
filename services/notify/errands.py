"""What is done again and again beside the loops? Measuring, passing over, forgetting, auditing."""

import asyncio
import logging
from collections.abc import Sequence

import asyncpg

from services.notify import metrics
from services.notify.config import Config
from services.notify.rules import Receipt
from services.notify.rules.preferences import CHANNELS
from services.notify.sending import Sender
from services.notify.store import End, Ledger, LiveEvents, Receipts, Texting
from shared import database
from shared.auditor import Auditor
from shared.follow import Follower
from shared.log import Appender

log = logging.getLogger(__name__)

MEASURE_SECONDS = 1.0
FORGET_SECONDS = 600.0
FORGET_PAUSE_SECONDS = 0.1
PASS_OVER_SECONDS = 2.0


async def measure(ledger: Ledger, appender: Appender, senders: Sequence[Sender]) -> None:
    """Once a second: what waits, for how long, and over how many lines it goes."""
    while True:
        await asyncio.sleep(MEASURE_SECONDS)
        metrics.PRODUCERS_BUILT.set(appender.rebuilt)
        for sender in senders:
            metrics.PROVIDER_LINES.labels(sender.name).set(sender.connections)
        try:
            counts = await ledger.measure()
            depth, age_seconds = await ledger.outbox()
        except database.AWAY:
            continue
        metrics.UNSETTLED.labels("waiting").set(counts.waiting)
        metrics.UNSETTLED.labels("claimed").set(counts.claimed)
        metrics.UNSETTLED.labels("unknown").set(counts.unknown)
        metrics.OLDEST_WAITING_SECONDS.set(counts.oldest_seconds)
        metrics.OUTBOX_ROWS.set(depth)
        metrics.OUTBOX_AGE_SECONDS.set(age_seconds)


async def pass_over(ledger: Ledger, senders: Sequence[Sender]) -> None:
    """Nobody waits for a channel that is not spoken here, such as texts without a provider."""
    unspoken = [each for each in CHANNELS if each not in {sender.channel for sender in senders}]
    while True:
        try:
            passed = await ledger.pass_over(unspoken)
            metrics.settled["no_address"].inc(passed)
        except database.AWAY as error:
            log.warning("channels were not passed over", extra={"error": repr(error)})
        await asyncio.sleep(PASS_OVER_SECONDS)


async def forget_old(events: LiveEvents, texting: Texting, config: Config) -> None:
    """Bite after bite while there is something old, then again after a while."""
    while True:
        gone = 0
        try:
            gone = await events.forget(
                days=config.live_kept_days, rows_max=config.forgotten_rows_max
            )
            gone += await texting.forget()
        except database.AWAY as error:
            log.warning("what is old was not forgotten", extra={"error": repr(error)})
        await asyncio.sleep(FORGET_PAUSE_SECONDS if gone else FORGET_SECONDS)


async def audit(pool: asyncpg.Pool, config: Config, follower: Follower) -> None:
    """Look once a minute whether promises are kept."""
    auditor = Auditor.beside(follower, pool, "services.notify", config)
    metrics.AUDIT.show(auditor)
    await auditor.run()


async def take_ends(receipts: Receipts, ends: Sequence[End]) -> None:
    """How text messages ended, all parts of each together."""
    metrics.count_settled(
        await receipts.take(
            [
                Receipt(provider=end.provider, reference=end.reference, state=end.state)
                for end in ends
            ]
        )
    )
    for end in ends:
        if end.is_new:
            metrics.TEXTS_ENDED.labels(end.provider, end.state).inc()
