"""What does the load generator make of each answer, and what does it write down?"""

import msgspec
import pytest

from talon.doors import Answer
from talon.rush.journal import Journal, new_journal, read
from talon.rush.score import Score
from talon.rush.verdicts import judge, judge_poll, said
from tests.audit_stories import VISIT, a_cancellation, a_line, a_refusal, a_silence


def an_answer(status: int, /, **body: object) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(body), seconds=0.1)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (an_answer(201), "ok"),
        (an_answer(200), "ok"),
        (an_answer(202), "pending"),
        (an_answer(400, code="malformed_json"), "refused"),
        (an_answer(404, code="not_found"), "refused"),
        (an_answer(409, code="slot_full"), "refused"),
        (an_answer(422, code="not_eligible"), "refused"),
        (an_answer(429, code="too_many"), "away"),
        (an_answer(503, code="unavailable"), "away"),
        (an_answer(500, code="decision_failed"), "refused"),
        (an_answer(500, code="internal_error"), "unknown"),
        (an_answer(502), "unknown"),
        (an_answer(504, code="outcome_unknown"), "unknown"),
        (Answer(status=0, seconds=1.0, fault="timeout"), "unknown"),
        (Answer(status=0, seconds=1.0, fault="ServerDisconnectedError"), "unknown"),
    ],
)
def test_only_a_definite_answer_is_taken_for_one(answer, verdict):
    assert judge(answer) == verdict


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (an_answer(200, status="pending"), "pending"),
        (an_answer(200, status="booked", version=1), "ok"),
        (an_answer(200, status="held", version=1), "ok"),
        (an_answer(200, status="cancelled", version=2), "ok"),
        (an_answer(200, status="refused", reason="full"), "refused"),
        (an_answer(200, status="expired", version=0), "refused"),
        (an_answer(200, status="expired", version=2), "ok"),
        (an_answer(404, code="not_found"), "unknown"),
        (an_answer(503, code="unavailable"), "unknown"),
    ],
)
def test_what_is_looked_up_says_how_a_pending_wish_ended(answer, verdict):
    assert judge_poll(answer) == verdict


def test_the_code_of_an_answer_is_never_empty_when_it_is_no_success():
    assert an_answer(409, code="slot_full").code == "slot_full"
    assert Answer(status=502, body=b"<html>", seconds=0.0).code == "http_502"
    assert Answer(status=0, seconds=0.0, fault="timeout").code == "timeout"


def test_a_body_that_is_no_booking_says_nothing():
    assert said(Answer(status=200, body=b"[]", seconds=0.0)).id is None
    assert said(an_answer(201, id=str(VISIT), version=3)).version == 3


def test_a_journal_gives_back_what_was_written(tmp_path):
    path = new_journal(tmp_path)
    lines = [a_line(), a_refusal(), a_silence()]
    journal = Journal(path)
    for line in lines:
        journal.write(line)
    journal.close()

    assert list(read(path)) == lines
    assert new_journal(tmp_path) != path


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path):
    path = new_journal(tmp_path)
    journal = Journal(path)
    journal.write(a_line())
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"at":0.0,"wish":"sec')

    assert list(read(path)) == [a_line()]


def test_a_booking_granted_twice_under_one_key_takes_its_seats_once():
    score = Score(10)
    for line in (a_line(), a_line(how="again")):
        score.note(line)

    assert (score.bookings, score.places_left) == (1, 9)


def test_a_cancelled_booking_gives_its_seats_back():
    score = Score(10)
    for line in (a_line(), a_cancellation()):
        score.note(line)

    assert score.places_left == 10


def test_seats_taken_in_an_earlier_rush_are_not_free_in_this_one():
    score = Score(10, [a_line()])

    assert (score.places_left, score.bookings) == (9, 0)
