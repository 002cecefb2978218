"""How do a campaign's rules come into force, and how are they taken back? The whole way of it."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.desk import DESK
from services.booking.dryruns import Trier
from services.booking.rules.admission import Facts
from services.booking.rules.publications import share_of
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.runner import Runner
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE
from tests.stories import CLINIC, an_id

ANNA, BORIS = an_id("Anna of the city"), an_id("Boris of the city")
CAMPAIGN = {
    "name": "Autumn",
    "service": "vaccination",
    "opens_at": "2026-01-01T00:00:00Z",
    "doses": 1,
    "min_days": 0,
    "max_days": 0,
}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        await opened.open_slot("Monday", 50)
        yield opened


@pytest.fixture
async def campaign(door: Door) -> str:
    return str((await done(door, "/campaigns", CAMPAIGN, 201))["id"])


async def done(door: Door, path: str, body: Any, status: int = 200, who: UUID = ANNA) -> Any:
    """What somebody of the city asks for, and gets."""
    answer = await door.ask("POST", path, body, who=who, roles=["operator"])
    assert answer.status == status, await answer.text()
    return await answer.json()


async def seen(door: Door, path: str) -> Any:
    return await (await door.ask("GET", path, who=ANNA, roles=["operator"])).json()


def a_phase(name: str, *, opens: float = -1.0, **who: Any) -> dict[str, Any]:
    opens_at = datetime.now(UTC) + timedelta(hours=opens)
    words = {"ru": f"Этап {name}", "en": f"Phase {name}"}
    return {
        "id": name,
        "title": words,
        "what_to_do": {"ru": "Возьмите паспорт.", "en": "Bring your passport."},
        "opens_at": opens_at.isoformat(),
        "who": who,
    }


async def tried(door: Door, campaign: str, *phases: dict[str, Any]) -> Any:
    """A draft of these phases, tried on everybody to the end."""
    draft = await done(door, f"/campaigns/{campaign}/rules", {"phases": phases}, 201)
    asked = {"rules_id": draft["id"]}
    run = await done(door, f"/campaigns/{campaign}/dry-runs", asked, 202)
    desk = door.client.app[DESK]
    trier = Trier(desk.dry_runs, desk.books)
    while await trier.turn():
        pass
    return await seen(door, f"/campaigns/{campaign}/dry-runs/{run['id']}")


async def proposed(door: Door, run: Any, **scope: Any) -> Any:
    act = {"kind": "publish_rules", "dry_run_id": run["id"], "scope": scope}
    return await done(door, "/campaigns/proposals", {"act": act, "reason": "Spring."}, 201)


async def agreed(door: Door, said: Any) -> Any:
    """Boris agrees with what he sees, and it is carried out."""
    path = f"/campaigns/proposals/{said['id']}"
    await done(door, f"{path}/approve", {"digest": said["digest"]}, who=BORIS)
    await carried_out(door)
    return await seen(door, path)


async def carried_out(door: Door) -> None:
    desk = door.client.app[PROPOSALS]
    while await Runner(desk.proposals, desk.acts).turn():
        pass


async def know(door: Door, years: dict[UUID, int]) -> None:
    for person, age in years.items():
        born = date(datetime.now(UTC).year - age - 1, 1, 1)
        await door.client.app[DESK].facts.keep(person, Facts(born_month=born, district="north"))


def first_and_last(campaign: str) -> tuple[UUID, UUID]:
    """Somebody of the first half of all persons, and somebody of the other."""
    people = [an_id(f"person {n}") for n in range(50)]
    first = next(one for one in people if share_of(UUID(campaign), one) < 50)
    last = next(one for one in people if share_of(UUID(campaign), one) >= 50)
    return first, last


async def test_drafted_tried_agreed_on_published_for_some_then_all_and_taken_back(
    door: Door, campaign: str
) -> None:
    first, last = first_and_last(campaign)
    await know(door, {first: 30, last: 30, ALICE: 70})

    # The elderly first; adults from tomorrow on.
    run = await tried(
        door,
        campaign,
        a_phase("elderly", age_min=65),
        a_phase("adults", opens=24, age_min=18),
    )
    found = run["found"]
    assert (found["people"], found["lose"], found["stay_in"]) == (3, 2, 1)
    assert found["phases"]["elderly"] == {"before": 0, "after": 1}
    assert found["districts"] == {"north": {"gain": 0, "lose": 2}}

    # One proposes it for a half; alone nothing comes of it.
    said = await proposed(door, run, percent=50)
    own = await door.ask(
        "POST",
        f"/campaigns/proposals/{said['id']}/approve",
        {"digest": said["digest"]},
        who=ANNA,
        roles=["operator"],
    )
    assert await problem(own) == (403, "proposal_own")
    assert said["counts"] == {
        "people": 3,
        "gain": 0,
        "lose": 2,
        "admitted by elderly": 1,
        "admitted by everybody": 0,
    }
    shown = await agreed(door, said)
    assert (shown["status"], shown["changed"]) == ("done", 1)

    # Whoever is among the first is refused by the rule; whoever is not, is booked as before.
    refused = await door.book(an_id("Monday"), campaign_id=campaign, who=first)
    not_yet = await door.book(an_id("Monday"), campaign_id=campaign, who=last)
    told = await refused.json()
    assert await problem(refused) == (422, "not_eligible")
    assert (told["rule"], told["why"], told["rules_version"]) == ("adults", "later", 1)
    assert told["opens_at"] > datetime.now(UTC).isoformat()
    assert not_yet.status == 201

    # For all, with adults at once: tried again, since something else is in force by now.
    wider = await tried(door, campaign, a_phase("adults", age_min=18))
    await agreed(door, await proposed(door, wider))
    booked = await door.book(an_id("Monday"), campaign_id=campaign, who=first)
    assert booked.status == 201
    in_force = await seen(door, f"/campaigns/{campaign}/rules")
    assert (in_force["publication"], in_force["rules"]["number"]) == (2, 2)

    # One step back, by one person: what was in force for everybody before is again.
    back = {"publication": 2, "reason": "Something is wrong with it."}
    after = await done(door, f"/campaigns/{campaign}/rules/revert", back)
    child = an_id("a child")
    again = await door.book(an_id("Monday"), campaign_id=campaign, who=child)
    assert (after["publication"], after["rules"]) == (3, None)
    assert again.status == 201, "before there were no rules"


async def test_what_was_taken_back_is_not_taken_back_twice(door: Door, campaign: str) -> None:
    await agreed(door, await proposed(door, await tried(door, campaign, a_phase("one"))))
    await agreed(door, await proposed(door, await tried(door, campaign, a_phase("two"))))
    path = f"/campaigns/{campaign}/rules/revert"
    back = {"publication": 2, "reason": "So."}

    after = await done(door, path, back)
    twice = await door.ask("POST", path, back | {"publication": 3}, roles=["operator"])
    stale = await door.ask("POST", path, back, roles=["operator"])

    assert after["rules"]["phases"][0]["id"] == "one"
    assert await problem(twice) == (409, "nothing_to_revert")
    assert await problem(stale) == (409, "nothing_to_revert")


async def test_asked_again_under_its_key_a_step_back_is_one_step(door: Door, campaign: str) -> None:
    await agreed(door, await proposed(door, await tried(door, campaign, a_phase("one"))))
    path, back = f"/campaigns/{campaign}/rules/revert", {"publication": 1, "reason": "So."}
    asked: dict[str, Any] = {"key": "back", "roles": ["operator"]}

    first = await (await door.ask("POST", path, back, **asked)).json()
    again = await (await door.ask("POST", path, back, **asked)).json()
    other = await door.ask("POST", path, back | {"reason": "Another."}, **asked)

    assert first == again
    assert await problem(other) == (422, "key_reused")


async def test_an_approved_publication_is_undone_within_its_window_by_one_person(
    door: Door, campaign: str
) -> None:
    said = await proposed(door, await tried(door, campaign, a_phase("elderly", age_min=65)))
    await agreed(door, said)

    await done(door, f"/campaigns/proposals/{said['id']}/undo", {}, who=ANNA)
    await carried_out(door)

    shown = await seen(door, f"/campaigns/proposals/{said['id']}")
    assert (shown["status"], shown["put_back"]) == ("undone", 1)
    assert (await seen(door, f"/campaigns/{campaign}/rules"))["rules"] is None


async def test_what_was_tried_against_other_rules_is_not_published(
    door: Door, campaign: str
) -> None:
    old = await tried(door, campaign, a_phase("old"))
    waiting = await proposed(door, old)
    await agreed(door, await proposed(door, await tried(door, campaign, a_phase("new"))))

    late = await agreed(door, waiting)
    act = {"kind": "publish_rules", "dry_run_id": old["id"]}
    anew = await door.ask(
        "POST", "/campaigns/proposals", {"act": act, "reason": "So."}, roles=["operator"]
    )

    assert (late["status"], late["revision"], late["counts"]) == ("proposed", 2, {})
    assert await problem(anew) == (422, "nothing_to_do")
    rules = (await seen(door, f"/campaigns/{campaign}/rules"))["rules"]
    assert rules["phases"][0]["id"] == "new"


async def test_carried_out_twice_it_is_published_once(door: Door, campaign: str) -> None:
    said = await proposed(door, await tried(door, campaign, a_phase("one")), percent=10)
    await agreed(door, said)

    # A process died after it had published, and before that was noted.
    await door.pool.execute("UPDATE proposal SET done_at = NULL, position = 0, undo_until = NULL")
    await carried_out(door)

    assert await door.pool.fetchval("SELECT count(*) FROM publication") == 1
    assert (await seen(door, f"/campaigns/proposals/{said['id']}"))["status"] == "done"


async def test_only_what_is_over_is_proposed_and_only_for_somebody(
    door: Door, campaign: str
) -> None:
    draft = await done(door, f"/campaigns/{campaign}/rules", {"phases": [a_phase("one")]}, 201)
    path, asked = f"/campaigns/{campaign}/dry-runs", {"rules_id": draft["id"]}
    run = await done(door, path, asked, 202)
    other = await door.ask("POST", path, asked, roles=["operator"])
    unknown = await door.ask("POST", path, {"rules_id": str(uuid4())}, roles=["operator"])

    async def propose(run_id: str, **scope: Any) -> tuple[int, str]:
        act = {"kind": "publish_rules", "dry_run_id": run_id, "scope": scope}
        body = {"act": act, "reason": "So."}
        return await problem(
            await door.ask("POST", "/campaigns/proposals", body, roles=["operator"])
        )

    assert await problem(other) == (409, "dry_run_running")
    assert await problem(unknown) == (404, "not_found")
    assert await propose(run["id"]) == (409, "dry_run_unfinished")
    assert await propose(run["id"], percent=0) == (422, "invalid_body")
    assert await propose(str(uuid4())) == (404, "not_found")


async def test_a_clinic_named_first_is_judged_by_the_new_rules_and_others_are_not(
    door: Door, campaign: str
) -> None:
    run = await tried(door, campaign, a_phase("elderly", age_min=65))
    await agreed(door, await proposed(door, run, percent=0, clinics=[str(CLINIC)]))

    here = await door.book(an_id("Monday"), campaign_id=campaign)

    assert await problem(here) == (422, "not_eligible")
