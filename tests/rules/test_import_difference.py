"""What does an import do, and does doing it leave nothing to do?"""

from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from talon.imports.desk import BODY_BYTES_MAX, SLOTS_PER_REQUEST_MAX, batches
from talon.imports.difference import (
    CLOSED,
    Change,
    Difference,
    KnownClinic,
    KnownSlot,
    clinic_change,
    closing,
    difference,
)
from talon.imports.identity import Identity, key_of
from talon.imports.published import Clinic, Slot, slot_of
from tests.publications import NINE

FEED = Identity(source="https://clinics.example/feed")


def a_slot(key: str = "1", **more: object) -> Slot:
    """Half an hour for two."""
    about: dict[str, object] = {
        "key": key,
        "clinic_key": "clinic-1",
        "service": "vaccination",
        "starts_at": NINE,
        "ends_at": NINE + timedelta(minutes=30),
        "capacity": 2,
        "open": True,
        "day": NINE.date(),
        "file": "slots.ndjson",
        "line": 1,
    }
    return slot_of(**(about | more))


def opened(slot_id: UUID, slot: Slot) -> KnownSlot:
    """The slot as Talon shows it once it came in."""
    return KnownSlot(
        id=slot_id,
        service=slot.service,
        product=slot.product,
        dose=slot.dose,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        capacity=slot.capacity,
        status="free" if slot.open else CLOSED,
        version=1,
    )


def done(found: Difference, known: dict[UUID, KnownSlot]) -> dict[UUID, KnownSlot]:
    """What Talon has when all of it is done."""
    after = dict(known)
    for slot_id, slot in found.new:
        after[slot_id] = opened(slot_id, slot)
    for change in found.changed:
        after[change.id] = changed(after[change.id], change)
    return after


def changed(slot: KnownSlot, change: Change) -> KnownSlot:
    """As PATCH does it."""
    capacity = slot.capacity if change.capacity is None else change.capacity
    is_open = slot.open if change.open is None else change.open
    return msgspec.structs.replace(
        slot,
        capacity=capacity,
        status="free" if is_open else CLOSED,
        version=slot.version + 1,
    )


SLOTS = st.dictionaries(
    st.integers(0, 6).map(str),
    st.builds(
        a_slot,
        capacity=st.integers(1, 3),
        open=st.booleans(),
        dose=st.sampled_from([None, 1, 2]),
        starts_at=st.sampled_from([NINE, NINE + timedelta(minutes=10)]),
    ),
).map(
    lambda slots: {
        FEED.slot(key): msgspec.structs.replace(slot, key=key) for key, slot in slots.items()
    }
)


@given(before=SLOTS, ours=SLOTS)
def test_an_import_leaves_nothing_to_do_for_the_same_one_again(
    before: dict[UUID, Slot], ours: dict[UUID, Slot]
):
    known = {slot_id: opened(slot_id, slot) for slot_id, slot in before.items()}

    first = difference(ours, known.values())
    again = difference(ours, done(first, known).values())

    assert (again.new, again.changed) == ((), ())
    assert again.same + len(again.differing) == len(ours)
    assert again.left == first.left


@given(before=SLOTS, ours=SLOTS)
def test_every_slot_is_new_changed_or_the_same_and_what_is_left_is_in_neither(
    before: dict[UUID, Slot], ours: dict[UUID, Slot]
):
    known = [opened(slot_id, slot) for slot_id, slot in before.items()]

    found = difference(ours, known)

    told = {slot.key for slot, _ in found.differing}
    told |= {change.slot.key for change in found.changed if change.slot is not None}
    assert len(found.new) + len(told) + found.same == len(ours)
    assert {slot.id for slot in found.left} == before.keys() - ours.keys()


def test_only_what_is_otherwise_is_changed():
    slot_id = FEED.slot("1")
    known = opened(slot_id, a_slot(capacity=2, open=True))

    (more,) = difference({slot_id: a_slot(capacity=5)}, [known]).changed
    (shut,) = difference({slot_id: a_slot(open=False)}, [known]).changed

    assert (more.capacity, more.open) == (5, None)
    assert (shut.capacity, shut.open) == (None, False)


def test_a_full_slot_is_no_closed_one():
    slot_id = FEED.slot("1")
    full = msgspec.structs.replace(opened(slot_id, a_slot()), status="busy", version=3)

    assert difference({slot_id: a_slot()}, [full]).same == 1


def test_a_slot_at_another_time_differs_and_is_still_closed():
    slot_id = FEED.slot("1")
    later = a_slot(
        starts_at=NINE + timedelta(hours=1), ends_at=NINE + timedelta(hours=2), open=False
    )

    found = difference({slot_id: later}, [opened(slot_id, a_slot())])

    assert found.differing == ((later, ("starts_at", "ends_at")),)
    assert [change.open for change in found.changed] == [False]


def test_closing_a_slot_leaves_its_capacity():
    wish = closing(opened(uuid4(), a_slot()))

    assert (wish.open, wish.capacity) == (False, None)


A_CLINIC = KnownClinic(
    id=uuid4(),
    name="Polyclinic No. 1",
    time_zone="UTC",
    address="1 Long Street",
    district="Arbat",
    latitude=55.75,
    longitude=37.6,
)


def test_a_clinic_is_changed_in_what_its_source_says_otherwise():
    moved = Clinic(
        key="1", name="Polyclinic No. 1", time_zone="UTC", latitude=55.75, longitude=37.7
    )

    assert clinic_change(moved, A_CLINIC) == {"latitude": 55.75, "longitude": 37.7}


def test_what_a_source_does_not_say_of_a_clinic_stays():
    renamed = Clinic(key="1", name="Polyclinic No. 01", time_zone="UTC")

    assert clinic_change(renamed, A_CLINIC) == {"name": "Polyclinic No. 01"}


# ---- ids and keys --------------------------------------------------------------------------------


def test_a_slot_has_one_id_and_every_source_its_own():
    other = Identity(source="https://clinics.example/other")

    assert FEED.slot("1") == FEED.slot("1")
    assert len({FEED.slot("1"), FEED.slot("2"), FEED.clinic("1"), other.slot("1")}) == 4


@given(key=st.text(), days=st.integers(-5_000, 5_000))
def test_an_id_shows_from_which_source_it_came(key: str, days: int):
    moved = Identity(source="https://clinics.example/feed", days=days)
    other = Identity(source="https://clinics.example/other", days=days)

    assert moved.has_slot(moved.slot(key))
    assert moved.has_clinic(moved.clinic(key))
    assert not other.has_slot(moved.slot(key))
    assert not moved.has_slot(uuid4())


def test_a_moved_slot_is_another_one_in_the_same_clinic():
    moved = Identity(source=FEED.source, days=7)

    assert moved.clinic("1") == FEED.clinic("1")
    assert moved.slot("1") != FEED.slot("1")
    assert not moved.has_slot(FEED.slot("1"))


def test_an_id_is_one_that_is_made_as_its_maker_likes():
    known = FEED.slot("1")

    assert (known.version, known.variant) == (8, uuid4().variant)


def test_the_same_wish_has_the_same_key_and_another_version_another():
    assert key_of("PATCH", "/slots/1", {"capacity": 2}, 1) == key_of(
        "PATCH", "/slots/1", {"capacity": 2}, 1
    )
    assert key_of("PATCH", "/slots/1", {"capacity": 2}, 1) != key_of(
        "PATCH", "/slots/1", {"capacity": 2}, 2
    )


# ---- how much goes into a request ----------------------------------------------------------------


@given(count=st.integers(0, 1_200), length=st.sampled_from([1, 200]))
def test_no_request_is_too_large_and_no_slot_is_left_out(count: int, length: int):
    slots = [(FEED.slot(str(n)), a_slot(str(n), product="ж" * length)) for n in range(count)]

    lists = batches(slots)

    assert [offer for each in lists for offer in each] == slots
    assert all(len(each) <= SLOTS_PER_REQUEST_MAX for each in lists)
    assert all(len(each[0][1].product.encode()) * len(each) < BODY_BYTES_MAX for each in lists)
