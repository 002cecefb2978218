"""Does the audit see who was not told, told twice, told wrongly, or told of nothing?"""

import pytest

from talon.audit.facts import CANCELLED, CONFIRMED, MOVED, MessageRow
from talon.audit.inbox import Received, mail_of
from tests.audit_stories import (
    VISIT,
    a_cancellation,
    a_line,
    a_mail,
    a_row,
    a_silence,
    a_world,
    broken,
    named,
)

RAW = (
    "Message-ID: <one@talon.example>\r\n"
    "From: no-reply@talon.example\r\n"
    f"X-Talon-Booking:\r\n {VISIT}\r\n"
    "X-Talon-Event: BookingConfirmed\r\n"
    'Content-Type: multipart/mixed; boundary="=="\r\n'
    "\r\n"
    "--==\r\n"
    "Content-Type: text/plain\r\n\r\nX-Talon-Event: BookingRevoked\r\n"
    "--==\r\n"
    'Content-Type: text/calendar; charset="utf-8";\r\n method="REQUEST"\r\n\r\nBEGIN\r\n'
    "--==\r\n"
    'Content-Type: text/calendar; charset="utf-8"; method=REQUEST\r\n\r\nBEGIN\r\n'
    "--==--\r\n"
)


def test_a_mail_is_known_by_its_headers_and_calendar_parts():
    mail = mail_of(Received("<one@talon.example>", ["a@example.invalid"], RAW), "a@example.invalid")

    assert (mail.booking_id, mail.tells) == (VISIT, CONFIRMED)
    assert (mail.requests, mail.cancels) == (2, 0)


def test_who_has_a_booking_was_told():
    assert broken([a_line()], a_world(mails=())) == {"untold"}


@pytest.mark.parametrize("fate", ["sent", "failed", "expired", "no_address", "waiting"])
def test_no_word_of_the_messenger_excuses_a_missing_mail(fate):
    ledger = (MessageRow(VISIT, CONFIRMED, fate),)

    assert broken([a_line()], a_world(mails=(), messages=ledger)) == {"untold"}


def test_an_unknown_message_may_have_arrived_or_not():
    ledger = (MessageRow(VISIT, CONFIRMED, "unknown"),)

    assert broken([a_line()], a_world(mails=(), messages=ledger)) == set()
    assert broken([a_line()], a_world(messages=ledger)) == set()


@pytest.mark.parametrize("fate", ["sent", "delivered", "unknown"])
def test_who_was_told_by_another_channel_misses_no_mail(fate):
    ledger = (
        MessageRow(VISIT, CONFIRMED, "failed"),
        MessageRow(VISIT, CONFIRMED, fate, channel="sms"),
    )

    assert broken([a_line()], a_world(mails=(), messages=ledger)) == set()


@pytest.mark.parametrize("fate", ["failed", "waiting", "expired"])
def test_a_channel_that_did_not_tell_it_excuses_nothing(fate):
    ledger = (MessageRow(VISIT, CONFIRMED, fate, channel="sms"),)

    assert broken([a_line()], a_world(mails=(), messages=ledger)) == {"untold"}


def test_the_same_mail_twice_is_told_twice():
    assert broken([a_line()], a_world(mails=(a_mail(), a_mail()))) == {"told twice"}


def test_two_confirmations_of_one_booking_are_told_twice():
    mails = (a_mail(), a_mail(message_id="<another>"))

    assert broken([a_line()], a_world(mails=mails)) >= {"told twice", "ghost mail"}


@pytest.mark.parametrize("wrong", [{"person": "boris@example.invalid"}, {"requests": 2}])
def test_a_mail_to_another_person_or_with_other_entries_does_not_count_as_told(wrong):
    assert broken([a_line()], a_world(mails=(a_mail(**wrong),))) == {"untold"}


def test_a_cancellation_is_told_and_takes_its_entries_from_the_calendar():
    lines = [a_line(), a_cancellation()]
    row = a_row(status="cancelled", version=2)

    def found(*mails):
        return broken(lines, a_world(places=(), bookings=(row,), mails=mails))

    assert found(a_mail(), a_mail(CANCELLED)) == set()
    assert found(a_mail()) == {"untold"}
    assert found(a_mail(), a_mail(CANCELLED, cancels=0)) == {"untold"}


@pytest.mark.parametrize("tells", [MOVED, CANCELLED])
def test_a_mail_about_what_did_not_happen_is_a_ghost(tells):
    assert broken([a_line()], a_world(mails=(a_mail(), a_mail(tells)))) == {"ghost mail"}


def test_a_mail_about_a_booking_of_nobodys_is_a_ghost():
    stranger = a_mail(booking_id=named("nobody's"), message_id="<stranger>")

    assert broken([a_line()], a_world(mails=(a_mail(), stranger))) == {"ghost mail"}


def test_a_mail_about_no_booking_at_all_is_a_ghost():
    stray = a_mail(booking_id=None, message_id="<stray>")

    assert broken([a_line()], a_world(mails=(a_mail(), stray))) == {"ghost mail"}


def test_a_mail_about_a_cancellation_in_doubt_is_no_ghost():
    lines = [a_line(), a_silence(wish="cancel", act="cancel", about=VISIT)]
    row = a_row(status="cancelled", version=2)
    told = (a_mail(), a_mail(CANCELLED))

    assert broken(lines, a_world(places=(), bookings=(row,), mails=told)) == set()
