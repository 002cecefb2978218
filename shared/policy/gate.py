"""Where is a request held to its rule? Here, for every route that is not for everybody.

Before the handler: who asks, whether a role of theirs reaches anything here, and whether it reaches
the clinic in the path. What only the handler can find, it shows to `Allowed` before it answers;
an answer that gives something away unshown does not leave.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Protocol, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from shared.auth import Actor
from shared.policy.glass import reason_in
from shared.policy.table import Reach, Rule, verdict
from shared.problems import Problem, not_found
from shared.web import path_id

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ROLES_KEPT_MAX = 64
"""For so many sets of roles it is remembered how far they reach on a route."""


class Owned(Protocol):
    """What belongs to a person."""

    @property
    def owner_id(self) -> UUID:
        """Whose it is."""


class Asks(Protocol):
    """Whatever tells who asks, as `shared.auth.Tokens` does."""

    async def actor(self, request: web.Request) -> Actor:
        """Who asks; 401 where that cannot be told."""


class Guards(Protocol):
    """Whatever puts a route's handler behind its rule."""

    def guarded(self, rule: Rule, handler: Handler) -> Handler:
        """The handler, as it is let to be asked."""


S = TypeVar("S")
T = TypeVar("T", bound=Owned)


def uncounted(kind: str) -> None:
    """Nobody counts."""


def as_they_are(person_id: UUID) -> UUID:
    """Nobody is known by another id than the token's."""
    return person_id


class UnshownError(Exception):
    """A handler would give away what nobody has held to the rule; a mistake of ours."""


class Allowed:
    """Who asks, since when by the loop's clock, and how far they reach on this route.

    `actor` has the id that is theirs today; `signed_in_as` is the token's, which leads to it since
    two ids were found to be one person. `reason` is what they said to see what is another's, where
    they had to say it.
    """

    __slots__ = (
        "_headers",
        "_known_as",
        "_rule",
        "actor",
        "began",
        "is_settled",
        "reach",
        "reason",
        "signed_in_as",
    )

    def __init__(
        self,
        request: web.Request,
        rule: Rule,
        signed_in: Actor,
        *,
        began: float,
        reach: frozenset[Reach],
        known_as: Callable[[UUID], UUID],
    ) -> None:
        # Not the request, which holds this: what points in a circle waits for the collector to go.
        self._headers = request.headers
        self._rule = rule
        self._known_as = known_as
        self.signed_in_as = signed_in.id
        self.actor = _today(signed_in, known_as)
        self.began = began
        self.reach = reach
        self.reason: str | None = None
        # Without an id in the path a handler starts from who asks, and finds only what is theirs.
        self.is_settled = "{" not in rule.route

    @property
    def is_for_dependants(self) -> bool:
        """True where a guardian may ask for a dependant."""
        return self._rule.is_for_dependants

    def own(self, what: str, thing: T | None) -> T:
        """The thing, if they may have it; else 404, in the same words as if there were none."""
        is_own = thing is not None and self._known_as(thing.owner_id) == self.actor.id
        self._settle(what, is_there=thing is not None, is_own=is_own)
        assert thing is not None
        return thing

    def anybody_s(self, what: str, thing: S | None) -> S:
        """The thing, whoever's it is, if they may have all such things; 404 if there is none."""
        self._settle(what, is_there=thing is not None)
        assert thing is not None
        return thing

    def at_clinic(self, what: str, clinic_id: UUID | None, *, is_there: bool | None = None) -> None:
        """404 where the thing is of a clinic that is not theirs. Without a clinic it is not there,

        unless `is_there` says so: then it is for those who reach all.
        """
        if is_there is None:
            is_there = clinic_id is not None
        self._settle(what, is_there=is_there, is_at_clinic=clinic_id in self.actor.clinics)

    def _settle(
        self, what: str, *, is_there: bool, is_own: bool = False, is_at_clinic: bool = False
    ) -> None:
        said = verdict(self.reach, is_own=is_own, is_at_clinic=is_at_clinic)
        # Asked for before it is said whether the thing is there: both cases get the same answer.
        if said == "with a reason":
            self.reason = reason_in(self._headers)
        if said == "no" or not is_there:
            raise not_found(what)
        self.is_settled = True


def _today(signed_in: Actor, known_as: Callable[[UUID], UUID]) -> Actor:
    person_id = known_as(signed_in.id)
    if person_id == signed_in.id:
        return signed_in
    return msgspec.structs.replace(signed_in, id=person_id)


ALLOWED: web.RequestKey[Allowed] = web.RequestKey("allowed", Allowed)


def allowed(request: web.Request) -> Allowed:
    """Who asks, as the gate let them in; on a route for everybody nobody was asked."""
    return request[ALLOWED]


class Gate:
    """The one way in."""

    def __init__(
        self,
        tokens: Asks,
        *,
        count_glass: Callable[[str], None] = uncounted,
        known_as: Callable[[UUID], UUID] = as_they_are,
    ) -> None:
        self._tokens = tokens
        self._count_glass = count_glass
        self._known_as = known_as

    def guarded(self, rule: Rule, handler: Handler) -> Handler:
        """The handler of a route, behind its rule."""
        if rule.is_public:
            return handler
        names_a_clinic = rule.names_a_clinic
        reach_of = lru_cache(ROLES_KEPT_MAX)(rule.reach_of)

        async def held(request: web.Request) -> web.StreamResponse:
            began = asyncio.get_running_loop().time()
            signed_in = await self._tokens.actor(request)
            reach = reach_of(signed_in.roles)
            said = Allowed(
                request, rule, signed_in, began=began, reach=reach, known_as=self._known_as
            )
            if not said.reach:
                roles = ", ".join(rule.roles)
                raise Problem(403, "forbidden", f"This needs one of the roles: {roles}.")
            if names_a_clinic:
                said.at_clinic("clinic", path_id(request, "clinic"))
            request[ALLOWED] = said
            answer = await handler(request)
            if not said.is_settled and answer.status < 400:
                raise UnshownError(f"{rule.route} answers {answer.status} for what was not shown")
            if said.reason is not None:
                self._count_glass(rule.object)
            return answer

        return held
