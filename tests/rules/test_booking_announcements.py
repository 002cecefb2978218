"""When may how many be told of an announcement? Beside a clock that ticks, and counts by hand."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.announcements import (
    BITE_SECONDS,
    Announcement,
    AtClinic,
    Audience,
    InCampaign,
    Pace,
    Residents,
    status_of,
    to_release,
    wrong_with,
)
from shared.messages import AnnouncementText, AnnouncementWords

NOON = datetime(2030, 3, 1, 12, tzinfo=UTC)
SOMEBODY = UUID(int=1)
TEXT = AnnouncementText(subject="Closed", text="We are closed.", short="Closed.")
PACE = Pace(people_first=10, rest_seconds=60, people_per_second=5)


def an_announcement(**more: object) -> Announcement:
    about = {
        "id": SOMEBODY,
        "body_hash": b"",
        "audience": InCampaign(campaign_id=SOMEBODY),
        "words": AnnouncementWords(en=TEXT, ru=TEXT),
        "expires_at": NOON + timedelta(days=1),
        "made_by": SOMEBODY,
        "made_at": NOON,
    }
    return msgspec.convert(about | more, Announcement)


@given(
    people=st.integers(1, 400),
    first=st.integers(1, 50),
    rest=st.integers(0, 30),
    rate=st.integers(1, 40),
    ticks=st.lists(st.integers(1, 6), min_size=1, max_size=120),
)
def test_a_few_are_told_then_nobody_then_no_more_a_second_than_it_is_set(
    people: int, first: int, rest: int, rate: int, ticks: list[int]
) -> None:
    pace = Pace(people_first=first, rest_seconds=rest, people_per_second=rate)
    one, seconds, told = an_announcement(people=people, begun_at=NOON), 0, []
    for tick in [0, *ticks]:
        seconds += tick
        now = NOON + timedelta(seconds=seconds)
        more = to_release(one, now, pace)
        if more:
            told.append((seconds, more))
            one = msgspec.structs.replace(one, released=one.released + more, released_at=now)

    assert told[0] == (0, min(first, people))
    assert all(second > rest for second, _ in told[1:])
    assert all(more <= BITE_SECONDS * rate for _, more in told[1:])
    assert sum(more for _, more in told) <= people
    for begins in {second for second, _ in told[1:]}:
        span = [more for second, more in told[1:] if begins <= second < begins + 10]
        assert sum(span) <= rate * (10 + BITE_SECONDS)
    if seconds > rest + 3 * len(ticks) + 6 * people / rate:
        assert sum(more for _, more in told) == people


def test_whoever_stops_it_while_it_rests_has_told_no_more_than_the_first() -> None:
    resting = an_announcement(people=100, begun_at=NOON, released=10, released_at=NOON)
    stopped = msgspec.structs.replace(resting, stopped_at=NOON, stopped_by=SOMEBODY)
    later = NOON + timedelta(hours=1)

    assert status_of(resting, NOON + timedelta(seconds=59), PACE) == "resting"
    assert to_release(resting, NOON + timedelta(seconds=59), PACE) == 0
    assert to_release(resting, later, PACE) == BITE_SECONDS * PACE.people_per_second
    assert (status_of(stopped, later, PACE), to_release(stopped, later, PACE)) == ("stopped", 0)


def test_what_is_no_news_any_more_is_told_to_nobody() -> None:
    late = an_announcement(people=100, begun_at=NOON, released=10, released_at=NOON)
    now = late.expires_at

    assert (status_of(late, now, PACE), to_release(late, now, PACE)) == ("expired", 0)


def test_what_has_not_begun_is_told_to_nobody() -> None:
    assert to_release(an_announcement(), NOON, PACE) == 0


@pytest.mark.parametrize(
    ("audience", "days", "is_wrong"),
    [
        (InCampaign(campaign_id=SOMEBODY), 14, False),
        (InCampaign(campaign_id=SOMEBODY), 15, True),
        (InCampaign(campaign_id=SOMEBODY), 0, True),
        (AtClinic(clinic_id=SOMEBODY, since=NOON, until=NOON + timedelta(days=92)), 1, False),
        (AtClinic(clinic_id=SOMEBODY, since=NOON, until=NOON + timedelta(days=93)), 1, True),
        (AtClinic(clinic_id=SOMEBODY, since=NOON, until=NOON), 1, True),
        (Residents(districts=("a",), born_from=NOON.date(), born_to=NOON.date()), 1, False),
        (
            Residents(
                districts=("a",), born_from=NOON.date(), born_to=NOON.date() - timedelta(days=1)
            ),
            1,
            True,
        ),
    ],
)
def test_an_announcement_has_an_end_and_its_audience_a_size(
    audience: Audience, days: int, is_wrong: bool
) -> None:
    wrong = wrong_with(audience, NOON + timedelta(days=days), NOON)

    assert (wrong is not None) == is_wrong
