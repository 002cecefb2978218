"""Are the days of a schedule without an end opened by themselves, once each, whoever dies then?

Days pass by looking further ahead: with a horizon of five days instead of three, two have gone by.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from services.slots.ahead import Ahead
from services.slots.api import opening
from services.slots.api.desk import DESK, Desk
from services.slots.rules.schedules import SCHEDULE_DAY_SLOTS_MAX
from services.slots.store import reads
from shared.messages import OpenSlot
from tests import stories
from tests.booking_doors import problem
from tests.slots_doors import MOSCOW, ONE_DAY, TODAY, Door, a_door, a_week

AHEAD_DAYS = 3
A_DAY = 8
"""The slots of a day: two hours, a quarter of an hour each."""


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database."""
    async with a_door(slots_dsn, tmp_path) as door:
        door.app[DESK].ahead_days = AHEAD_DAYS
        yield door


def for_ever(**about: Any) -> dict[str, Any]:
    """As `a_week`, from tomorrow on and without an end."""
    week = a_week()
    del week["valid_to"]
    return week | about


class Clinic:
    """A clinic with a schedule without an end, open for tomorrow and two days more."""

    def __init__(self, door: Door, clinic_id: UUID, made: dict[str, Any]) -> None:
        self.door = door
        self.desk: Desk = door.app[DESK]
        self.id = clinic_id
        self.made = made
        self.connection = door.log.referee.connection

    async def days_pass(self, days: int) -> None:
        """So many; and the midnights at which somebody looks are over."""
        self.desk.ahead_days += days
        await self.connection.execute("UPDATE schedule SET look_at = now() WHERE look_at > now()")

    async def days(self) -> list[int]:
        """Which days there are slots on, counted from today; as often as there are."""
        rows = await self.connection.fetch("SELECT starts_at FROM slot ORDER BY starts_at")
        dates = Counter(row["starts_at"].astimezone(MOSCOW).date() for row in rows)
        assert {*dates.values()} <= {A_DAY}, dates
        return [(day - TODAY).days for day in dates]

    async def shown(self, nth: int = 0) -> dict[str, Any]:
        """The schedule as it is shown now."""
        listed: list[dict[str, Any]] = (await self.door.schedules(self.id))["schedules"]
        return listed[nth]

    async def version(self, **about: Any) -> dict[str, Any]:
        """Look what another version would do, and take it."""
        path = f"/clinics/{self.id}/schedules"
        wish = {"schedule": for_ever(**about), "replaces": self.made["id"]}
        seen = await (await self.door.ask("POST", f"{path}/preview", wish)).json()
        body = {"schedule": wish["schedule"], "digest": seen["digest"]}
        answer = await self.door.ask("POST", f"{path}/{self.made['id']}/versions", body)
        assert answer.status == 201, await answer.text()
        told: dict[str, Any] = await answer.json()
        assert told["keeps"] == seen["keeps"]
        return told | {"until": seen["until"]}


@pytest.fixture
async def clinic(door: Door) -> Clinic:
    clinic_id = await door.a_clinic()
    answer = await door.hours(clinic_id, for_ever(), key="one")
    assert answer.status == 201, await answer.text()
    return Clinic(door, clinic_id, await answer.json())


def on(days: int) -> str:
    return (TODAY + days * ONE_DAY).isoformat()


async def test_its_first_days_are_opened_at_once_and_each_day_adds_one(clinic: Clinic) -> None:
    ahead = Ahead(clinic.desk)
    first = await clinic.days()
    at_once = await ahead.look()

    await clinic.days_pass(1)
    asked = [await ahead.look(), await ahead.look()]

    assert (clinic.made["valid_to"], clinic.made["opened_until"]) == (None, on(3))
    assert (clinic.made["slots"], clinic.made["opened"]) == (3 * A_DAY, 3 * A_DAY)
    assert (first, at_once, asked) == ([1, 2, 3], 0, [A_DAY, 0])
    assert await clinic.days() == [1, 2, 3, 4]
    shown = await clinic.shown()
    assert (shown["opened_until"], shown["opened"]) == (on(4), 4 * A_DAY)


async def test_the_same_request_gets_the_same_answer_whatever_was_opened_since(
    clinic: Clinic,
) -> None:
    await clinic.door.ask(
        "PUT", f"/clinics/{clinic.id}/holidays", {"date": on(5), "name": "Holiday"}
    )
    await clinic.days_pass(3)
    await Ahead(clinic.desk).look()
    shown = await clinic.shown()
    clinic.desk.ahead_days = AHEAD_DAYS

    again = await clinic.door.hours(clinic.id, for_ever(), key="one")

    assert (again.status, await again.json()) == (201, clinic.made)
    assert await clinic.shown() == shown
    assert (shown["holidays"], shown["opened"]) == ([on(5)], 5 * A_DAY)


async def test_a_holiday_counts_for_days_that_are_not_open_yet_and_moves_nobody(
    clinic: Clinic,
) -> None:
    [booked] = await clinic.connection.fetch("SELECT id FROM slot ORDER BY starts_at LIMIT 1")
    await clinic.door.log.referee.decide(stories.book(booked["id"]), partition=0)
    path = f"/clinics/{clinic.id}/holidays"
    said = [
        await (await clinic.door.ask("PUT", path, {"date": on(day), "name": "Holiday"})).json()
        for day in (1, 4)
    ]

    await clinic.days_pass(2)
    await Ahead(clinic.desk).look()
    listed = await (await clinic.door.ask("GET", f"{path}?from={TODAY}")).json()

    assert [(day["slots"], day["people"]) for day in said] == [(A_DAY, 1), (0, 0)]
    assert await clinic.days() == [1, 2, 3, 5]
    assert (await clinic.shown())["holidays"] == [on(4)]
    # Whoever looks at the calendar sees the day on which people come though it is closed.
    assert [(day["slots"], day["people"]) for day in listed["holidays"]] == [(A_DAY, 1), (0, 0)]


@pytest.mark.parametrize("taken", [0, 1, 10])
async def test_what_broke_off_in_the_middle_is_gone_on_with_by_whoever_is_there(
    clinic: Clinic, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, failures = clinic.door.log, Counter[str]()
    await clinic.days_pass(2)
    log.takes = len(log.taken) + taken
    dies = Ahead(clinic.desk, lease_seconds=0.5)
    dies.on_failure = lambda: failures.update(["once"])

    with clinic.door.in_a_hurry():
        await dies.look()
    await log.finish()
    in_between = len(await clinic.connection.fetch("SELECT FROM slot"))
    settled = await clinic.connection.fetchval("SELECT meant_until FROM schedule")
    # What was settled before it broke off stays so, though it is a holiday now.
    path = f"/clinics/{clinic.id}/holidays"
    await clinic.door.ask("PUT", path, {"date": on(5), "name": "Holiday"})
    log.takes += 10_000
    goes_on = await Ahead(clinic.desk).look()

    assert (failures["once"], in_between, settled.isoformat()) == (1, 3 * A_DAY + taken, on(5))
    assert goes_on == 2 * A_DAY
    assert await clinic.days() == [1, 2, 3, 4, 5]
    assert (await clinic.shown())["opened"] == 5 * A_DAY


async def test_a_first_request_that_broke_off_is_finished_by_itself(door: Door) -> None:
    clinic_id = await door.a_clinic()
    door.log.takes = len(door.log.taken) + 5
    with door.in_a_hurry():
        lost = await door.hours(clinic_id, for_ever(), key="one")
    await door.log.finish()
    door.log.takes += 10_000
    clinic = Clinic(door, clinic_id, {})
    not_yet = await Ahead(clinic.desk).look()

    await clinic.days_pass(0)
    asked = await Ahead(clinic.desk).look()
    again = await door.hours(clinic_id, for_ever(), key="one")

    assert await problem(lost) == (504, "outcome_unknown")
    assert (not_yet, asked) == (0, 3 * A_DAY)
    assert (again.status, (await again.json())["opened"]) == (201, 3 * A_DAY)
    assert (await clinic.shown())["opened"] == 3 * A_DAY
    assert await clinic.days() == [1, 2, 3]


async def test_it_goes_on_by_itself_and_says_how_far(clinic: Clinic) -> None:
    ahead = Ahead(clinic.desk)
    await clinic.days_pass(1)

    runs = asyncio.create_task(ahead.run(0.02))
    for _ in range(500):
        if (await clinic.shown())["opened_until"] == on(4) and ahead.least_days == AHEAD_DAYS + 1:
            break
        await asyncio.sleep(0.02)
        # What was measured is measured again in ten seconds; here at once.
        ahead._measured_at = 0.0
    runs.cancel()

    assert await clinic.days() == [1, 2, 3, 4]
    assert (ahead.least_days, ahead.pulse.wrong()) == (AHEAD_DAYS + 1, None)


# ---- two at once ---------------------------------------------------------------------------------


async def both(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Two processes look at the same moment; what each slot was asked for."""
    before = len(clinic.door.log.taken)
    asks = Desk.ask_each

    async def asks_late(desk: Desk, *what: Any, **more: Any) -> list[Any]:
        await asyncio.sleep(0.1)
        return await asks(desk, *what, **more)

    monkeypatch.setattr(Desk, "ask_each", asks_late)
    await asyncio.gather(*(Ahead(clinic.desk).look() for _ in "ab"))
    await clinic.door.log.finish()
    asked = clinic.door.log.taken[before:]
    return Counter(one.starts_at.isoformat() for one in asked if isinstance(one, OpenSlot))


async def test_two_processes_at_once_open_nothing_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    await clinic.days_pass(2)

    asked = await both(clinic, monkeypatch)

    assert {*asked.values()} == {1}
    assert await clinic.days() == [1, 2, 3, 4, 5]
    assert (await clinic.shown())["opened"] == 5 * A_DAY


NO_LEASE = """
UPDATE schedule SET look_at = look_at WHERE look_at <= clock_timestamp() AND $1::float8 > 0
RETURNING id, clinic_id, clock_timestamp() + interval '30 s' AS lease_until
"""


async def test_without_the_lease_both_ask_and_the_ids_open_nothing_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reads.SQL, "claim_days", NO_LEASE)
    await clinic.days_pass(2)

    asked = await both(clinic, monkeypatch)

    assert {*asked.values()} == {2}
    assert await clinic.days() == [1, 2, 3, 4, 5]
    # Whoever was later found it noted, so what was opened is counted once.
    assert (await clinic.shown())["opened"] == 5 * A_DAY


async def test_without_the_lease_and_the_ids_slots_are_there_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reads.SQL, "claim_days", NO_LEASE)
    monkeypatch.setattr(opening, "command_id_of", lambda *about: uuid4())
    monkeypatch.setattr(opening, "slot_id_of", lambda *about: uuid4())
    await clinic.days_pass(2)

    await both(clinic, monkeypatch)

    slots = await clinic.connection.fetchval("SELECT count(*) FROM slot")
    assert slots == (3 + 2 + 2) * A_DAY


async def test_without_what_was_noted_what_was_opened_is_counted_twice(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reads.SQL, "claim_days", NO_LEASE)
    noted = reads.SQL["note_days"].replace("AND opened_until = $3", "AND $3::date IS NOT NULL")
    monkeypatch.setitem(reads.SQL, "note_days", noted)
    await clinic.days_pass(2)

    await both(clinic, monkeypatch)

    assert (await clinic.shown())["opened"] == (3 + 2 + 2) * A_DAY


async def test_nothing_is_noted_as_opened_beyond_what_is_settled(clinic: Clinic) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="never_opened_beyond_what_is_meant"):
        await clinic.connection.execute("UPDATE schedule SET opened_until = opened_until + 1")


# ---- what ends it --------------------------------------------------------------------------------


async def test_what_is_withdrawn_is_not_opened_any_further(clinic: Clinic) -> None:
    gone = await clinic.door.ask("DELETE", f"/clinics/{clinic.id}/schedules/{clinic.made['id']}")
    await clinic.days_pass(2)

    asked = await Ahead(clinic.desk).look()

    assert (gone.status, asked, await clinic.days()) == (204, 0, [1, 2, 3])
    assert await clinic.connection.fetchval("SELECT look_at FROM schedule") is None


async def test_while_whose_time_it_is_has_left_no_day_is_added(door: Door) -> None:
    clinic_id, doctor = await door.a_clinic(), str(uuid4())
    path = f"/clinics/{clinic_id}/practitioners"
    said = {"id": doctor, "name": "Practitioner No. 1", "active": True}
    await door.ask("PUT", path, said)
    answer = await door.hours(clinic_id, for_ever(practitioner_id=doctor))
    clinic = Clinic(door, clinic_id, await answer.json())
    ahead = Ahead(clinic.desk)
    await door.ask("PUT", path, said | {"active": False})
    await clinic.days_pass(2)

    left = [await ahead.look(), await ahead.look()]
    await ahead._measure()
    await door.ask("PUT", path, said)
    await clinic.days_pass(0)
    came_back = await ahead.look()

    assert (left, came_back) == ([0, 0], 2 * A_DAY)
    assert await clinic.days() == [1, 2, 3, 4, 5]
    # Nothing is behind where nothing is to be opened.
    assert ahead.least_days == AHEAD_DAYS + 2


async def test_a_version_goes_on_from_its_day_and_the_one_before_up_to_it(clinic: Clinic) -> None:
    kept, *_ = await clinic.connection.fetch("SELECT id FROM slot ORDER BY starts_at DESC")
    await clinic.door.log.referee.decide(stories.book(kept["id"]), partition=0)

    soon = await clinic.version(valid_from=on(2), starts="09:00", ends="10:00", slot_minutes=15)
    late = await clinic.version(valid_from=on(5))
    await clinic.days_pass(4)
    await Ahead(clinic.desk).look()

    open_now = await clinic.connection.fetch("SELECT starts_at FROM slot WHERE open")
    dates = Counter((row[0].astimezone(MOSCOW).date() - TODAY).days for row in open_now)
    # Of the third day four are the second version's, and one has somebody in it.
    assert dates == {1: A_DAY, 2: 4, 3: 5, 4: 4, 5: A_DAY, 6: A_DAY, 7: A_DAY}
    assert (soon["until"], soon["opened_until"], soon["closed"]) == (on(3), on(3), 7)
    assert (soon["keeps"]["slots"], late["opened_until"]) == (1, on(4))
    first, second, third = [await clinic.shown(nth) for nth in range(3)]
    assert (first["replaced_from"], second["replaced_from"]) == (on(2), on(5))
    assert (second["opened_until"], third["opened_until"]) == (on(4), on(7))
    looks = await clinic.connection.fetch(
        "SELECT look_at IS NULL AS over FROM schedule ORDER BY version"
    )
    assert [row["over"] for row in looks] == [True, True, False]


async def test_a_version_waits_while_days_are_just_being_opened(clinic: Clinic) -> None:
    await clinic.connection.execute("UPDATE schedule SET meant_until = meant_until + 1")
    wish = {"schedule": for_ever(starts="10:00"), "replaces": clinic.made["id"]}
    path = f"/clinics/{clinic.id}/schedules"
    seen = await (await clinic.door.ask("POST", f"{path}/preview", wish)).json()

    body = {"schedule": wish["schedule"], "digest": seen["digest"]}
    answer = await clinic.door.ask("POST", f"{path}/{clinic.made['id']}/versions", body)

    assert await problem(answer) == (409, "schedule_unfinished")


async def test_one_with_an_end_ends_one_without(clinic: Clinic) -> None:
    told = await clinic.version(valid_from=on(2), valid_to=on(2), starts="10:00")
    await clinic.days_pass(5)

    asked = await Ahead(clinic.desk).look()

    assert (told["valid_to"], told["closed"], asked) == (on(2), 4 + A_DAY, 0)


# ---- how much, and how far -----------------------------------------------------------------------


async def test_a_large_one_is_opened_in_steps_and_the_least_of_them_is_measured(
    clinic: Clinic,
) -> None:
    ahead, steps = Ahead(clinic.desk, slots_max=2 * A_DAY), []
    ahead.on_step = lambda opened, refused: steps.append((opened, refused))
    await clinic.days_pass(5)

    await ahead._measure()
    asked = [await ahead.look() for _ in range(4)]

    assert (asked, ahead.least_days) == ([16, 16, 8, 0], AHEAD_DAYS)
    assert steps[:3] == [(16, 0), (16, 0), (8, 0)]
    assert await clinic.days() == [*range(1, 9)]


async def test_what_fails_holds_nobody_up_and_is_tried_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    other_id = await clinic.door.a_clinic()
    await clinic.door.hours(other_id, for_ever())
    await clinic.days_pass(1)
    asks, failures = Desk.ask_each, Counter[str]()

    async def fails(desk: Desk, commands: Any, home: UUID, **more: Any) -> list[Any]:
        if home == clinic.id:
            raise ZeroDivisionError
        return await asks(desk, commands, home, **more)

    ahead = Ahead(clinic.desk, lease_seconds=0.2)
    ahead.on_failure = lambda: failures.update(["once"])
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "ask_each", fails)
        looks = [await ahead.look(), await ahead.look()]
    await asyncio.sleep(0.25)

    assert (looks, await ahead.look(), failures["once"]) == ([0, A_DAY], A_DAY, 1)


async def test_nothing_is_claimed_while_the_log_is_away(clinic: Clinic) -> None:
    await clinic.days_pass(1)
    clinic.door.log.away = True
    idle = await Ahead(clinic.desk).look()
    clinic.door.log.away = False

    assert (idle, await Ahead(clinic.desk).look()) == (0, A_DAY)


async def test_no_command_is_decided_later_than_its_lease(clinic: Clinic) -> None:
    await clinic.days_pass(1)
    before = len(clinic.door.log.taken)

    await Ahead(clinic.desk, lease_seconds=5).look()

    last = clinic.desk.clock.after(5)
    for command in clinic.door.log.taken[before:]:
        assert last - timedelta(seconds=5) < command.deadline <= last


NONSENSE: list[tuple[dict[str, Any], str]] = [
    ({"starts": "00:00", "ends": "24:00", "slot_minutes": 5}, "too_many_slots"),
    ({"valid_from": on(-400)}, "invalid_body"),
    ({"valid_from": on(4_000)}, "invalid_body"),
    ({"extra_dates": [on(-1)]}, "invalid_body"),
    ({"slot_minutes": 121}, "no_slots"),
    ({"valid_to": on(0)}, "invalid_body"),
]


async def test_what_makes_no_sense_without_an_end_is_refused_and_changes_nothing(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()

    for about, code in NONSENSE:
        answer = await door.hours(clinic_id, for_ever(**about))
        assert await problem(answer) == (422, code), about

    assert await door.everything() == (1, 0, 0)
    assert 24 * 60 // 5 > SCHEDULE_DAY_SLOTS_MAX >= 24 * 6
    assert (await door.schedules(clinic_id))["schedules"] == []


async def test_two_without_an_end_are_not_there_twice(clinic: Clinic) -> None:
    in_a_year = for_ever(valid_from=on(365), starts="10:45", ends="12:00")

    doubled = await clinic.door.hours(clinic.id, in_a_year)
    beside = await clinic.door.hours(clinic.id, in_a_year | {"starts": "11:00"})

    assert await problem(doubled) == (409, "schedule_overlaps")
    body = await beside.json()
    assert (beside.status, body["slots"], body["opened_until"]) == (201, 0, on(364))
