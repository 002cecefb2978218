"""Of which steps of a telemedicine visit is it written, in what words, and by which links?"""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import msgspec
import pytest

from services.notify.channels.email.mail import compose
from services.notify.invitations import invitations
from services.notify.live import frames
from services.notify.live.positions import START
from services.notify.rules import LINK_LIVES, link_to_cancel, links_to_visits, messages_for
from services.notify.texts import wording
from shared.messages import (
    PLACES_MAX,
    BookedPlace,
    VisitAdmitted,
    VisitByPhone,
    VisitEvent,
    VisitMissed,
    VisitSetBack,
)
from tests.notify_bookings import (
    ALICE,
    BOOKING,
    NOON,
    a_place,
    confirmed,
    missed,
    moved,
    reinstated,
)

BORIS = UUID("b0000000-0000-4000-8000-000000000002")
WRITTEN = (VisitAdmitted, VisitByPhone, VisitMissed)


def virtual(starts_at: datetime = NOON, patient_id: UUID = ALICE) -> BookedPlace:
    place = a_place(starts_at)
    return msgspec.structs.replace(place, modality="virtual", patient_id=patient_id)


def stepped(kind: type[Any], **about: Any) -> Any:
    """A visit's step, just now."""
    if kind is VisitMissed:
        about.setdefault("noshow_by", "patient")
    if kind is VisitSetBack:
        about.setdefault("status", "booked")
    return kind(
        id=uuid4(),
        cause=uuid4(),
        at=NOON,
        booking_id=BOOKING,
        version=1,
        owner_id=ALICE,
        step=2,
        place=virtual(),
        **about,
    )


@pytest.mark.parametrize("kind", get_args(VisitEvent))
def test_it_is_written_of_what_one_should_know_away_from_the_page_while_it_is_true(
    kind: type[VisitEvent],
) -> None:
    event = stepped(kind)

    messages = messages_for(event)

    assert bool(messages) == (kind in WRITTEN)
    for message in messages:
        assert message.owner_id == ALICE
        assert NOON < message.expires_at <= NOON + timedelta(days=7)
        assert compose(event, sender="a@b.c", recipient="d@e.f", at=NOON).isascii()


def test_that_the_doctor_is_ready_is_old_after_ten_minutes() -> None:
    [message] = messages_for(stepped(VisitAdmitted))

    assert message.expires_at == NOON + timedelta(minutes=10)


def test_whoever_was_let_down_reads_that_it_was_not_they() -> None:
    theirs = wording(stepped(VisitMissed, noshow_by="practitioner")).text
    own = wording(stepped(VisitMissed)).text

    assert "You had come" in theirs
    assert "You had not come" in own
    assert "book another" in theirs.lower()
    assert "book another" in own.lower()


@pytest.mark.parametrize("tell", [missed, reinstated])
def test_what_a_clinic_says_of_who_came_is_written_for_a_week_and_asks_for_nothing_more(
    tell: Any,
) -> None:
    event = tell()

    [message] = messages_for(event)

    assert (message.owner_id, message.expires_at) == (ALICE, NOON + timedelta(days=7))
    assert link_to_cancel(event) is None
    assert links_to_visits(event) == []
    assert invitations(event, organizer="a@b.c", attendee="d@e.f") == []
    said = frames.told(msgspec.json.encode(event).decode(), START)
    assert (b'"noshow"' in said) == (tell is missed)


def test_who_was_missed_reads_what_to_do_next() -> None:
    nobody, corrected = wording(missed()), wording(reinstated())

    assert "You missed your visit" in nobody.subject
    assert "book another" in nobody.text
    assert "tell the clinic" in nobody.text
    assert "was not missed" in corrected.subject
    assert "nothing that you need to do" in corrected.text


def test_of_a_visit_from_afar_its_own_steps_have_told_already() -> None:
    assert messages_for(missed(virtual())) == []
    assert messages_for(reinstated(virtual())) == []
    assert "Clinic 12" in wording(missed(virtual(), a_place())).text
    assert len(messages_for(missed(virtual(), a_place()))) == 1


def test_each_person_of_a_virtual_booking_has_a_link_of_their_own() -> None:
    event = confirmed(virtual(), virtual(patient_id=BORIS), a_place())

    links = links_to_visits(event)

    assert [(link.person_id, link.object_id) for link in links] == [
        (ALICE, BOOKING),
        (BORIS, BOOKING),
    ]
    assert [link.purpose for link in links] == ["visit", "visit_for_another"]
    assert {link.until for link in links} == {NOON + LINK_LIVES}
    cancels = link_to_cancel(event)
    assert cancels is not None
    assert cancels.purpose == "cancel_booking"


def test_who_comes_to_the_clinic_gets_no_link_to_a_visit() -> None:
    assert links_to_visits(confirmed()) == []


def test_a_move_to_another_time_brings_its_link_and_the_call_the_same_one() -> None:
    later = virtual(NOON + timedelta(days=2))

    [of_move] = links_to_visits(moved(to=[later], away_from=[virtual()]))
    [of_call] = links_to_visits(stepped(VisitAdmitted))

    assert of_move.until == later.starts_at + LINK_LIVES
    assert of_call.object_id == BOOKING
    assert links_to_visits(stepped(VisitMissed)) == []


def test_the_mail_has_the_addresses_and_says_whose_they_are() -> None:
    one = wording(confirmed(virtual()), join_at=["https://here/1"]).text
    two = wording(confirmed(virtual(), virtual()), join_at=["https://a/1", "https://b/2"]).text
    call = wording(stepped(VisitAdmitted), join_at=["https://here/1"]).text

    assert "https://here/1" in one
    assert "for one person" in one
    assert "https://a/1\nhttps://b/2" in two
    assert "again by this address:\nhttps://here/1" in call


def test_an_open_page_hears_of_every_step() -> None:
    for kind in get_args(VisitEvent):
        event = stepped(kind)

        told = frames.told(msgspec.json.encode(event).decode(), START).decode()

        assert f"event: {kind.__name__}\n" in told
        assert f'"visit":{{"id":"{event.place.id}","step":2' in told


def test_a_mail_of_a_visit_changes_nobody_s_calendar() -> None:
    content = compose(
        stepped(VisitAdmitted),
        sender="a@b.c",
        recipient="d@e.f",
        at=datetime(2030, 1, 1, tzinfo=UTC),
    )

    assert b"text/calendar" not in content


def test_a_place_in_another_s_booking_has_an_entry_of_its_own_and_no_link_to_cancel_all() -> None:
    own = msgspec.structs.replace(confirmed(virtual(patient_id=BORIS)), owner_id=BORIS, part="own")
    whole = confirmed(virtual(patient_id=BORIS))

    uids = [
        str(one.text.split("UID:")[1].split("@")[0])
        for event in (own, whole)
        for one in invitations(event, organizer="a@b.c", attendee="d@e.f")
    ]

    assert len(set(uids)) == 2
    assert [link.purpose for link in links_to_visits(own)] == ["visit"]
    assert link_to_cancel(own) is None


def test_what_is_left_of_a_booking_takes_all_else_out_of_the_calendar() -> None:
    place = a_place()
    rest = msgspec.structs.replace(moved(to=[place], away_from=[a_place()]), part="rest")

    made = invitations(rest, organizer="a@b.c", attendee="d@e.f")

    assert [one.method for one in made] == ["REQUEST"] + ["CANCEL"] * (PLACES_MAX - 1)
    assert link_to_cancel(rest) is None
