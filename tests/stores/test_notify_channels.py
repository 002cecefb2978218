"""By what is a person told, by what next, and by what never twice?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.notify import store
from services.notify.channels import Dispatch
from services.notify.config import Config
from services.notify.rules import (
    Accepted,
    Channel,
    Gone,
    Mark,
    Outcome,
    Receipt,
    Refused,
    Unanswered,
)
from services.notify.rules.preferences import QuietHours, Wishes
from services.notify.store import Contacts, Ledger, Preferences, Receipts
from services.notify.store.contacts import DEVICES_MAX, EMAIL
from shared.vault import BrokenSealError
from tests.notify_bookings import ALICE, a_place, cancelled, confirmed, missed, moved
from tests.notify_doors import a_config
from tests.notify_providers import Obliging
from tests.notify_senders import running, told, until_told, write
from tests.vaults import a_vault

PHONE = "+79161234567"
OFTEN = {"poll_seconds": 0.02, "backoff_seconds_min": 0.02, "attempts_max": 3}


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=8) as opened:
        yield opened


@pytest.fixture
async def contacts(pool: asyncpg.Pool) -> Contacts:
    kept = Contacts(pool, a_vault("notify"))
    await kept.keep(ALICE, "alice@example.org", PHONE)
    return kept


@asynccontextmanager
async def sending(pool: asyncpg.Pool, *providers: Obliging) -> AsyncIterator[None]:
    config: Config = a_config("none", **OFTEN)
    async with running(providers, config, pool):
        yield


def answering(outcome: Outcome):
    async def answer(dispatch: Dispatch) -> Outcome:
        return outcome

    return answer


# ---- by what first -------------------------------------------------------------------------------


async def test_the_first_channel_of_one_s_own_order_is_told(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await write(pool, confirmed())
    await Preferences(pool).keep(ALICE, Wishes(channels=("sms",)))
    await write(pool, confirmed())

    assert await told(pool) == [("email", "waiting"), ("sms", "waiting")]


async def test_the_same_event_is_not_told_again_though_the_order_was_changed(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    event = confirmed()

    await write(pool, event)
    await Preferences(pool).keep(ALICE, Wishes(channels=("sms",)))
    await write(pool, event)

    assert await told(pool) == [("email", "waiting")]


async def test_of_a_kind_that_somebody_declined_nothing_is_told_but_what_is_due(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    place = a_place()
    await Preferences(pool).keep(ALICE, Wishes(declined=("booking", "attendance")))

    await write(pool, confirmed(place), missed(), cancelled(place, reason="clinic", version=3))

    states = [state for _, state in await told(pool)]
    assert states == ["declined", "declined", "waiting"]


async def test_the_table_itself_declines_nothing_that_is_due(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="what_is_due_is_told"):
        await pool.execute("UPDATE contact SET declined = '{change}'")


async def test_a_sender_claims_its_own_channel_s_messages_alone(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await write(pool, confirmed())
    ledger = Ledger(pool)

    assert not await ledger.has_due("sms")
    assert (await ledger.claim(uuid4(), "sms", "smpp", 30, 10)).messages == []
    assert len((await ledger.claim(uuid4(), "email", "smtp", 30, 10)).messages) == 1


async def test_no_move_is_told_by_one_channel_before_its_booking_by_another(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    place = a_place()
    await write(pool, confirmed(place))
    await Preferences(pool).keep(ALICE, Wishes(channels=("sms",)))
    await write(pool, moved(to=[a_place()], away_from=[place]))

    assert (await Ledger(pool).claim(uuid4(), "sms", "smpp", 30, 10)).messages == []


# ---- where ---------------------------------------------------------------------------------------


async def test_a_phone_is_kept_beside_the_address_and_goes_by_itself(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    both = await contacts.show(ALICE)
    await contacts.keep(ALICE, "alice@example.org")
    left_out = await contacts.show(ALICE)
    await contacts.keep(ALICE, "alice@example.org", None)
    gone = await contacts.show(ALICE)
    await contacts.keep(ALICE, None)

    assert (both.email, both.phone) == ("alice@example.org", PHONE)
    assert left_out == both
    assert (gone.email, gone.phone) == ("alice@example.org", None)
    assert await pool.fetchval("SELECT count(*) FROM contact") == 0
    assert await pool.fetchval("SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL") == 0


async def test_who_wishes_something_and_has_no_address_leaves_only_the_wish(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    wishes = Wishes(language="ru", declined=("reminder",))
    await Preferences(pool).keep(ALICE, wishes)

    await contacts.keep(ALICE, None, None)
    await write(pool, confirmed())

    assert (await Preferences(pool).find(ALICE)).wishes == wishes
    assert await told(pool) == [("email", "no_address")]
    assert await pool.fetchval("SELECT count(*) FROM person_key WHERE wrapped IS NOT NULL") == 0


async def test_an_older_phone_put_back_does_not_open(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    old = await pool.fetchval("SELECT sealed FROM address")
    await contacts.keep(ALICE, "alice@example.org", None)
    await contacts.keep(ALICE, "alice@example.org", "+79167654321")

    await pool.execute("UPDATE address SET sealed = $1", old)

    with pytest.raises(BrokenSealError):
        await contacts.show(ALICE)


@pytest.mark.parametrize("channel", ["web_push", "mobile_push"])
async def test_the_sixth_device_takes_the_oldest_s_place(
    pool: asyncpg.Pool, contacts: Contacts, channel: Channel
) -> None:
    for n in range(DEVICES_MAX + 1):
        await contacts.keep_device(ALICE, channel, f"device-{n}")
    await contacts.keep_device(ALICE, channel, "device-3")

    gone = [await contacts.forget_device(ALICE, channel, f"device-{n}") for n in (0, 5)]

    assert gone == [False, True]
    assert getattr(await contacts.show(ALICE), channel) == DEVICES_MAX - 1


async def test_the_table_has_no_room_for_a_second_phone_or_a_sixth_device(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    for channel, nth in (("sms", 2), ("web_push", 6), ("mobile_push", 6)):
        with pytest.raises(asyncpg.CheckViolationError, match="room_for_few"):
            await pool.execute(
                "INSERT INTO address VALUES ($1, $2, $3, 1, 'x', 'y')", ALICE, channel, nth
            )


async def test_what_an_earlier_version_sealed_still_opens_and_is_still_written_to(
    pool: asyncpg.Pool,
) -> None:
    vault = a_vault("notify")
    async with pool.acquire() as connection, connection.transaction():
        key = await vault.keys.hold(connection, ALICE)
        await connection.execute(
            "INSERT INTO contact (person_id, version, sealed_email, email_index)"
            " VALUES ($1, 7, $2, 'index')",
            ALICE,
            key.seal(EMAIL, 7, "old@example.org"),
        )

    await write(pool, confirmed())
    (message,) = (await Ledger(pool).claim(uuid4(), "email", "smtp", 30, 10)).messages

    contacts = Contacts(pool, vault)
    assert await contacts.find(ALICE) == "old@example.org"
    assert await contacts.open(message.addresses[0]) == "old@example.org"


@pytest.mark.parametrize("channel", ["web_push", "mobile_push"])
async def test_an_erased_person_s_phone_and_devices_are_gone(
    pool: asyncpg.Pool, contacts: Contacts, channel: Channel
) -> None:
    await contacts.keep_device(ALICE, channel, "device")

    await contacts.forget([ALICE])

    assert await pool.fetchval("SELECT count(*) FROM address") == 0
    assert (await contacts.show(ALICE)) == store.Reach()


# ---- by what next --------------------------------------------------------------------------------


async def test_what_has_certainly_failed_is_told_by_the_next_channel_once(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    mail, texts = Obliging("email"), Obliging("sms")
    mail.answer = answering(Refused(550, "RCPT"))
    await write(pool, confirmed())

    async with sending(pool, mail, texts):
        await until_told(pool, ("email", "failed"), ("sms", "sent"))

    assert [dispatch.recipient for dispatch in texts.given] == [PHONE]
    assert [dispatch.perhaps_again for dispatch in texts.given] == [False]
    assert mail.keys != texts.keys


async def test_when_every_channel_has_failed_it_is_over(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    mail, texts = Obliging("email"), Obliging("sms")
    mail.answer = texts.answer = answering(Refused(550, "RCPT"))
    await write(pool, confirmed())

    async with sending(pool, mail, texts):
        await until_told(pool, ("email", "failed"), ("sms", "failed"))

    assert (len(mail.given), len(texts.given)) == (1, 1)


async def test_nobody_knows_is_told_again_only_of_a_clinic_s_cancellation_and_says_so(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    place, texts, mail = a_place(), Obliging("sms"), Obliging("email")
    mail.answer = answering(Unanswered())
    await write(pool, confirmed(place), cancelled(place, reason="clinic"))

    async with sending(pool, mail, texts):
        await until_told(pool, ("email", "unknown"), ("email", "unknown"), ("sms", "sent"))

    (again,) = texts.given
    assert again.perhaps_again
    assert again.event.version == 2


async def test_the_ledger_refuses_the_same_channel_a_second_time(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await write(pool, confirmed())
    again = (
        "INSERT INTO message (event_id, booking_id, version, owner_id, channel, nth, first_channel,"
        " event, expires_at) SELECT event_id, booking_id, version, owner_id, $1, $2, 'email',"
        " event, expires_at FROM message WHERE nth = 0"
    )

    with pytest.raises(asyncpg.CheckViolationError, match="never_the_same_channel_again"):
        await pool.execute(again, "email", 1)
    await pool.execute(again, "sms", 1)
    with pytest.raises(asyncpg.UniqueViolationError, match="told_once_by_each_channel"):
        await pool.execute(again, "sms", 2)


async def test_what_fell_over_is_not_told_once_something_later_was(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    place, me, ledger = a_place(), uuid4(), Ledger(pool)
    await write(pool, confirmed(place))
    (first,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
    await ledger.mark(me, [(first.id, Mark(state="sent", reference="r-1"))])
    await write(pool, cancelled(place))
    (second,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
    await ledger.mark(me, [(second.id, Mark(state="sent"))])

    await Receipts(pool).take([a_receipt("r-1", "failed")])

    assert await told(pool) == [("email", "failed"), ("email", "sent")]


@pytest.mark.parametrize("channel", ["web_push", "mobile_push"])
async def test_an_address_that_nobody_has_any_more_is_forgotten_and_the_next_one_told(
    pool: asyncpg.Pool, contacts: Contacts, channel: Channel
) -> None:
    await contacts.keep_device(ALICE, channel, "old-device")
    await contacts.keep_device(ALICE, channel, "older-device")
    await Preferences(pool).keep(ALICE, Wishes(channels=(channel,)))
    push, mail = Obliging(channel), Obliging("email")
    push.answer = answering(Gone())
    await write(pool, confirmed())

    async with sending(pool, push, mail):
        await until_told(pool, (channel, "failed"), ("email", "sent"))
        await write(pool, confirmed(booking_id=uuid4()))
        await until_told(pool, (channel, "failed"), ("email", "sent"), ("email", "sent"))

    assert len(push.given) == 2
    assert getattr(await contacts.show(ALICE), channel) == 0


@pytest.mark.parametrize("channel", ["web_push", "mobile_push"])
async def test_told_at_one_of_two_devices_it_is_told(
    pool: asyncpg.Pool, contacts: Contacts, channel: Channel
) -> None:
    await contacts.keep_device(ALICE, channel, "gone")
    await contacts.keep_device(ALICE, channel, "here")
    await Preferences(pool).keep(ALICE, Wishes(channels=(channel,)))
    push = Obliging(channel)

    async def answer(dispatch: Dispatch) -> Outcome:
        return Gone() if dispatch.recipient == "gone" else Accepted(final=True)

    push.answer = answer
    await write(pool, confirmed())
    async with sending(pool, push):
        await until_told(pool, (channel, "delivered"))

    assert getattr(await contacts.show(ALICE), channel) == 1


async def test_a_channel_that_nobody_speaks_leaves_it_to_the_next(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await Preferences(pool).keep(ALICE, Wishes(channels=("sms",)))
    await write(pool, confirmed())

    assert await Ledger(pool).pass_over(["sms"]) == 1
    assert await told(pool) == [("sms", "no_address"), ("email", "waiting")]


async def test_a_phone_taken_back_before_its_turn_leaves_it_to_the_next(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await Preferences(pool).keep(ALICE, Wishes(channels=("sms",)))
    await write(pool, confirmed())
    await contacts.keep(ALICE, "alice@example.org", None)

    async with sending(pool, Obliging("sms"), Obliging("email")):
        await until_told(pool, ("sms", "no_address"), ("email", "sent"))


async def test_whose_addresses_are_all_gone_by_their_turn_is_not_told(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    mail = Obliging("email")
    await write(pool, confirmed())
    await contacts.forget([ALICE])

    async with sending(pool, mail):
        await until_told(pool, ("email", "no_address"))

    assert mail.given == []


# ---- in one's own time and language --------------------------------------------------------------


async def test_in_quiet_hours_what_is_no_emergency_waits_for_their_end(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    now = datetime.now(UTC)
    hours = QuietHours(
        begins=(now - timedelta(hours=1)).time().replace(microsecond=0),
        ends=(now + timedelta(hours=1)).time().replace(microsecond=0),
        time_zone="UTC",
    )
    await Preferences(pool).keep(ALICE, Wishes(quiet=hours, language="ru"))
    mail, place = Obliging("email"), a_place()
    await write(pool, cancelled(place, reason="clinic"), confirmed(booking_id=uuid4()))

    async with sending(pool, mail):
        await until_told(pool, ("email", "waiting"), ("email", "sent"))

    waits = await pool.fetchval("SELECT due_at - now() FROM message WHERE state = 'waiting'")
    assert timedelta(minutes=55) < waits <= timedelta(hours=1)
    assert await pool.fetchval("SELECT sum(attempts) FROM message") == 1
    assert [dispatch.language for dispatch in mail.given] == ["ru"]


# ---- providers that know a message by its key ----------------------------------------------------


async def test_a_provider_that_knows_keys_is_asked_again_under_the_same_key(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    mail = Obliging("email", keyed=True)

    async def silent_once(dispatch: Dispatch) -> Outcome:
        return Unanswered() if len(mail.given) == 1 else Accepted()

    mail.answer = silent_once
    await write(pool, confirmed())
    async with sending(pool, mail):
        await until_told(pool, ("email", "sent"))

    assert len(mail.given) == 2
    assert len(set(mail.keys)) == 1


async def test_what_one_provider_may_have_told_is_asked_of_no_other(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    first, ledger, me = uuid4(), Ledger(pool), uuid4()
    await write(pool, confirmed())
    (message,) = (await ledger.claim(me, "email", "keyed one", 30, 10)).messages
    await ledger.mark(me, [(message.id, Mark(state="waiting", perhaps=True))])

    other = await ledger.claim(first, "email", "another", 30, 10)
    same = await ledger.claim(first, "email", "keyed one", 30, 10)

    assert other.messages == []
    assert [each.perhaps for each in same.messages] == [True]


async def test_a_lost_claim_is_asked_again_only_of_who_knows_its_key(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    ledger = Ledger(pool)
    await write(pool, confirmed(), confirmed(booking_id=uuid4()))
    await ledger.claim(uuid4(), "email", "keyed one", -1, 1)
    await ledger.claim(uuid4(), "email", "another", -1, 1)

    await ledger.give_up_lost("keyed one", keyed=True)
    await ledger.give_up_lost("another", keyed=False)

    assert sorted(await told(pool)) == [("email", "unknown"), ("email", "waiting")]


# ---- receipts ------------------------------------------------------------------------------------


def a_receipt(reference: str, state: str, provider: str = "smtp") -> Receipt:
    return Receipt(
        provider=provider,
        reference=reference,
        state=state,  # type: ignore[arg-type]
    )


async def a_sent_message(pool: asyncpg.Pool, reference: str, claimer: UUID | None = None) -> None:
    me, ledger = claimer or uuid4(), Ledger(pool)
    await write(pool, confirmed(booking_id=uuid4()))
    (message,) = (await ledger.claim(me, "email", "smtp", 30, 10)).messages
    await ledger.mark(me, [(message.id, Mark(state="sent", reference=reference))])


async def test_a_receipt_says_what_became_of_what_was_sent(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await a_sent_message(pool, "r-1")

    assert await Receipts(pool).take([a_receipt("r-1", "delivered")]) == ["delivered"]

    assert await told(pool) == [("email", "delivered")]
    assert await pool.fetchval("SELECT count(*) FROM receipt") == 0


async def test_receipts_that_come_again_or_too_late_or_of_nothing_change_nothing(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await a_sent_message(pool, "r-1")
    receipts = Receipts(pool)

    for state in ("delivered", "failed", "delivered"):
        await receipts.take([a_receipt("r-1", state)])
    await receipts.take([a_receipt("r-1", "failed", "another"), a_receipt("r-2", "failed")])

    assert await told(pool) == [("email", "delivered")]
    assert await pool.fetchval("SELECT count(*) FROM receipt") == 2


async def test_what_was_not_delivered_after_all_is_told_by_the_next_channel(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    await a_sent_message(pool, "r-1")

    await Receipts(pool).take([a_receipt("r-1", "failed"), a_receipt("r-1", "failed")])

    assert await told(pool) == [("email", "failed"), ("sms", "waiting")]


async def test_receipts_of_nothing_that_was_ever_sent_are_forgotten_after_days(
    pool: asyncpg.Pool,
) -> None:
    receipts = Receipts(pool)
    await receipts.take([a_receipt("old", "failed"), a_receipt("new", "failed")])
    await pool.execute(
        "UPDATE receipt SET written_at = written_at - interval '8 days' WHERE reference = 'old'"
    )

    await receipts.sweep(days=7)

    assert await pool.fetchval("SELECT array_agg(reference) FROM receipt") == ["new"]


# ---- settled by a person -------------------------------------------------------------------------


async def an_unknown_message(pool: asyncpg.Pool, claimer: UUID) -> int:
    ledger = Ledger(pool)
    await write(pool, confirmed(booking_id=uuid4()))
    (message,) = (await ledger.claim(claimer, "email", "smtp", 30, 10)).messages
    await ledger.mark(claimer, [(message.id, Mark(state="unknown"))])
    return message.id


async def test_a_person_settles_what_nobody_knew_and_a_failure_falls_over(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    operator, receipts = uuid4(), Receipts(pool)
    arrived, lost = [await an_unknown_message(pool, uuid4()) for _ in range(2)]

    settled = [
        await receipts.settle(arrived, "delivered", operator, "they called"),
        await receipts.settle(lost, "failed", operator, "they never got it"),
        await receipts.settle(lost, "delivered", operator, "again"),
    ]

    assert settled == [True, True, False]
    assert await told(pool) == [("email", "delivered"), ("email", "failed"), ("sms", "waiting")]
    row = await pool.fetchrow("SELECT settled_by, settled_note FROM message WHERE id = $1", lost)
    assert row is not None
    assert tuple(row) == (operator, "they never got it")


async def test_a_sender_that_comes_late_changes_nothing_of_what_a_person_settled(
    pool: asyncpg.Pool, contacts: Contacts
) -> None:
    slow = uuid4()
    message = await an_unknown_message(pool, slow)
    await Receipts(pool).settle(message, "delivered", uuid4(), "they called")

    await Ledger(pool).mark(slow, [(message, Mark(state="failed"))])

    assert await told(pool) == [("email", "delivered")]
