"""Who is kept from having text messages sent for money, and is anybody else?"""

from dataclasses import dataclass, field

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notify.rules.pumping import Counted, Limits, over

LIMITS = Limits(
    number_hour=3,
    number_day=5,
    due_day=2,
    prefix_hour=40,
    country_hour=60,
    share_min=0.2,
    share_after=10,
    probes_hour=4,
)
DARK = Counted(taken=100, delivered=1, others_taken=100, others_delivered=90)


def test_a_number_is_written_to_so_often_in_an_hour_and_so_often_in_a_day():
    assert over(Counted(number_hour=2, number_day=4), LIMITS, due=False) is None
    assert over(Counted(number_hour=3, number_day=3), LIMITS, due=False) == "number"
    assert over(Counted(number_hour=0, number_day=5), LIMITS, due=False) == "number"


def test_a_prefix_that_does_not_arrive_while_others_do_gets_a_few_and_then_none():
    few = msgspec.structs.replace(DARK, prefix_hour=3)
    more = msgspec.structs.replace(DARK, prefix_hour=4)

    assert over(few, LIMITS, due=False) is None
    assert over(more, LIMITS, due=False) == "conversion"


def test_when_nothing_arrives_anywhere_it_is_the_provider_and_nobody_is_kept_from_it():
    silent = msgspec.structs.replace(DARK, others_delivered=0, prefix_hour=30)
    alone = msgspec.structs.replace(DARK, others_taken=0, others_delivered=0, prefix_hour=30)

    assert over(silent, LIMITS, due=False) is None
    assert over(alone, LIMITS, due=False) is None


def test_what_is_due_is_held_to_its_own_allowance_alone():
    worst = msgspec.structs.replace(
        DARK, number_hour=99, number_day=99, prefix_hour=99, country_hour=99
    )

    assert over(worst, LIMITS, due=True) is None
    assert over(msgspec.structs.replace(worst, due_day=2), LIMITS, due=True) == "due"


# ---- against a model ----------------------------------------------------------------------------


@dataclass
class Told:
    """One message in the model's diary."""

    hour: int
    number: int
    due: bool
    arrives: bool


@dataclass
class Diary:
    """All that was handed over, looked through from its beginning each time."""

    told: list[Told] = field(default_factory=list)

    def count(self, hour: int, number: int) -> Counted:
        plain = [t for t in self.told if not t.due]
        before = [t for t in plain if hour - 24 <= t.hour < hour]
        ours = [t for t in before if t.number // 10 == number // 10]
        others = [t for t in before if t.number // 10 != number // 10]
        own = [t for t in self.told if t.number == number and hour - 24 < t.hour]
        return Counted(
            number_hour=sum(t.hour == hour for t in own if not t.due),
            number_day=sum(not t.due for t in own),
            due_day=sum(t.due for t in own),
            prefix_hour=sum(t.hour == hour and t.number // 10 == number // 10 for t in plain),
            country_hour=sum(t.hour == hour for t in plain),
            taken=len(ours),
            delivered=sum(t.arrives for t in ours),
            others_taken=len(others),
            others_delivered=sum(t.arrives for t in others),
        )


WISHES = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(0, 29), st.booleans(), st.booleans(), st.integers(1, 6)
    ),
    max_size=60,
)


def play(wishes: list[tuple[int, int, bool, bool, int]]) -> tuple[Diary, list[bool]]:
    diary, hour, went = Diary(), 0, []
    for later, number, due, arrives, times in wishes:
        hour += later
        for _ in range(times):
            goes = over(diary.count(hour, number), LIMITS, due=due) is None
            went.append(goes)
            if goes:
                diary.told.append(Told(hour, number, due, arrives))
    return diary, went


@settings(max_examples=40)
@given(WISHES)
def test_no_hour_and_no_day_ever_has_more_than_its_limits(
    wishes: list[tuple[int, int, bool, bool, int]],
):
    diary, _ = play(wishes)

    for hour in {t.hour for t in diary.told}:
        in_hour = [t for t in diary.told if t.hour == hour and not t.due]
        assert len(in_hour) <= LIMITS.country_hour
        for number in {t.number for t in diary.told}:
            day = [t for t in diary.told if t.number == number and hour - 24 < t.hour <= hour]
            assert sum(not t.due for t in day) <= LIMITS.number_day
            assert sum(t.due for t in day) <= LIMITS.due_day
            assert sum(t.hour == hour and not t.due for t in day) <= LIMITS.number_hour


@settings(max_examples=40)
@given(WISHES)
def test_whoever_was_kept_from_it_is_let_through_when_two_days_have_passed(
    wishes: list[tuple[int, int, bool, bool, int]],
):
    diary, _ = play(wishes)
    last = max((t.hour for t in diary.told), default=0)

    for number in range(30):
        for due in (False, True):
            assert over(diary.count(last + 48, number), LIMITS, due=due) is None


@settings(max_examples=40)
@given(WISHES, st.integers(0, 29))
def test_what_is_due_to_somebody_is_never_used_up_by_what_others_do(
    wishes: list[tuple[int, int, bool, bool, int]], number: int
):
    theirs = [wish for wish in wishes if wish[1] != number or not wish[2]]
    diary, _ = play(theirs)
    now = max((t.hour for t in diary.told), default=0)

    assert over(diary.count(now, number), LIMITS, due=True) is None


@settings(max_examples=40)
@given(WISHES)
def test_what_is_refused_changes_nothing_for_what_comes_after(
    wishes: list[tuple[int, int, bool, bool, int]],
):
    diary, went = play(wishes)
    again, hour, at = Diary(), 0, 0
    for later, number, due, arrives, times in wishes:
        hour += later
        for _ in range(times):
            if went[at]:
                assert over(again.count(hour, number), LIMITS, due=due) is None
                again.told.append(Told(hour, number, due, arrives))
            at += 1

    assert again.told == diary.told
