"""Which places are a whole visit, and which lack what their service needs?"""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.rules.eligibility import SlotFacts, Wanted
from services.booking.rules.life import change_of, evolve
from services.booking.rules.visits import Service, can_follow, is_plain, lack_of, needs_before
from tests.booking_stories import ALICE, BORIS, MONDAY, a_place, booked, cancelled, held
from tests.stories import CLINIC, NOON, TOMORROW, an_id

DOCTOR, ELSEWHERE = an_id("a doctor"), an_id("another clinic")
MINUTE = timedelta(minutes=1)
SURGERY = Service(name="surgery", kind="clinic-visit", needs=("practitioner", "room"))
SERVICES = {
    service.name: service
    for service in (
        SURGERY,
        Service(name="vaccination", kind="vaccination", needs=()),
        Service(name="talk", kind="clinic-visit", needs=("interpreter",)),
        Service(name="video", kind="telemedicine", needs=("practitioner",)),
        Service(name="again", kind="follow-up", needs=()),
    )
}


def a_slot(service: str = "surgery", *, begins: int = 0, ends: int = 30, **about: Any) -> SlotFacts:
    """A slot at the clinic, from minute to minute of the day."""
    about = {"id": an_id(f"{service} {begins} {ends} {about}"), "clinic_id": CLINIC} | about
    return SlotFacts(
        service=service, starts_at=NOON + begins * MINUTE, ends_at=NOON + ends * MINUTE, **about
    )


OF_A_DOCTOR = a_slot(practitioner_id=DOCTOR)
ROOM = a_slot("room 3", resource="room", begins=-30, ends=60)
INTERPRETER = a_slot("interpreters", resource="interpreter")


def wanted(*slots: SlotFacts, patient_id: UUID = ALICE, **more: Any) -> list[Wanted]:
    """Places in these slots for one person."""
    return [Wanted(slot_id=slot.id, patient_id=patient_id, dose=None, **more) for slot in slots]


def missing(*slots: SlotFacts) -> tuple[str, ...]:
    """What these places of one person lack, taken together."""
    lack = lack_of(wanted(*slots), {slot.id: slot for slot in slots}, SERVICES)
    return () if lack is None else lack.missing


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([OF_A_DOCTOR, ROOM], ()),
        ([ROOM, OF_A_DOCTOR], ()),
        ([OF_A_DOCTOR, ROOM, INTERPRETER], ()),
        ([OF_A_DOCTOR], ("room",)),
        ([a_slot()], ("practitioner", "room")),
        ([a_slot(), ROOM], ("practitioner",)),
        ([a_slot(), a_slot("anaesthesia", practitioner_id=DOCTOR), ROOM], ()),
        ([OF_A_DOCTOR, a_slot("room", resource="room", begins=1)], ("room",)),
        ([OF_A_DOCTOR, a_slot("room", resource="room", ends=29)], ("room",)),
        ([OF_A_DOCTOR, a_slot("room", resource="room", clinic_id=ELSEWHERE)], ("room",)),
        ([ROOM], ("service",)),
        ([INTERPRETER, a_slot("vaccination", begins=30, ends=60)], ("service",)),
        ([a_slot("vaccination"), a_slot("vaccination", begins=30, ends=60)], ()),
        ([a_slot("talk")], ("interpreter",)),
        ([a_slot("video", practitioner_id=DOCTOR)], ("virtual",)),
        ([a_slot("video", practitioner_id=DOCTOR, modality="virtual")], ()),
        ([a_slot("nobody declared this")], ()),
    ],
)
def test_what_a_service_needs_is_there_for_the_whole_of_the_visit(
    slots: list[SlotFacts], expected: tuple[str, ...]
) -> None:
    assert missing(*slots) == expected


def test_who_is_afar_may_have_an_interpreter_of_any_clinic_who_is_afar() -> None:
    visit = a_slot("talk", modality="virtual")
    there = {"resource": "interpreter", "modality": "virtual", "clinic_id": ELSEWHERE}

    assert missing(visit, a_slot("interpreters", **there)) == ()
    assert missing(visit, a_slot("interpreters", **there | {"modality": "physical"})) == (
        "interpreter",
    )


def test_one_person_s_room_is_not_another_s() -> None:
    places = wanted(OF_A_DOCTOR) + wanted(ROOM, patient_id=BORIS)
    slots = {slot.id: slot for slot in (OF_A_DOCTOR, ROOM)}

    assert lack_of(places, slots, SERVICES) == (OF_A_DOCTOR.id, "surgery", ("room",))


@pytest.mark.parametrize(
    ("slot", "expected"),
    [
        (a_slot("vaccination"), True),
        (a_slot("nobody declared this", practitioner_id=DOCTOR), True),
        (OF_A_DOCTOR, False),
        (ROOM, False),
        (a_slot("vaccination", asks_for="attachment"), False),
        (a_slot("again"), False),
        (a_slot("video", modality="virtual"), False),
    ],
)
def test_most_places_are_visits_by_themselves(slot: SlotFacts, expected: bool) -> None:
    assert is_plain(wanted(slot), {slot.id: slot}, SERVICES) is expected


def test_what_names_an_earlier_visit_is_looked_at() -> None:
    slot = a_slot("vaccination")

    assert not is_plain(wanted(slot, follows=MONDAY), {slot.id: slot}, SERVICES)


# ---- by a model ----------------------------------------------------------------------------------


class Given(NamedTuple):
    """A place, in the model's words: whose, where, which minutes of the day, of what."""

    whose: int
    clinic: int
    minutes: range
    what: str
    """`practitioner`, `room`, `interpreter`, or `` for a service without anybody."""


places = st.lists(
    st.builds(
        lambda whose, clinic, begins, length, what: Given(
            whose, clinic, range(begins, begins + length), what
        ),
        st.integers(0, 1),
        st.integers(0, 1),
        st.integers(0, 3),
        st.integers(1, 4),
        st.sampled_from(["", "practitioner", "room", "interpreter"]),
    ),
    min_size=1,
    max_size=6,
)


def is_whole(given: list[Given], needs: set[str]) -> bool:
    """Minute by minute: with whom and where is each person at each clinic?"""
    for n, one in enumerate(given):
        rest = [other for m, other in enumerate(given) if m != n]
        mine = [other for other in rest if (other.whose, other.clinic) == (one.whose, one.clinic)]
        if one.what in ("room", "interpreter"):
            visits = [other for other in mine if other.what in ("", "practitioner")]
            if not any(set(visit.minutes) <= set(one.minutes) for visit in visits):
                return False
        else:
            whole = {one.what} | {o.what for o in mine if set(one.minutes) <= set(o.minutes)}
            if not needs <= whole:
                return False
    return True


@given(
    given=places,
    needs=st.sets(st.sampled_from(["practitioner", "room", "interpreter"])),
)
@settings(max_examples=400, deadline=None)
def test_places_are_whole_where_somebody_who_looks_at_each_minute_finds_them_so(
    given: list[Given], needs: set[Any]
) -> None:
    service = Service(name="s", kind="clinic-visit", needs=tuple(sorted(needs)))
    slots, asked = {}, []
    for n, one in enumerate(given):
        slot = a_slot(
            "s" if one.what in ("", "practitioner") else one.what,
            begins=one.minutes.start,
            ends=one.minutes.stop,
            id=an_id(f"slot {n}"),
            clinic_id=an_id(f"clinic {one.clinic}"),
            practitioner_id=DOCTOR if one.what == "practitioner" else None,
            resource=one.what if one.what in ("room", "interpreter") else "service",
        )
        slots[slot.id] = slot
        asked += wanted(slot, patient_id=an_id(f"person {one.whose}"))

    lack = lack_of(asked, slots, {"s": service})

    assert (lack is None) == is_whole(given, needs)


# ---- follow-ups ----------------------------------------------------------------------------------


def a_booking(*events: Any) -> Any:
    """What became of a booking."""
    booking = None
    for event in events:
        booking = evolve(booking, change_of(event))
    return booking


def test_a_follow_up_needs_an_earlier_visit_and_its_room_does_not() -> None:
    assert needs_before(a_slot("again"), SERVICES)
    assert not needs_before(a_slot("again", resource="room"), SERVICES)
    assert not needs_before(a_slot("vaccination"), SERVICES)
    assert not needs_before(a_slot("nobody declared this"), SERVICES)


@pytest.mark.parametrize(
    ("events", "ids", "hours_after", "expected"),
    [
        ([booked(MONDAY, MONDAY)], [ALICE], 1, True),
        ([booked(MONDAY, MONDAY)], [BORIS, ALICE], 1, True),
        ([booked(MONDAY, MONDAY)], [BORIS], 1, False),
        ([booked(MONDAY, MONDAY)], [ALICE], 0, False),
        ([booked(MONDAY, MONDAY)], [ALICE], -1, False),
        ([booked(MONDAY, MONDAY), cancelled(MONDAY, 2)], [ALICE], 1, False),
        ([held(MONDAY, MONDAY)], [ALICE], 1, False),
        ([], [ALICE], 1, False),
    ],
)
def test_a_visit_follows_one_of_the_same_person_that_stands_and_begins_earlier(
    events: list[Any], ids: list[UUID], hours_after: int, expected: bool
) -> None:
    slot = a_slot("again", begins=0)
    begins = a_place(MONDAY).starts_at + timedelta(hours=hours_after)
    later = SlotFacts(
        id=slot.id, clinic_id=CLINIC, service="again", starts_at=begins, ends_at=begins + MINUTE
    )

    assert begins - timedelta(hours=hours_after) == TOMORROW
    assert can_follow(a_booking(*events), later, ids) is expected
