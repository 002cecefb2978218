"""Who speaks on a channel now? The first provider that does well, and none faster than it is set.

A provider stays what it is: this stands around its lines, and sees what becomes of each message.
"""

import asyncio
from collections.abc import Mapping, Sequence

from services.notify import metrics
from services.notify.channels import AwayError, Dispatch, Line, Provider, Several
from services.notify.channels.around import Around, AroundLine
from services.notify.config import Config
from services.notify.rules import Channel, NotHandedOver, Outcome, Untried
from services.notify.rules.trouble import (
    WELL,
    Breaker,
    Bucket,
    Limits,
    after,
    allowed,
    at_fault,
    taken,
)

WAIT_SECONDS_MAX = 0.5
"""Longer than this no message waits for its turn once it is claimed: it is given back."""

WHOLE = ""
"""The one part of a provider that is not several."""

PARTS_MAX = 1_000
"""Of so many parts at most it is known at the same time that they are in trouble."""


class Switched(Around):
    """A provider of a channel, with those before it."""

    def __init__(
        self,
        provider: Provider,
        before: Sequence["Switched"],
        limits: Limits,
        per_second: float,
        at_once: int | None = None,
    ) -> None:
        """`at_once`: how many a line claims at most; when it is killed nobody knows of these."""
        super().__init__(provider)
        self._before = before
        self._limits = limits
        self._at_once = at_once
        self._rests = metrics.rests[self.name]
        self._bucket = Bucket(per_second=per_second, tokens=per_second, at=_now())
        self._part_of = provider.part_of if isinstance(provider, Several) else _whole
        self._troubled: dict[str, Breaker] = {}

    @property
    def breaker(self) -> Breaker:
        """How the provider has done as a whole."""
        return self._breaker_of(WHOLE)

    def line(self) -> Line:
        """One more line."""
        return SwitchedLine(self, self._provider.line())

    def may_take(self) -> int | None:
        """How many messages it may be asked to take now; None: any number."""
        now = _now()
        if self._paced(now) > WAIT_SECONDS_MAX:
            return 0
        providers = [*(one.breaker for one in self._before), self.breaker]
        room = allowed(len(self._before), providers, now)
        return self._at_once if room is None else room

    async def turn(self) -> bool:
        """Wait until one more message may be given; False where that takes too long."""
        if self._bucket.per_second <= 0:
            return True
        bucket, wait = taken(self._bucket, _now())
        if wait > WAIT_SECONDS_MAX:
            return False
        self._bucket = bucket
        if wait > 0:
            await asyncio.sleep(wait)
        return True

    def may_ask(self, dispatch: Dispatch) -> bool:
        """False while whoever takes this message, and not the whole provider, is left alone."""
        part = self._part_of(dispatch)
        return part == WHOLE or _now() >= self._breaker_of(part).until

    def heard(self, dispatch: Dispatch, outcome: Outcome) -> None:
        """What became of a message."""
        part = self._part_of(dispatch)
        self._note(part, after(self._breaker_of(part), outcome, _now(), self._limits))

    def found_away(self) -> None:
        """Nobody was there."""
        self._note(WHOLE, at_fault(self.breaker, _now(), self._limits))

    def _breaker_of(self, part: str) -> Breaker:
        return self._troubled.get(part, WELL)

    def _note(self, part: str, breaker: Breaker) -> None:
        if breaker.rests > self._breaker_of(part).rests:
            self._rests.inc()
        if breaker == WELL:
            self._troubled.pop(part, None)
        elif part in self._troubled or len(self._troubled) < PARTS_MAX:
            self._troubled[part] = breaker

    def _paced(self, now: float) -> float:
        return taken(self._bucket, now)[1] if self._bucket.per_second > 0 else 0.0


class SwitchedLine(AroundLine):
    """A line of such a provider."""

    def __init__(self, switched: Switched, line: Line) -> None:
        super().__init__(line)
        self._switched = switched

    @property
    def is_open(self) -> bool:
        """True while something can be handed over, and may be."""
        return self._line.is_open and self._switched.may_take() != 0

    async def open(self) -> None:
        """Call the provider, unless it is open; that nobody is there is a fault like any other."""
        if self._line.is_open:
            return
        try:
            await self._line.open()
        except AwayError:
            self._switched.found_away()
            raise

    async def send(self, dispatch: Dispatch) -> Outcome:
        """Hand over one message when it is its turn."""
        if not await self._switched.turn():
            return Untried()
        if not self._switched.may_ask(dispatch):
            return NotHandedOver("rest")
        outcome = await self._line.send(dispatch)
        self._switched.heard(dispatch, outcome)
        return outcome


def switched(providers: Sequence[Provider], config: Config) -> list[Switched]:
    """The providers, those of a channel in the order in which they speak."""
    limits = Limits(
        faults_max=config.provider_faults_max,
        rest_seconds_min=config.provider_rest_seconds_min,
        rest_seconds_max=config.provider_rest_seconds_max,
    )
    per_second: Mapping[Channel, float] = {
        "email": config.email_per_second_max,
        "sms": config.sms_per_second_max,
        "web_push": config.push_per_second_max,
        "mobile_push": config.push_per_second_max,
    }
    made: list[Switched] = []
    for provider in providers:
        before = [one for one in made if one.channel == provider.channel]
        rate = per_second.get(provider.channel, 0.0)
        at_once = config.sms_claim_batch_max if provider.channel == "sms" else None
        made.append(Switched(provider, before, limits, rate, at_once))
    return made


def _whole(dispatch: Dispatch) -> str:
    return WHOLE


def _now() -> float:
    return asyncio.get_running_loop().time()
