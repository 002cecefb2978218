"""What is plugged into what? The only file that knows all the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from aiohttp import web

from services.notify import api, metrics
from services.notify.config import Config
from services.notify.inbox import Inbox
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger
from shared import database
from shared.auth import Tokens
from shared.batch import Batch, Limits
from shared.events import Unpacker
from shared.follow import Follower
from shared.health import Health
from shared.log import Appender
from shared.outbox import Relay
from shared.process import until
from shared.topics import BOOKING_EVENTS
from shared.web import BODY_BYTES_MAX, answer_every_error, counted, ops_app, serving

NAME = "notify"
MEASURE_SECONDS = 1.0


async def run(config: Config, stopping: asyncio.Event) -> None:
    """The whole service, until told to stop."""
    await database.migrate(config.database, ["shared", "services.notify"])
    async with _pool(config) as pool, _appender(config) as appender:
        contacts, ledger = Contacts(pool), Ledger(pool)
        sender = Sender(config, ledger)
        relay = Relay(BOOKING_EVENTS.name, pool, appender)
        relay.on_announced = metrics.ANNOUNCED.inc
        follower = _follower(config, relay, sender)
        health = Health(appender=appender, follower=follower, ping=contacts.takes_writes)
        ops = ops_app(health.checks(), metrics.REGISTRY)
        async with (
            serving(ops, config.host, config.ops_port),
            serving(doors(config, contacts), config.host, config.port),
        ):
            await until(
                stopping,
                relay.run(),
                health.keep(),
                _measure(ledger, appender, sender),
                first=[follower, sender],
            )


def doors(config: Config, contacts: Contacts) -> web.Application:
    """The HTTP side by itself."""
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[counted(_count), answer_every_error],
    )
    tokens = Tokens(jwks=config.jwks, issuer=config.issuer, audience=config.audience)
    api.routes(app, api.Desk(contacts=contacts, tokens=tokens))
    return app


def _follower(config: Config, relay: Relay, sender: Sender) -> Follower:
    inbox = Inbox()
    follower = Follower(
        BOOKING_EVENTS,
        dsn=config.database,
        servers=config.kafka,
        name=f"{NAME}-inbox-{config.instance}",
        unpack=Unpacker(BOOKING_EVENTS),
        handler=inbox,
        relay=relay,
        limits=Limits(
            batch_max=config.batch_events_max,
            buffered_max=config.buffered_events_max,
            lease_seconds=config.lease_seconds,
            gather_seconds=config.gather_seconds,
        ),
    )

    def committed(batch: Batch) -> None:
        inbox.count(batch)
        sender.wake()

    follower.commits.on_batch = committed
    follower.commits.on_set_aside = lambda item, reason: metrics.SET_ASIDE.inc()
    follower.commits.on_again = lambda why: metrics.BATCHES_AGAIN.labels(why).inc()
    return follower


def _count(method: str, route: str, status: int, seconds: float) -> None:
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.REQUEST_SECONDS.labels(route).observe(seconds)


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


async def _measure(ledger: Ledger, appender: Appender, sender: Sender) -> None:
    while True:
        await asyncio.sleep(MEASURE_SECONDS)
        metrics.PRODUCERS_BUILT.set(appender.rebuilt)
        metrics.SMTP_CONNECTIONS.set(sender.connections)
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
