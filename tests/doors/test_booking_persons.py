"""Who may see, change, take away and erase what is known of whom?"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.booking.api.me import ELSEWHERE
from services.booking.rules.consents import NEWEST
from shared.vault import FileKeys, KeysAwayError
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS, FRIDAY, MONDAY
from tests.stories import an_id

PROFILE = {
    "name": "Patient 1",
    "birth_date": "1980-01-02",
    "phone": "+7 999 000-00-01",
    "email": "patient-1@example.org",
    "notes": "Ground floor.",
}
NOTHING = dict.fromkeys(PROFILE)
STAFF = {"who": an_id("a clerk"), "roles": ["front_desk"]}
OPERATOR = {"who": an_id("an operator"), "roles": ["operator"]}


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        yield opened


async def body(asked: Any) -> Any:
    answer = await asked
    assert answer.status < 300, await answer.text()
    return await answer.json()


async def known(door: Door, who: UUID = ALICE, **more: Any) -> None:
    await body(door.ask("PUT", "/me", PROFILE | more, who=who))


# ---- one's own -----------------------------------------------------------------------------------


async def test_one_sees_what_one_has_said_and_nobody_else_does(door: Door) -> None:
    before = await body(door.ask("GET", "/me"))
    said = await door.ask("PUT", "/me", PROFILE)
    after = await body(door.ask("GET", "/me"))

    assert before == {"id": str(ALICE)} | NOTHING
    assert await said.json() == after == {"id": str(ALICE)} | PROFILE
    assert said.headers["Cache-Control"] == "no-store"
    assert await body(door.ask("GET", "/me", who=BORIS)) == {"id": str(BORIS)} | NOTHING


async def test_what_is_left_out_is_not_known_any_more(door: Door) -> None:
    await known(door)

    await door.ask("PUT", "/me", {"name": "Patient 1", "birth_date": "1980-01-02"})

    after = await body(door.ask("GET", "/me"))
    assert (after["phone"], after["email"], after["notes"]) == (None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": None},
        {"name": "Patient\n1"},
        {"name": "P" * 201},
        {"birth_date": "2999-01-01"},
        {"birth_date": "1980-02-30"},
        {"birth_date": "yesterday"},
        {"phone": "8 999 000-00-01"},
        {"phone": "+7" * 40},
        {"email": "patient-1"},
        {"email": "a@example.org\r\nBcc: all@example.org"},
        {"notes": "N" * 2_001},
        {"colour": "red"},
    ],
)
async def test_what_cannot_be_is_refused_without_being_repeated_and_changes_nothing(
    door: Door, wrong: dict[str, Any]
) -> None:
    await known(door)

    answer = await door.ask("PUT", "/me", PROFILE | wrong)

    assert await problem(answer) == (422, "invalid_body")
    said = await answer.text()
    assert [one for one in map(str, wrong.values()) if len(one) > 5 and one in said] == []
    assert await body(door.ask("GET", "/me")) == {"id": str(ALICE)} | PROFILE


async def test_a_guardian_says_who_a_dependant_is_and_nobody_else_may(door: Door) -> None:
    child = (await body(door.ask("POST", "/me/dependants", {})))["id"]
    path, about = f"/me/dependants/{child}", {"name": "Patient 2", "birth_date": "2015-06-07"}

    said = await body(door.ask("PUT", path, about))
    by_another = await door.ask("PUT", path, about, who=BORIS)
    as_their_own = await door.ask("PUT", f"/me/dependants/{ALICE}", about)
    unknown = await door.ask("PUT", f"/me/dependants/{uuid4()}", about)

    listed = (await body(door.ask("GET", "/me/dependants")))["dependants"]
    child_s = {"kind": "child", "state": "accepted"}
    assert listed == [said] == [{"id": child} | NOTHING | about | child_s]
    assert await problem(by_another) == await problem(unknown) == (404, "not_found")
    assert await by_another.text() == await unknown.text()
    assert await problem(as_their_own) == (404, "not_found")


async def test_all_that_is_known_can_be_taken_away(door: Door) -> None:
    await door.open_slot(MONDAY, capacity=2)
    await known(door)
    child = (await body(door.ask("POST", "/me/dependants", {})))["id"]
    booking = await body(door.book(MONDAY))
    await door.book(MONDAY, who=BORIS)

    taken = await body(door.ask("GET", "/me/export"))

    assert taken["person"] == {"id": str(ALICE)} | PROFILE
    assert [one["id"] for one in taken["dependants"]] == [child]
    assert [one["id"] for one in taken["bookings"]] == [booking["id"]]
    assert (taken["complete"], taken["elsewhere"]) == (
        True,
        ELSEWHERE,
    )


async def test_who_is_erased_is_as_nobody_and_their_bookings_stay_theirs_by_id(door: Door) -> None:
    await door.open_slot(MONDAY)
    await known(door)
    booking = await body(door.book(MONDAY))
    refused = await door.ask("POST", "/me/erase", {}, key="erase-me")
    still_known = await body(door.ask("GET", "/me"))
    await door.ask("POST", f"/bookings/{booking['id']}/cancel", {})

    done = await body(door.ask("POST", "/me/erase", {}, key="erase-me"))
    again = await body(door.ask("POST", "/me/erase", {}, key="erase-me"))

    assert await problem(refused) == (409, "bookings_ahead")
    assert still_known["name"] == "Patient 1"
    assert done == again
    assert await body(door.ask("GET", "/me")) == {"id": str(ALICE)} | NOTHING
    assert (await body(door.ask("GET", f"/bookings/{booking['id']}")))["status"] == "cancelled"


async def test_an_erasure_s_key_is_good_for_nothing_else(door: Door) -> None:
    await door.ask("POST", "/me/erase", {}, key="erase-me")
    missing = await door.client.post("/api/v1/me/erase", json={})

    assert await problem(missing) == (401, "token_missing")
    assert await problem(await door.ask("POST", "/me/erase", {"all": True})) == (
        422,
        "invalid_body",
    )


async def test_while_the_master_keys_are_away_places_are_booked_and_names_wait(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.open_slot(MONDAY, capacity=2)
    await known(door)
    asked: list[str] = []

    async def away(*about: object) -> Any:
        asked.append("the vault")
        raise KeysAwayError("nobody has them")

    for verb in ("newest", "wrap", "unwrap"):
        monkeypatch.setattr(FileKeys, verb, away)
    booking = await body(door.book(MONDAY))
    await body(door.ask("GET", "/bookings"))
    await body(door.ask("POST", f"/bookings/{booking['id']}/cancel", {}))
    touched = len(asked)
    shown, changed = await door.ask("GET", "/me"), await door.ask("PUT", "/me", PROFILE)

    assert touched == 0, "no booking touches the vault"
    assert await problem(shown) == await problem(changed) == (503, "unavailable")


# ---- consents ------------------------------------------------------------------------------------


async def test_one_agrees_and_takes_it_back_and_what_was_agreed_to_stays_on_record(
    door: Door,
) -> None:
    said = {"kind": "research", "version": NEWEST["research"], "given": True}

    given = await body(door.ask("PUT", "/me/consents", said))
    again = await body(door.ask("PUT", "/me/consents", said))
    withdrawn = await body(door.ask("PUT", "/me/consents", said | {"given": False}))

    assert given == again
    assert {one["kind"]: one["holds"] for one in given["consents"]}["research"]
    assert not any(one["holds"] for one in withdrawn["consents"])
    (history,) = (await body(door.ask("GET", "/me/export")))["consents"]
    assert (history["version"], history["withdrawn_at"] is not None) == (1, True)
    assert not any(
        one["given_at"]
        for one in (await body(door.ask("GET", "/me/consents", who=BORIS)))["consents"]
    )


async def test_only_the_words_in_force_can_be_agreed_to(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"kind": "research", "version": 1, "given": True}
    await door.ask("PUT", "/me/consents", said)
    monkeypatch.setitem(NEWEST, "research", 2)

    outdated = await door.ask("PUT", "/me/consents", said)
    shown = await body(door.ask("GET", "/me/consents"))
    anew = await body(door.ask("PUT", "/me/consents", said | {"version": 2}))

    assert await problem(outdated) == (422, "consent_outdated")
    assert [one["holds"] for one in shown["consents"] if one["kind"] == "research"] == [False]
    assert [one["holds"] for one in anew["consents"] if one["kind"] == "research"] == [True]


# ---- staff ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked", [{"phone": "+7 (999) 000 00 01"}, {"email": "Patient-1@EXAMPLE.org"}]
)
async def test_staff_find_a_person_by_a_whole_phone_or_address(
    door: Door, asked: dict[str, str]
) -> None:
    await known(door)

    found = await body(door.ask("POST", "/patients/search", asked, **STAFF))

    assert found == {"patients": [{"id": str(ALICE)} | PROFILE]}


@pytest.mark.parametrize(
    "asked",
    [{}, {"phone": "+79990000001", "email": "patient-1@example.org"}, {"phone": "999"}],
)
async def test_half_a_phone_or_none_is_no_search(door: Door, asked: dict[str, str]) -> None:
    assert await problem(await door.ask("POST", "/patients/search", asked, **STAFF)) == (
        422,
        "invalid_body",
    )


async def test_a_patient_looks_nobody_up_and_staff_merge_nobody(door: Door) -> None:
    await known(door)
    merge = (f"/patients/{BORIS}/merge", {"into_id": str(ALICE)})

    refused = [
        await door.ask("POST", "/patients/search", {"phone": PROFILE["phone"]}),
        await door.ask("GET", f"/patients/{ALICE}"),
        await door.ask("GET", f"/patients/{ALICE}/duplicates"),
        await door.ask("POST", *merge),
        await door.ask("POST", *merge, **STAFF),
    ]

    assert [await problem(answer) for answer in refused] == [(403, "forbidden")] * 5


# ---- one person ----------------------------------------------------------------------------------


async def merged(door: Door, from_id: UUID, into_id: UUID) -> Any:
    return await door.ask(
        "POST", f"/patients/{from_id}/merge", {"into_id": str(into_id)}, **OPERATOR
    )


async def test_twins_are_found_and_merged_and_each_signs_in_as_the_same_person(door: Door) -> None:
    await door.open_slot(MONDAY, capacity=5)
    await known(door)
    await known(door, BORIS, notes="Has a dog.")
    booking = await body(door.book(MONDAY, who=BORIS))
    twins = (await body(door.ask("GET", f"/patients/{ALICE}/duplicates", **STAFF)))["patients"]

    whole = await body(merged(door, BORIS, ALICE))

    path = f"/bookings/{booking['id']}"
    assert [one["id"] for one in twins] == [str(BORIS)]
    assert whole == {"id": str(ALICE)} | PROFILE | {"notes": "Ground floor.\nHas a dog."}
    for who in (ALICE, BORIS):
        assert await body(door.ask("GET", "/me", who=who)) == whole
        listed = (await body(door.ask("GET", "/bookings", who=who)))["bookings"]
        assert [one["id"] for one in listed] == [booking["id"]]
    assert await body(door.ask("GET", f"/patients/{BORIS}", **STAFF)) == whole
    assert (await body(door.ask("GET", "/me/export")))["also_known_as"] == [str(BORIS)]
    assert (await body(door.ask("POST", f"{path}/cancel", {})))["status"] == "cancelled"


async def test_nobody_has_a_dose_twice_by_having_had_two_ids(door: Door) -> None:
    await door.open_slot(MONDAY, capacity=5)
    await door.open_slot(FRIDAY, capacity=5)
    await known(door)
    await known(door, BORIS)
    await door.book(MONDAY, who=BORIS)
    await merged(door, BORIS, ALICE)

    again = await door.book(MONDAY)
    elsewhere = await door.book(FRIDAY)
    twice = await door.book(FRIDAY, who=BORIS)

    assert await problem(again) == (409, "already_booked")
    assert elsewhere.status == 201
    assert await problem(twice) == (409, "already_booked")


async def test_a_wish_asked_again_after_a_merge_is_the_same_wish(door: Door) -> None:
    await door.open_slot(MONDAY, capacity=5)
    await known(door)
    await known(door, BORIS)
    first = await body(door.book(MONDAY, who=BORIS, key="Monday"))
    await door.ask("POST", f"/bookings/{first['id']}/cancel", {}, who=BORIS)
    child = await body(door.ask("POST", "/me/dependants", {}, who=BORIS, key="child"))

    await merged(door, BORIS, ALICE)

    again = await body(door.ask("POST", "/me/dependants", {}, who=BORIS, key="child"))
    assert again == child


async def test_a_guardian_who_was_merged_books_for_their_dependants_as_before(door: Door) -> None:
    await door.open_slot(MONDAY, capacity=5)
    await known(door)
    await known(door, BORIS)
    child = (await body(door.ask("POST", "/me/dependants", {}, who=BORIS)))["id"]
    await merged(door, BORIS, ALICE)

    wish = {"places": [{"slot_id": str(MONDAY), "patient_id": child}]}
    booked = [await door.ask("POST", "/bookings", wish, who=who) for who in (ALICE, BORIS)]

    assert [answer.status for answer in booked] == [201, 409]
    assert [one["id"] for one in (await body(door.ask("GET", "/me/dependants")))["dependants"]] == [
        child
    ]


async def test_what_cannot_be_merged_says_why(door: Door) -> None:
    await known(door)
    await known(door, BORIS)
    await known(door, an_id("Clara"))
    await merged(door, BORIS, ALICE)

    said = [
        await problem(await merged(door, from_id, into_id))
        for from_id, into_id in [
            (ALICE, ALICE),
            (uuid4(), ALICE),
            (BORIS, an_id("Clara")),
            (an_id("Clara"), BORIS),
        ]
    ]

    assert said == [
        (422, "merge_impossible"),
        (404, "not_found"),
        (409, "patient_merged"),
        (409, "patient_merged"),
    ]
