"""What stands behind the front desk's doors? The API, with everything that its routes need."""

from collections.abc import Callable

from aiohttp import web

from services.booking import api, metrics
from services.booking.admission import Gauge, Joining, Lines
from services.booking.admission.passes import Passes
from services.booking.config import Config
from services.booking.memory import Kept, Memory
from services.booking.pending import Keeper
from services.booking.replies import Answers
from services.booking.rules.line import Pressure
from services.booking.store import (
    Bookings,
    Books,
    Campaigns,
    Consents,
    Database,
    Links,
    Patients,
    People,
    PersonFacts,
    Profiles,
    Rooms,
    Services,
    Slots,
    Wishes,
)
from shared.access.noting import ACCESS, Access
from shared.asking import Asking
from shared.auth import Tokens
from shared.clock import DatabaseClock
from shared.links.rules import keys_of
from shared.logs import Lines as LogLines
from shared.policy import Gate
from shared.vault import open_vault
from shared.web import BODY_BYTES_MAX, answer_every_error, counted

MIDDLEWARES = (counted(metrics.count_request), answer_every_error)


def doors(
    config: Config,
    store: Database,
    asking: Asking,
    clock: DatabaseClock,
    kept: Kept,
    *,
    access: Access,
) -> web.Application:
    """The API, with everything that its routes need."""
    app = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=MIDDLEWARES)
    tokens = Tokens(jwks=config.jwks, issuer=config.issuer, audience=config.audience)
    memory = _memory(store, config)
    _watch_doors(config, tokens, memory, asking)
    app[ACCESS] = access
    passes = Passes(tokens, keys_of(config.link_keys), clock)
    gate = Gate(passes, count_glass=metrics.count_glass, known_as=memory.identities.who)
    answers, waiting = _answers(config, store, asking, kept), _waiting(config, store, asking)
    desk = _desk(config, store, clock, memory, answers=answers, access=access, waiting=waiting)
    api.routes(app, desk, gate)
    return app


def _desk(
    config: Config,
    store: Database,
    clock: DatabaseClock,
    memory: Memory,
    *,
    answers: Answers,
    access: Access,
    waiting: api.Waiting,
) -> api.Desk:
    vault = open_vault("booking", config.vault)
    return api.Desk(
        answers=answers,
        offers=api.Offers(config, answers, Bookings(store), memory.identities, clock),
        memory=memory,
        bookings=Bookings(store),
        campaigns=Campaigns(store),
        books=Books(store),
        facts=PersonFacts(store),
        patients=Patients(store),
        people=People(store, vault),
        profiles=Profiles(store, vault),
        services=Services(store),
        consents=Consents(store),
        clock=clock,
        access=access,
        deadline_seconds=config.deadline_seconds,
        dependants_max=config.dependants_max,
        links=Links(store),
        link_keys=keys_of(config.link_keys),
        waiting=waiting,
    )


def _waiting(config: Config, store: Database, asking: Asking) -> api.Waiting:
    """The lines before campaigns."""
    rooms, most = Rooms(store), config.joins_waiting_max
    lines = Lines(rooms, config, _gauge(asking))
    metrics.LINE_PEOPLE.look = lines.people
    metrics.LINE_SERVING.look = lines.serving
    metrics.LINE_SPEED.look = lines.speeds
    return api.Waiting(
        rooms=rooms,
        lines=lines,
        joining=Joining(rooms, batch_max=config.joins_batch_max, waiting_max=most),
        ticket_seconds=config.ticket_seconds,
        pass_seconds=config.pass_seconds,
    )


def _gauge(asking: Asking) -> Callable[[], Pressure]:
    """How those inside fare, as this process sees it."""
    gauge, replies = Gauge(), asking.replies
    count = asking.on_answer

    def answered(seconds: float) -> None:
        count(seconds)
        gauge.answered(seconds)

    asking.on_answer = answered
    replies.on_turned_away = gauge.turned_away
    return lambda: gauge.read(seats_taken=replies.seated, seats_max=replies.seats_max)


def _memory(store: Database, config: Config) -> Memory:
    return Memory(Slots(store), Campaigns(store), Patients(store), facts_max=config.facts_max)


def _answers(config: Config, store: Database, asking: Asking, kept: Kept) -> Answers:
    return Answers(
        asking,
        database=store,
        bookings=Bookings(store),
        keeper=Keeper(Wishes(store)),
        kept=kept,
        patience_seconds=config.patience_seconds,
        keep_seconds=config.keep_seconds,
        lines=LogLines(config.log_one_in),
    )


def _watch_doors(config: Config, tokens: Tokens, memory: Memory, asking: Asking) -> None:
    metrics.TOKEN_CHECKS.look = tokens.checks
    metrics.FACTS_LOOKED_UP.look = memory.looked_up
    metrics.SEATS_TAKEN.set_function(lambda: asking.replies.seated)
    metrics.SEATS_MAX.set(config.seats_max)
