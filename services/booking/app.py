"""What is plugged into what? The only file that knows all the others."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiohttp import web

from services.booking import api, metrics
from services.booking.closures import Closures
from services.booking.config import Config
from services.booking.inbox import Inbox
from services.booking.memory import Kept, Memory
from services.booking.pending import Keeper, Sweeper
from services.booking.replies import Answers
from services.booking.store import Bookings, Campaigns, Database, Patients, Slots, Wishes
from services.booking.store.database import OUTAGES
from shared import database
from shared.asking import Asking, Commands, Replies
from shared.auth import Tokens
from shared.batch import Limits
from shared.clock import DatabaseClock
from shared.events import Unpacker
from shared.follow import Follower
from shared.health import Health
from shared.log import Appender
from shared.outbox import Relay
from shared.process import Stoppable, until
from shared.topics import SLOTS_EVENTS
from shared.web import BODY_BYTES_MAX, answer_every_error, counted, ops_app, serving

NAME = "booking"
MEASURE_SECONDS = 1.0


async def run(config: Config, stopping: asyncio.Event) -> None:
    """The whole service, or the role of it that this process has, until told to stop."""
    await database.migrate(config.database, ["shared", "services.booking"])
    async with _pool(config) as pool, _appender(config) as appender:
        clock = DatabaseClock()
        await clock.set(pool)
        store = Database(pool, config.database_seconds)
        relay = Relay(SLOTS_EVENTS.name, pool, appender)
        relay.on_announced = metrics.EVENTS_ANNOUNCED.inc
        kept = Kept(config.facts_max)
        inbox = Inbox(kept)
        follower = _projector(config, inbox, relay)
        replies = Replies(
            servers=config.kafka,
            name=f"{NAME}-{config.instance}",
            partition=config.reply_to,
            seats_max=config.seats_max,
        )
        asking = Asking(Commands(appender), replies)
        asking.on_answer = metrics.ANSWER_SECONDS.observe
        health = Health(
            appender=appender, follower=follower, replies=replies, ping=store.takes_writes
        )
        checks = health.checks() | {"events": lambda: _missing(inbox)}
        tasks = [clock.keep(pool), health.keep(), _measure(store, appender)]
        first: list[Stoppable] = []
        if config.role != "projector":
            first.append(Doors(config, doors(config, store, asking, clock, kept)))
            tasks += [replies.run(), *_errands(config, store, asking, clock)]
        else:
            del checks["replies"]
        if config.role != "api":
            first.append(follower)
            tasks.append(relay.run())
        else:
            del checks["follower"]
        async with serving(ops_app(checks, metrics.REGISTRY), config.host, config.ops_port):
            await until(stopping, *tasks, first=first)


class Doors:
    """The API's port: when it closes, whoever is inside still gets an answer."""

    def __init__(self, config: Config, app: web.Application) -> None:
        self._config = config
        self._app = app
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Serve until stopped."""
        async with serving(self._app, self._config.host, self._config.port):
            await self._closing.wait()

    def stop(self) -> None:
        """Let nobody in any more."""
        self._closing.set()


def doors(
    config: Config, store: Database, asking: Asking, clock: DatabaseClock, kept: Kept
) -> web.Application:
    """The API, with everything that its routes need."""
    bookings, campaigns, patients = Bookings(store), Campaigns(store), Patients(store)
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[counted(metrics.count_request), answer_every_error],
    )
    desk = api.Desk(
        tokens=Tokens(jwks=config.jwks, issuer=config.issuer, audience=config.audience),
        answers=Answers(
            asking,
            database=store,
            bookings=bookings,
            keeper=Keeper(Wishes(store)),
            kept=kept,
            patience_seconds=config.patience_seconds,
            keep_seconds=config.keep_seconds,
        ),
        memory=Memory(Slots(store), campaigns, patients, facts_max=config.facts_max),
        bookings=bookings,
        campaigns=campaigns,
        patients=patients,
        clock=clock,
        deadline_seconds=config.deadline_seconds,
        dependants_max=config.dependants_max,
    )
    api.routes(app, desk)
    return app


def _projector(config: Config, inbox: Inbox, relay: Relay) -> Follower:
    follower = Follower(
        SLOTS_EVENTS,
        dsn=config.database,
        servers=config.kafka,
        name=f"{NAME}-projector-{config.instance}",
        unpack=Unpacker(SLOTS_EVENTS),
        handler=inbox,
        relay=relay,
        limits=Limits(gather_seconds=config.gather_seconds),
        # Plans made while the tables are empty would go on scanning them as they grow.
        session={"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"},
    )
    follower.commits.on_batch = metrics.count_batch
    follower.commits.on_set_aside = metrics.count_set_aside
    follower.commits.on_again = lambda why: metrics.BATCHES_AGAIN.labels(why).inc()
    return follower


def _errands(
    config: Config, store: Database, asking: Asking, clock: DatabaseClock
) -> list[Coroutine[Any, Any, None]]:
    """What goes on though nobody is at the door."""
    wishes = Wishes(store)
    sweeper = Sweeper(
        wishes, asking.commands, config.reply_to, resend_seconds=config.resend_seconds
    )
    closures = Closures(wishes, clock, config.reply_to, deadline_seconds=config.deadline_seconds)
    return [
        sweeper.run(sweep_seconds=config.sweep_seconds, sweep_max=config.sweep_max),
        closures.run(closure_seconds=config.closure_seconds, closure_max=config.closure_max),
    ]


def _missing(inbox: Inbox) -> str | None:
    missing = inbox.sequence.missing
    return f"events are missing: {missing}" if missing else None


async def _measure(store: Database, appender: Appender) -> None:
    while True:
        await asyncio.sleep(MEASURE_SECONDS)
        metrics.PRODUCERS_REBUILT.set(appender.rebuilt)
        try:
            row = await store.row("depths")
        except OUTAGES:
            continue
        assert row is not None
        metrics.COMMANDS_PENDING.set(row["pending"])
        metrics.OUTBOX_ROWS.set(row["outbox_rows"])
        metrics.OUTBOX_SECONDS.set(row["outbox_seconds"])


@asynccontextmanager
async def _pool(config: Config) -> AsyncIterator[asyncpg.Pool]:
    pool = await database.open_pool(
        config.database, size_max=config.pool_connections_max, name=NAME
    )
    try:
        yield pool
    finally:
        pool.terminate()


@asynccontextmanager
async def _appender(config: Config) -> AsyncIterator[Appender]:
    appender = Appender(config.kafka, f"{NAME}-{config.instance}")
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()
