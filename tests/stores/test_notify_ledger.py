"""What does the ledger promise? Each thing written once, claimed by one, told in order."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.rules import NEXT, Mark, messages_for
from services.notify.store import Claim, Contacts, Ledger
from shared.messages import BookingEvent
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed, moved
from tests.vaults import a_vault

PEOPLE = 8
SENT, AGAIN = Mark(state="sent"), Mark(state="waiting", wait_seconds=0.0)


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=PEOPLE, max_size=PEOPLE) as opened:
        yield opened


@pytest.fixture
async def ledger(pool: asyncpg.Pool) -> Ledger:
    await Contacts(pool, a_vault("notify")).keep(ALICE, "alice@example.org")
    return Ledger(pool)


async def write(pool: asyncpg.Pool, *events: BookingEvent) -> store.Written:
    async with pool.acquire() as connection, connection.transaction():
        messages = [message for event in events for message in messages_for(event)]
        return await store.write_down(connection, messages)


async def states(pool: asyncpg.Pool) -> list[str]:
    rows = await pool.fetch("SELECT state FROM message ORDER BY id")
    return [row["state"] for row in rows]


# ---- written once -------------------------------------------------------------------------------


async def test_the_same_event_again_writes_nothing(pool: asyncpg.Pool, ledger: Ledger) -> None:
    event = confirmed()

    written = [await write(pool, event), await write(pool, event)]

    assert [(w.new, w.unreached) for w in written] == [(1, 0), (0, 0)]
    assert await states(pool) == ["waiting"]


async def test_the_ledger_itself_refuses_to_hold_a_message_twice(pool: asyncpg.Pool) -> None:
    await write(pool, confirmed())

    with pytest.raises(asyncpg.UniqueViolationError, match="told_once"):
        await pool.execute(
            "INSERT INTO message"
            " (event_id, booking_id, version, owner_id, channel, event, expires_at)"
            " SELECT event_id, booking_id, version, owner_id, channel, event, expires_at"
            "   FROM message"
        )


async def test_the_ledger_refuses_what_was_sent_without_being_claimed(pool: asyncpg.Pool) -> None:
    await write(pool, confirmed())

    with pytest.raises(asyncpg.CheckViolationError, match="claimed_before_sent"):
        await pool.execute("UPDATE message SET state = 'sent', settled_at = now()")


async def test_the_ledger_knows_the_states_that_the_rules_know(pool: asyncpg.Pool) -> None:
    constraint = await pool.fetchval(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'known_state'"
    )

    assert set(re.findall(r"'(\w+)'", constraint)) == set(NEXT)


# ---- claimed by one -----------------------------------------------------------------------------


async def claim_at_once(ledger: Ledger) -> Counter[int]:
    claims: list[Claim] = await asyncio.gather(
        *(ledger.claim(uuid4(), "email", "smtp", 30, 200) for _ in range(PEOPLE))
    )
    return Counter(message.id for claim in claims for message in claim.messages)


async def test_many_senders_claim_at_once_and_each_message_has_one(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(1_000)))

    claimed = await claim_at_once(ledger)

    assert set(claimed.values()) == {1}
    assert await pool.fetchval("SELECT count(*) FROM message WHERE state = 'claimed'") == len(
        claimed
    )


async def test_without_the_row_lock_the_race_is_real(
    pool: asyncpg.Pool, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(1_000)))
    unguarded = store.SQL["claim_messages"].replace("FOR UPDATE SKIP LOCKED", "")
    monkeypatch.setitem(store.SQL, "claim_messages", unguarded)

    claimed = await claim_at_once(ledger)

    assert max(claimed.values()) > 1


async def test_only_the_claimer_marks(pool: asyncpg.Pool, ledger: Ledger) -> None:
    await write(pool, confirmed())
    (message,) = (await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages

    await ledger.mark(uuid4(), [(message.id, SENT)])

    assert await states(pool) == ["claimed"]


# ---- told in order ------------------------------------------------------------------------------


async def test_a_cancellation_waits_for_its_booking_to_be_told(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    place, later = a_place(), a_place()
    await write(
        pool,
        confirmed(place),
        moved(to=[later], away_from=[place], version=2),
        cancelled(later, version=3),
    )
    me, versions = uuid4(), []

    for _ in range(3):
        (message,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
        assert (await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages == []
        versions.append(message.id)
        await ledger.mark(me, [(message.id, SENT)])

    assert versions == sorted(versions)
    assert await states(pool) == ["sent"] * 3


async def test_what_must_be_tried_again_still_goes_before_what_follows(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    place, me = a_place(), uuid4()
    await write(pool, confirmed(place), cancelled(place))
    (first,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages

    await ledger.mark(me, [(first.id, AGAIN)])

    (again,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
    assert (again.id, again.attempts) == (first.id, 1)


async def test_another_booking_does_not_wait(pool: asyncpg.Pool, ledger: Ledger) -> None:
    await write(pool, confirmed(), confirmed(booking_id=uuid4()))

    assert len((await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages) == 2


# ---- settled without being sent ------------------------------------------------------------------


async def test_who_has_no_address_is_not_written_to(pool: asyncpg.Pool) -> None:
    written = await write(pool, confirmed())

    claim = await Ledger(pool).claim(uuid4(), "email", "smtp", 30, 10)

    assert (written.new, written.unreached) == (1, 1)
    assert (claim.messages, claim.settled) == ([], [])
    assert await states(pool) == ["no_address"]


async def test_whose_address_is_gone_when_it_is_their_turn_is_not_written_to(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    await write(pool, confirmed())
    await pool.execute("DELETE FROM contact")

    claim = await ledger.claim(uuid4(), "email", "smtp", 30, 10)

    assert [message.addresses for message in claim.messages] == [[]]


async def test_nobody_is_invited_to_last_year_s_clinic(pool: asyncpg.Pool, ledger: Ledger) -> None:
    await write(pool, confirmed(a_place(datetime.now(UTC) - timedelta(seconds=1))))

    claim = await ledger.claim(uuid4(), "email", "smtp", 30, 10)

    assert (claim.messages, claim.settled) == ([], ["expired"])


async def test_an_address_changed_before_the_claim_applies(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    await write(pool, confirmed())
    await Contacts(pool, a_vault("notify")).keep(ALICE, "alice@elsewhere.example")

    (message,) = (await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages

    (address,) = message.addresses
    assert await Contacts(pool, a_vault("notify")).open(address) == "alice@elsewhere.example"


# ---- lost and found ------------------------------------------------------------------------------


async def test_a_live_claim_is_left_alone(pool: asyncpg.Pool, ledger: Ledger) -> None:
    await write(pool, confirmed())
    await ledger.claim(uuid4(), "email", "smtp", 30, 10)

    assert await ledger.give_up_lost("smtp") == []
    assert await states(pool) == ["claimed"]


async def test_a_claim_that_ran_out_is_unknown_and_nobody_s_to_send(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    await write(pool, confirmed())
    (message,) = (await ledger.claim(uuid4(), "email", "smtp", -1, 10)).messages

    lost = await ledger.give_up_lost("smtp")

    assert [each.id for each in lost] == [message.id]
    assert await states(pool) == ["unknown"]
    assert (await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages == []


async def test_a_slow_sender_corrects_the_unknown_but_never_sends_again(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    slow = uuid4()
    await write(pool, confirmed(), confirmed(booking_id=uuid4()))
    sent, refused = (await ledger.claim(slow, "email", "smtp", -1, 10)).messages
    await ledger.give_up_lost("smtp")

    await ledger.mark(slow, [(sent.id, SENT), (refused.id, AGAIN)])

    assert await states(pool) == ["sent", "unknown"]


async def test_what_waits_and_what_is_unknown_is_measured(
    pool: asyncpg.Pool, ledger: Ledger
) -> None:
    await write(pool, *(confirmed(booking_id=uuid4()) for _ in range(3)))
    await ledger.claim(uuid4(), "email", "smtp", -1, 1)
    await ledger.give_up_lost("smtp")
    await ledger.claim(uuid4(), "email", "smtp", 30, 1)

    counts = await ledger.measure()

    assert (counts.waiting, counts.claimed, counts.unknown) == (1, 1, 1)
    assert 0 < counts.oldest_seconds < 60


# ---- contacts -----------------------------------------------------------------------------------


async def test_who_wants_no_mail_leaves_no_address_behind(pool: asyncpg.Pool) -> None:
    contacts = Contacts(pool, a_vault("notify"))
    await contacts.keep(ALICE, "alice@example.org")
    await contacts.keep(ALICE, "alice@example.org")

    await contacts.keep(ALICE, None)

    assert await contacts.find(ALICE) is None
    assert await pool.fetchval("SELECT count(*) FROM contact") == 0


async def test_what_could_break_a_header_is_not_even_sealed(
    pool: asyncpg.Pool,
) -> None:
    with pytest.raises(ValueError, match="no address"):
        await Contacts(pool, a_vault("notify")).keep(
            ALICE, "alice@example.org\r\nBcc: all@example.org"
        )
