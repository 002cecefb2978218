"""What stands behind the front desk's doors? The API, with everything that its routes need."""

from typing import Any

from aiohttp import web

from services.booking import api, metrics
from services.booking.admission import Waiting
from services.booking.admission.passes import Passes
from services.booking.announcing import pace_of
from services.booking.config import Config
from services.booking.families import Families
from services.booking.memory import Kept, Memory
from services.booking.pending import Keeper
from services.booking.replies import Answers
from services.booking.store import (
    Announcements,
    Attendance,
    Bookings,
    Books,
    Campaigns,
    Coming,
    Consents,
    Database,
    DryRuns,
    Links,
    Papers,
    Patients,
    People,
    PersonFacts,
    Profiles,
    Relations,
    Seats,
    Services,
    Slots,
    Televisits,
    Wishes,
)
from services.booking.televisits import limits_of
from shared.access.noting import ACCESS, Access
from shared.asking import Asking
from shared.auth import Tokens
from shared.clock import DatabaseClock
from shared.links.rules import keys_of
from shared.logs import Lines
from shared.policy import Gate
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.api import ProposalDesk
from shared.proposals.store import Proposals
from shared.vault import Vault, open_vault
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
    memory = Memory(Slots(store), Campaigns(store), facts_max=config.facts_max)
    _watch_doors(config, tokens, memory, asking)
    app[ACCESS] = access
    passes = Passes(tokens, keys_of(config.link_keys), clock)
    gate = Gate(passes, count_glass=metrics.count_glass, known_as=memory.identities.who)
    answers = _answers(config, store, asking, kept)
    waiting = Waiting.before(asking, store, config, clock)
    crowd = api.Crowd(config, asking)
    metrics.LATE_SECONDS.set_function(lambda: crowd.late_seconds)
    desk = _desk(
        config, store, clock, memory, answers=answers, access=access, waiting=waiting, crowd=crowd
    )
    api.routes(app, desk, api.CrowdGate(gate, crowd))
    app[PROPOSALS] = _proposals(config, store, desk)
    return app


def _desk(
    config: Config,
    store: Database,
    clock: DatabaseClock,
    memory: Memory,
    *,
    answers: Answers,
    access: Access,
    waiting: Waiting,
    crowd: api.Crowd,
) -> api.Desk:
    return api.Desk(
        answers=answers,
        offers=api.Offers(config, answers, Bookings(store), memory.identities, clock),
        memory=memory,
        bookings=Bookings(store),
        campaigns=Campaigns(store),
        books=Books(store),
        dry_runs=DryRuns(store),
        papers=Papers(store),
        **_about_persons(store, memory, open_vault("booking", config.vault)),
        services=Services(store),
        seats=Seats(store),
        clock=clock,
        access=access,
        deadline_seconds=config.deadline_seconds,
        dependants_max=config.dependants_max,
        hold_again_seconds=config.hold_again_seconds,
        links=Links(store),
        coming=Coming(store),
        link_keys=keys_of(config.link_keys),
        televisits=Televisits(store, limits_of(config)),
        attendance=Attendance(store, config.attendance_before_seconds),
        announcements=Announcements(store),
        pace=pace_of(config),
        waiting=waiting,
        crowd=crowd,
    )


def _proposals(config: Config, store: Database, desk: api.Desk) -> ProposalDesk:
    """What two persons decide."""
    return ProposalDesk(
        proposals=Proposals(store.pool),
        acts=api.acts(desk),
        window_seconds=config.proposal_window_seconds,
        life_seconds=config.proposal_life_seconds,
        on_step=metrics.count_step,
    )


def _about_persons(store: Database, memory: Memory, vault: Vault) -> dict[str, Any]:
    """Who somebody is, to what they have agreed, and for whom they may act."""
    patients, profiles, relations = Patients(store), Profiles(store, vault), Relations(store)
    return {
        "facts": PersonFacts(store),
        "patients": patients,
        "people": People(store, vault),
        "profiles": profiles,
        "relations": relations,
        "families": Families(memory, patients, profiles, relations),
        "consents": Consents(store),
    }


def _answers(config: Config, store: Database, asking: Asking, kept: Kept) -> Answers:
    return Answers(
        asking,
        database=store,
        bookings=Bookings(store),
        keeper=Keeper(Wishes(store)),
        kept=kept,
        patience_seconds=config.patience_seconds,
        keep_seconds=config.keep_seconds,
        lines=Lines(config.log_one_in),
    )


def _watch_doors(config: Config, tokens: Tokens, memory: Memory, asking: Asking) -> None:
    metrics.TOKEN_CHECKS.look = tokens.checks
    metrics.FACTS_LOOKED_UP.look = memory.looked_up
    metrics.SEATS_TAKEN.set_function(lambda: asking.replies.seated)
    metrics.SEATS_MAX.set(config.seats_max)
