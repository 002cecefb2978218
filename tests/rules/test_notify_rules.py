"""What becomes of a message, and where can a person be reached?"""

import string
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notify.rules import (
    NEXT,
    Accepted,
    Gone,
    Mark,
    NotHandedOver,
    Outcome,
    Patience,
    Quiet,
    Refused,
    SlowDown,
    Unanswered,
    Unreached,
    Untried,
    Unwritable,
    best_of,
    messages_for,
    settle,
    wrong_with_address,
)
from tests.notify_bookings import NOON, a_place, cancelled, confirmed, moved

PATIENCE = Patience(attempts_max=5, backoff_seconds_min=1.0, backoff_seconds_max=60.0)
CHANCES = st.floats(min_value=0, max_value=1)
ATTEMPTS = st.integers(min_value=0, max_value=2_000)
OUTCOMES: st.SearchStrategy[Outcome] = st.one_of(
    st.just(Gone()),
    st.just(Unreached()),
    st.builds(Quiet, st.floats(1, 50_000)),
    st.builds(SlowDown, st.floats(0, 10_000)),
    st.just(Accepted()),
    st.just(Unanswered()),
    st.just(Untried()),
    st.builds(Unwritable, st.text()),
    st.builds(Refused, st.integers(400, 599), st.sampled_from(["MAIL", "RCPT", "DATA", "content"])),
    st.builds(NotHandedOver, st.sampled_from(["MAIL", "RCPT", "DATA", "content"])),
)


def settled(outcome: Outcome, attempts: int = 0, chance: float = 0.5) -> Mark:
    return settle(outcome, attempts, PATIENCE, chance)


# ---- what becomes of it -------------------------------------------------------------------------


@given(OUTCOMES, ATTEMPTS, CHANCES)
def test_every_outcome_leads_only_where_the_table_allows(
    outcome: Outcome, attempts: int, chance: float
) -> None:
    assert settled(outcome, attempts, chance).state in NEXT["claimed"].values()


@given(OUTCOMES, ATTEMPTS, CHANCES)
def test_who_was_perhaps_told_never_waits_to_be_told_again(
    outcome: Outcome, attempts: int, chance: float
) -> None:
    mark = settled(outcome, attempts, chance)

    perhaps_told = isinstance(outcome, Accepted | Unanswered)
    assert not (perhaps_told and mark.state == "waiting")


def test_what_is_settled_stays_settled_and_the_unknown_never_waits_again() -> None:
    settled = ("delivered", "failed", "expired", "no_address", "declined")
    assert not any(NEXT[state] for state in settled)
    assert set(NEXT["sent"].values()) == {"delivered", "failed"}
    assert set(NEXT["unknown"].values()) == {"sent", "delivered", "failed"}


def test_every_state_the_table_leads_to_is_in_the_table() -> None:
    reached = {state for happenings in NEXT.values() for state in happenings.values()}

    assert reached | {"waiting", "declined"} == set(NEXT)


def test_a_refusal_for_good_fails_at_once_and_says_where() -> None:
    mark = settled(Refused(550, "RCPT"))

    assert (mark.state, mark.note) == ("failed", "550 at RCPT")


def test_a_refusal_for_now_waits_and_fails_when_patience_ends() -> None:
    marks = [settled(Refused(451, "content"), attempts) for attempts in range(5)]

    assert [mark.state for mark in marks] == ["waiting"] * 4 + ["failed"]


@given(st.integers(0, 3), CHANCES)
def test_each_wait_is_longer_than_half_the_last_limit_and_within_it(
    attempts: int, chance: float
) -> None:
    seconds = settled(NotHandedOver("MAIL"), attempts, chance).wait_seconds

    assert 2**attempts / 2 <= seconds <= 2**attempts


@given(ATTEMPTS, CHANCES)
def test_no_wait_is_longer_than_the_longest(attempts: int, chance: float) -> None:
    patient = Patience(attempts_max=10_000, backoff_seconds_min=1.0, backoff_seconds_max=60.0)

    assert settle(Refused(450, "RCPT"), attempts, patient, chance).wait_seconds <= 60


def test_what_was_claimed_and_not_begun_costs_no_attempt() -> None:
    mark = settled(Untried(), attempts=4)

    assert (mark.state, mark.tried, mark.wait_seconds) == ("waiting", 0, 0)


def test_what_arrived_is_delivered_and_what_was_taken_is_sent_under_its_reference() -> None:
    taken, arrived = settled(Accepted("sm-1")), settled(Accepted(final=True))

    assert (taken.state, taken.reference) == ("sent", "sm-1")
    assert (arrived.state, arrived.reference) == ("delivered", None)


def test_whoever_says_slow_down_is_not_asked_sooner() -> None:
    assert settled(SlowDown(90.0)).wait_seconds == 90.0
    assert settled(SlowDown(0.0)).wait_seconds > 0.0


def test_who_is_left_in_peace_costs_no_attempt() -> None:
    mark = settled(Quiet(3_600.0), attempts=4)

    assert (mark.state, mark.tried, mark.wait_seconds) == ("waiting", 0, 3_600.0)


@given(ATTEMPTS, CHANCES)
def test_a_provider_that_knows_keys_is_asked_again_until_patience_ends(
    attempts: int, chance: float
) -> None:
    mark = settle(Unanswered(), attempts, PATIENCE, chance, keyed=True)

    if attempts + 1 < PATIENCE.attempts_max:
        assert (mark.state, mark.perhaps) == ("waiting", True)
    else:
        assert (mark.state, mark.perhaps) == ("unknown", False)


@given(OUTCOMES, ATTEMPTS, CHANCES)
def test_what_was_perhaps_told_fails_only_by_a_word_of_who_may_have_told_it(
    outcome: Outcome, attempts: int, chance: float
) -> None:
    mark = settle(outcome, attempts, PATIENCE, chance, keyed=True, perhaps=True)

    assert mark.state not in ("no_address", "expired")
    assert mark.state != "failed" or isinstance(outcome, Refused)
    assert mark.state != "waiting" or mark.perhaps


@given(st.lists(OUTCOMES, min_size=1, max_size=5))
def test_told_at_one_device_it_is_told_and_perhaps_told_is_not_tried_again(
    outcomes: list[Outcome],
) -> None:
    best = best_of(outcomes)

    kinds = [type(outcome) for outcome in outcomes]
    assert best in outcomes
    if Accepted in kinds:
        assert isinstance(best, Accepted)
    elif Unanswered in kinds:
        assert isinstance(best, Unanswered)


# ---- what is told -------------------------------------------------------------------------------


def test_only_the_owner_is_told_and_not_after_the_last_visit_has_begun() -> None:
    late = a_place(starts_at=NOON + timedelta(days=21))
    event = confirmed(a_place(), late)

    (message,) = messages_for(event)

    assert (message.owner_id, message.expires_at) == (event.owner_id, late.starts_at)


def test_a_move_is_told_until_the_later_of_the_old_and_the_new_visit() -> None:
    sooner, later = a_place(), a_place(starts_at=NOON + timedelta(days=3))

    (message,) = messages_for(moved(to=[sooner], away_from=[later]))

    assert message.expires_at == later.starts_at


def test_a_cancellation_is_told_until_the_visit_that_is_not_to_be() -> None:
    place = a_place()

    (message,) = messages_for(cancelled(place))

    assert message.expires_at == place.starts_at


# ---- where a person can be reached ---------------------------------------------------------------

WORDS = st.text(string.ascii_letters + string.digits + "+-_", min_size=1, max_size=20)
LABELS = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True)


@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(LABELS, min_size=2, max_size=4))
def test_a_plain_address_is_taken(local: list[str], domain: list[str]) -> None:
    assert wrong_with_address(f"{'.'.join(local)}@{'.'.join(domain)}") is None


@given(st.text(), st.text())
def test_whatever_passes_cannot_break_out_of_a_header_or_a_command(left: str, right: str) -> None:
    address = f"{left}@{right}"

    if wrong_with_address(address) is None:
        assert address.isascii()
        assert address.isprintable()
        assert not set(address) & set(' <>()[]",;:\\')
        assert len(address) <= 254


def test_a_bad_address_is_refused_with_what_to_do_about_it() -> None:
    for bad, hint in (
        ("", "name@domain"),
        ("alice", "name@domain"),
        ("@example.org", "name@domain"),
        ("alice@", "domain with a dot"),
        ("alice@localhost", "domain with a dot"),
        ("alice@example..org", "domain with a dot"),
        ("alice@-example.org", "domain with a dot"),
        ("a..b@example.org", "name@domain"),
        ("alice @example.org", "name@domain"),
        ("alice@example.org\r\nBcc: all@example.org", "name@domain"),
        ("алиса@example.org", "ASCII"),
        ("alice@пример.рф", "xn--"),
        (f"{'a' * 65}@example.org", "name@domain"),
        (f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}", "254"),
    ):
        assert hint in (wrong_with_address(bad) or "")
