"""Is every address sealed, also those of old, and gone when it is to be?"""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.inbox import Inbox
from services.notify.retention import seal_plain
from services.notify.rules import messages_for
from services.notify.store import Contacts, Ledger
from services.notify.store.contacts import EMAIL
from shared.batch import Head
from shared.events import Unpacker, outgoing
from shared.messages import PersonErased, answer_id
from shared.topics import BOOKING_EVENTS
from shared.vault import BrokenSealError
from shared.vault.persons import Wrapped
from tests.booking_stories import ALICE, BORIS
from tests.notify_bookings import HABITS, confirmed
from tests.stories import NOON, a_record
from tests.vaults import a_vault, key_file_of

VAULT = a_vault("notify")
PLAIN = 300
BITE = 10


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=6) as opened:
        yield opened


async def left_in_clear(pool: asyncpg.Pool, number: int) -> dict[UUID, str]:
    """So many addresses, as an earlier version wrote them."""
    people = {uuid4(): f"patient-{n}@example.org" for n in range(number)}
    await pool.executemany("INSERT INTO contact (person_id, email) VALUES ($1, $2)", people.items())
    return people


async def a_copy(pool: asyncpg.Pool, person_id: UUID) -> asyncpg.Record:
    """What a thief or a backup has of a person's row."""
    row = await pool.fetchrow(
        "SELECT sealed_email, c.version, k.person_id, generation, master_id, wrapped"
        "  FROM contact AS c JOIN person_key AS k USING (person_id) WHERE person_id = $1",
        person_id,
    )
    assert row is not None
    return row


async def test_what_an_earlier_version_left_in_clear_is_sealed_and_still_theirs(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    people, contacts = await left_in_clear(pool, 30), Contacts(pool, VAULT)

    sealed, again = await seal_plain(contacts, notify_dsn), await seal_plain(contacts, notify_dsn)

    assert (sealed, again, await contacts.count_plain()) == (30, 0, 0)
    assert {person: await contacts.find(person) for person in people} == people


async def test_killed_while_sealing_the_next_two_go_on_and_lose_nothing(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    people, contacts = await left_in_clear(pool, PLAIN), Contacts(pool, VAULT)
    words = (notify_dsn, str(key_file_of("notify")), str(BITE))
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.notify_sealing_process", *words, stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    await victim.stdout.readline()
    victim.send_signal(signal.SIGKILL)
    await victim.communicate()
    left = await contacts.count_plain()

    await asyncio.gather(seal_plain(contacts, notify_dsn), seal_plain(contacts, notify_dsn))

    assert 0 < left <= PLAIN - BITE
    assert await contacts.count_plain() == 0
    assert {person: await contacts.find(person) for person in people} == people


async def test_an_address_that_is_changed_while_it_is_sealed_is_the_new_one(
    pool: asyncpg.Pool, notify_dsn: str
) -> None:
    people, contacts = await left_in_clear(pool, 40), Contacts(pool, VAULT)

    changes = [contacts.keep(person, "new@example.org") for person in list(people)[::2]]
    await asyncio.gather(seal_plain(contacts, notify_dsn), *changes)

    found = [await contacts.find(person) for person in people]
    assert found == [
        "new@example.org" if n % 2 == 0 else address for n, address in enumerate(people.values())
    ]


async def test_one_s_sealed_address_in_another_s_row_does_not_open(pool: asyncpg.Pool) -> None:
    contacts = Contacts(pool, VAULT)
    await contacts.keep(ALICE, "alice@example.org")
    await contacts.keep(BORIS, "boris@example.org")

    await pool.execute(
        "UPDATE contact AS c SET sealed_email = other.sealed_email"
        "  FROM contact AS other WHERE c.person_id = $1 AND other.person_id = $2",
        ALICE,
        BORIS,
    )

    with pytest.raises(BrokenSealError):
        await contacts.find(ALICE)


async def test_an_older_address_put_back_does_not_open(pool: asyncpg.Pool) -> None:
    contacts = Contacts(pool, VAULT)
    await contacts.keep(ALICE, "old@example.org")
    copy = await a_copy(pool, ALICE)
    await contacts.keep(ALICE, "alice@example.org")

    await pool.execute(
        "UPDATE contact SET sealed_email = $2 WHERE person_id = $1", ALICE, copy["sealed_email"]
    )

    with pytest.raises(BrokenSealError):
        await contacts.find(ALICE)


async def test_who_has_no_key_any_more_is_not_written_to(pool: asyncpg.Pool) -> None:
    await Contacts(pool, VAULT).keep(ALICE, "alice@example.org")
    await pool.execute(
        "UPDATE person_key SET wrapped = NULL, master_id = NULL, destroyed_at = now()"
    )
    async with pool.acquire() as connection:
        event = confirmed(owner_id=ALICE)
        await store.write_down(connection, messages_for(event))

    claim = await Ledger(pool).claim(uuid4(), "email", "smtp", 30, 10)

    assert [message.addresses for message in claim.messages] == [[]]


# ---- erased --------------------------------------------------------------------------------------


async def tell_erased(pool: asyncpg.Pool, person_id: UUID) -> None:
    """The front desk tells of it, and the messenger takes it in one transaction."""
    cause = uuid4()
    event = PersonErased(
        id=answer_id(cause, "PersonErased"), cause=cause, at=NOON, person_id=person_id
    )
    sent = outgoing(BOOKING_EVENTS, Head(0, 0, 0, 0, 0, 0), event, person_id.bytes)
    record = a_record(sent.value, topic=BOOKING_EVENTS.name, headers=sent.headers)
    async with pool.acquire() as connection, connection.transaction():
        heads = {0: Head(0, 0, 0, 0, 0, 0)}
        await Inbox(VAULT, HABITS).handle(connection, heads, Unpacker(BOOKING_EVENTS)(record))


async def test_an_erased_person_s_address_does_not_open_even_from_a_copy_of_the_row(
    pool: asyncpg.Pool,
) -> None:
    contacts = Contacts(pool, VAULT)
    await contacts.keep(ALICE, "alice@example.org")
    await contacts.keep(BORIS, "boris@example.org")
    copy = await a_copy(pool, ALICE)

    await tell_erased(pool, ALICE)

    assert (await contacts.find(ALICE), await contacts.find(BORIS)) == (None, "boris@example.org")
    async with pool.acquire() as connection:
        assert await VAULT.keys.find(connection, [ALICE]) == {}
        anew = await VAULT.keys.hold(connection, ALICE)
    with pytest.raises(BrokenSealError):
        anew.open(EMAIL, copy["version"], copy["sealed_email"])


async def test_the_copy_of_a_whole_row_with_its_key_is_what_a_backup_is(
    pool: asyncpg.Pool,
) -> None:
    """Said in docs/privacy.md, so shown here: a backup from before still opens with its keys."""
    contacts = Contacts(pool, VAULT)
    await contacts.keep(ALICE, "alice@example.org")
    copy = await a_copy(pool, ALICE)

    await tell_erased(pool, ALICE)

    key = await VAULT.keys.open(Wrapped(*list(copy)[2:]))
    assert key.open(EMAIL, copy["version"], copy["sealed_email"]) == "alice@example.org"


async def test_after_being_erased_one_may_begin_anew(pool: asyncpg.Pool) -> None:
    contacts = Contacts(pool, VAULT)
    await contacts.keep(ALICE, "alice@example.org")
    await tell_erased(pool, ALICE)

    await contacts.keep(ALICE, "anew@example.org")

    assert await contacts.find(ALICE) == "anew@example.org"
    assert await pool.fetchval("SELECT generation FROM person_key") == 2


async def test_nobody_who_has_no_address_is_harmed_by_an_erasure(pool: asyncpg.Pool) -> None:
    await tell_erased(pool, ALICE)

    assert await pool.fetchval("SELECT count(*) FROM person_key") == 0


# ---- by rule -------------------------------------------------------------------------------------


async def test_an_address_is_forgotten_when_nobody_wrote_to_it_for_so_long(
    pool: asyncpg.Pool,
) -> None:
    contacts = Contacts(pool, VAULT)
    written_to, unused, fresh = uuid4(), uuid4(), uuid4()
    for person in (written_to, unused, fresh):
        await contacts.keep(person, "somebody@example.org")
    async with pool.acquire() as connection:
        event = confirmed(owner_id=written_to)
        await store.write_down(connection, messages_for(event))
    await pool.execute(
        "UPDATE contact SET used_at = used_at - interval '9 days' WHERE person_id <> $1", fresh
    )

    gone = [await contacts.forget_unused(days=7, people_max=10) for _ in range(2)]

    assert gone == [1, 0]
    assert await contacts.find(unused) is None
    assert await contacts.find(written_to) == await contacts.find(fresh) == "somebody@example.org"
    assert await pool.fetchval("SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL") == 2
