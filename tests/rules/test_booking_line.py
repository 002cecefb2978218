"""Who stands where in the line, and how fast does it move?"""

import hashlib
import hmac
import math
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.admission.lines import Paces
from services.booking.admission.promises import KEPT_MAX, Promise, Promises
from services.booking.rules import line
from services.booking.rules.line import (
    BACK_OFF,
    GROWTH,
    Bounds,
    Came,
    Pressure,
    Room,
    Wait,
    came_true,
    draw,
    hash_of,
    is_turn,
    lot_of,
    next_speed,
    pace_of,
    serving_after,
    state_of,
    wait_of,
)
from services.booking.rules.tickets import LENGTH, Slip, slip_of, text_of
from shared.links.rules import Keys
from tests.booking_stories import ALICE, BORIS
from tests.stories import NOON, an_id

SEED = bytes(range(32))
CAMPAIGN = an_id("campaign")
BOUNDS = Bounds(answer_seconds_max=0.5, seats_share_max=0.5)
AT_EASE = Pressure(answer_seconds=0.02, seats_share=0.01, turned_away=0)
KEYS = Keys(signs=2, secrets={1: bytes(32), 2: bytes(range(32, 64))})


def a_room(**about: Any) -> Room:
    """A room that opened an hour before noon, and whose campaign opens at noon."""
    return Room(
        **{
            "campaign_id": CAMPAIGN,
            "service": "vaccination",
            "opens_at": NOON - timedelta(hours=1),
            "draws_at": NOON,
            "seed": SEED,
            "seed_hash": hash_of(SEED),
            "speed_min": 1.0,
            "speed_max": 100.0,
            "speed": 50.0,
            "arrivals": 1_000,
            "early": 600,
            "drawn_at": NOON,
            "serving": 0.0,
            "moved_at": NOON,
        }
        | about
    )


def people(many: int) -> list[UUID]:
    """Numbered people in the order in which they came."""
    return [uuid5(CAMPAIGN, str(n)) for n in range(many)]


@given(st.sets(st.uuids(), max_size=50), st.binary(min_size=32, max_size=32))
def test_everybody_is_drawn_once_in_the_order_of_their_lots(persons: set[UUID], seed: bytes):
    order = draw(seed, persons)

    lots = [hmac.new(seed, person.bytes, hashlib.sha256).digest() for person in order]
    assert set(order) == persons
    assert len(order) == len(persons)
    assert all(one < other for one, other in pairwise(lots))


def test_who_came_first_gains_nothing_by_it():
    came = people(20_000)

    places = {person: place for place, person in enumerate(draw(SEED, came))}

    middle = (len(came) - 1) / 2
    together = sum((n - middle) * (places[p] - middle) for n, p in enumerate(came))
    alone = sum((n - middle) ** 2 for n in range(len(came)))
    assert abs(together / alone) <= 0.03


def test_the_order_of_coming_changes_nothing_in_the_draw():
    came = people(100)

    assert draw(SEED, came) == draw(SEED, reversed(came))


def test_another_seed_is_another_draw_and_has_another_hash():
    other = bytes(32)

    assert draw(SEED, people(50)) != draw(other, people(50))
    assert hash_of(SEED) != hash_of(other)
    assert lot_of(SEED, ALICE) != lot_of(SEED, BORIS)


@pytest.mark.parametrize(
    ("minutes", "about", "state"),
    [
        (-61, {}, "opens_later"),
        (-60, {}, "gathering"),
        (0, {"drawn_at": None}, "drawing"),
        (0, {}, "serving"),
        (0, {"closed_at": NOON}, "closed"),
    ],
)
def test_a_room_opens_gathers_is_drawn_and_serves(minutes: int, about: Any, state: str):
    assert state_of(a_room(**about), NOON + timedelta(minutes=minutes)) == state


def test_it_is_the_turn_of_those_whom_the_line_has_reached():
    room = a_room(serving=7.9)

    assert is_turn(room, 7)
    assert not is_turn(room, 8)


def test_nobody_is_told_of_and_the_line_moves_at_its_least_speed():
    assert next_speed(a_room(speed=80.0), None, BOUNDS, 0.5) == 1.0


@pytest.mark.parametrize(
    "strained",
    [
        {"answer_seconds": 0.6},
        {"seats_share": 0.6},
        {"turned_away": 1},
    ],
)
def test_fewer_come_in_while_those_inside_wait_too_long(strained: dict[str, Any]):
    pressure = msgspec.structs.replace(AT_EASE, **strained)

    assert next_speed(a_room(speed=80.0), pressure, BOUNDS, 1.0) == pytest.approx(80 * BACK_OFF)


def test_more_come_in_while_all_is_well_and_never_more_than_a_person_allowed():
    room = a_room(speed=80.0)

    assert next_speed(room, AT_EASE, BOUNDS, 1.0) == pytest.approx(80 + 100 * GROWTH)
    assert next_speed(room, AT_EASE, BOUNDS, 60.0) == 100.0


@given(
    st.floats(0, 1_000),
    st.floats(1, 100),
    st.floats(0, 10),
)
def test_a_line_never_moves_back_nor_beyond_its_end(serving: float, speed: float, seconds: float):
    room = a_room(serving=serving)

    after = serving_after(room, speed, seconds)

    assert room.serving <= after <= room.arrivals
    assert after - room.serving <= speed * seconds + 1e-6


@pytest.mark.parametrize("borne", [20.0, 45.0, 90.0])
def test_the_line_finds_the_speed_that_those_inside_can_bear(borne: float):
    """Who is inside is answered at a steady rate; whoever is more than that waits in a queue."""
    room, queue, went_in = a_room(speed=1.0, arrivals=10**9), 0.0, []
    for _ in range(2_400):
        wait = queue / borne
        pressure = msgspec.structs.replace(AT_EASE, answer_seconds=wait)
        speed = next_speed(room, pressure, BOUNDS, 0.5)
        queue = max(0.0, queue + (speed - borne) * 0.5)
        went_in.append(speed)
        room = msgspec.structs.replace(room, speed=speed)

    settled = went_in[len(went_in) // 2 :]
    assert sum(settled) / len(settled) == pytest.approx(borne, rel=0.1)
    assert queue / borne < 3.0


def test_a_wait_is_an_interval_and_open_ended_while_nobody_knows():
    room = a_room(speed=10.0)

    guess, seen = wait_of(1_000, pace_of(room, [])), wait_of(1_000, pace_of(room, [8.0, 20.0]))

    assert guess.low_seconds == 10
    assert guess.high_seconds is None
    assert seen.high_seconds is not None
    assert seen.low_seconds <= 1_000 / 20
    assert seen.high_seconds >= 1_000 / 8
    assert wait_of(0, pace_of(room, [])).high_seconds == 0


@pytest.mark.parametrize(
    ("seconds", "came"), [(5, "sooner"), (9.5, "inside"), (20.5, "inside"), (22, "later")]
)
def test_a_wait_came_true_or_was_shorter_or_longer(seconds: float, came: str):
    assert came_true(Wait(low_seconds=10, high_seconds=20), seconds) == came


def test_what_has_no_end_is_never_too_long():
    assert came_true(Wait(low_seconds=10, high_seconds=None), 1e6) == "inside"


def a_morning(chance: random.Random, *, minutes: int, changes: float) -> Counter[Came]:
    """What came of the waits that were told while those inside could bear more, and less.

    Once a minute it changes how many a second they can bear, by a factor whose logarithm is normal.
    """
    found: Counter[Came] = Counter()
    promises = Promises(lambda told, came: found.update([came]), chance)
    room, paces, usual = a_room(speed=1.0, arrivals=30_000, early=0), Paces(), chance.uniform(8, 80)
    borne, queue = usual, 0.0
    for step in range(minutes * 120):
        if step % 120 == 0:
            borne = usual * math.exp(chance.gauss(0, changes))
        queue = max(0.0, queue + (room.speed - borne) * 0.5)
        pressure = msgspec.structs.replace(AT_EASE, answer_seconds=queue / borne)
        speed = next_speed(room, pressure, BOUNDS, 0.5)
        serving = serving_after(room, speed, 0.5)
        room = msgspec.structs.replace(room, speed=speed, serving=serving)
        paces.see(step / 2, room)
        promises.see(room, pace_of(room, list(paces.lately)), step / 2)
    return found


@pytest.mark.parametrize("changes", [0.1, 0.3, 0.5])
def test_nine_of_ten_waits_come_true_while_the_speed_changes(changes: float):
    chance = random.Random(7)
    mornings = [a_morning(chance, minutes=20, changes=changes) for _ in range(6)]
    came = sum(mornings, Counter[Came]())

    assert came.total() > 500
    assert came["inside"] / came.total() >= 0.9


def test_without_the_doubt_fewer_would(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(line, "DOUBT", 1.0)
    chance = random.Random(7)
    came = sum((a_morning(chance, minutes=20, changes=0.3) for _ in range(6)), Counter[Came]())

    assert came["inside"] / came.total() < 0.9


def test_what_is_kept_of_promises_has_a_limit_and_a_closed_line_promises_nothing():
    found: list[Came] = []
    promises = Promises(lambda told, came: found.append(came), random.Random(7))
    room, wait = a_room(), Wait(low_seconds=1, high_seconds=9)
    for place in range(1, 3 * KEPT_MAX):
        promises.tell(CAMPAIGN, Promise(place, "ticket", 0.0, wait))

    pace = pace_of(room, [])
    promises.see(a_room(serving=10.0 * KEPT_MAX, arrivals=10 * KEPT_MAX), pace, 5.0)
    assert found == ["inside"] * KEPT_MAX
    promises.tell(CAMPAIGN, Promise(1, "ticket", 0.0, wait))
    promises.see(a_room(closed_at=NOON), pace, 5.0)
    promises.see(a_room(serving=5.0), pace, 5.0)

    assert len(found) == KEPT_MAX


def a_slip(**about: Any) -> Slip:
    """Alice has place 7 until one."""
    return Slip(
        **{
            "kind": "ticket",
            "person_id": ALICE,
            "campaign_id": CAMPAIGN,
            "place": 7,
            "until": NOON + timedelta(hours=1),
        }
        | about
    )


def test_a_slip_says_what_it_was_signed_for_by_any_of_the_keys():
    text = text_of(a_slip(), KEYS)
    older = text_of(a_slip(), Keys(signs=1, secrets=KEYS.secrets))

    assert len(text) == LENGTH
    assert slip_of(text, "ticket", KEYS, NOON) == slip_of(older, "ticket", KEYS, NOON) == a_slip()


@pytest.mark.parametrize("n", range(LENGTH))
def test_no_letter_of_a_slip_can_be_changed(n: int):
    text = text_of(a_slip(), KEYS)
    other = "A" if text[n] != "A" else "Q"

    changed = slip_of(text[:n] + other + text[n + 1 :], "ticket", KEYS, NOON)

    # The last letter has bits that stand for nothing: what it says is the same.
    assert changed in (None, a_slip()) if n == LENGTH - 1 else changed is None


@pytest.mark.parametrize("text", ["", "x" * LENGTH, "é" * LENGTH, "A" * 10_000])
def test_what_nobody_signed_says_nothing(text: str):
    assert slip_of(text, "ticket", KEYS, NOON) is None


def test_a_ticket_is_no_pass_and_neither_outlives_its_time():
    text = text_of(a_slip(), KEYS)

    assert slip_of(text, "pass", KEYS, NOON) is None
    assert slip_of(text, "ticket", KEYS, NOON + timedelta(hours=1)) is None
