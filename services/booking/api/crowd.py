"""Who is let to the desk when more come than it can serve? Asked before anything is looked at."""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from aiohttp import web

from services.booking import metrics
from services.booking.config import Config
from services.booking.rules.shedding import (
    BUSY_SHARE,
    NO_SPEED,
    Allowance,
    Kind,
    Load,
    Pace,
    is_shed,
    lateness_after,
    load_of,
    speed_after,
    use,
    wait_seconds,
)
from shared.asking import Asking
from shared.policy import Gate
from shared.policy.table import Rule
from shared.problems import Problem, unavailable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HOLD_HEADER = "Talon-Hold"
"""Says at the door already which hold a `POST /bookings` confirms: it is then no new wish."""

CONFIRMS = "POST /bookings"
WISHES = (CONFIRMS, "POST /holds")
PATIENTS = frozenset({"patient"})
LOOK_SECONDS = 0.1
"""How often it is looked at how fast people are answered."""

TURN_SECONDS = 0.05
"""How often it is looked whether the desk is late in looking at those who have come."""

ON_TIME_SECONDS = 0.2
"""Being less late than this is no sign of anything."""

PEOPLE_MAX = 100_000
"""Of so many the last wishes are remembered; who comes least is forgotten, and has all again."""


class Crowd:
    """How full the desk is, and who has asked how often."""

    def __init__(self, config: Config, asking: Asking) -> None:
        self._asking = asking
        self._pace = Pace(
            at_once=config.person_wishes_at_once_max, per_second=config.person_wishes_per_second_max
        )
        self._people: OrderedDict[UUID, Allowance] = OrderedDict()
        self._answered = 0
        self._speed = NO_SPEED
        self.late_seconds = 0.0
        self._count, asking.on_answer = asking.on_answer, self.answered

    def answered(self, seconds: float) -> None:
        """Somebody has their answer."""
        self._count(seconds)
        self._answered += 1

    @property
    def load(self) -> Load:
        """How it is now."""
        now = asyncio.get_running_loop().time()
        if now - self._speed.at >= LOOK_SECONDS:
            self._speed = speed_after(self._speed, self._answered, now)
            self._answered = 0
        replies = self._asking.replies
        return load_of(replies.seated, replies.seats_max, self._speed, self.late_seconds)

    async def run(self) -> None:
        """See for ever how late the desk is: all it has to do stands in one queue, and this too."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TURN_SECONDS
            await asyncio.sleep(TURN_SECONDS)
            self.late_seconds = lateness_after(self.late_seconds, loop.time() - due)

    def need_room(self, kind: Kind) -> None:
        """503 where somebody of this kind is asked to come again."""
        replies = self._asking.replies
        # Nearly always so few wait that nobody is shed: then nothing is worked out for it.
        is_on_time = self.late_seconds < ON_TIME_SECONDS
        if is_on_time and replies.seated < replies.seats_max * BUSY_SHARE:
            return
        if is_shed(kind, self.load):
            metrics.shed[kind].inc()
            replies.on_turned_away()
            raise unavailable("More people ask than can be answered now.")

    def need_pace(self, person: UUID, roles: frozenset[str]) -> None:
        """429 where one person has asked for more than people do. Who works here is no crowd."""
        if roles - PATIENTS:
            return
        now = asyncio.get_running_loop().time()
        before = self._people.get(person)
        after = use(before, self._pace, now)
        if after is None:
            metrics.shed["person"].inc()
            raise _too_many_wishes(math.ceil(wait_seconds(before, self._pace, now)))
        self._people[person] = after
        self._people.move_to_end(person)
        if len(self._people) > PEOPLE_MAX:
            self._people.popitem(last=False)


def need_said_hold(request: web.Request, hold_id: UUID | None) -> None:
    """422 where the header names another hold than the body: it opens a door that is not theirs."""
    said = request.headers.get(HOLD_HEADER)
    if said is not None and said.lower() != str(hold_id):
        raise Problem(422, "hold_mismatch", f"{HOLD_HEADER} is not the hold_id of the body.")


class CrowdGate:
    """The gate, with the crowd before it: whoever is to come again is not asked who they are."""

    def __init__(self, gate: Gate, crowd: Crowd) -> None:
        self._gate = gate
        self._crowd = crowd

    def guarded(self, rule: Rule, handler: Handler) -> Handler:
        """The handler behind its rule, and behind whoever is there before it."""
        inner = self._gate.guarded(rule, handler)
        if rule.route == CONFIRMS:
            return self._held(inner, lambda request: _kind_of(request.headers))
        if rule.route in WISHES:
            return self._held(inner, lambda _: "wish")
        # Of people's looks: those who work at a clinic need their lists in a crowd as ever.
        if rule.route.startswith("GET ") and rule.reaches.get("patient"):
            return self._held(inner, lambda _: "look")
        return inner

    def _held(self, inner: Handler, kind_of: Callable[[web.Request], Kind]) -> Handler:
        need_room = self._crowd.need_room

        async def held(request: web.Request) -> web.StreamResponse:
            need_room(kind_of(request))
            return await inner(request)

        return held


def _kind_of(headers: Mapping[str, str]) -> Kind:
    """What is said to confirm a hold is no new wish; whether it does is looked at with the body."""
    return "finish" if HOLD_HEADER in headers else "wish"


def _too_many_wishes(seconds: int) -> Problem:
    return Problem(
        429,
        "too_many_wishes",
        "These are more wishes than one person makes. Nothing was changed; ask again later.",
        headers={"Retry-After": str(max(1, seconds))},
    )
