"""What is remembered of what people write back, and what is told for it? Each thing once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.notify import store
from services.notify.inbox import Inbox
from services.notify.rules import Message, key_of, link_to_cancel, link_to_confirm
from services.notify.rules.messages import ReplyAnswer
from services.notify.rules.reminders import VisitReminder, reminder_of, visits_of
from services.notify.rules.texting import Reply
from services.notify.store import Contacts, Replies, Texting
from shared import database
from shared.batch import Head
from shared.links.rules import Keys, link_of, token_of
from shared.messages import PersonErased, ReminderAnswered
from shared.topics import NOTIFY_EVENTS, home_of
from tests.notify_bookings import ALICE, BOOKING, HABITS, a_place, cancelled, moved
from tests.stores.test_notify_inbox import a_head, records_of, take
from tests.stores.test_notify_texting import LIMITS, Told
from tests.vaults import a_vault

PHONE, OTHER_PHONE = "+79161234567", "+79161234568"
BORIS = UUID("b0415000-0000-4000-8000-000000000002")
KEYS = Keys(signs=1, secrets={1: bytes(32)})
NOW = datetime.now(UTC)
SOON = NOW.replace(microsecond=250_000) + timedelta(days=1)


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await database.open_pool(notify_dsn, size_max=8, name="replies-test")
    await lives_at(opened, ALICE, PHONE)
    yield opened
    await opened.close()


@pytest.fixture
def counted() -> list[str]:
    return []


@pytest.fixture
def replies(pool: asyncpg.Pool, counted: list[str]) -> Replies:
    return Replies(pool, a_vault("notify"), count=counted.append)


@pytest.fixture
def texting(pool: asyncpg.Pool, replies: Replies) -> Texting:
    return Texting(pool, a_vault("notify"), LIMITS, Told().tell, replies)


async def lives_at(pool: asyncpg.Pool, person_id: UUID, phone: str | None) -> None:
    await Contacts(pool, a_vault("notify")).keep(person_id, None, phone)


def a_reminder(
    owner_id: UUID = ALICE, *, booking_id: UUID = BOOKING, starts_at: datetime = SOON, nth: int = 0
) -> VisitReminder:
    [visit] = visits_of([a_place(starts_at)])
    return reminder_of(
        visit, HABITS.befores[nth], booking_id=booking_id, owner_id=owner_id, version=1, now=NOW
    )


async def is_sent(
    pool: asyncpg.Pool, texting: Texting, reminder: VisitReminder, phone: str = PHONE
) -> None:
    """As the ledger and the guard have it once it is handed over."""
    message = Message(
        event=reminder, owner_id=reminder.owner_id, expires_at=reminder.places[0].starts_at
    )
    async with pool.acquire() as connection, connection.transaction():
        await store.write_down(connection, [message])
    key = key_of(reminder, "sms")
    assert await texting.ask(key, phone, due=False, reminder=reminder) is None


async def says(texting: Texting, *texts: str, phone: str = PHONE) -> None:
    for text in texts:
        assert await texting.take("smpp", [], [Reply(phone, text)])


async def wishes(pool: asyncpg.Pool) -> list[tuple[str, UUID]]:
    rows = await pool.fetch(
        "SELECT purpose, person_id FROM sms_reply WHERE purpose IS NOT NULL ORDER BY kept_at"
    )
    return [(row["purpose"], row["person_id"]) for row in rows]


async def answers(pool: asyncpg.Pool) -> list[ReplyAnswer]:
    rows = await pool.fetch(
        "SELECT event FROM message WHERE event ->> 'type' = 'ReplyAnswer' ORDER BY id"
    )
    return [msgspec.json.decode(row["event"], type=ReplyAnswer) for row in rows]


async def tell(pool: asyncpg.Pool, *, then_fail: bool = False) -> list[ReminderAnswered]:
    """As the follower does at its next tick."""
    inbox = Inbox(a_vault("notify"), HABITS, KEYS)
    heads = {home: Head(home, 0, 0, 0, 0, 0) for home in range(NOTIFY_EVENTS.partitions)}
    told: list[ReminderAnswered] = []
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        if await inbox.has_due(connection, list(heads)):
            for home, records in (await inbox.handle(connection, heads, [])).items():
                assert {(record.topic, record.partition) for record in records} == {
                    (NOTIFY_EVENTS.name, home)
                }
                told += [msgspec.json.decode(one.value, type=ReminderAnswered) for one in records]
        await (transaction.rollback() if then_fail else transaction.commit())
    return told


# ---- what a reply becomes ------------------------------------------------------------------------


async def test_a_reply_is_told_as_the_link_in_the_reminder_and_once(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    reminder = a_reminder()
    await is_sent(pool, texting, reminder)

    await says(texting, "ДА", "2!")
    assert len(await tell(pool, then_fail=True)) == 2
    told = await tell(pool)

    links = [link_of(event.token, KEYS, NOW) for event in told]
    assert links == [link_to_confirm(reminder), link_to_cancel(reminder)]
    assert [event.cause for event in told] == [reminder.id] * 2
    assert {event.booking_id for event in told} == {BOOKING}
    assert await tell(pool) == []
    assert counted == ["coming", "cancel"]
    assert await answers(pool) == []


async def test_what_was_written_and_by_which_number_is_kept_nowhere(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())
    await says(texting, "my name is Alice, I have a fever", "отмена")

    kept = [
        str(tuple(row))
        for rows in (
            await pool.fetch("SELECT * FROM sms_asked"),
            await pool.fetch("SELECT * FROM sms_reply"),
            await pool.fetch("SELECT * FROM message"),
        )
        for row in rows
    ]

    assert not [row for row in kept if PHONE[2:] in row or "fever" in row or "отмена" in row]


async def test_brought_again_by_its_provider_it_is_one_reply(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    await is_sent(pool, texting, a_reminder())
    reply = Reply(PHONE, "What is this?", reference="SM1")

    for _ in range(3):
        assert await texting.take("twilio", [], [reply])
        await pool.execute("UPDATE sms_reply SET kept_at = kept_at - interval '2 hours'")

    assert counted == ["not_understood", "repeated", "repeated"]
    assert len(await answers(pool)) == 1


async def test_of_two_who_share_a_phone_nobody_s_visit_is_touched(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await lives_at(pool, BORIS, PHONE)
    await is_sent(pool, texting, a_reminder())
    await is_sent(pool, texting, a_reminder(BORIS, booking_id=uuid4()))

    await says(texting, "2")

    assert await wishes(pool) == []
    [answer] = await answers(pool)
    assert (answer.says, answer.places) == ("ambiguous", ())


async def test_whoever_has_another_number_by_now_is_not_answered_for_by_the_old_one(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    await is_sent(pool, texting, a_reminder())
    await lives_at(pool, ALICE, OTHER_PHONE)
    await lives_at(pool, BORIS, PHONE)

    await says(texting, "2")
    await says(texting, "2", phone=OTHER_PHONE)
    await says(texting, "2", phone="+79160000000")

    assert await wishes(pool) == []
    assert counted == ["nothing", "nothing", "nobody"]


async def test_what_the_provider_certainly_did_not_take_has_asked_nobody(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    reminder = a_reminder()
    await is_sent(pool, texting, reminder)
    await texting.give_back(key_of(reminder, "sms"))

    await says(texting, "2")

    assert await wishes(pool) == []


@pytest.mark.parametrize("change", ["moved", "cancelled"])
async def test_once_the_booking_has_changed_nobody_answers_to_what_was_before(
    pool: asyncpg.Pool, texting: Texting, change: str
) -> None:
    reminder = a_reminder()
    await is_sent(pool, texting, reminder)
    place = reminder.places[0]
    later = a_place(SOON + timedelta(days=3))
    event = moved(to=[later], away_from=[place]) if change == "moved" else cancelled(place)
    async with pool.acquire() as connection:
        await take(connection, a_head(), records_of(event))

    await says(texting, "2")

    assert await wishes(pool) == []
    assert [answer.says for answer in await answers(pool)] == ["nothing"]


async def test_a_visit_that_has_begun_is_not_answered_to(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())
    await pool.execute("UPDATE sms_asked SET starts_at = now() - interval '1 second'")

    await says(texting, "2")

    assert await wishes(pool) == []


async def test_a_reminder_s_second_coming_asks_the_same_and_is_answered_by_one_word(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    await is_sent(pool, texting, a_reminder(nth=0))
    await is_sent(pool, texting, a_reminder(nth=1))

    await says(texting, "2", "2", "1")

    assert await wishes(pool) == [("cancel_booking", ALICE)]
    assert counted == ["cancel", "repeated", "nothing"]


async def test_who_asks_for_another_time_is_sent_its_link_by_the_same_channel(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    reminder = a_reminder()
    await is_sent(pool, texting, reminder)

    await says(texting, "3", "3", "3")

    [answer] = await answers(pool)
    assert (answer.says, answer.places) == ("other_time", reminder.places)
    row = await pool.fetchrow(
        "SELECT channel, state, expires_at - written_at < '16 minutes' AS soon FROM message"
        " WHERE event ->> 'type' = 'ReplyAnswer'"
    )
    assert tuple(row) == ("sms", "waiting", True)


async def test_a_number_is_told_once_an_hour_that_it_was_not_understood(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    await is_sent(pool, texting, a_reminder())

    await says(texting, *["I am away until Monday"] * 5)
    await pool.execute(
        "UPDATE sms_reply SET kept_at = kept_at - interval '61 minutes',"
        " answer_hour = answer_hour - interval '1 hour'"
    )
    await says(texting, "hm")

    assert counted == ["not_understood", *["unanswered"] * 4, "not_understood"]
    assert len(await answers(pool)) == 2


async def test_whoever_writes_stop_is_reminded_no_more_whoever_shares_the_phone(
    pool: asyncpg.Pool, texting: Texting, counted: list[str]
) -> None:
    await lives_at(pool, BORIS, PHONE)
    await pool.execute("UPDATE contact SET declined = '{reminder}' WHERE person_id = $1", BORIS)

    await says(texting, "STOP", "стоп")

    rows = await pool.fetch("SELECT declined FROM contact ORDER BY person_id")
    assert [sorted(row["declined"]) for row in rows] == [["announcement", "reminder"]] * 2
    assert counted == ["stop", "stop"]
    assert await answers(pool) == []


async def test_where_nobody_is_asked_only_a_stop_is_heard(
    pool: asyncpg.Pool, counted: list[str]
) -> None:
    silent = Replies(pool, a_vault("notify"), asks=False, count=counted.append)
    texting = Texting(pool, a_vault("notify"), LIMITS, Told().tell, silent)
    await is_sent(pool, texting, a_reminder())

    await says(texting, "2", "3", "hm", "стоп")

    assert counted == ["unread", "unread", "unread", "stop"]
    assert await pool.fetchval("SELECT count(*) FROM sms_asked") == 0
    assert await answers(pool) == []


async def test_a_part_of_a_longer_text_is_no_answer(pool: asyncpg.Pool, texting: Texting) -> None:
    await is_sent(pool, texting, a_reminder())

    assert await texting.take("smpp", [], [Reply(PHONE, "2", is_whole=False)])

    assert await wishes(pool) == []


# ---- forgotten -----------------------------------------------------------------------------------


async def test_a_visit_that_was_given_up_and_is_there_again_is_not_given_up_by_a_used_link(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())
    await says(texting, "2")
    await pool.execute("DELETE FROM sms_asked")  # as when the booking changes
    await is_sent(pool, texting, a_reminder(nth=1))

    await says(texting, "2")

    assert await wishes(pool) == [("cancel_booking", ALICE)]
    assert [answer.says for answer in await answers(pool)] == ["not_by_reply"]


async def test_who_is_erased_has_asked_and_answered_nothing(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())
    await says(texting, "2")
    erased = PersonErased(id=uuid4(), cause=uuid4(), at=NOW, person_id=ALICE)

    async with pool.acquire() as connection:
        await take(connection, a_head(), records_of(erased))  # type: ignore[arg-type]

    assert await pool.fetchval("SELECT count(*) FROM sms_asked") == 0
    assert await pool.fetchval("SELECT count(*) FROM sms_reply") == 0


async def test_what_is_old_is_forgotten_but_not_before_it_was_told(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())
    await says(texting, "hm", "2")
    await pool.execute("UPDATE sms_reply SET kept_at = kept_at - interval '4 days'")
    await pool.execute("UPDATE sms_asked SET starts_at = starts_at - interval '4 days'")

    assert await texting.forget() == 2
    assert len(await tell(pool)) == 1
    assert await texting.forget() == 1
    assert await pool.fetchval("SELECT count(*) FROM sms_reply") == 0


# ---- at once -------------------------------------------------------------------------------------


async def say_at_once(texting: Texting, text: str, times: int = 8) -> list[Any]:
    one = [Reply(PHONE, text)]
    taken = (texting.take("smpp", [], one) for _ in range(times))
    return await asyncio.gather(*taken, return_exceptions=True)


async def test_many_replies_at_once_are_one_wish_and_one_answer(
    pool: asyncpg.Pool, texting: Texting
) -> None:
    await is_sent(pool, texting, a_reminder())

    assert await say_at_once(texting, "What?") == [True] * 8
    assert await say_at_once(texting, "2") == [True] * 8

    assert await wishes(pool) == [("cancel_booking", ALICE)]
    assert len(await answers(pool)) == 1


@pytest.mark.parametrize(
    ("text", "promise"), [("2", "cancelled_once"), ("What?", "one_answer_an_hour")]
)
async def test_without_the_number_s_lock_the_race_is_real_and_a_constraint_stops_it(
    pool: asyncpg.Pool,
    texting: Texting,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    promise: str,
) -> None:
    await is_sent(pool, texting, a_reminder())
    monkeypatch.setitem(store.SQL, "lock_number", "SELECT 0 * $1::bigint")
    # They have all looked before the first has kept anything.
    looked = store.SQL["asked_of_number"].replace(
        " ORDER BY m.id", " AND pg_sleep(0.05) IS NOT NULL ORDER BY m.id"
    )
    monkeypatch.setitem(store.SQL, "asked_of_number", looked)

    ended = await say_at_once(texting, text)

    stopped = [one for one in ended if isinstance(one, asyncpg.UniqueViolationError)]
    assert stopped
    assert {one.constraint_name for one in stopped} == {promise}
    assert len(await wishes(pool)) + len(await answers(pool)) == 1


def test_a_wish_goes_where_its_booking_s_other_wishes_go() -> None:
    link = link_to_cancel(a_reminder())
    assert link is not None

    assert home_of(link.object_id) in range(NOTIFY_EVENTS.partitions)
    assert len(token_of(link, KEYS)) < 200
