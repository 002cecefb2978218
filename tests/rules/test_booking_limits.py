"""How many visits of a service may one person have, and how near may they be?"""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.booking.rules.limits import Beyond, Seat, has_limits, number_for
from services.booking.rules.visits import Service
from tests.stories import NOON, an_id

MINE = an_id("mine")


def a_service(most: int | None = None, days: int | None = None) -> Service:
    return Service(
        name="surgery", kind="clinic-visit", needs=(), bookings_max=most, days_between=days
    )


def a_seat(number: int | None, *days: int) -> Seat:
    starts = tuple(NOON + timedelta(days=n) for n in days)
    return Seat(number, an_id(f"seat {number} {days}"), starts)


def judged(service: Service, *seats: Seat, day: int = 5) -> int | Beyond:
    starts = [NOON + timedelta(days=day)]
    return number_for(service, seats, booking_id=MINE, starts=starts, at=NOON)


def test_the_one_that_is_ahead_is_the_only_one_until_it_is_over() -> None:
    service = a_service(most=1)

    assert judged(service) == 1
    assert judged(service, a_seat(1, 3)) == Beyond(
        limit="bookings_max", until=NOON + timedelta(days=3)
    )
    assert judged(service, a_seat(1, -3)) == 2


def test_one_s_own_booking_is_not_in_its_own_way() -> None:
    mine = Seat(1, MINE, (NOON + timedelta(days=4),))

    assert judged(a_service(most=1, days=30), mine) == 1


def test_too_near_is_too_near_on_either_side_and_three_weeks_are_three_weeks() -> None:
    service = a_service(days=21)
    almost = Seat(1, an_id("x"), (NOON + timedelta(days=26) - timedelta(hours=6),))

    assert judged(service, a_seat(1, -10)) == Beyond(
        limit="days_between", until=NOON + timedelta(days=11)
    )
    assert isinstance(judged(service, a_seat(1, 20)), Beyond)
    assert judged(service, almost) == 2


def test_a_service_without_limits_has_none() -> None:
    assert not has_limits(None)
    assert not has_limits(a_service())
    assert has_limits(a_service(most=1))
    assert has_limits(a_service(days=1))


wishes = st.lists(st.tuples(st.integers(-20, 40), st.booleans()), max_size=12)
limits: Any = st.tuples(st.none() | st.integers(1, 3), st.none() | st.integers(1, 15))


@given(wishes, limits)
def test_whatever_is_asked_and_cancelled_the_limits_are_kept(
    asked: list[tuple[int, bool]], limit: tuple[int | None, int | None]
) -> None:
    """The model: a plain list of days of which each pair and the number ahead is looked at."""
    most, apart = limit
    service = a_service(most, apart)
    seats: list[Seat] = []
    for nth, (day, is_cancelled) in enumerate(asked):
        said = number_for(
            service,
            seats,
            booking_id=an_id(f"booking {nth}"),
            starts=[NOON + timedelta(days=day)],
            at=NOON,
        )
        days = [(seat.starts[0] - NOON).days for seat in seats]
        is_full = most is not None and sum(one > 0 for one in days) >= most
        is_near = apart is not None and any(abs(day - one) < apart for one in days)
        assert isinstance(said, Beyond) == (is_full or is_near)
        if not isinstance(said, Beyond):
            assert said not in {seat.number for seat in seats}
            seats.append(Seat(said, an_id(f"booking {nth}"), (NOON + timedelta(days=day),)))
        if is_cancelled and seats:
            seats.pop(0)
