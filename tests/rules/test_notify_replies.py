"""What is understood of what somebody writes back, and what comes of it?"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.notify import metrics
from services.notify.channels import Dispatch
from services.notify.channels.sms import words
from services.notify.channels.sms.smpp import pdus
from services.notify.channels.sms.smpp.pdus import Delivered
from services.notify.rules.messages import link_to_cancel, link_to_confirm, link_to_move, offer_of
from services.notify.rules.reminders import Habits, VisitReminder, reminder_of, visits_of
from services.notify.rules.replies import (
    BECAME,
    TEXT_LENGTH_MAX,
    WORDS,
    Asked,
    Number,
    came_of,
    meant_by,
    reminder_asked,
)
from services.notify.rules.segments import segments
from services.notify.texts import short
from shared.messages import Part
from tests.notify_bookings import ALICE, BOOKING, NOON, a_place, confirmed

NOW = datetime(2100, 6, 30, 9, 0, tzinfo=UTC)
BORIS = UUID("b0415000-0000-4000-8000-000000000002")
REPLY = UUID("5e910000-0000-4000-8000-000000000001")
SAID = [(meant, word) for meant, each in WORDS.items() for word in each]


def a_reminder(
    *,
    owner_id: UUID = ALICE,
    booking_id: UUID = BOOKING,
    before: str = "P1D",
    days: int = 0,
    people: int = 1,
    part: Part | msgspec.UnsetType = msgspec.UNSET,
) -> VisitReminder:
    place = a_place(NOON + timedelta(days=days))
    [visit] = visits_of([place] * people)
    [told] = Habits.parse(before, "21:00-08:00").befores
    return reminder_of(
        visit,
        told,
        booking_id=booking_id,
        owner_id=owner_id,
        version=1,
        part=part,
        now=NOW - told.distance,
    )


def number(*asked: Asked, answered: Any = (), owners: tuple[UUID, ...] = (ALICE,)) -> Number:
    return Number(owners=owners, asked=asked, answered=frozenset(answered))


def became(text: str, of: Number) -> str:
    return came_of(meant_by(text), of, reply_id=REPLY, at=NOW).became


# ---- what is understood --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1", "coming"),
        (" ДА! ", "coming"),
        ("Приду.", "coming"),
        ("ok 👍", "coming"),
        ("ОК", "coming"),
        ("1\ufe0f\u20e3", "coming"),
        ("2.", "cancel"),
        ("НЕТ", "cancel"),
        ("«Отмена»", "cancel"),
        ("Не  приду", "cancel"),
        ("Cancel\r\n", "cancel"),
        ("3)", "other_time"),
        ("Другое время", "other_time"),
        ("RESCHEDULE", "other_time"),
        ("СТОП", "stop"),
        ("Unsubscribe.", "stop"),
        ("Нет, приду", None),
        ("да нет", None),
        ("приду, но не один", None),
        ("не смогу 2 июля", None),
        ("12", None),
        ("1 2", None),
        ("2?", None),
        ("Отмена?", None),
        ("", None),
        ("...", None),
        ("2\x00" * 500, None),
    ],
)
def test_a_whole_text_means_one_thing_or_nothing(text: str, meant: str | None) -> None:
    assert meant_by(text) == meant


def test_no_word_means_two_things() -> None:
    each = [word for _, word in SAID]

    assert len(each) == len(set(each))


AROUND = st.text(st.sampled_from(" \t\r\n.,!;:()«»\"'-–—👍🙏❤\ufe0f\u200d✅+"), max_size=6)


@given(
    said=st.sampled_from(SAID),
    before=AROUND,
    after=AROUND,
    how=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_whatever_stands_around_a_word_it_means_what_it_means(
    said: tuple[str, str], before: str, after: str, how: Any
) -> None:
    meant, word = said
    text = before + how(word) + after
    assume(len(text) <= TEXT_LENGTH_MAX)

    assert meant_by(text) == meant


WORDS_ALONE = {word for _, word in SAID}


def letters_of(text: str) -> str:
    """A plain reader's view: letters and digits, in small, with one space where others stand."""
    kept = "".join(one if one.isalnum() or one in "'?" else " " for one in text.casefold())
    return " ".join(kept.split())


@given(st.text(st.sampled_from("123 даДАнетприхувьокstopyesnОМЕ.,!?-"), max_size=12))
def test_nothing_is_understood_that_says_more_than_the_words_there_are(text: str) -> None:
    meant = meant_by(text)

    if meant is not None:
        assert letters_of(text).strip("' ") in {letters_of(word) for word in WORDS_ALONE}
        assert "?" not in text


@pytest.mark.parametrize(
    ("esm_class", "parameters", "is_whole"),
    [(0, {}, True), (0x40, {}, False), (0, {0x020E: b"\x02"}, False)],
    ids=["alone", "with a header", "with parameters"],
)
def test_a_part_of_a_text_is_known_by_its_header_or_its_parameters(
    esm_class: int, parameters: dict[int, bytes], is_whole: bool
) -> None:
    delivered = Delivered("79161234567", esm_class, 0, b"\x05\x00\x03\x07\x02\x022", parameters)

    assert pdus.is_whole(delivered) == is_whole


# ---- what comes of it ----------------------------------------------------------------------------


def test_a_reply_is_the_link_that_stood_in_the_reminder() -> None:
    reminder = a_reminder()
    asked = number(Asked(reminder))

    coming = came_of("coming", asked, reply_id=REPLY, at=NOW)
    cancel = came_of("cancel", asked, reply_id=REPLY, at=NOW)
    other = came_of("other_time", asked, reply_id=REPLY, at=NOW)

    assert (coming.link, coming.answer) == (link_to_confirm(reminder), None)
    assert (cancel.link, cancel.answer) == (link_to_cancel(reminder), None)
    assert coming.cause == cancel.cause == reminder.id
    assert other.link is None
    assert other.answer is not None
    assert link_to_move(other.answer) == link_to_move(reminder)


def test_two_reminders_of_one_visit_ask_the_same() -> None:
    week, day = Asked(a_reminder(before="P7D")), Asked(a_reminder(before="P1D"))

    assert became("2", number(day, week)) == "cancel"


@pytest.mark.parametrize(
    "other",
    [
        a_reminder(owner_id=BORIS),
        a_reminder(booking_id=uuid5(BOOKING, "another")),
        a_reminder(days=3),
    ],
    ids=["of another person", "of another booking", "of another day"],
)
@pytest.mark.parametrize("text", ["1", "2", "3", "Что?"])
def test_where_two_visits_may_be_meant_nothing_is_done(text: str, other: VisitReminder) -> None:
    both = number(Asked(a_reminder()), Asked(other), owners=(ALICE, BORIS))

    came = came_of(meant_by(text), both, reply_id=REPLY, at=NOW)

    assert (came.became, came.link) == ("ambiguous", None)
    assert came.answer is not None
    # Whoever reads this phone learns of no visit by it.
    assert (came.answer.places, came.answer.booking_id) == ((), REPLY)


def test_what_its_links_would_not_do_a_reply_does_not() -> None:
    family = number(Asked(a_reminder(people=2)))
    part = number(Asked(a_reminder(part="rest")))

    assert became("3", family) == "not_by_reply"
    assert became("2", part) == "not_by_reply"
    assert became("3", part) == "other_time"
    assert reminder_asked(a_reminder(part="own")) is None
    assert reminder_asked(confirmed()) is None


def test_after_a_cancellation_nobody_is_told_that_they_are_expected() -> None:
    cancelled = number(Asked(a_reminder(), "cancel"))

    assert became("2", cancelled) == "repeated"
    assert became("1", cancelled) == became("3", cancelled) == "nothing"
    assert became("2", number(Asked(a_reminder(), "coming"))) == "cancel"


def test_what_was_given_up_and_is_there_again_is_given_up_by_its_owner_s_own_hand() -> None:
    again = number(Asked(a_reminder(), "cancelled_before"))

    assert became("2", again) == "not_by_reply"
    assert became("1", again) == "coming"
    assert became("3", again) == "other_time"


def test_a_number_of_nobody_is_not_answered_and_one_that_was_not_asked_is() -> None:
    assert became("2", number(owners=())) == "nobody"
    assert became("2", number()) == "nothing"
    assert became("STOP", number()) == "stop"


def test_two_machines_do_not_talk_for_ever() -> None:
    asked = Asked(a_reminder())

    assert became("I am away until Monday", number(asked)) == "not_understood"
    assert became("I am away until Monday", number(asked, answered=["explained"])) == "unanswered"
    assert became("3", number(asked, answered=["explained"])) == "other_time"
    assert became("3", number(asked, answered=["other_time"])) == "unanswered"
    assert became("2", number(asked, answered=["explained", "other_time"])) == "cancel"


OWNERS = (ALICE, BORIS)
REMINDERS = [
    a_reminder(owner_id=owner, booking_id=uuid5(owner, str(nth)), days=days, before=before)
    for owner in OWNERS
    for nth in range(2)
    for days in (0, 1)
    for before in ("P7D", "P1D")
]


@given(
    meant=st.sampled_from([None, *WORDS]),
    asked=st.lists(
        st.builds(
            Asked, st.sampled_from(REMINDERS), st.sampled_from([None, None, "coming", "cancel"])
        ),
        max_size=4,
    ),
    answered=st.sets(st.sampled_from(["explained", "other_time"])),
)
def test_a_place_is_given_up_only_where_just_one_can_be_meant(
    meant: Any, asked: list[Asked], answered: set[str]
) -> None:
    came = came_of(meant, number(*asked, answered=answered, owners=OWNERS), reply_id=REPLY, at=NOW)

    visits = {
        (one.reminder.owner_id, one.reminder.booking_id, one.reminder.places[0].starts_at)
        for one in asked
    }
    if came.link is not None:
        [(owner, booking, starts_at)] = visits
        assert meant in ("coming", "cancel")
        assert (came.link.person_id, came.link.object_id, came.link.until) == (
            owner,
            booking,
            starts_at,
        )
        assert came.link.purpose == {"coming": "confirm_visit", "cancel": "cancel_booking"}[meant]
    if meant == "cancel" and len(visits) == 1 and all(one.said is None for one in asked):
        assert came.link is not None
    if len(visits) != 1:
        assert came.link is None
    if came.answer is not None:
        assert came.sort not in answered
        assert came.link is None
        assert came.answer.owner_id in OWNERS
    assert came.became in BECAME


def test_each_end_of_a_reply_is_counted() -> None:
    assert set(label_values()) == set(BECAME)


def label_values() -> Iterator[str]:
    [family] = metrics.REPLIES.collect()
    yield from {sample.labels["became"] for sample in family.samples}


# ---- what a reminder says of it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reminder", "offer"),
    [
        (a_reminder(), "all"),
        (a_reminder(people=2), "cancel"),
        (a_reminder(part="rest"), "move"),
        (a_reminder(people=2, part="rest"), "coming"),
        (a_reminder(part="own"), None),
    ],
)
def test_a_reminder_offers_what_its_links_do(reminder: VisitReminder, offer: str | None) -> None:
    assert offer_of(reminder) == offer
    plain = short(reminder, "ru")

    said = short(reminder, "ru", replies=True)

    assert said.startswith(plain)
    assert ("1" in said[len(plain) :]) == (offer is not None)
    assert ("2" in said[len(plain) :]) == (offer in ("all", "cancel"))
    assert ("3" in said[len(plain) :]) == (offer in ("all", "move"))


@pytest.mark.parametrize(("language", "address"), [("en", "Main St. 1"), ("ru", "ул. Тверская, 1")])
def test_that_it_can_be_answered_costs_at_most_one_segment_more(
    language: Any, address: str
) -> None:
    place = msgspec.structs.replace(a_place(), clinic_address=address)
    reminder = msgspec.structs.replace(a_reminder(), places=(place,))

    plain, asking = short(reminder, language), short(reminder, language, replies=True)

    assert segments(asking) - segments(plain) <= 1
    assert segments(asking) <= 2


def test_only_where_replies_are_read_is_anybody_asked_to_reply() -> None:
    dispatch = Dispatch(
        event=a_reminder(), key=REPLY, recipient="", at=NOW, expires_at=NOON, confirm_at="https://x"
    )

    assert "Reply" not in words(dispatch)
    assert words(dispatch, replies=True).endswith(
        "Reply 1: coming, 2: cancel, 3: another time. https://x"
    )


def test_whoever_asks_for_another_time_gets_its_address_though_links_are_left_out() -> None:
    answer = came_of("other_time", number(Asked(a_reminder())), reply_id=REPLY, at=NOW).answer
    assert answer is not None
    dispatch = Dispatch(
        event=answer, key=REPLY, recipient="", at=NOW, expires_at=NOON, move_at="https://x/time"
    )

    assert words(dispatch, links=False) == "Talon: choose another time here. https://x/time"
