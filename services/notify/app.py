"""What is plugged into what? With `speaking`, the only file that knows all the others."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
from aiohttp import web

from services.notify import api, metrics
from services.notify.config import Config
from services.notify.errands import audit, forget_old, measure, pass_over
from services.notify.inbox import Inbox
from services.notify.live import Broadcaster
from services.notify.reminding import Reminding
from services.notify.retention import forget_unused, seal_plain
from services.notify.rules.preferences import CONSENTED
from services.notify.rules.reminders import Habits
from services.notify.sending import Sender
from services.notify.speaking import pushed_by, speaking_by
from services.notify.store import (
    Kept,
    Ledger,
    LiveEvents,
    Reminders,
    Texting,
)
from shared import broker, database
from shared.access.noting import ACCESS, Access
from shared.access.store import AccessLog
from shared.auth import Tokens
from shared.batch import Batch, Limits
from shared.clock import DatabaseClock
from shared.door import Door, all_ready
from shared.events import Unpacker
from shared.follow import Follower
from shared.health import Health, readiness
from shared.links.rules import keys_of
from shared.log import Appender
from shared.outbox import Relay
from shared.policy import Gate
from shared.pool import use_of
from shared.process import until
from shared.topics import BOOKING_EVENTS
from shared.vault import Vault, open_vault
from shared.web import BODY_BYTES_MAX, answer_every_error, counted, ops_app, serving

log = logging.getLogger(__name__)

NAME = "notify"

OTHER_FILES = 200
"""What is open beside the streams: the database, the log, the mail server, other requests."""


async def run(config: Config, stopping: asyncio.Event) -> None:
    """The whole service, until told to stop."""
    _allow_open_files(config.live_streams_max + OTHER_FILES)
    vault = open_vault(NAME, config.vault)
    await database.migrate(config.database_owner, ["shared", "services.notify"])
    async with _pools(config) as (pool, persons), _appender(config) as appender:
        kept, clock = Kept.of(pool, vault, persons), DatabaseClock()
        await clock.set(pool)
        ledger, events = Ledger(pool), LiveEvents(pool)
        await seal_plain(kept.contacts, config.database_owner)
        speaking = speaking_by(config, pool, vault, kept.contacts)
        senders, texting = speaking.senders, speaking.texting
        relay = Relay(BOOKING_EVENTS.name, pool, appender)
        reminding, live = Reminding(config, Reminders(pool)), Broadcaster(config, events)
        inbox = _inbox(config, vault, reminding.habits)
        follower = _follower(config, relay, inbox, pages=live.wake, senders=senders)
        ping = kept.contacts.takes_writes
        health = Health(appender=appender, follower=follower, relay=relay, ping=ping)
        access = _access(config, pool, clock)
        checks = health.checks() | _checks(senders, live, reminding, access)
        app = doors(config, kept, live, texting, access=access, now=clock.now)
        door = _door(config, app, ready=all_ready(checks), on_shut=live.stop)
        checks["door"] = door.wrong
        metrics.PART_READY.look = readiness(checks)
        async with serving(ops_app(checks, metrics.REGISTRY), config.host, config.ops_port):
            await until(
                stopping,
                relay.run(),
                health.keep(),
                clock.keep(pool),
                measure(ledger, appender, senders),
                reminding.run(),
                pass_over(ledger, senders),
                forget_old(events, texting, config),
                *speaking.keeping,
                forget_unused(kept.contacts, config),
                audit(pool, config, follower),
                doors=[door],
                first=[follower, *senders, live, access.writer],
            )


def _checks(
    senders: Sequence[Sender], live: Broadcaster, reminding: Reminding, access: Access
) -> dict[str, Callable[[], str | None]]:
    checks = {f"sender_{sender.name}": sender.wrong for sender in senders}
    checks |= {"live": live.pulse.wrong, "reminders": reminding.pulse.wrong}
    return checks | {"accesses": access.writer.wrong}


def _door(
    config: Config, app: web.Application, *, ready: Callable[[], bool], on_shut: Callable[[], None]
) -> Door:
    return Door(
        app,
        host=config.host,
        port=config.port,
        drain_seconds=config.drain_seconds,
        ready=ready,
        on_shut=on_shut,
    )


def doors(
    config: Config,
    kept: Kept,
    live: Broadcaster,
    texting: Texting,
    *,
    access: Access,
    now: Callable[[], datetime],
) -> web.Application:
    """The HTTP side by itself."""
    app = web.Application(
        client_max_size=BODY_BYTES_MAX,
        middlewares=[counted(metrics.count_request), answer_every_error],
    )
    tokens = Tokens(jwks=config.jwks, issuer=config.issuer, audience=config.audience)
    metrics.TOKEN_CHECKS.look = tokens.checks
    app[ACCESS] = access
    desk = api.Desk(
        **kept._asdict(),
        push=pushed_by(config),
        live=live,
        access=access,
        callbacks=api.Callbacks(
            desk=texting, address=config.twilio_callback, token=config.twilio_token
        ),
        links=api.Links(now, keys_of(config.link_keys), config.link_page),
        regions=config.regions,
        needs_consent=config.announcements_need_consent,
    )
    api.routes(app, desk, Gate(tokens))
    return app


def _access(config: Config, pool: asyncpg.Pool, clock: DatabaseClock) -> Access:
    by = f"{NAME}-{config.instance}"
    access = Access.to(AccessLog(pool), config, by=by, now=clock.now)
    metrics.ACCESS.show(access)
    return access


def _inbox(config: Config, vault: Vault, habits: Habits) -> Inbox:
    by_consent = CONSENTED if config.announcements_need_consent else ()
    return Inbox(vault, habits, keys_of(config.link_keys), by_consent)


def _follower(
    config: Config,
    relay: Relay,
    inbox: Inbox,
    *,
    pages: Callable[[], None],
    senders: Sequence[Sender],
) -> Follower:
    follower = Follower(
        BOOKING_EVENTS,
        dsn=config.database,
        broker=broker.told(config),
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
        pages()
        if inbox.count(batch):
            for sender in senders:
                sender.wake()

    relay.on_announced = metrics.ANNOUNCED.inc
    follower.commits.on_batch = committed
    follower.commits.on_set_aside = lambda item, reason: metrics.SET_ASIDE.inc()
    follower.commits.on_again = lambda why: metrics.again[why].inc()
    metrics.POSITION.look = follower.lags.positions
    metrics.LAG_RECORDS.look = follower.lags.records
    metrics.LAG_SECONDS.look = follower.lags.seconds
    return follower


@asynccontextmanager
async def _pools(config: Config) -> AsyncIterator[tuple[asyncpg.Pool, asyncpg.Pool]]:
    """The service's own connections, and those on which it is one person at a time."""
    pools = [
        await database.open_pool(config.database, size_max=config.pool_connections_max, name=NAME),
        await database.open_pool(
            config.database_person, size_max=config.person_connections_max, name=NAME
        ),
    ]
    for each in pools:
        each.on_wait = metrics.POOL_WAIT_SECONDS.observe
    metrics.POOL_CONNECTIONS.look = lambda: use_of(pools)
    metrics.POOL_CONNECTIONS_MAX.set(config.pool_connections_max + config.person_connections_max)
    try:
        yield pools[0], pools[1]
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


def _allow_open_files(wanted: int) -> None:
    """Each stream is an open file, and the limit that a shell hands on is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    if limit < wanted:
        log.warning("fewer files may be open than streams", extra={"most": limit})
