"""What is kept of a decision, and what is answered when it is asked again?"""

from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from services.slots.rules import Inventory, evolve
from shared.asking import anew
from shared.messages import PlacesBooked, PlacesHeld, Refused
from tests import stories
from tests.referees import Play, play
from tests.stories import NOON, a_claim, an_id

MONDAY, TUESDAY = an_id("Monday"), an_id("Tuesday")


@pytest.fixture
async def referee(slots_dsn: str) -> AsyncIterator[Play]:
    """A referee for partitions 0 and 1, with a slot for one and a slot for three."""
    playing = await play(slots_dsn, 0, 1)
    await playing.decide(
        stories.open_clinic(),
        stories.open_slot(MONDAY, 1),
        stories.open_slot(TUESDAY, 3),
    )
    yield playing
    await playing.connection.close()


async def test_a_booking_is_kept_with_its_answer_its_position_and_what_is_told(referee: Play):
    wish = stories.book(MONDAY, claims=(a_claim("one"),))

    [reply] = await referee.decide(wish)

    place = await referee.connection.fetchrow("SELECT * FROM place")
    state = await referee.connection.fetchrow("SELECT * FROM partition_state WHERE partition = 0")
    assert isinstance(reply, PlacesBooked)
    assert (place["booking_id"], place["slot_id"], place["claim"]) == (
        wish.id,
        MONDAY,
        a_claim("one"),
    )
    assert (state["next_offset"], state["event_seq"], state["outbox_seq"]) == (4, 4, 2)
    outcome = await referee.connection.fetchval("SELECT outcome FROM answer WHERE id = $1", wish.id)
    assert outcome == "done"
    assert await referee.connection.fetchval("SELECT count(*) FROM batch") == 2


async def test_the_same_wish_gets_the_same_answer_in_one_batch_and_the_next_and_elsewhere(
    referee: Play,
):
    wish = stories.book(MONDAY)

    first, second = await referee.decide(wish, wish)
    [third] = await referee.decide(wish)
    [elsewhere] = await referee.decide(wish, partition=1)

    assert first == second == third == elsewhere
    assert await referee.connection.fetchval("SELECT count(*) FROM place") == 1


async def test_a_refusal_is_recorded_and_stays_though_the_slot_is_free_again(referee: Play):
    mine, late = stories.book(MONDAY), stories.book(MONDAY)
    await referee.decide(mine)
    [refused] = await referee.decide(late)
    await referee.decide(stories.cancel(mine.id))

    [again] = await referee.decide(late)

    assert refused.reason == "full"
    assert again == refused


async def test_another_body_under_the_same_key_is_refused_and_changes_nothing(referee: Play):
    wish = stories.book(MONDAY)
    await referee.decide(wish)

    [reply] = await referee.decide(
        stories.book(TUESDAY, id=wish.id, body_hash=an_id("another body").bytes)
    )

    assert reply.reason == "key_reused"
    assert await referee.connection.fetchval("SELECT sum(booked) FROM slot") == 1


async def test_a_wish_that_ran_out_is_answered_for_ever_and_its_next_name_is_another_wish(
    referee: Play,
):
    late = stories.book(MONDAY, deadline=NOON - timedelta(days=9999))
    again = msgspec.structs.replace(late, deadline=NOON + timedelta(days=9999))
    other = msgspec.structs.replace(again, body_hash=an_id("other").bytes)

    [expired] = await referee.decide(late)
    [reused] = await referee.decide(other)
    [repeated] = await referee.decide(again)
    [booked] = await referee.decide(anew(again))

    assert (expired.reason, reused.reason) == ("expired", "key_reused")
    assert repeated == expired
    assert isinstance(booked, PlacesBooked)


async def test_a_hold_that_ran_out_is_freed_by_whoever_wants_the_place(referee: Play):
    [held] = await referee.decide(stories.hold(MONDAY))
    await _let_time_run_out(referee)

    [booked] = await referee.decide(stories.book(MONDAY))

    assert isinstance(held, PlacesHeld)
    assert isinstance(booked, PlacesBooked)
    kinds = [type(event).__name__ for event in referee.events[-2:]]
    assert kinds == ["PlaceExpired", "PlacesBooked"]


async def test_a_hold_that_ran_out_is_swept_by_its_home(referee: Play):
    await referee.decide(stories.hold(MONDAY, TUESDAY))
    await _let_time_run_out(referee)

    await referee.sweep()

    kinds = [type(event).__name__ for event in referee.events[-3:]]
    assert kinds == ["PlaceExpired", "PlaceExpired", "HoldExpired"]
    assert await referee.connection.fetchval("SELECT count(*) FROM place") == 0
    assert await referee.connection.fetchval("SELECT sum(held) FROM slot") == 0


async def test_a_booking_tells_what_is_said_of_its_clinic_at_that_moment(referee: Play):
    wishes = [stories.book(TUESDAY) for _ in range(3)]
    moves = [stories.change_clinic(address=f"North Street {n}") for n in (1, 2, 3)]

    before, _, _, after = await referee.decide(wishes[0], *moves[:2], wishes[1])
    await referee.decide(moves[2])
    [later] = await referee.decide(wishes[2])

    told = [reply.places[0].clinic_address for reply in (before, after, later)]
    assert told == ["", "North Street 2", "North Street 3"]
    assert await referee.connection.fetchval("SELECT address FROM clinic") == "North Street 3"


async def test_a_clinic_is_opened_and_moved_in_one_batch(referee: Play):
    there = an_id("another clinic")

    await referee.decide(
        stories.open_clinic(there), stories.change_clinic(there, latitude=55.8, longitude=37.5)
    )
    [unknown] = await referee.decide(stories.change_clinic(an_id("no clinic"), name="x"))

    row = await referee.connection.fetchrow(
        "SELECT name, latitude, longitude FROM clinic WHERE id = $1", there
    )
    assert tuple(row) == ("Polyclinic No. 1", 55.8, 37.5)
    assert unknown.reason == "unknown"


async def test_one_command_the_database_cannot_take_is_set_aside_and_the_others_are_decided(
    referee: Play,
):
    poison = msgspec.structs.replace(stories.open_clinic(an_id("other")), name="a\x00b")
    good = [stories.book(TUESDAY) for _ in range(3)]

    replies = await referee.decide(good[0], poison, *good[1:])

    failed = [reply for reply in replies if isinstance(reply, Refused)]
    letters = [r for _, _, rs in referee.rows for r in rs if r.topic == "slots.commands.dead"]
    assert [(reply.cause, reply.reason) for reply in failed] == [(poison.id, "failed")]
    assert len(replies) == 4
    assert len(letters) == 1
    assert dict(letters[0].headers)["origin_offset"] == b"4"
    position = await referee.connection.fetchval(
        "SELECT next_offset FROM partition_state WHERE partition = 0"
    )
    assert position == 7


async def test_what_is_told_is_numbered_without_a_gap(referee: Play):
    for _ in range(3):
        await referee.decide(stories.book(TUESDAY), stories.book(MONDAY))

    numbers = [
        int(dict(record.headers)["ce_sequence"])
        for partition, _, records in referee.rows
        for record in records
        if record.topic == "slots.events" and partition == 0
    ]
    rows = [seq for partition, seq, _ in referee.rows if partition == 0]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rows == list(range(1, len(rows) + 1))


async def test_folding_all_events_into_nothing_gives_what_the_database_has(referee: Play):
    first = stories.book(TUESDAY, claims=(a_claim("a"),))
    held, pair = stories.hold(MONDAY), stories.book(TUESDAY)
    await referee.decide(first, held, pair)
    await referee.decide(
        stories.confirm(held.id, MONDAY, claims=(a_claim("b"),)), stories.cancel(pair.id)
    )
    await referee.decide(stories.change_slot(TUESDAY, capacity=9), stories.hold(TUESDAY, TUESDAY))
    await referee.decide(stories.move(first.id, TUESDAY, TUESDAY, claims=(a_claim("a"),)))

    folded = Inventory(clinics={}, slots={}, bookings={}, claims={})
    for event in referee.events:
        evolve(folded, event)

    slots = await referee.connection.fetch(
        "SELECT id, capacity, held, booked, open, version FROM slot"
    )
    places = await referee.connection.fetch(
        "SELECT id, booking_id, slot_id, state, claim FROM place"
    )
    assert {tuple(row) for row in slots} == {
        (s.id, s.capacity, s.held, s.booked, s.open, s.version) for s in folded.slots.values()
    }
    assert {tuple(row) for row in places} == {
        (p.id, b.id, p.slot_id, p.state, p.claim)
        for b in folded.bookings.values()
        for p in b.places
    }


async def test_who_of_several_stays_at_home_frees_one_seat_and_the_rest_go_on_as_a_whole(
    referee: Play,
):
    claims = (a_claim("a"), a_claim("b"))
    family = stories.book(TUESDAY, TUESDAY, claims=claims)
    await referee.decide(family)

    [fewer] = await referee.decide(stories.move(family.id, TUESDAY, claims=claims[:1]))
    [other] = await referee.decide(stories.book(MONDAY, claims=claims[1:]))
    [moved] = await referee.decide(stories.move(family.id, TUESDAY, claims=claims[:1]))
    [gone] = await referee.decide(stories.cancel(family.id))

    said = [type(answer).__name__ for answer in (fewer, other, moved, gone)]
    assert said == ["BookingMoved", "PlacesBooked", "BookingMoved", "BookingCancelled"]
    assert (fewer.counts[0].booked, gone.counts[0].booked) == (1, 0)


async def _let_time_run_out(referee: Play) -> None:
    await referee.connection.execute("UPDATE place SET expires_at = now() - interval '1 s'")
