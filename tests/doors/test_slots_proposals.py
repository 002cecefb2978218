"""How do two persons close many of a clinic's slots, and what is refused to one alone?"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.slots.api.desk import DESK
from services.slots.rules.closing import Alone
from shared.proposals.acts import Run
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.api import ProposalDesk
from shared.proposals.runner import Runner
from tests import stories
from tests.booking_doors import problem
from tests.slots_doors import SOON, Door, a_door, slot

ANNA, BORIS = str(uuid4()), str(uuid4())
OF_STAFF: dict[str, Any] = {"roles": ["clinic_manager"]}


@pytest.fixture
async def door(slots_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    """The API of a referee with an empty database; one person alone shuts two slots."""
    async with a_door(slots_dsn, tmp_path) as door:
        door.app[DESK].alone = Alone(slots_max=2, people_max=2)
        yield door


def at(hours: int, capacity: int = 2) -> dict[str, Any]:
    """A slot so many hours from this time tomorrow."""
    starts_at = SOON + timedelta(hours=hours)
    ends_at = starts_at + timedelta(minutes=15)
    return slot(capacity, starts_at=starts_at.isoformat(), ends_at=ends_at.isoformat())


def window(hours: int = 24, **about: Any) -> dict[str, Any]:
    """From this time tomorrow, so many hours."""
    return {"from": SOON.isoformat(), "to": (SOON + timedelta(hours=hours)).isoformat()} | about


async def proposes(door: Door, clinic_id: UUID, *, key: str | None = None, **about: Any) -> Any:
    """Anna proposes to close a clinic's day."""
    act = {"kind": "close_slots", "clinic_id": str(clinic_id)} | window(**about)
    body = {"act": act, "reason": "The heating has failed."}
    return await door.ask("POST", "/proposals", body, key=key, sub=ANNA)


async def approves(door: Door, said: dict[str, Any], **who: Any) -> Any:
    """Boris says yes to what he was shown."""
    body = {"digest": said["digest"]}
    return await door.ask("POST", f"/proposals/{said['id']}/approve", body, **{"sub": BORIS} | who)


async def shown(door: Door, said: dict[str, Any]) -> dict[str, Any]:
    """The proposal as it is now."""
    answer = await door.ask("GET", f"/proposals/{said['id']}")
    body: dict[str, Any] = await answer.json()
    assert answer.status == 200, body
    return body


async def carry_on(door: Door) -> None:
    """What is due is carried out, as the service does it by itself."""
    desk: ProposalDesk = door.app[PROPOSALS]
    while await Runner(desk.proposals, desk.acts, ids_max=2).turn():
        pass


async def time_passes(door: Door, said: dict[str, Any]) -> None:
    """What is waited for, or could be undone, is over."""
    connection: asyncpg.Connection = door.log.referee.connection
    await connection.execute(
        """UPDATE proposal SET window_seconds = 0, approved_at = approved_at - interval '1 hour',
                  runs_at = runs_at - interval '1 hour', undo_until = undo_until - interval '1 hour'
            WHERE id = $1""",
        UUID(said["id"]),
    )


async def open_slots(door: Door) -> set[UUID]:
    """The slots that are open."""
    rows = await door.log.referee.connection.fetch("SELECT id FROM slot WHERE open")
    return {row["id"] for row in rows}


async def test_a_few_slots_are_one_person_s_to_shut_and_many_are_not(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1), at(2))
    closures = f"/clinics/{clinic_id}/closures"

    many = await door.ask("POST", closures, window(status="busy-unavailable"))
    few = await door.ask("POST", closures, window(2, status="busy-unavailable"))
    reopening = await door.ask("POST", closures, window(status="free"))

    said = await many.json()
    assert (many.status, said["code"], said["slots"]) == (409, "two_persons_needed", 3)
    assert (few.status, (await few.json())["changed"]) == (200, 2)
    assert reopening.status == 200


async def test_the_bookings_of_many_people_are_not_one_person_s_to_cancel(door: Door) -> None:
    clinic_id = await door.a_clinic()
    one, other = await door.opens(clinic_id, at(0, 3), at(1, 3))
    await door.log.referee.decide(*(stories.book(one) for _ in range(3)))
    closing = {"status": "busy-unavailable", "cancel_bookings": True}

    both = await door.ask("POST", f"/clinics/{clinic_id}/closures", window(**closing))
    alone = await door.ask("POST", f"/clinics/{clinic_id}/closures", window(1, **closing))

    assert await problem(both) == (409, "two_persons_needed")
    assert alone.status == 200, "a single slot is one person's, whoever is in it"
    assert await open_slots(door) == {other}


async def test_two_persons_close_a_day_and_what_is_booked_there_is_to_be_cancelled(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    slots = await door.opens(clinic_id, *(at(hour) for hour in range(5)))
    await door.log.referee.decide(stories.book(slots[0]))

    made = await proposes(door, clinic_id, cancel_bookings=True)
    said = await made.json()
    agreed = await (await approves(door, said)).json()
    await carry_on(door)
    still_open = await open_slots(door)
    await time_passes(door, said)
    await carry_on(door)

    assert (made.status, said["status"], said["counts"]) == (
        *(201, "proposed"),
        {"slots": 5, "people": 1},
    )
    assert (agreed["status"], agreed["undoable"]) == ("waiting", False)
    assert still_open == {*slots}
    done = await shown(door, said)
    assert (done["status"], done["changed"], await open_slots(door)) == ("done", 5, set())
    assert [step["step"] for step in done["steps"]] == [
        *("proposed", "approved", "started", "batch", "batch", "done")
    ]
    assert all(event.cancel_bookings for event in door.log.referee.events[-5:])


async def test_the_same_command_is_asked_for_a_slot_however_often_it_is_carried_out(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))
    said = await (await proposes(door, clinic_id)).json()
    await approves(door, said)
    await carry_on(door)
    told = len(door.log.referee.events)

    desk: ProposalDesk = door.app[PROPOSALS]
    seen = await desk.proposals.find(UUID(said["id"]))
    assert seen is not None
    act = desk.acts["close_slots"]
    body = msgspec.json.decode(seen.proposal.act, type=act.body)
    run = Run(proposal_id=seen.proposal.id, body=body, body_hash=seen.proposal.body_hash)
    outcome = await act.execute(run, seen.proposal.dry_run.ids)

    assert (outcome.changed, len(door.log.referee.events)) == (2, told)


async def test_shutting_alone_begins_at_once_and_is_put_back_within_its_window(door: Door) -> None:
    clinic_id = await door.a_clinic()
    slots = await door.opens(clinic_id, at(0), at(1), at(2))

    said = await (await proposes(door, clinic_id)).json()
    agreed = await (await approves(door, said)).json()
    await carry_on(door)
    shut = await open_slots(door)
    undone = await door.ask("POST", f"/proposals/{said['id']}/undo", sub=BORIS)
    await carry_on(door)

    assert (agreed["status"], agreed["undoable"], shut) == ("approved", True, set())
    assert (await undone.json())["status"] == "undoing"
    assert (await shown(door, said))["put_back"] == 3
    assert await open_slots(door) == {*slots}


async def test_what_was_done_an_hour_ago_is_not_undone(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))
    said = await (await proposes(door, clinic_id)).json()
    await approves(door, said)

    early = await door.ask("POST", f"/proposals/{said['id']}/undo")
    await carry_on(door)
    await time_passes(door, said)
    late = await door.ask("POST", f"/proposals/{said['id']}/undo")
    withdrawn = await door.ask("POST", f"/proposals/{said['id']}/withdraw")

    assert await problem(early) == (409, "proposal_not_done")
    assert await problem(late) == (409, "proposal_undo_late")
    assert await problem(withdrawn) == (409, "proposal_begun")


async def test_whoever_proposed_it_does_not_approve_it(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))
    said = await (await proposes(door, clinic_id)).json()

    own = await approves(door, said, sub=ANNA)
    await carry_on(door)

    assert await problem(own) == (403, "proposal_own")
    assert len(await open_slots(door)) == 1


async def test_what_is_withdrawn_while_it_waits_does_not_happen(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))
    said = await (await proposes(door, clinic_id, cancel_bookings=True)).json()
    await approves(door, said)

    withdrawn = await door.ask("POST", f"/proposals/{said['id']}/withdraw", sub=ANNA)
    again = await door.ask("POST", f"/proposals/{said['id']}/withdraw", sub=BORIS)
    await time_passes(door, said)
    await carry_on(door)
    undo = await door.ask("POST", f"/proposals/{said['id']}/undo")

    assert (await withdrawn.json())["status"] == (await again.json())["status"] == "withdrawn"
    assert await problem(await approves(door, said)) == (409, "proposal_withdrawn")
    assert await problem(undo) == (409, "proposal_not_undoable")
    assert len(await open_slots(door)) == 1


async def test_a_slot_that_is_opened_after_the_approval_makes_it_a_new_proposal(
    door: Door,
) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))
    said = await (await proposes(door, clinic_id, cancel_bookings=True)).json()
    await approves(door, said)
    await door.opens(clinic_id, at(2))

    await time_passes(door, said)
    await carry_on(door)
    anew = await shown(door, said)
    old = await approves(door, said)
    agreed = await approves(door, anew)

    assert (anew["status"], anew["revision"], anew["counts"]["slots"]) == ("proposed", 2, 3)
    assert await problem(old) == (409, "proposal_changed")
    assert agreed.status == 200
    assert len(await open_slots(door)) == 3


async def test_a_second_approver_is_told_so_and_the_first_may_ask_again(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))
    said = await (await proposes(door, clinic_id, cancel_bookings=True)).json()
    first = await (await approves(door, said)).json()

    again = await (await approves(door, said)).json()
    other = await approves(door, said, sub=str(uuid4()))

    assert again == first
    assert await problem(other) == (409, "proposal_decided")


async def test_what_nobody_approved_in_time_is_over(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0))
    door.app[PROPOSALS].life_seconds = 0
    said = await (await proposes(door, clinic_id)).json()

    late = await approves(door, said)
    withdrawn = await door.ask("POST", f"/proposals/{said['id']}/withdraw")

    assert said["status"] == "expired"
    assert await problem(late) == (409, "proposal_expired")
    assert await problem(withdrawn) == (409, "proposal_expired")


async def test_asked_again_it_is_the_same_proposal_and_another_body_is_refused(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1))

    first = await (await proposes(door, clinic_id, key="one")).json()
    again = await (await proposes(door, clinic_id, key="one")).json()
    other = await proposes(door, clinic_id, key="one", hours=1)
    listed = await (await door.ask("GET", "/proposals")).json()

    assert again == first
    assert await problem(other) == (422, "key_reused")
    assert [one["id"] for one in listed["proposals"]] == [first["id"]]


async def test_where_nothing_would_change_there_is_nothing_to_propose(door: Door) -> None:
    clinic_id = await door.a_clinic()

    nothing = await proposes(door, clinic_id)
    backwards = await proposes(door, clinic_id, hours=0)
    nowhere = await proposes(door, uuid4())

    assert await problem(nothing) == (422, "nothing_to_do")
    assert await problem(backwards) == (422, "invalid_body")
    assert await problem(nowhere) == (404, "not_found")


async def test_staff_of_another_clinic_learn_nothing_of_it(door: Door) -> None:
    clinic_id, elsewhere = await door.a_clinic(), await door.a_clinic()
    await door.opens(clinic_id, at(0))
    said = await (await proposes(door, clinic_id)).json()
    theirs = OF_STAFF | {"clinics": [str(elsewhere)]}
    act = {"kind": "close_slots", "clinic_id": str(clinic_id)} | window()

    shut_out = [
        await door.ask("GET", f"/proposals/{said['id']}", **theirs),
        await approves(door, said, **theirs),
        await door.ask("POST", f"/proposals/{said['id']}/withdraw", **theirs),
        await door.ask("POST", f"/proposals/{said['id']}/undo", **theirs),
    ]
    unknown = await door.ask("GET", f"/proposals/{uuid4()}", **theirs)
    proposing = await door.ask("POST", "/proposals", {"act": act, "reason": "So."}, **theirs)
    listed = await (await door.ask("GET", "/proposals", **theirs)).json()

    assert {await answer.text() for answer in shut_out} == {await unknown.text()}
    assert {answer.status for answer in shut_out} == {404}
    assert await problem(proposing) == (404, "not_found")
    assert listed["proposals"] == []


async def test_while_the_log_is_away_it_waits_and_is_done_afterwards(door: Door) -> None:
    clinic_id = await door.a_clinic()
    await door.opens(clinic_id, at(0), at(1), at(2))
    said = await (await proposes(door, clinic_id)).json()
    await approves(door, said)
    desk: ProposalDesk = door.app[PROPOSALS]
    runner = Runner(desk.proposals, desk.acts, lease_seconds=0.0)

    door.log.away = True
    await runner.turn()
    waiting = await shown(door, said)
    door.log.away = False
    await runner.turn()

    assert waiting["status"] == "running"
    assert (await shown(door, said))["status"] == "done"
    assert await open_slots(door) == set()
