"""How do the real loops run in a world of dice? Processes of each service, and what befalls them.

The loops are Talon's own: followers with their leases and commits, relays, the referee's, the
projector's and the messenger's inbox, the sender. What they stand on is in memory: the log, three
databases, the mail server, time.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest

from services.booking.inbox import Inbox as Projector
from services.booking.memory import Kept
from services.booking.rules.life import LifeEvent, change_of, fold
from services.booking.store import bookings as booking_store
from services.notify import sending
from services.notify.channels import AwayError, Dispatch
from services.notify.config import Config as NotifyConfig
from services.notify.dispatching import Dispatcher
from services.notify.inbox import Inbox as Messenger
from services.notify.rules import Accepted, Channel, Outcome, Refused, Unanswered
from services.notify.store import Ledger, Receipts, SealedAddress
from services.slots.inbox import Referee, unpack
from shared import database, follow, leases
from shared.batch import Handler, Limits
from shared.events import InSequence, Unpacker
from shared.follow import Follower
from shared.messages import SlotReply
from shared.outbox import Relay
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, SLOTS_EVENTS, SLOTS_REPLIES, Topic
from tests.loops.clockwork import HERE, Clockwork, Process, Wait
from tests.loops.database import Connection, Database, Pool
from tests.loops.log import Appender, Log, Reader
from tests.loops.statements import booking, notify, plumbing, slots
from tests.notify_bookings import HABITS
from tests.stories import an_id
from tests.vaults import a_vault

LIMITS = Limits(tick_seconds=0.0, wait_seconds=0.5, batch_max=4)
CONFIG = NotifyConfig(
    database="",
    database_owner="",
    database_person="",
    kafka="",
    kafka_user="",
    kafka_password="",
    jwks="",
    vault="",
    issuer="",
    audience="",
    smtp="sink:25",
    smtp_from="talon@talon.example",
    port=1,
    ops_port=1,
    smtp_connections_max=1,
    claim_batch_max=4,
    claim_seconds=3.0,
    send_seconds=1.0,
    poll_seconds=0.5,
    backoff_seconds_min=0.1,
    backoff_seconds_max=0.5,
    attempts_max=4,
)
RESTART_SECONDS = 0.5
OWNERS = tuple(an_id(name) for name in ("Alice", "Boris", "Clara", "owner"))
EMAIL = "somebody@example.org"

_PLUMBING = plumbing.by_text("shared", plumbing.DONE)
STATEMENTS = {
    "slots": _PLUMBING | plumbing.by_text("services.slots", slots.DONE),
    "booking": _PLUMBING | plumbing.by_text("services.booking", booking.DONE),
    "notify": _PLUMBING | plumbing.by_text("services.notify", notify.DONE),
}

_replies_in = msgspec.msgpack.Decoder(list[bytes]).decode
_reply = msgspec.msgpack.Decoder(SlotReply).decode

Work = Callable[[], Coroutine[Any, Any, None]]


class KnownToAll:
    """What is sealed stays so here: no statement of these databases knows an address."""

    async def open(self, address: SealedAddress) -> str:
        return EMAIL

    async def forget_gone(self, address: SealedAddress) -> bool:
        return False


class City:
    """The log, the databases, the mail server, and the processes on them."""

    def __init__(self, seed: int) -> None:
        self.world = Clockwork(seed)
        self.log = Log(self.world)
        self.slots = Database(self.world, STATEMENTS["slots"])
        self.booking = Database(self.world, STATEMENTS["booking"])
        self.notify = Database(self.world, STATEMENTS["notify"])
        self.world.on_time = self._end_idle
        self.mail: Counter[UUID] = Counter()
        """How often the mail server has accepted the mail about an event."""
        self.processes: list[Process] = []
        self.gone: list[Process] = []
        self.readers: list[tuple[Process, Reader]] = []
        self.calm = False
        self.relay: type[Relay] = Relay
        self.sequence: type[InSequence] = InSequence
        self.reached: Counter[str] = Counter()
        """What the loops ran into, and how often."""
        self._due: list[tuple[float, str]] = []
        self._broken: list[BaseException] = []
        for owner in OWNERS:
            contact = {"person_id": owner, "route": ["email"]}
            self.notify.tables.setdefault("contact", {})["contact", owner] = contact

    @property
    def databases(self) -> tuple[Database, Database, Database]:
        return self.slots, self.booking, self.notify

    # ---- processes -----------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """A process of this service, new from nothing."""
        process = Process(name, self.world.dice)
        self.processes.append(process)
        self.world.say(f"{name} starts")
        works: dict[str, Work] = {
            "slots": self._slots,
            "booking": self._booking,
            "notify": self._notify,
        }
        task = self.world.start(process, works[name]())
        task.add_done_callback(lambda task: self._ended(process, task))

    def kill(self, process: Process) -> None:
        """SIGKILL, and the supervisor starts another some time later."""
        self.world.say(f"{process.name} is killed")
        self._reach("killed")
        self.world.kill(process)
        self.processes.remove(process)
        self.gone.append(process)
        for each in self.databases:
            for session in [s for s in each.sessions if s.process is process]:
                session.end()
        self._due.append((self.world.now + RESTART_SECONDS, process.name))

    def is_busy(self, process: Process) -> bool:
        """True when it waits for the answer to something, or has records on their way."""
        moving = any(a.process is process and a.can_move() for a in self.log.appenders)
        return moving or self.world.is_busy(process)

    def _end_idle(self) -> None:
        for each in self.databases:
            each.end_idle()

    def restart_due(self) -> None:
        """What the supervisor does."""
        for at, name in [due for due in self._due if due[0] <= self.world.now]:
            self._due.remove((at, name))
            self.start(name)

    def check_alive(self) -> None:
        """Nothing ends by itself."""
        if self._broken:
            raise AssertionError("a process ended by itself") from self._broken[0]

    def _ended(self, process: Process, task: "asyncio.Task[Any]") -> None:
        if not process.dead and not task.cancelled():
            self._broken.append(task.exception() or RuntimeError(f"{process.name} returned"))

    async def _slots(self) -> None:
        referee = Referee(swept_holds_max=10)
        follower, relay = self._follower(self.slots, SLOTS_COMMANDS, unpack, referee)
        await asyncio.gather(follower.run(), relay.run())

    async def _booking(self) -> None:
        kept = Kept(1_000)
        projector = Projector(kept)
        projector.sequence = self.sequence()
        unpacker = Unpacker(SLOTS_EVENTS)
        follower, relay = self._follower(self.booking, SLOTS_EVENTS, unpacker, projector)
        await asyncio.gather(follower.run(), relay.run(), self._keep_replies(kept))

    async def _keep_replies(self, kept: Kept) -> None:
        """The front desk beside it, whose replies overtake the events."""
        reader = Reader(self.log)
        ends = await reader.ends(SLOTS_REPLIES.name, [0])
        reader.read_from(SLOTS_REPLIES.name, ends)
        connection = Connection(self.booking, {})
        while not connection.is_closed():
            records = await reader.next(wait_seconds=2.0, records_max=10)
            replies = [_reply(part) for r in records for part in _replies_in(r.value)]
            changes = fold(change_of(reply) for reply in replies if isinstance(reply, LifeEvent))
            try:
                await booking_store.apply(connection, changes, [], {})  # type: ignore[arg-type]
                kept.note(changes)
            except database.AWAY:
                connection = Connection(self.booking, {})

    async def _notify(self) -> None:
        unpacker, messenger = Unpacker(BOOKING_EVENTS), Messenger(a_vault("notify"), HABITS)
        messenger.sequence = self.sequence()
        follower, relay = self._follower(self.notify, BOOKING_EVENTS, unpacker, messenger)
        pool: Any = Pool(self.notify)
        sender = sending.Sender(
            MailServer(self),
            CONFIG,
            Ledger(pool),
            Dispatcher(CONFIG, KnownToAll()),
            Receipts(pool),
        )
        follower.commits.on_batch = lambda batch: sender.wake()
        await asyncio.gather(follower.run(), relay.run(), sender.run())

    def _follower(
        self, database: Database, topic: Topic, unpack: Any, handler: Handler
    ) -> tuple[Follower, Relay]:
        relay = self.relay(topic.name, Pool(database), Appender(self.log))  # type: ignore[arg-type]
        follower = Follower(
            topic,
            dsn=database,  # type: ignore[arg-type]
            broker=self.log,  # type: ignore[arg-type]
            name=HERE.get().name,
            unpack=unpack,
            handler=handler,
            relay=relay,
            limits=LIMITS,
        )
        follower.commits.on_again = lambda why: self._reach(f"again: {why}")
        follower.commits.on_set_aside = lambda item, wrong: self._reach("set aside")
        return follower, relay

    def _reach(self, what: str) -> None:
        self.reached[what] += 1

    # ---- what stands in for the world ------------------------------------------------------------

    @contextmanager
    def instead_of_the_world(self) -> Iterator[None]:
        """While this lasts, the loops find the log, the database and the mail server here."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(follow, "Reader", self._reader)
            patch.setattr(database, "connect", _connect)
            patch.setattr(leases, "uuid4", _new_id)
            patch.setattr(sending, "uuid4", _new_id)
            patch.setattr(sending, "random", self.world.dice)
            yield

    def _reader(self, log: Log, name: str) -> Reader:
        reader = Reader(log)
        self.readers.append((HERE.get(), reader))
        return reader


async def _connect(dsn: Database, settings: dict[str, str]) -> Connection:
    return Connection(dsn, settings)


def _new_id() -> UUID:
    return UUID(int=HERE.get().dice.getrandbits(128))


class Line:
    """A connection to the mail server."""

    def __init__(self, city: City) -> None:
        self._city = city
        self.is_open = False

    async def open(self) -> None:
        if not self._city.calm and self._city.world.dice.random() < 0.1:
            raise AwayError("nobody answers")
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def send(self, dispatch: Dispatch) -> Outcome:
        outcome: Outcome = await self._city.world.ask(self._deed(dispatch.event.id))
        if isinstance(outcome, Unanswered):
            self.is_open = False
        return outcome

    def _deed(self, event_id: UUID) -> Generator[Wait, None, Outcome]:
        city, chance = self._city, self._city.world.dice.random()
        yield lambda: True
        if not city.calm and chance < 0.1:
            return Refused(450, "RCPT")
        if city.calm or chance < 0.9 or chance > 0.95:
            city.mail[event_id] += 1
        return Accepted() if city.calm or chance < 0.9 else Unanswered()


class MailServer:
    """As `services.notify.channels.email.Smtp` is one."""

    channel: Channel = "email"
    name = "smtp"
    keyed = False
    lines_max = 1

    def __init__(self, city: City) -> None:
        self._city = city

    def line(self) -> Line:
        return Line(self._city)
