"""What is projected from `slots.events`, and what is told of it, each thing once?"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from services.booking.inbox import Inbox
from services.booking.memory import Kept
from services.booking.rules.eligibility import SlotFacts
from services.booking.rules.life import change_of, fold
from services.booking.store import relations
from services.booking.store.bookings import apply, booking_of
from services.booking.store.database import SQL
from shared import database
from shared.log import Outgoing
from shared.messages import (
    BookingConfirmed,
    BookingEvent,
    BookingRescheduled,
    BookingRevoked,
)
from shared.topics import BOOKING_EVENTS
from tests.booking_stories import (
    ALICE,
    BORIS,
    FRIDAY,
    MONDAY,
    TUESDAY,
    a_place,
    as_told,
    booked,
    cancelled,
    changed,
    heads,
    held,
    moved,
    opened,
    renewed,
)
from tests.stories import an_id

ID = an_id("a booking")
_decode = msgspec.json.Decoder(BookingEvent).decode


@pytest.fixture
async def connection(booking_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    opened_connection = await database.connect(booking_dsn)
    yield opened_connection
    await opened_connection.close()


async def project(
    connection: asyncpg.Connection, *events: Any, first: int = 1, taken_seq: int | None = None
) -> list[Any]:
    """One batch from the log; returns what is announced of it."""
    at = heads(first - 1 if taken_seq is None else taken_seq)
    announced = await Inbox(Kept(100)).handle(connection, at, as_told(events, first))
    return [_decode(record.value) for record in announced.get(0, [])]


async def reply(connection: asyncpg.Connection, *events: Any) -> None:
    """A reply comes before the projection."""
    changes = fold(change_of(event) for event in events)
    await apply(connection, changes, [event.cause for event in events], {})


def slots_in(places: Any) -> list[UUID]:
    return [place.slot_id for place in places]


LIFE: list[Any] = [
    booked(ID, MONDAY),
    moved(ID, 2, TUESDAY),
    moved(ID, 3, FRIDAY),
    cancelled(ID, 4),
]
FREED = [None, [MONDAY], [TUESDAY], [FRIDAY]]


def freed_by(told: list[Any]) -> list[Any]:
    return [slots_in(event.freed) if hasattr(event, "freed") else None for event in told]


@pytest.mark.parametrize("overtaken_by", range(5))
@pytest.mark.parametrize("batch", [1, 2, 4])
async def test_what_is_freed_is_told_though_replies_have_overtaken_the_projection(
    connection: asyncpg.Connection, overtaken_by: int, batch: int
) -> None:
    for event in LIFE[:overtaken_by]:
        await reply(connection, event)

    told: list[Any] = []
    for start in range(0, 4, batch):
        told += await project(connection, *LIFE[start : start + batch], first=start + 1)

    assert freed_by(told) == FREED
    row = await connection.fetchrow("SELECT status, version, places_told FROM booking")
    assert row is not None
    assert tuple(row) == ("cancelled", 4, None)


@pytest.mark.parametrize("lost", [1, 2])
async def test_what_is_freed_is_told_though_a_reply_was_lost(
    connection: asyncpg.Connection, lost: int
) -> None:
    for n, event in enumerate(LIFE):
        if n != lost:
            await reply(connection, event)

    told = [await project(connection, event, first=n) for n, event in enumerate(LIFE, start=1)]

    assert freed_by([event for batch in told for event in batch]) == FREED


async def test_replies_may_come_between_the_batches_of_the_projection(
    connection: asyncpg.Connection,
) -> None:
    told = await project(connection, LIFE[0])
    await reply(connection, LIFE[1])
    await reply(connection, LIFE[2])
    told += await project(connection, LIFE[1], first=2)
    await reply(connection, LIFE[3])
    told += await project(connection, LIFE[2], LIFE[3], first=3)

    assert freed_by(told) == FREED


async def test_a_confirmed_hold_frees_what_was_booked_and_not_what_was_held(
    connection: asyncpg.Connection,
) -> None:
    life = [
        held(ID, MONDAY),
        renewed(ID, 2),
        booked(ID, MONDAY, version=3, cause=an_id("confirm")),
        cancelled(ID, 4),
    ]
    for event in life:
        await reply(connection, event)

    told = await project(connection, *life)

    confirmed, revoked = told
    assert isinstance(confirmed, BookingConfirmed)
    assert isinstance(revoked, BookingRevoked)
    assert [place.patient_id for place in revoked.freed] == [ALICE]


async def test_what_was_taken_is_not_told_again_and_what_is_missing_is_waited_for(
    connection: asyncpg.Connection,
) -> None:
    inbox, at = Inbox(Kept(100)), heads()
    first = await inbox.handle(connection, at, as_told(LIFE[:2]))
    again = await inbox.handle(connection, at, as_told(LIFE[:2]))
    too_early = await inbox.handle(connection, at, as_told(LIFE[3:], first=4))
    said = inbox.wrong()
    rest = await inbox.handle(connection, at, as_told(LIFE[2:], first=3))

    assert [len(told.get(0, [])) for told in (first, again, too_early, rest)] == [2, 0, 0, 2]
    assert said == "events are missing: {0: 3}"
    assert inbox.wrong() is None


async def test_what_is_told_is_numbered_on_its_own_partition_by_its_booking(
    connection: asyncpg.Connection,
) -> None:
    at = heads()
    announced = await Inbox(Kept(100)).handle(connection, at, as_told(LIFE))

    records: list[Outgoing] = announced[0]
    assert {record.topic for record in records} == {BOOKING_EVENTS.name}
    assert {record.key for record in records} == {ID.bytes}
    numbers = [dict(record.headers)["ce_sequence"] for record in records]
    assert numbers == [b"1", b"2", b"3", b"4"]
    assert at[0].event_seq == 4
    assert isinstance(_decode(records[1].value), BookingRescheduled)


async def test_an_event_about_a_booking_nobody_knows_is_a_culprit_and_uses_up_its_number(
    connection: asyncpg.Connection,
) -> None:
    inbox, at = Inbox(Kept(100)), heads()
    stray = as_told([cancelled(ID, 2)])

    with pytest.raises(KeyError):
        await inbox.handle(connection, heads(), stray)
    await inbox.set_aside(connection, at, stray[0])

    assert at[0].taken_seq == 1


async def test_what_a_reply_has_kept_is_told_without_being_kept_again(
    connection: asyncpg.Connection,
) -> None:
    made, changed_since = booked(ID, MONDAY), moved(ID, 2, TUESDAY)
    kept = Kept(100)
    await reply(connection, made)
    kept.note([change_of(made)])
    await connection.execute("CREATE RULE nothing AS ON INSERT TO booking DO INSTEAD NOTHING")

    told = await Inbox(kept).handle(connection, heads(), as_told([made]))
    await connection.execute("DROP RULE nothing ON booking")
    then = await Inbox(kept).handle(connection, heads(1), as_told([changed_since], first=2))

    assert [len(announced[0]) for announced in (told, then)] == [1, 1]
    assert await connection.fetchval("SELECT version FROM booking") == 2


async def test_only_as_far_as_it_was_kept_it_is_not_kept_again(
    connection: asyncpg.Connection,
) -> None:
    kept = Kept(1)
    kept.note([change_of(booked(ID, MONDAY))])

    assert kept.has(ID, 1)
    assert not kept.has(ID, 2)
    kept.note([change_of(booked(an_id("another"), MONDAY))])
    assert not kept.has(ID, 1), "no more are remembered than may be"


async def test_a_move_whose_booking_is_not_there_yet_does_not_keep_the_booking_out(
    connection: asyncpg.Connection,
) -> None:
    made, changed_since = booked(ID, MONDAY), moved(ID, 2, TUESDAY)
    kept = Kept(100)
    await reply(connection, changed_since)
    kept.note([change_of(changed_since)])

    await Inbox(kept).handle(connection, heads(), as_told([made, changed_since]))

    assert await connection.fetchval("SELECT version FROM booking") == 2


async def test_slots_are_known_once_they_are_opened(connection: asyncpg.Connection) -> None:
    await project(connection, opened(MONDAY), opened(TUESDAY), changed(TUESDAY, 2, is_open=False))
    await project(connection, opened(MONDAY), first=4)

    rows = await connection.fetch("SELECT id, open, closing_id FROM slot ORDER BY open")
    assert [tuple(row) for row in rows] == [(TUESDAY, False, None), (MONDAY, True, None)]


async def test_whose_time_a_slot_is_and_what_it_asks_for_is_known(
    connection: asyncpg.Connection,
) -> None:
    about = {"modality": "virtual", "practitioner_id": an_id("a doctor"), "asks_for": "referral"}

    await project(connection, msgspec.structs.replace(opened(MONDAY), **about))

    [row] = await connection.fetch(SQL["slot_facts"], [MONDAY])
    facts = SlotFacts(**dict(row))
    assert (facts.modality, facts.practitioner_id, facts.asks_for) == tuple(about.values())
    assert facts.resource == "service"


async def test_places_kept_before_there_were_practitioners_are_still_read(
    connection: asyncpg.Connection,
) -> None:
    await project(connection, booked(ID, MONDAY))
    await connection.execute(
        "UPDATE booking SET places = (SELECT json_agg(p.value::jsonb - $1::text[])"
        " FROM json_array_elements(places) AS p)",
        ["modality", "practitioner_id"],
    )

    [row] = await connection.fetch(SQL["load_bookings"], [ID])

    [place] = booking_of(row).places
    assert (place.modality, place.practitioner_id) == ("physical", None)


async def test_a_slot_closes_for_good_until_it_is_opened_again(
    connection: asyncpg.Connection,
) -> None:
    closing = changed(MONDAY, 2, is_open=False, cancel_bookings=True)

    async def reason() -> Any:
        return await connection.fetchval("SELECT closing_id FROM slot")

    await project(connection, opened(MONDAY), closing)
    closed = await reason()
    await project(connection, changed(MONDAY, 3, is_open=False), first=3)
    still_closed = await reason()
    await project(connection, changed(MONDAY, 4, is_open=True), first=4)
    reopened = await reason()

    assert (closed, still_closed, reopened) == (closing.id, closing.id, None)


async def test_a_slot_reopened_and_shut_within_a_batch_forgets_why_it_closed(
    connection: asyncpg.Connection,
) -> None:
    await project(
        connection, opened(MONDAY), changed(MONDAY, 2, is_open=False, cancel_bookings=True)
    )

    await project(
        connection,
        changed(MONDAY, 3, is_open=True),
        changed(MONDAY, 4, is_open=False),
        first=3,
    )

    assert await connection.fetchval("SELECT closing_id FROM slot") is None


# ---- for several --------------------------------------------------------------------------------


async def agrees(connection: asyncpg.Connection, person_id: UUID, state: str = "accepted") -> None:
    """An adult says that Alice may act for them, or not any more."""
    await connection.execute(
        "INSERT INTO relation AS r (id, proxy_id, person_id, state, made_person, changed_by,"
        " consent_version, consented_at) VALUES ($1, $2, $1, $3, false, $1, 1, now())"
        " ON CONFLICT (id) DO UPDATE SET state = $3",
        person_id,
        ALICE,
        state,
    )


def with_boris(event: Any, alice_at: UUID | None, boris_at: UUID | None) -> Any:
    """The same, of the two."""
    places = [a_place(alice_at)] if alice_at else []
    places += [a_place(boris_at, patient_id=BORIS)] if boris_at else []
    return msgspec.structs.replace(event, places=tuple(places))


def told_to(events: list[Any]) -> list[tuple[UUID, str]]:
    return [(event.owner_id, type(event).__name__) for event in events]


async def test_an_adult_is_told_of_their_own_place_and_who_booked_no_more_once_it_is_taken_back(
    connection: asyncpg.Connection,
) -> None:
    await agrees(connection, BORIS)

    made = await project(connection, with_boris(booked(ID, MONDAY), MONDAY, MONDAY))
    await agrees(connection, BORIS, "withdrawn")
    by_boris = await project(connection, with_boris(moved(ID, 2), MONDAY, TUESDAY), first=2)
    by_alice = await project(connection, with_boris(moved(ID, 3), FRIDAY, TUESDAY), first=3)
    gone = await project(connection, with_boris(moved(ID, 4), FRIDAY, None), first=4)
    over = await project(connection, cancelled(ID, 5), first=5)

    assert told_to(made) == [(ALICE, "BookingConfirmed"), (BORIS, "BookingConfirmed")]
    assert slots_in(made[0].places) == [MONDAY, MONDAY]
    assert slots_in(made[1].places) == [MONDAY]
    assert told_to(by_boris) == [(BORIS, "BookingRescheduled")]
    assert told_to(by_alice) == [(ALICE, "BookingRescheduled")]
    assert (slots_in(by_alice[0].freed), slots_in(by_alice[0].places)) == ([MONDAY], [FRIDAY])
    assert str(BORIS) not in str(by_alice)
    assert told_to(gone) == [(BORIS, "BookingRevoked")]
    assert told_to(over) == [(ALICE, "BookingRevoked")]


async def test_who_is_in_a_booking_and_who_was_is_written_down_with_it(
    connection: asyncpg.Connection,
) -> None:
    await project(connection, with_boris(booked(ID, MONDAY), MONDAY, MONDAY))
    look = "SELECT guest_ids, left_ids FROM booking WHERE id = $1"
    both = await connection.fetchrow(look, ID)
    await project(connection, with_boris(moved(ID, 2), MONDAY, None), first=2)
    one = await connection.fetchrow(look, ID)
    await project(connection, with_boris(moved(ID, 3), MONDAY, TUESDAY), first=3)
    again = await connection.fetchrow(look, ID)

    assert tuple(both) == ([BORIS], None)
    assert tuple(one) == (None, [BORIS])
    assert tuple(again) == ([BORIS], None)


async def test_a_booking_for_oneself_has_nobody_else_written_down(
    connection: asyncpg.Connection,
) -> None:
    await project(connection, booked(ID, MONDAY), moved(ID, 2, TUESDAY))
    await project(connection, moved(ID, 3, FRIDAY), first=3)

    row = await connection.fetchrow("SELECT guest_ids, left_ids FROM booking WHERE id = $1", ID)

    assert tuple(row) == (None, None)


async def test_somebody_who_has_two_ids_is_told_of_one_booking_as_one_person(
    connection: asyncpg.Connection,
) -> None:
    before, today = an_id("as they were"), an_id("as they are known today")
    await connection.execute(
        "INSERT INTO merged_person (id, into_id, wish_id, body_hash, by_id)"
        " VALUES ($1, $2, $3, $4, $2)",
        *(before, today, an_id("a wish"), b"a" * 16),
    )
    pairs = {(before, today), (today, an_id("somebody else"))}

    standing = await relations.standing(connection, pairs)

    of_one = standing[before, today]
    assert (of_one.is_acted_for, of_one.hears) == (True, False)
    assert not standing[today, an_id("somebody else")].is_acted_for


async def test_how_long_before_people_are_reminded_is_told_of_the_services_that_say_so(
    connection: asyncpg.Connection,
) -> None:
    silent = await project(connection, booked(an_id("before it is said"), MONDAY))
    service = a_place(MONDAY).service
    about = (service, "vaccination", [], 1, None)
    await connection.execute(SQL["declare_service"], *about, ["P3D", "PT1H"])

    said = await project(connection, booked(ID, MONDAY), first=2)

    assert [place.remind for told in silent for place in told.places] == [msgspec.UNSET]
    assert [place.remind for told in said for place in told.places] == [("P3D", "PT1H")]
