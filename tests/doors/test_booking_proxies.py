"""Does somebody act for an adult only with their consent, and for a child only while it is one?"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.rules.families import AGE_YEARS
from shared.vault import FileKeys, KeysAwayError
from tests.access_stories import noted
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS, MONDAY
from tests.stories import an_id

NURSE = an_id("a nurse")
STAFF: dict[str, Any] = {"who": NURSE, "roles": ["front_desk"]}
AGREED, NOT_AGREED = {"given": True, "version": 1}, {"given": False}
TODAY = datetime.now(UTC).date()
OF_AGE = TODAY.replace(year=TODAY.year - AGE_YEARS, day=min(TODAY.day, 28)) - timedelta(days=1)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        await opened.open_slot(MONDAY, capacity=50)
        yield opened


async def body(asked: Any) -> Any:
    answer = await asked
    assert answer.status < 300, await answer.text()
    return await answer.json()


async def known(door: Door, who: UUID, born: date = date(1950, 1, 2), **more: Any) -> None:
    about = {"name": f"Patient {who}", "birth_date": born.isoformat()} | more
    await body(door.ask("PUT", "/me", about, who=who))


async def proposed(door: Door, person: UUID | None = BORIS) -> UUID:
    """Alice would like to act for somebody; for whom."""
    asked = {"kind": "adult"} | ({} if person is None else {"person_id": str(person)})
    return UUID((await body(door.ask("POST", "/me/dependants", asked)))["id"])


async def say(door: Door, answer: dict[str, Any], who: UUID = BORIS) -> Any:
    """What the person answers to the newest who asks."""
    [newest, *_] = (await body(door.ask("GET", "/me/proxies", who=who)))["proxies"]
    return await door.ask("PUT", f"/me/proxies/{newest['id']}", answer, who=who)


async def book_for(door: Door, person: UUID, **who: Any) -> Any:
    places = [{"slot_id": str(MONDAY), "patient_id": str(person)}]
    return await door.ask("POST", "/bookings", {"places": places}, **who)


# ---- an adult with an account --------------------------------------------------------------------


async def test_an_adult_who_signs_in_and_agrees_can_be_booked_for_until_they_take_it_back(
    door: Door,
) -> None:
    await known(door, BORIS)
    await known(door, ALICE)
    await proposed(door)

    before = await problem(await book_for(door, BORIS))
    agreed = await say(door, AGREED)
    booked = await book_for(door, BORIS)
    [listed] = (await body(door.ask("GET", "/me/dependants")))["dependants"]
    back = await say(door, NOT_AGREED)
    after = await problem(await book_for(door, BORIS))

    assert before == after == (404, "patient_unknown")
    said = await agreed.json()
    assert (said["state"], said["name"]) == ("accepted", f"Patient {ALICE}")
    assert (said["consent"]["version"], said["consent"]["how"]) == (1, "signed in")
    assert (booked.status, (await back.json())["state"]) == (201, "withdrawn")
    # They are called something, and nothing else is said of them.
    assert (listed["kind"], listed["state"], listed["name"]) == (
        "adult",
        "accepted",
        f"Patient {BORIS}",
    )
    assert (listed["birth_date"], listed["phone"], listed["notes"]) == (None, None, None)
    assert (await body(door.ask("GET", "/me/dependants")))["dependants"] == []


async def test_while_nobody_has_agreed_nothing_is_seen_said_or_booked(door: Door) -> None:
    await known(door, BORIS)
    await proposed(door)

    [listed] = (await body(door.ask("GET", "/me/dependants")))["dependants"]
    about = {"name": "Somebody else", "birth_date": "1980-01-02"}
    changed = await door.ask("PUT", f"/me/dependants/{BORIS}", about)

    assert (listed["id"], listed["state"], listed["name"]) == (str(BORIS), "proposed", None)
    assert await problem(changed) == (404, "not_found")
    assert (await body(door.ask("GET", "/me", who=BORIS)))["name"] == f"Patient {BORIS}"


async def test_even_who_acts_for_an_adult_with_an_account_does_not_say_who_they_are(
    door: Door,
) -> None:
    await known(door, BORIS)
    await proposed(door)
    await say(door, AGREED)

    about = {"name": "Somebody else", "birth_date": "1980-01-02"}
    changed = await door.ask("PUT", f"/me/dependants/{BORIS}", about)

    assert await problem(changed) == (404, "not_found")


async def test_who_was_declined_cannot_ask_again_and_who_declined_can_think_better_of_it(
    door: Door,
) -> None:
    await known(door, BORIS)
    await proposed(door)
    await say(door, NOT_AGREED)

    asked = {"kind": "adult", "person_id": str(BORIS)}
    again = await problem(await door.ask("POST", "/me/dependants", asked))
    given_up = await door.ask("DELETE", f"/me/dependants/{BORIS}")
    once_more = await problem(await door.ask("POST", "/me/dependants", asked))
    better = await say(door, AGREED)

    assert again == once_more == (409, "relation_exists")
    assert given_up.status == 200
    assert (await better.json())["state"] == "accepted"


async def test_what_was_taken_back_is_over_and_may_be_proposed_anew(door: Door) -> None:
    await known(door, BORIS)
    await proposed(door)
    await say(door, AGREED)
    await door.ask("DELETE", f"/me/dependants/{BORIS}")

    ended = await problem(await say(door, AGREED))
    refused = await problem(await book_for(door, BORIS))
    await proposed(door)
    anew = await say(door, AGREED)

    assert (ended, refused) == ((409, "relation_ended"), (404, "patient_unknown"))
    assert (anew.status, (await book_for(door, BORIS)).status) == (200, 201)


@pytest.mark.parametrize("born", [None, TODAY - timedelta(days=365 * 17)])
async def test_who_is_not_known_to_be_an_adult_cannot_agree(door: Door, born: date | None) -> None:
    if born is not None:
        await known(door, BORIS, born)
    await proposed(door)

    assert await problem(await say(door, AGREED)) == (422, "not_of_age")
    assert await problem(await book_for(door, BORIS)) == (404, "patient_unknown")


async def test_the_words_are_those_in_force_or_none(door: Door) -> None:
    await known(door, BORIS)
    await proposed(door)

    old = await say(door, {"given": True, "version": 2})

    assert await problem(old) == (422, "consent_outdated")


async def test_one_proposes_to_nobody_twice_to_oneself_never_and_to_a_child_by_no_id(
    door: Door,
) -> None:
    asked = {"kind": "adult", "person_id": str(BORIS)}
    first = await door.ask("POST", "/me/dependants", asked, key="one")
    again = await door.ask("POST", "/me/dependants", asked, key="one")
    twice = await door.ask("POST", "/me/dependants", asked)
    reused = await door.ask("POST", "/me/dependants", {"kind": "adult"}, key="one")
    oneself = await door.ask("POST", "/me/dependants", asked | {"person_id": str(ALICE)})
    child = await door.ask("POST", "/me/dependants", {"person_id": str(BORIS)})

    assert (first.status, await again.json()) == (201, await first.json())
    assert await problem(twice) == (409, "relation_exists")
    assert await problem(reused) == (422, "key_reused")
    assert await problem(oneself) == await problem(child) == (422, "invalid_body")


async def test_children_and_adults_together_are_as_many_as_there_may_be(door: Door) -> None:
    await door.ask("POST", "/me/dependants", {})
    await proposed(door)

    more = [{}, {"kind": "adult"}]
    answers = [await problem(await door.ask("POST", "/me/dependants", one)) for one in more]
    await door.ask("DELETE", f"/me/dependants/{BORIS}")

    assert answers == [(409, "too_many_dependants")] * 2
    assert (await door.ask("POST", "/me/dependants", {})).status == 201


# ---- on paper ------------------------------------------------------------------------------------


async def test_an_adult_without_an_account_agrees_on_paper_and_the_proxy_says_who_they_are(
    door: Door,
) -> None:
    await known(door, ALICE)
    mother = await proposed(door, None)
    path, about = f"/me/dependants/{mother}", {"name": "Patient 9", "birth_date": "1950-01-02"}

    before = await problem(await door.ask("PUT", path, about))
    noted_ = await door.ask("PUT", f"/patients/{mother}/proxies/{ALICE}", AGREED, **STAFF)
    said = await body(door.ask("PUT", path, about))
    booked = await book_for(door, mother)
    [listed] = (await body(door.ask("GET", "/me/dependants")))["dependants"]

    assert before == (404, "not_found")
    assert (await noted_.json())["consent"]["how"] == "on paper"
    assert (booked.status, listed) == (201, said)
    row = await door.pool.fetchrow("SELECT * FROM relation")
    assert row is not None
    assert (row["witness_id"], row["consent_version"], row["state"]) == (NURSE, 1, "accepted")
    entries = await noted(door.pool, door.access)
    [entry] = [one for one in entries if one.operation == "note_proxy"]
    assert (entry.actor_id, set(entry.persons), entry.reason) == (NURSE, {mother, ALICE}, "care")
    assert "consent_version" in entry.fields


async def test_paper_needs_no_proposal_ends_what_it_began_and_overrules_a_no(door: Door) -> None:
    await known(door, ALICE)
    await known(door, BORIS)
    path = f"/patients/{BORIS}/proxies/{ALICE}"

    await body(door.ask("PUT", path, AGREED, **STAFF))
    first = await book_for(door, BORIS)
    ended = await body(door.ask("PUT", path, NOT_AGREED, **STAFF))
    again = await problem(await door.ask("PUT", path, NOT_AGREED, **STAFF))
    refused = await problem(await book_for(door, BORIS))

    assert (first.status, ended["state"]) == (201, "withdrawn")
    assert (again, refused) == ((409, "relation_ended"), (404, "patient_unknown"))
    await proposed(door)
    await say(door, NOT_AGREED)
    assert (await body(door.ask("PUT", path, AGREED, **STAFF)))["state"] == "accepted"


async def test_nobody_is_their_own_witness_and_a_child_has_its_guardian(door: Door) -> None:
    await known(door, ALICE)
    await known(door, NURSE)
    await known(door, BORIS, TODAY - timedelta(days=365 * 10))
    child = (await body(door.ask("POST", "/me/dependants", {})))["id"]

    own = await door.ask("PUT", f"/patients/{NURSE}/proxies/{ALICE}", AGREED, **STAFF)
    same = await door.ask("PUT", f"/patients/{ALICE}/proxies/{ALICE}", AGREED, **STAFF)
    young = await door.ask("PUT", f"/patients/{BORIS}/proxies/{ALICE}", AGREED, **STAFF)
    kin = await door.ask("PUT", f"/patients/{child}/proxies/{ALICE}", AGREED, **STAFF)
    nobody = await door.ask("PUT", f"/patients/{uuid4()}/proxies/{ALICE}", AGREED, **STAFF)

    assert await problem(own) == await problem(same) == (422, "witness_needed")
    assert await problem(young) == await problem(kin) == (422, "not_of_age")
    assert await problem(nobody) == (404, "not_found")


async def test_who_gets_an_account_and_is_found_to_be_the_same_person_decides_for_themselves(
    door: Door,
) -> None:
    await known(door, ALICE)
    mother = await proposed(door, None)
    await door.ask("PUT", f"/patients/{mother}/proxies/{ALICE}", AGREED, **STAFF)
    await known(door, BORIS)
    operator = {"who": an_id("an operator"), "roles": ["operator"]}

    await body(door.ask("POST", f"/patients/{mother}/merge", {"into_id": str(BORIS)}, **operator))
    booked = await book_for(door, mother)
    said = await door.ask(
        "PUT", f"/me/dependants/{BORIS}", {"name": "Another", "birth_date": "1950-01-02"}
    )
    await say(door, NOT_AGREED)

    assert (booked.status, await problem(said)) == (201, (404, "not_found"))
    assert await problem(await book_for(door, mother)) == (404, "patient_unknown")
    assert await problem(await book_for(door, BORIS)) == (404, "patient_unknown")


# ---- a child -------------------------------------------------------------------------------------


async def a_child(door: Door, born: date | None = None) -> UUID:
    made = UUID((await body(door.ask("POST", "/me/dependants", {})))["id"])
    if born is not None:
        about = {"name": "Patient 8", "birth_date": born.isoformat()}
        await body(door.ask("PUT", f"/me/dependants/{made}", about))
    return made


async def test_a_child_who_came_of_age_is_nobody_s_any_more_whatever_is_said_afterwards(
    door: Door,
) -> None:
    young = await a_child(door, OF_AGE + timedelta(days=40))
    grown = await a_child(door, OF_AGE)

    answers = [await book_for(door, one) for one in (young, grown)]
    listed = (await body(door.ask("GET", "/me/dependants")))["dependants"]
    about = {"name": "Patient 8", "birth_date": TODAY.isoformat()}
    younger = await door.ask("PUT", f"/me/dependants/{grown}", about)

    assert [answer.status for answer in answers] == [201, 404]
    assert [one["id"] for one in listed] == [str(young)]
    assert await problem(younger) == (404, "not_found")
    # Their own consent, from now on, and on paper for who has no account.
    await proposed(door, grown)
    await body(door.ask("PUT", f"/patients/{grown}/proxies/{ALICE}", AGREED, **STAFF))
    assert (await book_for(door, grown)).status == 201


async def test_a_child_comes_of_age_between_two_bookings_without_anybody_doing_anything(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = await a_child(door, TODAY - timedelta(days=365 * 10))
    first = await book_for(door, child)

    shift = timedelta(days=366 * 9)
    now = door.access._now
    monkeypatch.setattr(type(now.__self__), "now", lambda clock: datetime.now(UTC) + shift)
    second = await door.ask("GET", "/me/dependants")

    assert first.status == 201
    assert (await second.json())["dependants"] == []


async def test_while_the_master_keys_are_away_nobody_books_for_a_child_of_whom_more_is_known(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, untold = await a_child(door, OF_AGE + timedelta(days=40)), await a_child(door)

    async def away(*about: object) -> Any:
        raise KeysAwayError("nobody has them")

    monkeypatch.setattr(FileKeys, "unwrap", away)
    answers = [await book_for(door, one) for one in (told, untold, ALICE)]

    assert [answer.status for answer in answers] == [503, 201, 201]


# ---- a person is not a phone number --------------------------------------------------------------


async def test_two_who_share_a_phone_are_two_persons_and_neither_is_found_by_it(door: Door) -> None:
    shared = {"phone": "+7 999 000-00-05", "email": "family-5@example.org"}
    await known(door, ALICE, date(1980, 1, 2), **shared)
    await known(door, BORIS, date(1950, 1, 2), **shared)

    found = await body(door.ask("POST", "/patients/search", {"phone": shared["phone"]}, **STAFF))
    twins = await body(door.ask("GET", f"/patients/{ALICE}/duplicates", **STAFF))
    booked = await book_for(door, BORIS)
    by_phone = await door.ask("POST", "/me/dependants", {"kind": "adult", "phone": shared["phone"]})

    assert {one["id"] for one in found["patients"]} == {str(ALICE), str(BORIS)}
    assert twins["patients"] == []
    assert await problem(booked) == (404, "patient_unknown")
    assert await problem(by_phone) == (422, "invalid_body")
    assert [
        (await body(door.ask("GET", "/bookings", who=one)))["bookings"] for one in (ALICE, BORIS)
    ] == [[], []]
