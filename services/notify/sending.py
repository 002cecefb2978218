"""How does a message get from the ledger to a provider? Claimed, sent, marked: in that order.

The claim is committed before the provider hears of a message. Who is killed in between leaves it
claimed, and when the claim has run out it becomes `unknown`: never sent again by itself.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from services.notify import metrics
from services.notify.channels import AwayError, Dispatch, Line, Provider
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.giving_up import GivingUp
from services.notify.marking import Marking
from services.notify.rules import (
    Accepted,
    Channel,
    Gone,
    Mark,
    NotHandedOver,
    Outcome,
    Patience,
    Quiet,
    Told,
    Unreached,
    Untried,
    Unwritable,
    best_of,
    settle,
)
from services.notify.rules.preferences import told_from
from services.notify.store import (
    ANY_AGE,
    Claimed,
    Ledger,
    Receipts,
    SealedAddress,
)
from shared import faultpoints
from shared.database import is_outage
from shared.logs import Lines
from shared.pulse import Pulse
from shared.vault import KeysAwayError

log = logging.getLogger(__name__)

MARK_SECONDS = 0.2
"""What was sent is marked at least this often, so that a kill leaves little unknown."""

OUTAGE_SECONDS_MIN = 0.1
OUTAGE_SECONDS_MAX = 3.0

FRESH_FIRST = (30.0, *ANY_AGE)
"""Every second line sends first what has waited no longer than so many seconds: whoever has just
booked does not stand behind all that an outage left."""

SILENCE_SECONDS_MAX = 10.0
"""How much longer than a claim lasts a turn may take, for the database and a last message."""

_decode_event = msgspec.json.Decoder(Told).decode


class Sender:
    """Sends what waits for one provider's channel, over several lines at once."""

    def __init__(
        self,
        provider: Provider,
        config: Config,
        ledger: Ledger,
        dispatcher: Dispatcher,
        receipts: Receipts,
        may_take: Callable[[], int | None] = lambda: None,
    ) -> None:
        """`may_take`: how many messages the provider may be asked to take now; None: any number."""
        self.id = uuid4()
        self._may_take = may_take
        self._giving_up = GivingUp(provider, ledger, receipts)
        self._marking = Marking(provider.name, ledger, receipts)
        self._provider = provider
        self._config = config
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._patience = Patience(
            attempts_max=config.attempts_max,
            backoff_seconds_min=config.backoff_seconds_min,
            backoff_seconds_max=config.backoff_seconds_max,
        )
        self._lines = [provider.line() for _ in range(provider.lines_max)]
        self._spoken_of = Lines(config.log_one_in)
        self._stopping = asyncio.Event()
        self._work = asyncio.Event()
        self._pulses = [Pulse(config.claim_seconds + SILENCE_SECONDS_MAX) for _ in self._lines]

    def wrong(self) -> str | None:
        """In words, where a connection hangs. To wait for a server that is away is no harm."""
        return next((said for pulse in self._pulses if (said := pulse.wrong())), None)

    @property
    def name(self) -> str:
        """The provider's."""
        return self._provider.name

    @property
    def channel(self) -> Channel:
        """Whose messages it sends."""
        return self._provider.channel

    @property
    def connections(self) -> int:
        """How many lines to the provider are open."""
        return sum(line.is_open for line in self._lines)

    async def run(self) -> None:
        """Send until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            for nth, (line, pulse) in enumerate(zip(self._lines, self._pulses, strict=True)):
                tasks.create_task(self._send_each(line, pulse, fresh_first=nth % 2 == 1))
            tasks.create_task(
                self._giving_up.run(self._stopping, look_seconds=self._config.claim_seconds / 10)
            )

    def stop(self) -> None:
        """Finish the message under way, give back what was claimed and not begun, end."""
        self._stopping.set()
        self._work.set()

    def wake(self) -> None:
        """There may be something to send."""
        self._work.set()

    # ---- one line ------------------------------------------------------------------------------

    async def _send_each(self, line: Line, pulse: Pulse, *, fresh_first: bool) -> None:
        pause = OUTAGE_SECONDS_MIN
        while not self._stopping.is_set():
            pulse.beat()
            try:
                busy = await self._turn(line, fresh_first=fresh_first)
            except Exception as error:
                self._only_outages(error)
                await _rest(self._stopping, pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, OUTAGE_SECONDS_MAX)
                continue
            pause = OUTAGE_SECONDS_MIN
            if not busy:
                await _rest(self._work, self._config.poll_seconds)
        await line.close()

    async def _turn(self, line: Line, *, fresh_first: bool) -> bool:
        """Claim some messages, send them, mark them; False when there was nothing to do.

        The provider is called before anything is claimed: while it is away nothing is tried.
        """
        self._work.clear()
        room = self._may_take()
        if room == 0:
            return False
        if not line.is_open:
            if not await self._ledger.has_due(self._provider.channel):
                return False
            await line.open()
        # Measured before the claim is made, so that it is over here before it is over for others.
        until = asyncio.get_running_loop().time() + self._config.claim_seconds
        claim = await self._ledger.claim(
            self.id,
            self._provider.channel,
            self.name,
            self._config.claim_seconds,
            min(self._config.claim_batch_max, room or self._config.claim_batch_max),
            ages=FRESH_FIRST if fresh_first else ANY_AGE,
        )
        for fate in claim.settled:
            metrics.settled[fate].inc()
        await self._send(line, claim.messages, until)
        return bool(claim.messages or claim.settled)

    async def _send(self, line: Line, messages: Sequence[Claimed], until: float) -> None:
        loop = asyncio.get_running_loop()
        marks: list[tuple[int, Mark]] = []
        marked_at = loop.time()
        for message in messages:
            outcome: Outcome = Untried()
            if self._has_time(line, until):
                outcome = await self._hand_over(line, message, until)
            marks.append((message.id, self._settled(message, outcome)))
            if loop.time() - marked_at > MARK_SECONDS:
                await self._marking.note(self.id, marks)
                marks, marked_at = [], loop.time()
        await self._marking.note(self.id, marks)

    async def _hand_over(self, line: Line, message: Claimed, until: float) -> Outcome:
        """To each of the person's addresses; told at one of them, it is told."""
        try:
            event = _decode_event(message.event)
            begins = told_from(event, message.quiet, message.at, message.expires_at)
            if begins > message.at:
                return Quiet((begins - message.at).total_seconds())
            found = await self._dispatcher.dispatches(event, message, self._provider.channel)
        except KeysAwayError as error:
            log.error("an address cannot be opened now", extra=_about(message) | _said(error))
            return NotHandedOver("key")
        except Exception as error:
            # One message that cannot be read must not keep the others from being told.
            log.error("a message was not written", exc_info=error, extra=_about(message))
            return Unwritable(type(error).__name__)
        outcomes = [
            await self._say(line, address, dispatch) if self._has_time(line, until) else Untried()
            for address, dispatch in found
        ]
        return best_of(outcomes) if outcomes else Unreached()

    def _has_time(self, line: Line, until: float) -> bool:
        """Whether one more can be handed over before the claim is over."""
        now = asyncio.get_running_loop().time()
        has_time = now + self._config.send_seconds < until
        return line.is_open and has_time and not self._stopping.is_set()

    async def _say(self, line: Line, address: SealedAddress | None, dispatch: Dispatch) -> Outcome:
        loop = asyncio.get_running_loop()
        began = loop.time()
        outcome = await line.send(dispatch)
        faultpoints.reach(faultpoints.SENT)
        metrics.send_seconds[self.name].observe(loop.time() - began)
        if isinstance(outcome, Gone) and address is not None:
            await self._forget(address)
        return outcome

    async def _forget(self, address: SealedAddress) -> None:
        """As far as the database is there; else it is found gone again with the next message."""
        try:
            await self._dispatcher.forget_gone(address)
            metrics.forgotten["gone"].inc()
        except Exception as error:
            self._only_outages(error)

    def _settled(self, message: Claimed, outcome: Outcome) -> Mark:
        """Decide, count, and say what is unusual."""
        mark = settle(
            outcome,
            message.attempts,
            self._patience,
            random.random(),
            keyed=self._provider.keyed,
            perhaps=message.perhaps,
        )
        metrics.attempted[self.name, type(outcome).__name__].inc()
        if isinstance(outcome, Accepted):
            waited = datetime.now(UTC) - message.written_at
            metrics.DELAY_SECONDS.observe(max(0.0, waited.total_seconds()))
            # Waiting is no news here: a message may be late, visibly, and a gauge says how late.
            if self._spoken_of.wants(message.booking_id, 0.0):
                log.info("sent", extra=_about(message) | {"attempts": message.attempts + 1})
        elif not isinstance(outcome, Untried | Quiet):
            said = {"outcome": type(outcome).__name__, "becomes": mark.state, "note": mark.note}
            log.warning("a message was not accepted", extra=_about(message) | said)
        return mark

    def _only_outages(self, error: Exception) -> None:
        """What may work later is waited out; anything else is a bug and ends the process."""
        if isinstance(error, AwayError):
            metrics.PROVIDER_AWAY.labels(self.name).inc()
        elif not is_outage(error):
            raise error
        log.warning("waits out an outage", extra=_said(error) | {"provider": self.name})


def _said(error: Exception) -> dict[str, object]:
    return {"error": repr(error)}


def _about(message: Claimed) -> dict[str, object]:
    """Whose it is says the front desk, which names this event together with its command."""
    return {"message_id": message.id, "booking": message.booking_id, "event": message.event_id}


async def _rest(until: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(until.wait(), seconds)
