"""Is what a preview shows what a version does, and does nobody lose a place by it?"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from aiohttp import ClientResponse

from services.slots.api.desk import Desk
from services.slots.store import reads
from services.slots.store.schedules import OfClinic
from shared.messages import ChangeSlot
from tests import stories
from tests.booking_doors import problem
from tests.slots_doors import ONE_DAY, TODAY, Door, a_door, a_week

FROM = TODAY + 4 * ONE_DAY
"""The week's fourth day; half of the week is before it."""


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        yield door


class Clinic:
    """A clinic with two hours a day for a week: 8 slots for 2 people on each of 7 days."""

    def __init__(self, door: Door, clinic_id: UUID, made: dict[str, Any]) -> None:
        self.door = door
        self.id = clinic_id
        self.made = made

    async def preview(self, **about: Any) -> dict[str, Any]:
        """What another version from the fourth day on would do."""
        wish = {"schedule": later(**about), "replaces": self.made["id"]}
        answer = await self.door.ask("POST", f"/clinics/{self.id}/schedules/preview", wish)
        assert answer.status == 200, await answer.text()
        shown: dict[str, Any] = await answer.json()
        return shown

    async def replace(self, digest: str, key: str | None = None, **about: Any) -> ClientResponse:
        """Take it as it was seen."""
        path = f"/clinics/{self.id}/schedules/{self.made['id']}/versions"
        body = {"schedule": later(**about), "digest": digest}
        return await self.door.ask("POST", path, body, key=key)

    async def replaced(self, **about: Any) -> dict[str, Any]:
        """Look, and take it."""
        answer = await self.replace((await self.preview(**about))["digest"], **about)
        assert answer.status == 201, await answer.text()
        told: dict[str, Any] = await answer.json()
        return told

    async def slots(self) -> dict[UUID, tuple[bool, int]]:
        """Which there are from the fourth day on, in order: open, and for how many."""
        rows = await self.door.log.referee.connection.fetch(
            "SELECT * FROM slot WHERE (starts_at AT TIME ZONE 'Europe/Moscow')::date >= $1"
            " ORDER BY starts_at, id",
            FROM,
        )
        return {row["id"]: (row["open"], row["capacity"]) for row in rows}

    async def open_now(self) -> list[UUID]:
        """Those that are open."""
        return [slot_id for slot_id, (is_open, _) in (await self.slots()).items() if is_open]


def later(**about: Any) -> dict[str, Any]:
    """The same week from its fourth day on, unless it is said otherwise."""
    return a_week(**{"valid_from": FROM.isoformat()} | about)


@pytest.fixture
async def clinic(door: Door) -> Clinic:
    clinic_id = await door.a_clinic()
    made = await (await door.hours(clinic_id)).json()
    return Clinic(door, clinic_id, made)


def counts(shown: dict[str, Any]) -> tuple[int, ...]:
    """How many would come, come back, be resized, go, be kept, and stay."""
    verbs = ("opens", "reopens", "resizes", "closes", "keeps")
    return (*(shown[verb]["slots"] for verb in verbs), shown["stays"])


async def test_a_preview_changes_nothing(clinic: Clinic) -> None:
    before = await clinic.slots()

    seen = await clinic.preview(starts="10:00", ends="12:00")
    alone = await clinic.door.ask(
        "POST",
        f"/clinics/{clinic.id}/schedules/preview",
        {"schedule": a_week(service="clinic-visit")},
    )

    # From ten to eleven they stay, from nine to ten they go, from eleven to twelve they come.
    assert counts(seen) == (16, 0, 0, 16, 0, 16)
    assert counts(await alone.json()) == (56, 0, 0, 0, 0, 0)
    assert await clinic.slots() == before
    shown = (await clinic.door.schedules(clinic.id))["schedules"]
    assert [schedule["id"] for schedule in shown] == [clinic.made["id"]]


async def test_what_a_preview_shows_is_what_a_version_does(clinic: Clinic) -> None:
    before = await clinic.slots()
    seen = await clinic.preview(starts="10:00", ends="12:00")

    answer = await clinic.replace(seen["digest"], "one", starts="10:00", ends="12:00")
    again = await clinic.replace(seen["digest"], "one", starts="10:00", ends="12:00")

    told = await answer.json()
    gone = {UUID(slot["slot_id"]) for slot in seen["closes"]["first"]}
    after = await clinic.slots()
    assert (answer.status, told["closed"], told["slots"], told["opened"]) == (201, 16, 32, 32)
    assert (told["version"], told["series_id"]) == (2, clinic.made["id"])
    assert {slot for slot, (is_open, _) in after.items() if not is_open} == gone
    assert len(after.keys() - before.keys()) == 16
    assert await again.json() == told
    assert await clinic.slots() == after
    first, second = (await clinic.door.schedules(clinic.id))["schedules"]
    assert (first["replaced_from"], second["version"]) == (FROM.isoformat(), 2)


async def test_whoever_is_in_a_slot_that_is_no_longer_meant_keeps_their_place(
    clinic: Clinic,
) -> None:
    referee = clinic.door.log.referee
    booked, held, empty, *_ = await clinic.slots()
    await referee.decide(stories.book(booked), stories.hold(held), partition=0)

    seen = await clinic.preview(starts="10:00", ends="11:00")
    told = await clinic.replaced(starts="10:00", ends="11:00")

    assert (seen["keeps"]["slots"], seen["keeps"]["people"]) == (2, 2)
    kept = [(slot["slot_id"], slot["booked"], slot["held"]) for slot in seen["keeps"]["first"]]
    assert kept == [(str(booked), 1, 0), (str(held), 0, 1)]
    assert {slot["why"] for slot in told["keeps"]["first"]} == {"not_meant"}
    slots = await clinic.slots()
    assert (slots[booked], slots[held], slots[empty]) == ((True, 2), (True, 2), (False, 2))
    places = await referee.connection.fetch("SELECT slot_id, state FROM place ORDER BY state")
    assert [(place["slot_id"], place["state"]) for place in places] == [
        (booked, "booked"),
        (held, "held"),
    ]


async def test_a_smaller_capacity_is_given_where_it_leaves_everybody_in(clinic: Clinic) -> None:
    full, *rest = await clinic.slots()
    await clinic.door.log.referee.decide(stories.book(full, full), partition=0)

    told = await clinic.replaced(capacity=1)

    slots = await clinic.slots()
    assert (told["resized"], told["closed"], told["keeps"]["slots"]) == (31, 0, 1)
    assert told["keeps"]["first"][0]["why"] == "smaller"
    assert slots.pop(full) == (True, 2)
    assert {*slots.values()} == {(True, 1)}
    assert len(rest) == 31


async def test_somebody_who_books_after_the_preview_is_seen_before_anything_changes(
    clinic: Clinic,
) -> None:
    seen = await clinic.preview(starts="10:00")
    first, *_ = await clinic.slots()
    await clinic.door.log.referee.decide(stories.book(first), partition=0)

    answer = await clinic.replace(seen["digest"], starts="10:00")

    body = await answer.json()
    assert (answer.status, body["code"]) == (409, "preview_changed")
    assert body["preview"]["keeps"]["slots"] == 1
    assert await clinic.open_now() == [*await clinic.slots()]
    taken = await clinic.replace(body["preview"]["digest"], starts="10:00")
    assert (taken.status, (await taken.json())["closed"]) == (201, 15)


async def test_one_person_more_in_a_slot_that_is_kept_anyway_is_seen_before_anything_changes(
    clinic: Clinic,
) -> None:
    referee = clinic.door.log.referee
    kept, *_ = await clinic.slots()
    held = stories.hold(kept, id=QUICK)
    await referee.decide(held, partition=0)
    seen = await clinic.preview(starts="10:00")
    await referee.decide(stories.confirm(held.id, kept), partition=0)
    confirmed = await clinic.preview(starts="10:00")
    await referee.decide(stories.book(kept), partition=0)
    before = await clinic.slots()

    answer = await clinic.replace(seen["digest"], starts="10:00")

    body = await answer.json()
    assert confirmed["digest"] == seen["digest"]
    assert (answer.status, body["code"]) == (409, "preview_changed")
    assert (seen["keeps"]["people"], body["preview"]["keeps"]["people"]) == (1, 2)
    assert await clinic.slots() == before
    assert len((await clinic.door.schedules(clinic.id))["schedules"]) == 1
    taken = await clinic.replace(body["preview"]["digest"], starts="10:00")
    assert (taken.status, (await taken.json())["closed"]) == (201, 15)


async def test_somebody_who_is_quicker_than_the_command_that_shuts_keeps_their_place(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await clinic.slots()
    seen = await clinic.preview(starts="10:00")
    asks = Desk.ask_each

    async def books_first(desk: Desk, commands: Any, *where: Any, **more: Any) -> list[Any]:
        await clinic.door.log.referee.decide(stories.book(first, id=QUICK), partition=0)
        return await asks(desk, commands, *where, **more)

    monkeypatch.setattr(Desk, "ask_each", books_first)
    told = await (await clinic.replace(seen["digest"], "one", starts="10:00")).json()
    monkeypatch.undo()
    again = await (await clinic.replace(seen["digest"], "one", starts="10:00")).json()

    assert (told["closed"], told["taken_meanwhile"]) == (15, [str(first)])
    assert again == told
    assert (await clinic.slots())[first] == (True, 2)


async def test_without_the_guard_a_slot_is_shut_with_somebody_in_it(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await clinic.slots()
    seen = await clinic.preview(starts="10:00")
    asks = Desk.ask_each

    async def books_first(desk: Desk, commands: Any, *where: Any, **more: Any) -> list[Any]:
        await clinic.door.log.referee.decide(stories.book(first, id=QUICK), partition=0)
        unguarded = (_unguarded(command) for command in commands)
        return await asks(desk, unguarded, *where, **more)

    monkeypatch.setattr(Desk, "ask_each", books_first)
    await clinic.replace(seen["digest"], "one", starts="10:00")

    assert (await clinic.slots())[first] == (False, 2)


QUICK = uuid4()
"""The booking of somebody who is quicker than the command that shuts the slot."""


def _unguarded(command: Any) -> Any:
    if isinstance(command, ChangeSlot):
        return msgspec.structs.replace(command, only_empty=False)
    return command


async def test_what_staff_shut_stays_shut_and_what_a_version_shut_comes_back(
    clinic: Clinic,
) -> None:
    ill, *others = await clinic.slots()
    await clinic.door.ask("PATCH", f"/slots/{ill}", {"status": "busy-unavailable"})

    await clinic.replaced(capacity=3)
    shut = await clinic.open_now()
    gone = await clinic.replaced(starts="10:00")
    back = await clinic.replaced(capacity=5)

    assert shut == others
    assert (gone["version"], gone["closed"]) == (3, 15)
    # The last version before did not mean nine to ten, so these come back, the ill one's too.
    assert (back["version"], back["reopened"], back["opened"]) == (4, 16, 32)
    assert {*(await clinic.slots()).values()} == {(True, 5)}


async def test_what_broke_off_in_the_middle_is_finished_by_asking_again(clinic: Clinic) -> None:
    door = clinic.door
    seen = await clinic.preview(starts="10:00", ends="12:00")
    door.log.takes = len(door.log.taken) + 20

    with door.in_a_hurry():
        lost = await clinic.replace(seen["digest"], "one", starts="10:00", ends="12:00")
    await door.log.finish()
    door.log.takes += 10_000
    in_between = await clinic.preview(starts="09:30")
    refused = await clinic.replace(in_between["digest"], starts="09:30")
    again = await clinic.replace(seen["digest"], "one", starts="10:00", ends="12:00")

    told = await again.json()
    assert await problem(lost) == (504, "outcome_unknown")
    assert await problem(refused) == (409, "schedule_unfinished")
    assert (again.status, told["closed"], told["opened"]) == (201, 16, 32)
    assert len(await clinic.open_now()) == 32


async def test_what_broke_off_is_finished_though_whose_time_it_is_has_left(clinic: Clinic) -> None:
    door = clinic.door
    path = f"/clinics/{clinic.id}/practitioners"
    about = {"id": str(uuid4()), "name": "Practitioner No. 1", "active": True}
    await door.ask("PUT", path, about)
    theirs = {"starts": "10:00", "ends": "12:00", "practitioner_id": about["id"]}
    seen = await clinic.preview(**theirs)
    door.log.takes = len(door.log.taken) + 20
    with door.in_a_hurry():
        lost = await clinic.replace(seen["digest"], "one", **theirs)
    await door.log.finish()
    door.log.takes += 10_000

    left = await door.ask("PUT", path, about | {"active": False})
    again = await clinic.replace(seen["digest"], "one", **theirs)
    anew = await clinic.replace(seen["digest"], **theirs)

    assert await problem(lost) == (504, "outcome_unknown")
    assert (left.status, again.status) == (200, 201), await again.text()
    assert await problem(anew) == (422, "practitioner_unknown")


async def test_two_who_replace_it_at_once_after_the_same_preview_replace_it_once(
    clinic: Clinic,
) -> None:
    seen = await clinic.preview(starts="10:00")

    answers = await asyncio.gather(*(clinic.replace(seen["digest"], starts="10:00") for _ in "ab"))

    first, second = sorted(answers, key=lambda answer: answer.status)
    assert first.status == 201
    assert await problem(second) in ((409, "preview_changed"), (409, "schedule_unfinished"))
    assert len((await clinic.door.schedules(clinic.id))["schedules"]) == 2


async def test_without_the_lock_and_the_index_it_is_replaced_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await clinic.preview(starts="10:00")
    await clinic.door.log.referee.connection.execute("DROP INDEX one_next_version")
    monkeypatch.setitem(reads.SQL, "lock_schedules", "SELECT $1::uuid")
    unlocked = reads.SQL["lock_series"].replace("FOR UPDATE", "")
    monkeypatch.setitem(reads.SQL, "lock_series", unlocked)
    there = OfClinic.there

    async def looks_long(clinic: OfClinic, slot_ids: Any) -> list[Any]:
        found = await there(clinic, slot_ids)
        await asyncio.sleep(0.1)
        return found

    monkeypatch.setattr(OfClinic, "there", looks_long)

    await asyncio.gather(*(clinic.replace(seen["digest"], starts="10:00") for _ in "ab"))

    versions = [
        schedule["version"] for schedule in (await clinic.door.schedules(clinic.id))["schedules"]
    ]
    assert versions == [1, 2, 2]


async def test_what_is_no_version_is_refused_and_changes_nothing(clinic: Clinic) -> None:
    door, path = clinic.door, f"/clinics/{clinic.id}/schedules"
    elsewhere = await door.a_clinic()
    seen = await clinic.preview()
    body = {"schedule": later(), "digest": seen["digest"]}

    async def asked(where: str, **about: Any) -> tuple[int, str]:
        return await problem(await door.ask("POST", where, body | about))

    versions = f"{path}/{clinic.made['id']}/versions"
    yesterday = later(valid_from=(TODAY - ONE_DAY).isoformat())
    assert await asked(f"{path}/{uuid4()}/versions") == (404, "not_found")
    assert await asked(f"{path}/nothing/versions") == (404, "not_found")
    other = f"/clinics/{elsewhere}/schedules/{clinic.made['id']}/versions"
    assert await asked(other) == (404, "not_found")
    assert await asked(versions, digest="0" * 32) == (409, "preview_changed")
    assert await asked(versions, digest="nonsense") == (422, "invalid_body")
    assert await asked(versions, schedule=yesterday) == (422, "invalid_body")
    service = later(service="clinic-visit")
    assert await asked(versions, schedule=service) == (422, "invalid_body")
    assert await asked(versions, schedule=later(ends="08:00")) == (422, "invalid_body")
    nobody_s = f"/clinics/{uuid4()}/schedules/preview"
    assert await problem(await door.ask("POST", nobody_s, {"schedule": later()})) == (
        404,
        "not_found",
    )
    await door.hours(clinic.id, a_week(starts="11:00", ends="12:00"))
    overlapping = later(ends="11:30")
    assert await asked(versions, schedule=overlapping) == (409, "schedule_overlaps")
    await door.ask("DELETE", f"{path}/{clinic.made['id']}")
    assert await asked(versions) == (409, "schedule_withdrawn")
    assert len(await clinic.open_now()) == 32 + 16


async def test_a_version_makes_room_for_other_hours_and_is_withdrawn_with_its_series(
    clinic: Clinic,
) -> None:
    told = await clinic.replaced(starts="10:00")
    before = (FROM - ONE_DAY).isoformat()

    in_the_way = await clinic.door.hours(clinic.id, later(starts="09:00", ends="10:30"))
    beside = await clinic.door.hours(clinic.id, later(starts="09:00", ends="10:00"))
    until_then = await clinic.door.hours(
        clinic.id, a_week(ends="10:00", valid_to=before, slot_minutes=60)
    )
    path = f"/clinics/{clinic.id}/schedules/{told['id']}"
    gone = await clinic.door.ask("DELETE", path)

    assert (in_the_way.status, beside.status, until_then.status, gone.status) == (
        409,
        201,
        409,
        204,
    )
    shown = (await clinic.door.schedules(clinic.id))["schedules"]
    withdrawn = [schedule["withdrawn_at"] is not None for schedule in shown]
    assert withdrawn == [True, True, False]


async def test_two_practitioners_have_hours_of_their_own_at_the_same_time(door: Door) -> None:
    clinic_id, doctors = await door.a_clinic(), [str(uuid4()), str(uuid4())]
    for doctor in doctors:
        said = {"id": doctor, "name": "Practitioner No. 1", "qualification": "Cardiologist"}
        await door.ask("PUT", f"/clinics/{clinic_id}/practitioners", said)

    answers = [
        await door.hours(
            clinic_id, a_week(practitioner_id=doctor, modality="virtual", asks_for="referral")
        )
        for doctor in (*doctors, doctors[0])
    ]

    rows = await door.log.referee.connection.fetch(
        "SELECT practitioner_id, modality, asks_for, count(*) FROM slot GROUP BY 1, 2, 3"
    )
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert sorted((str(row[0]), *row[1:]) for row in rows) == sorted(
        (doctor, "virtual", "referral", 56) for doctor in doctors
    )
    nobody_s = a_week(practitioner_id=doctors[0], resource="room")
    assert await problem(await door.hours(clinic_id, nobody_s)) == (422, "invalid_body")
    stranger_s = a_week(practitioner_id=str(uuid4()))
    assert await problem(await door.hours(clinic_id, stranger_s)) == (422, "practitioner_unknown")
