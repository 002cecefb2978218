"""Whose turn is it? A pass is enough to know who asks, and that they may come in."""

from uuid import UUID

from aiohttp import web

from services.booking.rules.tickets import Slip, slip_of
from shared.auth import Actor, Tokens
from shared.clock import DatabaseClock
from shared.links.rules import Keys
from shared.problems import Problem

SCHEME = "pass"
HEADER = "Admission-Pass"

PASS: web.RequestKey[Slip] = web.RequestKey("pass", Slip)

OPEN_TO_PASSES = frozenset({"/api/v1/bookings", "/api/v1/holds"})
"""Where a pass may stand in a token's place, by POST: what a person waits in line for, no more."""

ROLES = frozenset({"patient"})


class Passes:
    """Tells who asks: by their token, as everywhere, or by the pass they were given at their turn.

    A token costs a signature by elliptic curve the first time that a process sees it, a pass only a
    hash; and everybody comes for the first time when a campaign opens.
    """

    def __init__(self, tokens: Tokens, keys: Keys | None, clock: DatabaseClock) -> None:
        self._tokens = tokens
        self._keys = keys
        self._clock = clock

    async def actor(self, request: web.Request) -> Actor:
        """Who asks; 401 where that cannot be told. A pass beside a token is noted as well."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == SCHEME and request.method == "POST" and _is_open(request):
            slip = self._slip(text)
            if slip is None:
                raise Problem(
                    401, "pass_invalid", "The pass is not valid here, or its time is over."
                )
            request[PASS] = slip
            return Actor(slip.person_id, ROLES, frozenset(), slip.until.timestamp())
        beside = request.headers.get(HEADER)
        if beside is not None:
            slip = self._slip(beside)
            if slip is not None:
                request[PASS] = slip
        return await self._tokens.actor(request)

    def _slip(self, text: str) -> Slip | None:
        return None if self._keys is None else slip_of(text, "pass", self._keys, self._clock.now())


def _is_open(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    return resource is not None and resource.canonical in OPEN_TO_PASSES


def campaign_let_in(request: web.Request) -> tuple[UUID, UUID] | None:
    """Whom the request's pass lets into which campaign, if it has one."""
    slip = request.get(PASS)
    return None if slip is None else (slip.person_id, slip.campaign_id)
