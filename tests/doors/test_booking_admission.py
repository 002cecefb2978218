"""Who is let into a campaign with rules, by which of them, and what is whoever is not told?"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.desk import DESK
from services.booking.rules.admission import Facts, Phase, Who, Words
from services.booking.rules.publications import Scope
from services.booking.store.books import Next
from tests.booking_doors import Door, a_door, bearer, problem
from tests.booking_stories import ALICE, BORIS
from tests.stories import CLINIC, an_id

CAMPAIGN = {
    "name": "Autumn",
    "service": "vaccination",
    "opens_at": "2026-01-01T00:00:00Z",
    "doses": 2,
    "min_days": 0,
    "max_days": 60,
}
ELDERLY = {"age_min": 65}
OLD, YOUNG = Facts(born_month=date(1940, 1, 1)), Facts(born_month=date(2000, 1, 1))


def a_phase(name: str, *, opens: float = -1.0, closes: float | None = None, **who: Any) -> Phase:
    """A phase that opens and closes so many hours from now."""
    now = datetime.now(UTC)
    return Phase(
        id=name,
        title=Words(ru=f"Этап {name}", en=f"Phase {name}"),
        what_to_do=Words(ru="Возьмите паспорт.", en="Bring your passport."),
        opens_at=now + timedelta(hours=opens),
        closes_at=None if closes is None else now + timedelta(hours=closes),
        who=Who(**who),
    )


async def publish(
    door: Door, campaign: str, *phases: Phase, learn: bool = True, **about: Any
) -> UUID:
    """These phases come into force, for everybody unless another scope is said."""
    desk = door.client.app[DESK]
    book_id, campaign_id = uuid4(), UUID(campaign)
    made = await desk.books.make(book_id, campaign_id, phases, body_hash=b"", by_id=ALICE)
    assert made is not None
    before = {one.campaign_id: one for one in await desk.books.published()}.get(campaign_id)
    following = {
        "campaign_id": campaign_id,
        "after": before.number if before else 0,
        "book_id": book_id,
        "before_id": before.base.id if before and before.base else None,
        "scope": Scope(),
        "reverts": False,
        "cause_id": uuid4(),
        "by_id": ALICE,
        "reason": "So.",
    }
    assert await desk.books.publish(Next(**following | about))
    if learn:
        desk.memory.rules.learn(await desk.books.published())
    return book_id


async def know(door: Door, person: UUID, facts: Facts) -> None:
    await door.client.app[DESK].facts.keep(person, facts)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        await opened.open_slot("Monday", 5)
        await opened.open_slot("Tuesday", 5)
        yield opened


@pytest.fixture
async def campaign(door: Door) -> str:
    made = await door.ask("POST", "/campaigns", CAMPAIGN, roles=["operator"])
    return str((await made.json())["id"])


async def book(door: Door, campaign: str, *, slot: str = "Monday", **more: Any) -> Any:
    return await door.book(an_id(slot), campaign_id=campaign, **more)


async def test_whoever_fits_is_booked_and_it_is_kept_by_which_rules(
    door: Door, campaign: str
) -> None:
    book_id = await publish(door, campaign, a_phase("elderly", **ELDERLY))
    await know(door, ALICE, OLD)

    booked = await book(door, campaign)

    assert booked.status == 201
    row = await door.pool.fetchrow("SELECT * FROM permit")
    assert row is not None
    said = (row["booking_id"], row["patient_id"], row["dose"], row["book_id"], row["phase"])
    assert said == (UUID((await booked.json())["id"]), ALICE, 1, book_id, "elderly")


async def test_a_refusal_names_the_rule_in_words_and_says_from_when_and_what_to_do(
    door: Door, campaign: str
) -> None:
    later = a_phase("adults", opens=24, age_min=18)
    await publish(door, campaign, a_phase("elderly", **ELDERLY), later)
    await know(door, ALICE, YOUNG)
    before = await door.everything()

    said = await book(door, campaign)

    body = await said.json()
    assert await problem(said) == (422, "not_eligible")
    assert (body["rule"], body["why"], body["rules_version"]) == ("adults", "later", 1)
    assert body["rule_title"] == {"ru": "Этап adults", "en": "Phase adults"}
    assert body["what_to_do"]["en"] == "Bring your passport."
    assert datetime.fromisoformat(body["opens_at"]) == later.opens_at
    assert await door.everything() == before
    assert door.referee.taken == [], "no place was used up, nor asked for"


async def test_of_whom_nothing_is_known_it_is_said_what_is_missing(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("doctors", professions=("doctor",), age_min=18))

    body = await (await book(door, campaign)).json()

    assert (body["why"], body["facts"]) == ("unknown", ["age", "profession"])


async def test_each_of_a_family_is_judged_and_the_one_who_is_not_admitted_is_named(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    await know(door, ALICE, OLD)
    await know(door, UUID(child), YOUNG)
    places = [
        {"slot_id": str(an_id("Monday"))},
        {"slot_id": str(an_id("Monday")), "patient_id": child},
    ]

    said = await door.ask("POST", "/bookings", {"places": places, "campaign_id": campaign})

    assert await problem(said) == (422, "not_eligible")
    assert (await said.json())["patient_id"] == child


async def test_asked_again_the_answer_is_the_same_though_the_rules_have_changed(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("all"))
    first = await book(door, campaign, key="one")
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    again = await book(door, campaign, key="one")
    anew = await book(door, campaign, slot="Tuesday", who=BORIS)

    assert (first.status, again.status) == (201, 201)
    assert await again.json() == await first.json()
    assert await problem(anew) == (422, "not_eligible")


async def test_what_another_process_published_is_judged_by_though_it_was_not_heard_of(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("all"))
    await publish(door, campaign, a_phase("elderly", **ELDERLY), learn=False)

    said = await book(door, campaign)

    assert await problem(said) == (422, "not_eligible")
    assert await door.pool.fetchval("SELECT count(*) FROM permit") == 0


async def test_without_looking_again_what_is_not_in_force_any_more_would_admit(
    door: Door, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = door.client.app[DESK]
    await publish(door, campaign, a_phase("all"))
    await publish(door, campaign, a_phase("elderly", **ELDERLY), learn=False)

    async def yes(*admitted: Any, **about: Any) -> bool:
        return True

    monkeypatch.setattr(desk.facts, "permit", yes)
    said = await book(door, campaign)

    assert said.status == 201


async def test_a_process_whose_clock_is_wrong_admits_nobody_to_what_is_not_open(
    door: Door, campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(door, campaign, a_phase("soon", opens=24))
    desk = door.client.app[DESK]
    monkeypatch.setattr(desk.clock, "now", lambda: datetime.now(UTC) + timedelta(days=2))

    said = await book(door, campaign)

    assert await problem(said) == (503, "unavailable")
    assert door.referee.taken == []


async def test_a_tenth_is_judged_by_the_new_book_and_the_rest_by_the_one_before(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("all"))
    await publish(
        door, campaign, a_phase("nobody", opens=24), scope=Scope(percent=0, clinics=(CLINIC,))
    )
    here = await book(door, campaign)
    await publish(
        door,
        campaign,
        a_phase("nobody", opens=24),
        scope=Scope(percent=0, clinics=(an_id("another clinic"),)),
    )

    elsewhere = await book(door, campaign)

    assert await problem(here) == (422, "not_eligible")
    assert elsewhere.status == 201


async def test_who_has_a_dose_moves_it_whatever_the_rules_are_by_then(
    door: Door, campaign: str
) -> None:
    await publish(door, campaign, a_phase("all"))
    booked = await (await book(door, campaign)).json()
    await publish(door, campaign, a_phase("elderly", **ELDERLY))
    moved = {"places": [{"slot_id": str(an_id("Tuesday"))}]}
    child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
    other = {"places": [{"slot_id": str(an_id("Monday")), "patient_id": child}]}

    said = await door.ask("POST", f"/bookings/{booked['id']}/reschedule", moved)
    to_another = await door.ask("POST", f"/bookings/{booked['id']}/reschedule", other)

    assert said.status == 200
    assert await problem(to_another) == (422, "not_eligible")


async def test_what_is_held_is_booked_only_by_whom_the_rules_admit(
    door: Door, campaign: str
) -> None:
    asked = {"places": [{"slot_id": str(an_id("Monday"))}]}
    hold = (await (await door.ask("POST", "/holds", asked)).json())["id"]
    await publish(door, campaign, a_phase("elderly", **ELDERLY))

    refused = await book(door, campaign, hold_id=hold)
    await know(door, ALICE, OLD)
    booked = await book(door, campaign, hold_id=hold)

    assert await problem(refused) == (422, "not_eligible")
    assert booked.status == 201


# ---- what is known of a person -------------------------------------------------------------------


async def test_staff_enter_what_a_person_then_sees(door: Door) -> None:
    await door.ask("PUT", "/me", {"name": "Patient 1", "birth_date": "1958-04-09"})
    facts = {"born_month": "1958-04", "district": "nevsky", "risk_groups": ["b", "a"]}

    said = await door.ask("PUT", f"/patients/{ALICE}/facts", facts, who=BORIS, roles=["front_desk"])
    seen = await (await door.ask("GET", "/me/facts")).json()

    assert (await said.json())["risk_groups"] == ["a", "b"]
    assert seen["facts"][0] == facts | {
        "person_id": str(ALICE),
        "profession": None,
        "risk_groups": ["a", "b"],
    }


@pytest.mark.parametrize("born", ["1958-04-09", "1889-12", "2999-01", "1958-13"])
async def test_a_month_that_cannot_be_is_refused(door: Door, born: str) -> None:
    await door.ask("PUT", "/me", {"name": "Patient 1", "birth_date": "1958-04-09"})
    path, staff = f"/patients/{ALICE}/facts", {"who": BORIS, "roles": ["front_desk"]}

    said = await door.ask("PUT", path, {"born_month": born}, **staff)

    assert await problem(said) == (422, "invalid_body")


async def test_what_is_known_goes_with_the_person_and_leads_on_with_a_merge(door: Door) -> None:
    profile = {"name": "Patient 1", "birth_date": "1958-04-09"}
    await door.ask("PUT", "/me", profile)
    await door.ask("PUT", "/me", profile, who=BORIS)
    await know(door, ALICE, Facts(district="nevsky", risk_groups=("a",)))
    await know(door, BORIS, Facts(district="central"))

    merging = {"into_id": str(BORIS)}
    merged = await door.ask("POST", f"/patients/{ALICE}/merge", merging, roles=["operator"])
    whole = await door.client.app[DESK].facts.load([ALICE, BORIS])
    erased = await door.client.post(
        "/api/v1/me/erase", json={}, headers=bearer(BORIS) | {"Idempotency-Key": "gone"}
    )

    assert merged.status == 200
    assert whole == {BORIS: Facts(district="central", risk_groups=("a",))}
    assert erased.status == 200
    assert await door.client.app[DESK].facts.load([ALICE, BORIS]) == {}
