"""What comes in by HTTP, and what is replied? A wish becomes a command, an event an answer."""

from aiohttp import web

from services.booking.api import (
    accesses,
    announcements,
    attendance,
    bookings,
    campaigns,
    coming,
    consents,
    day,
    draws,
    dryruns,
    facts,
    for_patients,
    holds,
    links,
    me,
    missed,
    moves,
    other_times,
    own_visits,
    papers,
    patients,
    persons,
    proxies,
    publishing,
    rooms,
    rulebooks,
    services,
    televisits,
    tickets,
    visit_links,
)
from services.booking.api.crowd import Crowd, CrowdGate
from services.booking.api.desk import DESK, Desk
from services.booking.api.offers import Offers
from services.booking.api.problems import PROBLEMS
from services.booking.api.publishing import acts
from shared.openapi import DOCUMENT, Api, add_routes
from shared.policy.gate import Guards

__all__ = ["API", "DESK", "Crowd", "CrowdGate", "Desk", "Offers", "acts", "routes"]

API = Api(
    service="booking",
    title="Talon: the front desk",
    about="Persons, their bookings and holds, and the campaigns these may belong to.",
    tags={
        "accesses": "Who looked at or changed somebody's data, when and why.",
        "announcements": "One thing said to many: written, seen by two, told in stages, stopped.",
        "bookings": "Places that are somebody's: made whole or not at all, moved, cancelled.",
        "campaigns": "Who may book what from when: so many doses, so many days apart.",
        "dependants": "For whom one may book besides oneself, and who may for oneself.",
        "holds": "Places kept for some minutes while their owner makes up their mind.",
        "links": "One thing for whoever was sent the link, without signing in; once.",
        "proposals": "What needs two persons: one who proposes it, and another who approves it.",
        "rules": "Whom a campaign admits, from when: tried on everybody, published, taken back.",
        "papers": "To which polyclinic somebody is attached, and to whom they are sent.",
        "services": "Of which kind a visit is, and what must be free together with it.",
        "visits": "Telemedicine: who waits in whose line, and what became of each visit.",
        "persons": "Who somebody is: sealed by a key of their own, and erased when they say so.",
        "waiting rooms": "A place in line for each person before a campaign opens; a fair draw.",
    },
    routes=(
        *bookings.ROUTES,
        *moves.ROUTES,
        *holds.ROUTES,
        *for_patients.ROUTES,
        *campaigns.ROUTES,
        *rooms.ROUTES,
        *draws.ROUTES,
        *tickets.ROUTES,
        *rulebooks.ROUTES,
        *dryruns.ROUTES,
        *publishing.ROUTES,
        *announcements.ROUTES,
        *services.ROUTES,
        *patients.ROUTES,
        *proxies.ROUTES,
        *me.ROUTES,
        *facts.ROUTES,
        *consents.ROUTES,
        *persons.ROUTES,
        *papers.ROUTES,
        *day.ROUTES,
        *attendance.ROUTES,
        *missed.ROUTES,
        *accesses.ROUTES,
        *links.ROUTES,
        *coming.ROUTES,
        *other_times.ROUTES,
        *visit_links.ROUTES,
        *televisits.ROUTES,
        *own_visits.ROUTES,
        DOCUMENT,
    ),
    problems=PROBLEMS,
)


def routes(app: web.Application, desk: Desk, gate: Guards) -> None:
    """Add every route of this service under /api/v1, each behind the gate."""
    app[DESK] = desk
    add_routes(app, API, gate)
