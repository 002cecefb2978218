"""Does the auditor see each promise broken, and nothing where all are kept?"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from shared import auditor, database
from shared.auditor import AuditLimits, Auditor, promises_of
from tests import stories
from tests.access_stories import a_writer, an_entry
from tests.booking_stories import MONDAY, TUESDAY, booked, moved
from tests.conftest import MakeDatabase
from tests.referees import play
from tests.stores.test_booking_inbox import project
from tests.stories import an_id

VISIT = """
    INSERT INTO visit (id, booking_id, booking_version, home, owner_id, patient_id, slot_id,
                       clinic_id, line_id, starts_at, ends_at, place, status, presence, version,
                       due_at)
    SELECT gen_random_uuid(), id, version, home, owner_id, owner_id, slot_ids[1],
           owner_id, owner_id, clock_timestamp(), clock_timestamp(), '{}', 'arrived', 'away', 1,
           clock_timestamp() - interval '16 minutes'
      FROM booking"""
CAME = """
    INSERT INTO visit (id, booking_id, booking_version, home, owner_id, patient_id, slot_id,
                       clinic_id, line_id, starts_at, ends_at, place, status, modality, arrived_at)
    SELECT gen_random_uuid(), id, version, home, owner_id, owner_id, slot_ids[1], owner_id,
           owner_id, clock_timestamp(), clock_timestamp(), '{}', 'arrived', 'physical',
           clock_timestamp()
      FROM booking"""
MISSED = "UPDATE booking SET status = 'noshow'"
UNTOLD = """
    INSERT INTO visit_step (visit_id, version, step, status, taken_at, home, event)
    SELECT id, 1, 'arrive', 'arrived', clock_timestamp() - interval '16 minutes', 0, '{}'
      FROM visit"""

BROKEN: dict[tuple[str, str], str] = {
    ("slots", "nobody_beyond_capacity"): """
        ALTER TABLE slot DROP CONSTRAINT never_overbooked;
        UPDATE slot SET capacity = 0""",
    ("slots", "counts_are_true"): "UPDATE slot SET booked = booked - 1",
    ("slots", "extra_people_have_a_name"): "UPDATE slot SET extra = 1",
    ("slots", "one_place_per_claim"): """
        DROP INDEX one_live_place_per_claim;
        UPDATE place SET claim = '\\x00000000000000000000000000000000'""",
    ("slots", "all_places_or_none"): "UPDATE place SET size = 3 WHERE ordinal = 0",
    ("slots", "every_place_in_a_slot"): """
        UPDATE place SET slot_id = gen_random_uuid() WHERE ordinal = 0""",
    ("slots", "nobody_without_an_answer"): "DELETE FROM answer",
    ("slots", "holds_end"): """
        UPDATE place SET state = 'held', claim = NULL,
               expires_at = clock_timestamp() - interval '16 minutes'""",
    ("slots", "two_persons_agreed"): """
        INSERT INTO proposal (id, version, kind, act, body_hash, reason, proposer_id, undoable,
                              window_seconds, life_seconds, revision, ids, counts, made_at,
                              expires_at, approver_id, approved_at, runs_at, started_at)
        SELECT gen_random_uuid(), 1, 'close_slots', '', '', '', gen_random_uuid(), true, 0, 0, 1,
               '{}', '{}', now(), now(), gen_random_uuid(), now(), now(), now()""",
    ("slots", "told_without_a_gap"): "UPDATE partition_state SET outbox_seq = outbox_seq + 1",
    ("booking", "pending_has_its_wish"): """
        UPDATE booking SET status = 'pending', version = 0, places = NULL, slot_ids = NULL""",
    ("booking", "wishes_end"): """
        INSERT INTO pending_command
               (id, booking_id, asks, home, command, body_hash, deadline, due_at)
        SELECT id, id, 'CancelBooking', 0, '', '', clock_timestamp() - interval '16 minutes',
               clock_timestamp() FROM booking""",
    ("booking", "holds_end"): """
        UPDATE booking SET status = 'held',
               expires_at = clock_timestamp() - interval '16 minutes'""",
    ("booking", "what_is_kept_is_told"): """
        UPDATE booking SET places_told = places,
               updated_at = clock_timestamp() - interval '16 minutes'""",
    ("booking", "found_by_their_slots"): "UPDATE booking SET slot_ids = '{}'",
    ("booking", "accesses_chained"): """
        UPDATE access_log SET at = at + interval '1 second' WHERE seq = 2""",
    ("notify", "nobody_told_twice"): """
        ALTER TABLE message DROP CONSTRAINT told_once;
        UPDATE message SET event_id = '00000000-0000-0000-0000-000000000001'""",
    ("notify", "told_in_order"): """
        UPDATE message SET state = 'sent', settled_at = now(), claimed_by = event_id
         WHERE version = 2""",
    ("booking", "merged_lead_to_one_person"): """
        INSERT INTO merged_person (id, into_id, wish_id, body_hash, by_id)
        SELECT format('00000000-0000-0000-0000-00000000000%s', n)::uuid,
               format('00000000-0000-0000-0000-00000000000%s', n + 1)::uuid,
               gen_random_uuid(), '', gen_random_uuid()
          FROM generate_series(1, 2) AS n""",
    ("booking", "erased_is_gone"): """
        WITH erased AS (
            INSERT INTO erasure (id, why, erased_at)
            VALUES ('00000000-0000-0000-0000-000000000001', 'asked', clock_timestamp())
        ), who AS (
            INSERT INTO person_key (person_id, generation, master_id, wrapped)
            VALUES ('00000000-0000-0000-0000-000000000002', 1, 'm', 'w')
        )
        INSERT INTO erased_person (erasure_id, person_id, home, erased_at)
        VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 0,
                'infinity')""",
    ("booking", "erasures_are_told"): """
        WITH erased AS (
            INSERT INTO erasure (id, why, erased_at)
            VALUES ('00000000-0000-0000-0000-000000000001', 'asked', clock_timestamp())
        )
        INSERT INTO erased_person (erasure_id, person_id, home, erased_at)
        VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', 0,
                clock_timestamp() - interval '16 minutes')""",
    ("booking", "visits_come_to_an_end"): VISIT,
    ("booking", "visits_are_their_steps"): VISIT,
    ("booking", "nobody_both_came_and_was_missed"): "; ".join((CAME, MISSED)),
    ("booking", "visit_steps_are_told"): "; ".join((VISIT, UNTOLD)),
    ("booking", "ruled_places_through_a_campaign"): """
        WITH made AS (
            INSERT INTO campaign (id, wish_id, body_hash, name, service, opens_at, doses, min_days,
                                  max_days)
            SELECT gen_random_uuid(), gen_random_uuid(), '', '', places->0->>'service', now(),
                   1, 0, 0 FROM booking LIMIT 1
            RETURNING id
        ), book AS (
            INSERT INTO rule_book (id, campaign_id, number, phases, body_hash, made_by)
            SELECT gen_random_uuid(), id, 1, '[]', '', id FROM made RETURNING id, campaign_id
        ), later AS (UPDATE booking SET made_at = now() + interval '2 minutes')
        INSERT INTO publication (campaign_id, number, book_id, percent, clinics, districts, reverts,
                                 cause_id)
        SELECT campaign_id, 1, id, 100, '{}', '{}', false, id FROM book""",
    ("notify", "addresses_are_sealed"): """
        INSERT INTO contact (person_id, email)
        VALUES (gen_random_uuid(), 'patient-0@example.org')""",
    ("notify", "claims_end"): """
        UPDATE message SET state = 'claimed', claimed_by = event_id,
               claimed_until = clock_timestamp() - interval '16 minutes' WHERE version = 1""",
    ("notify", "replies_are_told"): """
        INSERT INTO sms_reply (id, provider, number_index, kept_at, became, cause, purpose,
                               person_id, object_id, until, home)
        SELECT id, 'smpp', '', clock_timestamp() - interval '16 minutes', 'cancel', id,
               'cancel_booking', id, id, 'infinity', 0 FROM gen_random_uuid() AS id""",
}
"""How each promise is broken by hand, where all were kept."""

MESSAGES = """
    INSERT INTO message (event_id, booking_id, version, owner_id, channel, event, expires_at)
    SELECT gen_random_uuid(), '00000000-0000-0000-0000-00000000000b', v,
           '00000000-0000-0000-0000-00000000000a', 'email', '{}', 'infinity'
      FROM generate_series(1, 2) AS v"""


async def _some_places(dsn: str) -> None:
    referee = await play(dsn, 0)
    await referee.decide(stories.open_clinic(), stories.open_slot(MONDAY, 2))
    both = (stories.a_claim("Alice"), stories.a_claim("Boris"))
    await referee.decide(stories.book(MONDAY, MONDAY, claims=both))
    referee.connection.terminate()


async def _a_booking(dsn: str) -> None:
    connection = await database.connect(dsn)
    booking_id = an_id("a booking")
    await project(connection, booked(booking_id, MONDAY), moved(booking_id, 2, TUESDAY))
    await connection.close()
    pool = await database.open_pool(dsn, size_max=1, name="accesses")
    async with a_writer(pool) as writer:
        await writer.add(an_entry())
    pool.terminate()


async def _two_messages(dsn: str) -> None:
    connection = await database.connect(dsn)
    await connection.execute(MESSAGES)
    await connection.close()


KEPT: dict[str, Callable[[str], Awaitable[None]]] = {
    "slots": _some_places,
    "booking": _a_booking,
    "notify": _two_messages,
}

SLOW_SECONDS = 0.4
SLOW = """
    SELECT 1 FROM (SELECT pg_sleep(0.4)::text AS slept OFFSET 0) AS s
     WHERE slept = ($1::integer)::text"""

Audited = Callable[[str], Awaitable[tuple[asyncpg.Pool, Auditor]]]


@pytest.fixture
async def audited(fresh_database: MakeDatabase) -> AsyncIterator[Audited]:
    """A service's database in which something happened, and its auditor."""
    pools: list[asyncpg.Pool] = []

    async def make(service: str) -> tuple[asyncpg.Pool, Auditor]:
        dsn = await fresh_database(service)
        await KEPT[service](dsn)
        pool = await database.open_pool(dsn, size_max=2, name="auditor")
        pools.append(pool)
        limits = AuditLimits(promise_seconds=0.5)
        return pool, Auditor(pool, f"services.{service}", is_mine=lambda: True, limits=limits)

    yield make
    for pool in pools:
        pool.terminate()


@pytest.mark.parametrize("service", KEPT)
async def test_where_every_promise_is_kept_nothing_is_found(audited: Audited, service: str) -> None:
    _, auditor = await audited(service)

    found = await auditor.audit()

    assert found == dict.fromkeys(promises_of(f"services.{service}"), 0)
    assert dict(auditor.violations()) == {(promise,): 0 for promise in found}


@pytest.mark.parametrize(("service", "promise"), BROKEN)
async def test_a_promise_that_is_broken_by_hand_is_counted(
    audited: Audited, service: str, promise: str
) -> None:
    pool, auditor = await audited(service)
    await pool.execute(BROKEN[service, promise])

    found = await auditor.audit()

    assert found[promise] == 1


def test_every_promise_is_broken_once_here() -> None:
    audits = {(s, promise) for s in KEPT for promise in promises_of(f"services.{s}")}

    of_all = ("told_without_a_gap", "accesses_chained")
    everywhere = {(service, promise) for service in KEPT for promise in of_all}
    assert audits - everywhere == BROKEN.keys() - everywhere


async def test_who_cannot_look_in_time_says_nothing_new(audited: Audited) -> None:
    pool, auditor = await audited("slots")
    await auditor.audit()
    before = dict(auditor.violations())

    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE place IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(asyncpg.PostgresError, match="timeout"):
            await auditor.audit()

    assert dict(auditor.violations()) == before


async def _changed_in_the_midst(audited: Audited) -> int:
    """How many are found of what was broken after the audit began and before it came to it."""
    pool, looking = await audited("slots")
    counts = looking._statements["counts_are_true"]
    looking._statements = {"first": SLOW, "counts_are_true": counts}

    auditing = asyncio.create_task(looking.audit())
    await asyncio.sleep(SLOW_SECONDS / 2)
    await pool.execute(BROKEN["slots", "counts_are_true"])
    return (await auditing)["counts_are_true"]


async def test_all_promises_are_looked_at_as_of_one_instant(audited: Audited) -> None:
    assert await _changed_in_the_midst(audited) == 0


async def test_without_one_snapshot_what_happens_meanwhile_looks_broken(
    audited: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "ISOLATION", "read_committed")

    assert await _changed_in_the_midst(audited) == 1


async def test_an_audit_can_change_nothing(audited: Audited) -> None:
    _, auditor = await audited("slots")
    auditor._statements = {"nothing": "DELETE FROM place RETURNING $1::integer"}

    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await auditor.audit()


async def test_who_does_not_own_the_first_partition_tells_nothing(audited: Audited) -> None:
    pool, _ = await audited("slots")

    stranger = Auditor(pool, "services.slots", is_mine=lambda: False, limits=AuditLimits())

    assert [list(stranger.violations()), list(stranger.age_seconds())] == [[], []]
