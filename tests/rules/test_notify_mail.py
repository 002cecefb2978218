"""What does a person read, and what does their calendar make of it?"""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from services.notify.channels.email.mail import POLICY, compose, folded
from services.notify.rules import link_to_cancel
from services.notify.texts import wording
from shared.messages import BookingEvent
from tests.notify_bookings import ALICE, BOOKING, NOON, a_place, cancelled, confirmed, moved

MOSCOW = ZoneInfo("Europe/Moscow")


class Entry(NamedTuple):
    """What a calendar program acts upon."""

    method: str
    uid: str
    sequence: int
    status: str


def mail_of(event: BookingEvent) -> EmailMessage:
    content = compose(
        event,
        sender="no-reply@talon.example",
        recipient="alice@example.org",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def calendars_of(event: BookingEvent) -> list[tuple[str, Any]]:
    """Each iCalendar part's method as its header says it, and what a calendar program reads."""
    parts = [p for p in mail_of(event).walk() if p.get_content_type() == "text/calendar"]
    return [
        (str(part.get_param("method")), Calendar.from_ical(part.get_content())) for part in parts
    ]


def entries_of(event: BookingEvent) -> list[Entry]:
    found = []
    for said, calendar in calendars_of(event):
        assert said == calendar["method"]
        (entry,) = calendar.walk("VEVENT")
        found.append(Entry(said, entry["uid"], entry["sequence"], entry["status"]))
    return found


def uid(nth: int) -> str:
    return f"{BOOKING}-{nth}@talon.example"


def test_a_mail_names_its_booking_and_has_the_same_id_each_time() -> None:
    event = confirmed()

    mail, again = mail_of(event), mail_of(event)

    assert mail["Message-ID"] == f"<{event.id}.{ALICE}.email@talon.example>"
    assert again["Message-ID"] == mail["Message-ID"]
    assert mail["X-Talon-Booking"] == str(BOOKING)
    assert mail["X-Talon-Event"] == "BookingConfirmed"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["From"], mail["To"]) == ("no-reply@talon.example", "alice@example.org")


def test_the_text_arrives_as_it_was_written() -> None:
    event = confirmed()

    (text,) = [p for p in mail_of(event).walk() if p.get_content_type() == "text/plain"]

    assert text.get_content().replace("\r\n", "\n") == wording(event).text
    assert mail_of(event)["Subject"] == wording(event).subject


def test_a_mail_is_plain_ascii_on_the_wire_whatever_the_address_is() -> None:
    content = compose(confirmed(), sender="a@b.c", recipient="d@e.f", at=NOON)

    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


@pytest.mark.parametrize("subject", ["a\nBcc: x@example.org", "a\r\nBcc: x@example.org", "a\r b"])
def test_no_header_becomes_two(subject: str) -> None:
    mail = Message(POLICY)
    mail["Subject"] = subject

    with pytest.raises(ValueError, match="Subject would be more than one header"):
        mail.as_bytes()


def test_a_long_header_keeps_its_lines() -> None:
    text, mail = " ".join(["Ваш визит отменён клиникой"] * 4), Message(POLICY)
    mail["Subject"] = folded("Subject", text)

    written = mail.as_bytes()

    assert all(len(line) <= 76 for line in written.split(b"\r\n"))
    assert message_from_bytes(written, policy=default)["Subject"] == text


def test_the_words_give_the_clinic_s_own_time_and_place() -> None:
    words = wording(confirmed(a_place(time_zone="Asia/Yekaterinburg")))

    assert words.subject == "Your visit on 1 July at 14:00 is booked"
    assert "Thursday 1 July 2100, 14:00 to 14:30 (Yekaterinburg time)" in words.text
    assert "Clinic 12\nул. Тверская, 1" in words.text


def test_a_move_says_what_is_and_what_is_no_longer() -> None:
    words = wording(moved(to=[a_place(NOON + timedelta(days=1))], away_from=[a_place()]))

    now, _, before = words.text.partition("It is no longer:")
    assert "2 July" in now
    assert "1 July" in before


def test_a_family_at_one_time_and_place_is_told_of_once_with_its_number() -> None:
    words = wording(confirmed(a_place(), a_place(), a_place(NOON + timedelta(hours=1))))

    assert words.text.count("12:00 to 12:30") == 1
    assert "\n2 places\n" in words.text


def test_a_visit_over_midnight_says_on_which_day_it_ends() -> None:
    words = wording(confirmed(a_place(datetime(2100, 7, 1, 20, 45, tzinfo=UTC))))

    assert "Thursday 1 July 2100, 23:45 to Friday 2 July 2100, 00:15" in words.text


def test_a_booking_is_asked_into_the_calendar_with_its_time_zone() -> None:
    place = a_place()

    ((method, calendar),) = calendars_of(confirmed(place))

    (entry,), (zone,) = calendar.walk("VEVENT"), calendar.walk("VTIMEZONE")
    assert method == "REQUEST"
    assert entry["dtstart"].params["TZID"] == zone["tzid"] == "Europe/Moscow"
    assert entry["dtstart"].dt == place.starts_at.astimezone(MOSCOW)
    assert entry["dtend"].dt == place.ends_at.astimezone(MOSCOW)
    assert entry["location"] == "Clinic 12, ул. Тверская, 1"
    assert entry["organizer"] == "mailto:no-reply@talon.example"
    assert entry["attendee"] == "mailto:alice@example.org"


def test_a_move_and_a_cancellation_are_about_the_same_entries() -> None:
    first, second = a_place(), a_place(NOON + timedelta(days=1))

    told = [
        *entries_of(confirmed(first)),
        *entries_of(moved(to=[second], away_from=[first], version=2)),
        *entries_of(cancelled(second, version=3)),
    ]

    assert told == [
        Entry("REQUEST", uid(0), 0, "CONFIRMED"),
        Entry("REQUEST", uid(0), 1, "CONFIRMED"),
        Entry("CANCEL", uid(0), 2, "CANCELLED"),
    ]


def test_a_move_to_fewer_places_takes_the_others_out_of_the_calendar() -> None:
    before = [a_place(), a_place(), a_place()]

    told = entries_of(moved(to=[a_place(NOON + timedelta(days=1))], away_from=before))

    assert told == [
        Entry("REQUEST", uid(0), 1, "CONFIRMED"),
        Entry("CANCEL", uid(1), 1, "CANCELLED"),
        Entry("CANCEL", uid(2), 1, "CANCELLED"),
    ]


def test_a_move_to_more_places_brings_new_entries() -> None:
    told = entries_of(moved(to=[a_place(), a_place()], away_from=[a_place()]))

    assert [(entry.method, entry.uid) for entry in told] == [
        ("REQUEST", uid(0)),
        ("REQUEST", uid(1)),
    ]


def test_places_in_two_time_zones_each_bring_their_own() -> None:
    event = confirmed(a_place(), a_place(time_zone="America/New_York"))

    zones = [calendar.walk("VTIMEZONE")[0]["tzid"] for _, calendar in calendars_of(event)]

    assert zones == ["Europe/Moscow", "America/New_York"]


def test_a_mail_says_where_the_visit_can_be_cancelled_and_nothing_else_changes():
    address = "https://talon.example/#/link/abc"

    plain, linked = wording(confirmed()), wording(confirmed(), cancel_at=address)

    assert linked.subject == plain.subject
    assert address in linked.text.splitlines()
    without = [part for part in linked.text.split("\n\n") if address not in part]
    assert "\n\n".join(without) == plain.text


def test_what_is_cancelled_has_no_link_and_what_is_moved_has_one_until_its_new_time():
    later = NOON + timedelta(days=1)

    moved_to = link_to_cancel(moved(to=[a_place(later)], away_from=[a_place()]))

    assert link_to_cancel(cancelled()) is None
    assert moved_to is not None
    assert moved_to.until == later


def test_a_mail_is_the_same_as_text_and_as_a_page_in_the_reader_s_language() -> None:
    event = cancelled(a_place())

    content = compose(event, sender="a@b.c", recipient="d@e.f", at=NOON, language="ru")

    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    words = wording(event, "ru")
    assert (mail["Content-Language"], mail["Subject"]) == ("ru", words.subject)
    readable = mail.get_body(("html", "plain"))
    text = mail.get_body(("plain",))
    assert readable is not None
    assert text is not None
    assert readable.get_content().replace("\r\n", "\n") == words.html
    assert text.get_content().replace("\r\n", "\n") == words.text
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds[:4] == ["multipart/mixed", "multipart/alternative", "text/plain", "text/html"]
    [(_, calendar)] = [
        (part, Calendar.from_ical(part.get_content()))
        for part in mail.walk()
        if part.get_content_type() == "text/calendar"
    ]
    assert calendar.walk("VEVENT")[0]["summary"] == "Визит"


def test_what_may_be_stopped_says_how_by_one_click_and_by_hand() -> None:
    address = "https://talon.example/api/v1/unsubscribe/abc"

    def mail(**about: str) -> EmailMessage:
        content = compose(confirmed(), sender="a@b.c", recipient="d@e.f", at=NOON, **about)
        parsed = message_from_bytes(content, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    assert mail(unsubscribe_at=address)["List-Unsubscribe"] == f"<{address}>"
    assert mail(unsubscribe_at=address)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in mail()
    assert "List-Unsubscribe-Post" not in mail()
