"""What is plugged into what? With `doors`, the only file that knows all the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain

import asyncpg
from aiohttp import web

from services.booking import api, metrics
from services.booking.announcing import Announcer
from services.booking.answering import Answering
from services.booking.closures import Closures
from services.booking.config import Config
from services.booking.doors import doors
from services.booking.dryruns import Trier
from services.booking.inbox import Inbox
from services.booking.learning import Learning
from services.booking.memory import Kept
from services.booking.pending import Sweeper
from services.booking.retention import Retention
from services.booking.store import (
    Database,
    Wishes,
)
from services.booking.store.database import OUTAGES
from services.booking.televisits import Attendant
from shared import broker, database
from shared.access.noting import Access
from shared.access.store import AccessLog
from shared.asking import Asking, Replies
from shared.auditor import Auditor
from shared.batch import Limits
from shared.clock import DatabaseClock
from shared.door import Door, all_ready
from shared.events import Unpacker
from shared.follow import Follower
from shared.handing import Commands
from shared.health import Health, readiness
from shared.links.rules import keys_of
from shared.log import Appender
from shared.logs import Lines
from shared.outbox import Relay
from shared.pool import use_of
from shared.process import Work
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.runner import Runner
from shared.topics import NOTIFY_EVENTS, SLOTS_EVENTS
from shared.web import ops_app, serving

NAME = "booking"
PACKAGES = ["shared", "shared.links", "shared.proposals", "services.booking"]
"""Whose migrations make this service's schema."""
MEASURE_SECONDS = 1.0
ANSWERS_LEASE_SECONDS = 3.0
"""Of few messages, for which nobody waits at a door."""


async def run(config: Config, stopping: asyncio.Event) -> None:
    """The whole service, or the role of it that this process has, until told to stop."""
    await database.migrate(config.database_owner, PACKAGES)
    async with _pools(config) as (pool, persons, batches), _appender(config) as appender:
        clock = DatabaseClock()
        await clock.set(pool)
        store = Database(pool, config.database_seconds, persons=persons, batches=batches)
        relay = Relay(SLOTS_EVENTS.name, batches, appender)
        relay.on_announced = metrics.ANNOUNCED.inc
        kept = Kept(config.facts_max)
        inbox = Inbox(kept, Lines(config.log_one_in))
        follower = _projector(config, inbox, relay)
        asking = _asking(config, appender)
        health = Health(
            appender=appender,
            follower=follower,
            relay=relay,
            replies=asking.replies,
            ping=store.takes_writes,
        )
        checks = health.checks() | {"events": inbox.wrong}
        work = Work(checks, [clock.keep(pool), health.keep(), _measure(store, appender)])
        if config.role != "api":
            work.tasks += [relay.run(), _audit(pool, config, follower)]
            told = Relay(NOTIFY_EVENTS.name, batches, appender)
            _add_followers(work, follower, _answers(work, config, clock, told))
        else:
            del work.checks["follower"], work.checks["relay"]
        if config.role != "projector":
            _add_errands(work, config, Wishes(store), asking=asking, clock=clock)
            access = _access(work, config, pool, clock)
            app = doors(config, store, asking, clock, kept, access=access)
            _add_errands_for_persons(work, config, app[api.DESK])
            _add_errands_for_rules(work, config, app)
            _add_door(work, config, app)
        else:
            del work.checks["replies"]
        metrics.PART_READY.look = readiness(work.checks)
        async with serving(ops_app(work.checks, metrics.REGISTRY), config.host, config.ops_port):
            await work.run(stopping)


def _asking(config: Config, appender: Appender) -> Asking:
    replies = Replies(
        broker=broker.told(config),
        name=f"{NAME}-{config.instance}",
        partition=config.reply_to,
        seats_max=config.seats_max,
    )
    asking = Asking(Commands(appender), replies)
    asking.on_answer = metrics.ANSWER_SECONDS.observe
    return asking


def _access(work: Work, config: Config, pool: asyncpg.Pool, clock: DatabaseClock) -> Access:
    """Where the doors note whose data they touch: it ends after them, when all is written."""
    by = f"{NAME}-{config.instance}"
    access = Access.to(AccessLog(pool), config, by=by, now=clock.now)
    metrics.ACCESS.show(access)
    work.first.append(access.writer)
    work.checks["accesses"] = access.writer.wrong
    return access


def _add_door(work: Work, config: Config, app: web.Application) -> None:
    door = Door(
        app,
        host=config.host,
        port=config.port,
        drain_seconds=config.drain_seconds,
        ready=all_ready(work.checks),
    )
    work.checks["door"] = door.wrong
    work.doors.append(door)


def _projector(config: Config, inbox: Inbox, relay: Relay) -> Follower:
    follower = Follower(
        SLOTS_EVENTS,
        dsn=config.database,
        broker=broker.told(config),
        name=f"{NAME}-projector-{config.instance}",
        unpack=Unpacker(SLOTS_EVENTS),
        handler=inbox,
        relay=relay,
        limits=Limits(batch_max=config.batch_events_max, gather_seconds=config.gather_seconds),
        session=database.BY_INDEX,
    )
    follower.commits.on_batch = metrics.count_batch
    follower.commits.on_set_aside = metrics.count_set_aside
    follower.commits.on_again = lambda why: metrics.again[why].inc()
    return follower


def _answers(work: Work, config: Config, clock: DatabaseClock, relay: Relay) -> Follower:
    """Who answered a reminder by a text message, as the messenger tells it."""
    answering = Answering(keys_of(config.link_keys), clock.now, config.reply_to)
    follower = Follower(
        NOTIFY_EVENTS,
        dsn=config.database,
        broker=broker.told(config),
        name=f"{NAME}-answers-{config.instance}",
        unpack=Unpacker(NOTIFY_EVENTS),
        handler=answering,
        relay=relay,
        limits=Limits(batch_max=config.batch_events_max, lease_seconds=ANSWERS_LEASE_SECONDS),
        session=database.BY_INDEX,
    )
    follower.commits.on_batch = answering.count
    follower.commits.on_set_aside = metrics.count_set_aside
    follower.commits.on_again = lambda why: metrics.again[why].inc()
    work.tasks.append(relay.run())
    checks = {"answers": answering.wrong, "answers_follower": follower.wrong}
    work.checks |= checks | {"answers_relay": relay.wrong}
    return follower


async def _audit(pool: asyncpg.Pool, config: Config, follower: Follower) -> None:
    """Look once a minute whether promises are kept."""
    auditor = Auditor.beside(follower, pool, "services.booking", config)
    metrics.AUDIT.show(auditor)
    await auditor.run()


def _add_followers(work: Work, *followers: Follower) -> None:
    work.first += followers
    lags = [follower.lags for follower in followers]
    metrics.POSITION.look = lambda: chain.from_iterable(each.positions() for each in lags)
    metrics.LAG_RECORDS.look = lambda: chain.from_iterable(each.records() for each in lags)
    metrics.LAG_SECONDS.look = lambda: chain.from_iterable(each.seconds() for each in lags)


def _add_errands(
    work: Work, config: Config, wishes: Wishes, *, asking: Asking, clock: DatabaseClock
) -> None:
    """What goes on though nobody is at the door."""
    sweeper = Sweeper(
        wishes, asking.commands, config.reply_to, resend_seconds=config.resend_seconds
    )
    closures = Closures(wishes, clock, config.reply_to)
    work.checks |= {"sweeper": sweeper.pulse.wrong, "closures": closures.pulse.wrong}
    work.tasks += [
        asking.replies.run(),
        sweeper.run(sweep_seconds=config.sweep_seconds, sweep_max=config.sweep_max),
        closures.run(closure_seconds=config.closure_seconds, closure_max=config.closure_max),
    ]


def _add_errands_for_persons(work: Work, config: Config, desk: api.Desk) -> None:
    """Who is known by another id since, what is forgotten by rule, for whose visit it is time."""
    retention = Retention(
        config,
        people=desk.people,
        profiles=desk.profiles,
        consents=desk.consents,
        rooms=desk.waiting.rooms,
        relations=desk.relations,
        announcements=desk.announcements,
    )
    work.checks["identities"] = desk.identities.wrong
    work.checks["rules"] = desk.memory.rules.wrong
    work.checks["lines"] = desk.waiting.lines.pulse.wrong
    learning = Learning(desk.memory, people=desk.people, books=desk.books)
    attendant = Attendant(desk.televisits)
    work.checks["visits"] = attendant.pulse.wrong
    visits = attendant.run(
        sweep_seconds=config.visit_sweep_seconds, visits_max=config.visit_sweep_max
    )
    announcer = Announcer(desk.announcements, desk.pace)
    work.checks["announcements"] = announcer.pulse.wrong
    work.tasks += [learning.run(), retention.run(), visits, announcer.run()]
    work.tasks += [desk.waiting.lines.run(), desk.waiting.left.run(), desk.crowd.run()]


def _add_errands_for_rules(work: Work, config: Config, app: web.Application) -> None:
    """Rules are tried on everybody, and what two persons agreed on is published."""
    desk, proposals = app[api.DESK], app[PROPOSALS]
    trier = Trier(desk.dry_runs, desk.books)
    runner = Runner(proposals.proposals, proposals.acts)
    runner.on_step = metrics.count_step
    metrics.PROPOSAL_DUE_SECONDS.one(lambda: runner.oldest_seconds)
    work.checks |= {"dry runs": trier.pulse.wrong, "proposals": runner.pulse.wrong}
    work.tasks += [trier.run(), runner.run(config.proposal_look_seconds)]


async def _measure(store: Database, appender: Appender) -> None:
    while True:
        await asyncio.sleep(MEASURE_SECONDS)
        metrics.PRODUCERS_BUILT.set(appender.rebuilt)
        try:
            row = await store.row("depths")
        except OUTAGES:
            continue
        assert row is not None
        metrics.COMMANDS_PENDING.set(row["pending"])
        metrics.OUTBOX_ROWS.set(row["outbox_rows"])
        metrics.OUTBOX_AGE_SECONDS.set(row["outbox_seconds"])


@asynccontextmanager
async def _pools(config: Config) -> AsyncIterator[tuple[asyncpg.Pool, ...]]:
    """The service's own connections; those on which it is one person at a time; and those by which
    it keeps whole batches, for which many wait.
    """
    own, persons = config.database, config.database_person
    by_index = database.BY_INDEX
    pools = (
        await database.open_pool(own, size_max=config.pool_connections_max, name=NAME),
        await database.open_pool(persons, size_max=config.person_connections_max, name=NAME),
        await database.open_pool(
            own, size_max=config.batch_connections_max, name=NAME, session=by_index
        ),
    )
    for each in pools:
        each.on_wait = metrics.POOL_WAIT_SECONDS.observe
    metrics.POOL_CONNECTIONS.look = lambda: use_of(pools)
    metrics.POOL_CONNECTIONS_MAX.set(
        config.pool_connections_max + config.person_connections_max + config.batch_connections_max
    )
    try:
        yield pools
    finally:
        for each in pools:
            each.terminate()


@asynccontextmanager
async def _appender(config: Config) -> AsyncIterator[Appender]:
    appender = Appender(broker.told(config), f"{NAME}-{config.instance}")
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()
