"""Where is a request held to its rule? Here, for every route that is not for everybody.

Before the handler: who asks, whether a role of theirs reaches anything here, and whether it reaches
the clinic in the path. What only the handler can find, it shows to `Allowed` before it answers;
an answer that gives something away unshown does not leave.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from uuid import UUID

from aiohttp import web

from shared.auth import Actor, Tokens
from shared.policy.glass import reason_in
from shared.policy.table import Rule, verdict
from shared.problems import Problem, not_found
from shared.web import path_id

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Owned(Protocol):
    """What belongs to a person."""

    @property
    def owner_id(self) -> UUID:
        """Whose it is."""


T = TypeVar("T", bound=Owned)


def uncounted(kind: str) -> None:
    """Nobody counts."""


class UnshownError(Exception):
    """A handler would give away what nobody has held to the rule; a mistake of ours."""


class Allowed:
    """Who asks, since when by the loop's clock, and how far they reach on this route.

    `reason` is what they said to see what is another's, where they had to say it.
    """

    __slots__ = ("_request", "_rule", "actor", "began", "is_settled", "reach", "reason")

    def __init__(self, request: web.Request, rule: Rule, actor: Actor, *, began: float) -> None:
        self._request = request
        self._rule = rule
        self.actor = actor
        self.began = began
        self.reach = rule.reach_of(actor.roles)
        self.reason: str | None = None
        # Without an id in the path a handler starts from who asks, and finds only what is theirs.
        self.is_settled = "{" not in rule.route

    @property
    def is_for_dependants(self) -> bool:
        """True where a guardian may ask for a dependant."""
        return self._rule.is_for_dependants

    def own(self, what: str, thing: T | None) -> T:
        """The thing, if they may have it; else 404, in the same words as if there were none."""
        is_own = thing is not None and thing.owner_id == self.actor.id
        self._settle(what, is_there=thing is not None, is_own=is_own)
        assert thing is not None
        return thing

    def at_clinic(self, what: str, clinic_id: UUID | None) -> None:
        """404 where the thing is of a clinic that is not theirs, or of none, since it is not."""
        is_at_clinic = clinic_id in self.actor.clinics
        self._settle(what, is_there=clinic_id is not None, is_at_clinic=is_at_clinic)

    def _settle(
        self, what: str, *, is_there: bool, is_own: bool = False, is_at_clinic: bool = False
    ) -> None:
        said = verdict(self.reach, is_own=is_own, is_at_clinic=is_at_clinic)
        # Asked for before it is said whether the thing is there: both cases get the same answer.
        if said == "with a reason":
            self.reason = reason_in(self._request.headers)
        if said == "no" or not is_there:
            raise not_found(what)
        self.is_settled = True


ALLOWED: web.RequestKey[Allowed] = web.RequestKey("allowed", Allowed)


def allowed(request: web.Request) -> Allowed:
    """Who asks, as the gate let them in; on a route for everybody nobody was asked."""
    return request[ALLOWED]


class Gate:
    """The one way in."""

    def __init__(self, tokens: Tokens, count_glass: Callable[[str], None] = uncounted) -> None:
        self._tokens = tokens
        self._count_glass = count_glass

    def guarded(self, rule: Rule, handler: Handler) -> Handler:
        """The handler of a route, behind its rule."""
        if rule.is_public:
            return handler
        names_a_clinic = rule.names_a_clinic

        async def held(request: web.Request) -> web.StreamResponse:
            began = asyncio.get_running_loop().time()
            said = Allowed(request, rule, await self._tokens.actor(request), began=began)
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
