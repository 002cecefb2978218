"""What is plugged into what? The only file that knows all the others."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from aiohttp import web

from services.slots import api, availability, inbox, metrics, store
from services.slots.ahead import Ahead
from services.slots.availability import Memory
from services.slots.config import Config
from services.slots.rules import HoldLimits
from services.slots.rules.closing import Alone
from shared import broker, database
from shared.asking import Asking, Replies
from shared.auditor import Auditor
from shared.auth import Tokens
from shared.batch import Limits
from shared.clock import DatabaseClock
from shared.door import Door, all_ready
from shared.follow import Follower
from shared.handing import Commands
from shared.health import Health, readiness
from shared.log import Appender
from shared.logs import Lines
from shared.outbox import Relay
from shared.policy import Gate
from shared.process import Work
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.api import ProposalDesk
from shared.proposals.runner import Runner
from shared.proposals.store import Proposals
from shared.topics import SLOTS_COMMANDS, SLOTS_REPLIES
from shared.web import BODY_BYTES_MAX, answer_every_error, counted, ops_app, serving

log = logging.getLogger(__name__)

NAME = "slots"
REPLY_SEATS = range(12, SLOTS_REPLIES.partitions)
"""The partitions of `slots.replies` for this service's own processes."""

FORGET_SECONDS = 600.0


async def run(config: Config, stopping: asyncio.Event) -> None:
    """The whole service, or the role of it that this process has, until told to stop."""
    await database.migrate(config.database_owner, ["shared", "shared.proposals", "services.slots"])
    async with _pool(config) as pool, _appender(config) as appender:
        clock = DatabaseClock()
        await clock.set(pool)
        reads = store.Reads(pool)
        memory = _memory(config, reads, clock)
        relay = Relay(SLOTS_COMMANDS.name, pool, appender)
        relay.on_announced = metrics.ANNOUNCED.inc
        follower = _referee(config, relay, memory)
        replies = _replies(config)
        health = Health(
            appender=appender,
            follower=follower,
            relay=relay,
            replies=replies,
            ping=reads.takes_writes,
        )
        work = Work(
            health.checks() | {"availability": memory.wrong},
            [clock.keep(pool), health.keep(), memory.run(), _measure(reads, appender)],
        )
        work.tasks.append(availability.Teller(memory, appender.append, clock.now).run())
        if config.role != "api":
            work.first.append(follower)
            work.tasks += [relay.run(), _forget(pool, config), _audit(pool, config, follower)]
            _watch_follower(follower)
        else:
            del work.checks["follower"], work.checks["relay"]
        if config.role != "referee":
            asking = Asking(Commands(appender), replies)
            work.tasks.append(replies.run())
            _add_door(work, config, doors(config, reads, asking, clock=clock, memory=memory))
        else:
            del work.checks["replies"]
        metrics.PART_READY.look = readiness(work.checks)
        ops = ops_app(work.checks, metrics.REGISTRY)
        async with serving(ops, config.host, config.ops_port):
            await work.run(stopping)


def _replies(config: Config) -> Replies:
    return Replies(
        broker=broker.told(config),
        name=f"{NAME}-{config.instance}",
        partition=REPLY_SEATS[config.instance % len(REPLY_SEATS)],
        seats_max=config.staff_seats_max,
    )


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
    _add_runner(work, config, app[PROPOSALS])
    _add_ahead(work, config, app[api.DESK])


def _add_runner(work: Work, config: Config, desk: ProposalDesk) -> None:
    """What two persons agreed on is carried out wherever staff's wishes are."""
    runner = Runner(desk.proposals, desk.acts)
    runner.on_step = metrics.count_step
    runner.on_batch = metrics.count_touched
    metrics.PROPOSAL_DUE_SECONDS.one(lambda: runner.oldest_seconds)
    work.checks["proposals"] = runner.pulse.wrong
    work.tasks.append(runner.run(config.proposal_look_seconds))


def _add_ahead(work: Work, config: Config, desk: api.Desk) -> None:
    """What staff wished once and for all is asked for wherever their wishes are."""
    ahead = Ahead(desk)
    ahead.on_step = metrics.count_ahead
    ahead.on_failure = metrics.AHEAD_FAILURES.inc
    metrics.AHEAD_LEAST_DAYS.one(lambda: ahead.least_days)
    metrics.AHEAD_TARGET_DAYS.one(lambda: config.schedule_ahead_days)
    work.checks["ahead"] = ahead.pulse.wrong
    work.tasks.append(ahead.run(config.schedule_look_seconds))


def _memory(config: Config, reads: store.Reads, clock: DatabaseClock) -> Memory:
    memory = Memory(
        dsn=config.database,
        broker=broker.told(config),
        name=f"{NAME}-{config.instance}",
        numbers=reads.event_numbers,
        clock=clock,
        limits=availability.Limits(
            slots_max=config.upcoming_slots_max,
            encoded_bytes_max=config.encoded_bytes_max,
            hole_seconds_max=config.hole_seconds_max,
            stale_seconds_max=config.stale_seconds_max,
        ),
    )
    metrics.AVAILABILITY_AGE_SECONDS.set_function(memory.age_seconds)
    return memory


def _referee(config: Config, relay: Relay, memory: Memory) -> Follower:
    alternatives = availability.Alternatives(lambda: memory.board, memory.now_us)
    referee = inbox.Referee(
        config.swept_holds_max,
        alternatives.near,
        Lines(config.log_one_in),
        HoldLimits(places_max=config.held_places_max, holds_max=config.holds_max),
    )
    follower = Follower(
        SLOTS_COMMANDS,
        dsn=config.database,
        broker=broker.told(config),
        name=f"{NAME}-referee-{config.instance}",
        unpack=inbox.unpack,
        handler=referee,
        relay=relay,
        limits=Limits(
            batch_max=config.batch_commands_max,
            buffered_max=config.buffered_commands_max,
            lease_seconds=config.lease_seconds,
            tick_seconds=config.sweep_seconds,
        ),
        session=store.REFEREE_SESSION,
    )
    follower.commits.on_batch = referee.count
    follower.commits.on_set_aside = lambda item, reason: metrics.SET_ASIDE.inc()
    follower.commits.on_again = lambda why: metrics.again[why].inc()
    return follower


def _watch_follower(follower: Follower) -> None:
    metrics.POSITION.look = follower.lags.positions
    metrics.LAG_RECORDS.look = follower.lags.records
    metrics.LAG_SECONDS.look = follower.lags.seconds


def doors(
    config: Config, reads: store.Reads, asking: Asking, *, clock: DatabaseClock, memory: Memory
) -> web.Application:
    """The API with its middlewares, before anybody serves it."""
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[counted(metrics.count_request), answer_every_error],
    )
    tokens = Tokens(jwks=config.jwks, issuer=config.issuer, audience=config.audience)
    metrics.TOKEN_CHECKS.look = tokens.checks
    desk = api.Desk(
        reads=reads,
        memory=memory,
        asking=asking,
        clock=clock,
        schedules=store.Schedules(reads.pool),
        closures=store.Closures(reads.pool),
        holidays=store.Holidays(reads.pool),
        practitioners=store.Practitioners(reads.pool),
        patience_seconds=config.staff_patience_seconds,
        ahead_days=config.schedule_ahead_days,
        alone=Alone(slots_max=config.alone_slots_max, people_max=config.alone_people_max),
    )
    api.routes(app, desk, Gate(tokens))
    app[PROPOSALS] = ProposalDesk(
        proposals=Proposals(reads.pool),
        acts=api.acts(desk),
        window_seconds=config.proposal_window_seconds,
        life_seconds=config.proposal_life_seconds,
        on_step=metrics.count_step,
    )
    return app


@asynccontextmanager
async def _pool(config: Config) -> AsyncIterator[asyncpg.Pool]:
    pool = await database.open_pool(
        config.database, size_max=config.pool_connections_max, name=NAME
    )
    pool.on_wait = metrics.POOL_WAIT_SECONDS.observe
    metrics.POOL_CONNECTIONS.look = pool.use
    metrics.POOL_CONNECTIONS_MAX.set(config.pool_connections_max)
    try:
        yield pool
    finally:
        pool.terminate()


@asynccontextmanager
async def _appender(config: Config) -> AsyncIterator[Appender]:
    appender = Appender(broker.told(config), f"{NAME}-{config.instance}")
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()


async def _measure(reads: store.Reads, appender: Appender) -> None:
    while True:
        await asyncio.sleep(1)
        metrics.PRODUCERS_BUILT.set(appender.rebuilt)
        try:
            depth, age_seconds = await reads.outbox()
        except database.AWAY:
            continue
        metrics.OUTBOX_ROWS.set(depth)
        metrics.OUTBOX_AGE_SECONDS.set(age_seconds)


async def _audit(pool: asyncpg.Pool, config: Config, follower: Follower) -> None:
    """Look once a minute whether promises are kept."""
    auditor = Auditor.beside(follower, pool, "services.slots", config)
    metrics.AUDIT.show(auditor)
    await auditor.run()


async def _forget(pool: asyncpg.Pool, config: Config) -> None:
    while True:
        try:
            await store.forget_old(
                pool, days=config.answers_kept_days, rows_max=config.forgotten_rows_max
            )
        except database.AWAY as error:
            log.warning("old answers were not forgotten", extra={"error": repr(error)})
        await asyncio.sleep(FORGET_SECONDS)
