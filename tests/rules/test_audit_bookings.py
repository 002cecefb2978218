"""Does the audit see each way in which a booking can be lost, appear, or be another?"""

from uuid import uuid4

import msgspec
import pytest
from msgspec.structs import replace

from talon.audit.facts import CANCELLED, MOVED
from talon.rush.journal import Offer
from tests.audit_stories import (
    ALICE,
    BORIS,
    EMPTY,
    EVENING,
    MORNING,
    VISIT,
    a_cancellation,
    a_line,
    a_mail,
    a_place,
    a_refusal,
    a_row,
    a_silence,
    a_world,
    asked,
    broken,
    named,
    seat,
)


def test_a_booking_that_is_everywhere_as_answered_breaks_nothing():
    assert broken([a_line()], a_world()) == set()


def test_an_empty_town_breaks_nothing():
    assert broken([], a_world(**EMPTY)) == set()


@pytest.mark.parametrize(
    "world",
    [
        a_world(places=()),
        a_world(places=(a_place(slot=EVENING),)),
        a_world(places=(a_place(name="another seat"),)),
        a_world(places=(a_place(state="held"),)),
        a_world(bookings=()),
        a_world(bookings=(a_row(status="cancelled"),)),
        a_world(bookings=(a_row(version=2),)),
        a_world(bookings=(a_row(owner_id=BORIS),)),
        a_world(bookings=(a_row(places=(seat(dose=2),)),)),
        a_world(bookings=(a_row(places=(seat(slot=EVENING),)),)),
    ],
)
def test_a_granted_booking_that_is_missing_or_another_is_lost(world):
    assert "lost" in broken([a_line()], world)


def test_half_a_pair_is_lost():
    pair = (seat(), seat(EVENING, "second", 2))
    world = a_world(bookings=(a_row(places=pair),), mails=(a_mail(requests=2),))

    assert broken([a_line(given=pair)], world) == {"lost"}


def test_a_cancelled_booking_keeps_no_seats():
    lines = [a_line(), a_cancellation()]
    row = a_row(status="cancelled", version=2)
    told = (a_mail(), a_mail(CANCELLED))

    assert broken(lines, a_world(places=(), bookings=(row,), mails=told)) == set()
    assert broken(lines, a_world(bookings=(row,), mails=told)) == {"lost"}


def test_a_moved_booking_has_its_new_seats_and_not_its_old_ones():
    moved = a_line(
        wish="move", act="move", about=VISIT, version=2, given=(seat(EVENING, "new seat"),)
    )
    row = a_row(version=2, places=(seat(EVENING, "new seat"),))
    told = (a_mail(), a_mail(MOVED))
    new, old = a_place(EVENING, "new seat"), a_place()

    assert broken([a_line(), moved], a_world(places=(new,), bookings=(row,), mails=told)) == set()
    assert broken([a_line(), moved], a_world(bookings=(row,), mails=told)) == {"lost"}
    both = a_world(places=(new, old), bookings=(row,), mails=told)
    assert broken([a_line(), moved], both) == {"lost"}


@pytest.mark.parametrize("was_done", [True, False])
def test_a_cancellation_without_an_answer_may_be_done_or_not(was_done):
    lines = [a_line(), a_silence(wish="cancel", act="cancel", about=VISIT)]
    kept = a_world()
    gone = a_world(
        places=(),
        bookings=(a_row(status="cancelled", version=2),),
        mails=(a_mail(), a_mail(CANCELLED)),
    )

    assert broken(lines, gone if was_done else kept) == set()


def test_what_nobody_asked_for_is_a_ghost():
    assert broken([], a_world()) >= {"ghosts", "ghost mail"}


def test_what_somebody_from_elsewhere_booked_is_nobody_s_ghost():
    from_here = msgspec.structs.replace(a_world(), people=frozenset({ALICE}))
    from_elsewhere = msgspec.structs.replace(a_world(), people=frozenset({BORIS}))

    assert broken([], from_here) >= {"ghosts", "ghost mail"}
    assert broken([], from_elsewhere) == set()


def test_seats_that_the_front_desk_does_not_know_are_a_ghost():
    assert broken([], a_world(bookings=(), mails=())) == {"ghosts"}


def test_a_booking_that_the_referee_does_not_know_is_a_ghost():
    assert broken([], a_world(places=(), mails=())) == {"ghosts"}


def test_a_wish_that_was_never_answered_explains_what_came_of_it():
    assert broken([a_silence()], a_world()) == set()
    assert broken([a_silence()], a_world(**EMPTY)) == set()


def test_a_wish_of_another_person_or_for_other_seats_explains_nothing():
    assert "ghosts" in broken([a_silence(owner=BORIS)], a_world())
    assert "ghosts" in broken([a_silence(asked=(asked(EVENING),))], a_world())


@pytest.mark.parametrize("verdict", ["refused", "away"])
def test_what_was_refused_and_done_all_the_same_breaks_its_own_promise(verdict):
    no = a_refusal(verdict=verdict)

    assert "refused" in broken([no], a_world())
    assert "ghosts" not in broken([no], a_world())
    assert broken([no], a_world(**EMPTY)) == set()


def test_a_refusal_that_came_after_a_pending_answer_counts_by_the_bookings_own_id():
    lines = [
        a_line(verdict="pending", status=202, state="pending", version=0, given=()),
        a_refusal(how="poll", booking=VISIT, code="full", state="refused"),
    ]

    assert "refused" in broken(lines, a_world(mails=()))
    gone = a_world(places=(), bookings=(a_row(status="refused", version=0, places=()),), mails=())
    assert broken(lines, gone) == set()


def test_one_person_has_a_dose_once():
    again = named("another visit")
    world = a_world(
        places=(a_place(), a_place(EVENING, "second", booking_id=again)),
        bookings=(a_row(), a_row(id=again, places=(seat(EVENING, "second"),))),
        mails=(a_mail(), a_mail(booking_id=again, message_id="<again>")),
    )
    lines = [a_line(), a_line(wish="again", booking=again, given=(seat(EVENING, "second"),))]

    assert broken(lines, world) == {"twice"}
    first, second = (replace(row, campaign_id=uuid4()) for row in world.bookings.values())
    apart = replace(world, bookings={row.id: row for row in (first, second)})
    assert broken(lines, apart) == set()


def test_one_key_has_one_answer():
    other = a_line(booking=named("another"), how="again")

    assert "one answer" in broken([a_line(), other], a_world())
    assert "one answer" in broken([a_refusal(), a_line(how="again")], a_world())
    assert "one answer" in broken(
        [a_refusal(), a_refusal(code="already_booked", how="again")], a_world(**EMPTY)
    )


def test_the_same_answer_again_and_silence_in_between_are_one_answer():
    lines = [a_silence(), a_line(how="again"), a_line(how="again"), a_silence(how="again")]

    assert broken(lines, a_world()) == set()


def test_a_wish_that_expired_may_be_granted_when_it_is_asked_again():
    assert broken([a_refusal(code="expired"), a_line(how="again")], a_world()) == set()


def test_a_wish_that_expired_and_was_asked_again_without_an_answer_may_be_done():
    lines = [a_refusal(code="expired"), a_silence(how="again")]

    assert broken(lines, a_world()) == set()


def test_two_words_for_one_refusal_are_one_answer():
    found = a_refusal(how="poll", booking=VISIT, code="full", state="refused")

    assert broken([found, a_refusal(how="again")], a_world(**EMPTY)) == set()


def test_somebody_elses_story_is_not_mixed_up_with_ones_own():
    lines = [a_line(), a_refusal(owner=BORIS, wish="first", asked=(asked(MORNING),))]

    assert broken(lines, a_world()) == set()


AN_OFFER = named("what is held for Alice")
OFFERED = {
    "places": (a_place(EVENING, booking_id=AN_OFFER, state="held"),),
    "bookings": (a_row(id=AN_OFFER, kind="hold", status="held", places=(seat(EVENING),)),),
    "mails": (),
}


@pytest.mark.parametrize("offered", [(Offer(EVENING, AN_OFFER),), ()])
def test_what_is_held_for_whoever_was_refused_is_no_ghost(offered):
    assert broken([a_refusal(offered=offered)], a_world(**OFFERED)) == set()


def test_what_is_held_for_nobody_who_was_refused_is_a_ghost():
    assert broken([], a_world(**OFFERED)) == {"ghosts"}
    assert broken([a_refusal(owner=BORIS)], a_world(**OFFERED)) == {"ghosts"}
    assert broken([a_refusal(code="already_booked")], a_world(**OFFERED)) == {"ghosts"}


def test_a_refused_hold_that_is_there_is_no_offer():
    refused = a_refusal(act="hold", asked=(asked(EVENING),))

    assert broken([refused], a_world(**OFFERED)) == {"refused"}


def test_what_was_offered_and_booked_is_a_booking_like_any_other():
    booked = a_line(
        wish="take", act="confirm", about=AN_OFFER, booking=AN_OFFER, given=(seat(EVENING),)
    )
    lines = [a_refusal(offered=(Offer(EVENING, AN_OFFER),)), booked]
    lost = a_world(places=(), bookings=(), mails=())

    assert "lost" in broken(lines, lost)
