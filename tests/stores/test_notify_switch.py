"""Who sends while a provider is in trouble, and who is told first after it?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.channels import AwayError, Dispatch, Line
from services.notify.channels.switch import Switched
from services.notify.config import Config
from services.notify.dispatching import Dispatcher
from services.notify.rules import Accepted, Outcome, Unanswered, messages_for
from services.notify.rules.trouble import Limits
from services.notify.sending import Sender
from services.notify.store import Contacts, Ledger, Receipts
from tests.notify_bookings import confirmed
from tests.stores.test_notify_sending import a_config
from tests.vaults import a_vault

LIMITS = Limits(faults_max=3, rest_seconds_min=0.4, rest_seconds_max=0.4)
RESTING_LONG = Limits(faults_max=3, rest_seconds_min=30.0, rest_seconds_max=30.0)
PEOPLE = 40
OF_THE_SILENT = [UUID(int=nth + (1 << 127)) for nth in range(PEOPLE // 2)]
OF_THE_WELL = [UUID(int=nth + 1) for nth in range(PEOPLE // 2)]


class Post:
    """A provider that says what it is told to say, and remembers who was told."""

    channel = "email"
    keyed = False
    lines_max = 2

    def __init__(self, name: str) -> None:
        self.name = name
        self.told: list[str] = []
        self.asked = 0
        self.away = False
        self.answer: Callable[[], Outcome] = Accepted

    def line(self) -> Line:
        return PostLine(self)

    def said_to(self, recipient: str) -> Outcome:
        return self.answer()


class Several(Post):
    """A provider that is two, of whom one never answers."""

    part_of: Callable[[Dispatch], str] | None

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.part_of = lambda dispatch: self.of(dispatch.recipient)

    @staticmethod
    def of(address: str) -> str:
        return "well" if address[0] == "0" else "silent"

    def said_to(self, recipient: str) -> Outcome:
        return Accepted() if self.of(recipient) == "well" else Unanswered()


class PostLine:
    def __init__(self, post: Post) -> None:
        self._post = post
        self.is_open = False

    async def open(self) -> None:
        if self._post.away:
            raise AwayError(self._post.name)
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def send(self, dispatch: Dispatch) -> Outcome:
        self._post.asked += 1
        outcome = self._post.said_to(dispatch.recipient)
        if isinstance(outcome, Accepted):
            self._post.told.append(dispatch.recipient)
        return outcome


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=4, max_size=6) as opened:
        yield opened


async def wait_for(pool: asyncpg.Pool, *people: UUID, ago: timedelta = timedelta()) -> None:
    """Each of these has a message that waits, since so long."""
    contacts = Contacts(pool, a_vault("notify"))
    for person in people:
        await contacts.keep(person, address_of(person))
        event = confirmed(booking_id=uuid4(), owner_id=person)
        async with pool.acquire() as connection:
            await store.write_down(connection, messages_for(event))
    await pool.execute(
        "UPDATE message SET due_at = due_at - $2::interval WHERE owner_id = ANY ($1)", people, ago
    )


def address_of(person: UUID) -> str:
    return f"{person.hex}@example.org"


@asynccontextmanager
async def sending(
    pool: asyncpg.Pool, config: Config, posts: Sequence[Post], limits: Limits = LIMITS
) -> AsyncIterator[None]:
    """Senders for these providers of one channel, the first one first."""
    switched: list[Switched] = []
    for post in posts:
        switched.append(Switched(post, list(switched), limits, 0.0))
    dispatcher = Dispatcher(config, Contacts(pool, a_vault("notify")))
    senders = [
        Sender(one, config, Ledger(pool), dispatcher, Receipts(pool), may_take=one.may_take)
        for one in switched
    ]
    running = [asyncio.create_task(sender.run()) for sender in senders]
    try:
        yield
    finally:
        for sender in senders:
            sender.stop()
        await asyncio.gather(*running)


async def states(pool: asyncpg.Pool) -> dict[str, int]:
    rows = await pool.fetch("SELECT state, count(*) FROM message GROUP BY state")
    return {row["state"]: row["count"] for row in rows}


async def until(pool: asyncpg.Pool, is_so: Callable[[dict[str, int]], bool]) -> dict[str, int]:
    for _ in range(300):
        if is_so(found := await states(pool)):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_what_a_provider_does_not_answer_are_few_and_the_second_tells_the_rest(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    first, second = Post("first"), Post("second")
    first.answer = Unanswered
    await wait_for(pool, *(uuid4() for _ in range(PEOPLE)))

    async with sending(pool, a_config(notify_dsn, 1), [first, second]):
        found = await until(pool, lambda said: said.get("waiting", 0) + said.get("claimed", 0) == 0)

    assert found["sent"] + found["unknown"] == PEOPLE
    assert found["unknown"] == first.asked < PEOPLE / 4
    assert len(second.told) == found["sent"]


async def test_of_a_provider_that_is_several_the_trouble_of_one_keeps_nobody_else_waiting(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    several = Several("several")
    well = {address_of(person) for person in OF_THE_WELL}
    await wait_for(pool, *OF_THE_SILENT, *OF_THE_WELL)

    async with sending(pool, a_config(notify_dsn, 1), [several], RESTING_LONG):
        found = await until(pool, lambda said: said.get("sent", 0) == len(well))

    assert set(several.told) == well
    assert 0 < found["unknown"] < len(OF_THE_SILENT) / 2


async def test_were_it_not_said_to_be_several_all_would_wait_for_the_one_in_trouble(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    several = Several("several")
    several.part_of = None
    await wait_for(pool, *OF_THE_SILENT, *OF_THE_WELL)

    async with sending(pool, a_config(notify_dsn, 1), [several], RESTING_LONG):
        await until(pool, lambda said: said.get("unknown", 0) >= RESTING_LONG.faults_max)
        await asyncio.sleep(0.5)

    assert several.told == []


async def test_without_being_left_alone_it_would_swallow_everything(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    first, second = Post("first"), Post("second")
    first.answer = Unanswered
    await wait_for(pool, *(uuid4() for _ in range(PEOPLE)))
    never = Limits(faults_max=1_000_000, rest_seconds_min=0.4, rest_seconds_max=0.4)

    async with sending(pool, a_config(notify_dsn, 1), [first, second], never):
        found = await until(pool, lambda said: said.get("waiting", 0) + said.get("claimed", 0) == 0)

    assert found == {"unknown": PEOPLE}


async def test_while_the_first_does_well_the_second_is_not_spoken_to(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    first, second = Post("first"), Post("second")
    await wait_for(pool, *(uuid4() for _ in range(PEOPLE)))

    async with sending(pool, a_config(notify_dsn, 1), [first, second]):
        await until(pool, lambda said: said.get("sent", 0) == PEOPLE)

    assert (len(first.told), second.asked) == (PEOPLE, 0)


async def test_a_provider_that_is_back_is_spoken_to_again_without_a_restart(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    only = Post("only")
    only.away = True
    await wait_for(pool, uuid4())

    async with sending(pool, a_config(notify_dsn, 1), [only]):
        await asyncio.sleep(0.6)
        only.away = False
        found = await until(pool, lambda said: said.get("sent", 0) == 1)

    assert (found, len(only.told)) == ({"sent": 1}, 1)


async def test_who_has_just_booked_does_not_stand_behind_all_that_an_outage_left(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    only, late = Post("only"), [uuid4() for _ in range(PEOPLE)]
    await wait_for(pool, *late, ago=timedelta(hours=1))
    fresh = uuid4()
    await wait_for(pool, fresh)

    async with sending(pool, a_config(notify_dsn, 1), [only]):
        await until(pool, lambda said: said.get("sent", 0) == PEOPLE + 1)

    assert only.told.index(address_of(fresh)) < PEOPLE / 2
