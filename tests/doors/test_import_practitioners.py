"""Does a table of practitioners come in by the staff API, once, and what is not there untouched?"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from talon.doors import Doors
from talon.imports.desk import Desk
from talon.imports.faults import Faults
from talon.imports.identity import Identity
from talon.imports.practitioners import Entry, Tally, read, take_in
from tests.booking_doors import bearer
from tests.slots_doors import OPERATOR, Door, a_door

HEADER = "clinic_source_id,clinic_id,identifier,practitioner_id,name,qualification,active"


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(slots_dsn, tmp_path) as opened:
        yield opened


async def imports(
    door: Door, folder: Path, *rows: str, dry_run: bool = False
) -> tuple[Tally, Faults]:
    """Somebody imports these rows."""
    path = folder / "practitioners.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n", "utf-8")
    token = bearer(OPERATOR, roles=["operator"])["Authorization"].partition(" ")[2]
    origin = str(door.client.make_url("")).rstrip("/")
    entries = [one for one in read(path, Identity(source="test")) if isinstance(one, Entry)]
    faults = Faults(shown_max=3)
    desk = Desk(Doors(door.client.session, origin), token)
    return await take_in(desk, entries, faults, dry_run=dry_run), faults


async def listed(door: Door, clinic: UUID | str) -> list[tuple[str, str, bool]]:
    """As everybody sees them."""
    answer = await door.client.get(f"/api/v1/clinics/{clinic}/practitioners")
    told = (await answer.json())["practitioners"]
    return [(one["name"], one["qualification"], one["active"]) for one in told]


async def test_who_is_new_or_otherwise_is_said_and_the_second_time_nothing_is_to_do(
    door: Door, tmp_path: Path
) -> None:
    clinic = await door.a_clinic()
    own = {"id": str(uuid4()), "name": "Practitioner No. 9"}
    await door.ask("PUT", f"/clinics/{clinic}/practitioners", own)
    rows = (
        f",{clinic},LIC-1,,Practitioner No. 1,Cardiologist,",
        f",{clinic},LIC-2,,Practitioner No. 2,,",
    )

    shown, _ = await imports(door, tmp_path, *rows, dry_run=True)
    untouched = await listed(door, clinic)
    first, _ = await imports(door, tmp_path, *rows)
    again, _ = await imports(door, tmp_path, *rows)
    left, _ = await imports(door, tmp_path, rows[0], f"{rows[1]}false")

    assert untouched == [("Practitioner No. 9", "", True)]
    assert [(one.new, one.changed, one.same) for one in (shown, first, again, left)] == [
        (2, 0, 0),
        (2, 0, 0),
        (0, 0, 2),
        (0, 1, 1),
    ]
    assert await listed(door, clinic) == [
        ("Practitioner No. 1", "Cardiologist", True),
        ("Practitioner No. 2", "", False),
        ("Practitioner No. 9", "", True),
    ]


async def test_a_clinic_that_is_not_there_is_told_and_the_others_come_in(
    door: Door, tmp_path: Path
) -> None:
    clinic = await door.a_clinic()

    tally, faults = await imports(
        door,
        tmp_path,
        "nowhere,,LIC-1,,Practitioner No. 1,,",
        f",{clinic},LIC-1,,Practitioner No. 1,,",
    )

    assert (tally.clinics, tally.new) == (1, 1)
    assert dict(faults.by_code) == {"unknown_clinic": 1}
    assert await listed(door, clinic) == [("Practitioner No. 1", "", True)]
