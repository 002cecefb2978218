"""What may be known of a person, by what are they found, and to what do they agree?"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.memory import Identities
from services.booking.rules.consents import NEWEST, Given, standings
from services.booking.rules.profiles import Profile, completed, found_by, wrong_with
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id

TODAY = date(2030, 5, 1)
NOON = datetime(2030, 5, 1, 9, tzinfo=UTC)
BORN = date(1980, 1, 2)
WHOLE = Profile(
    name="Patient 1",
    birth_date=BORN,
    phone="+7 999 000-00-01",
    email="patient-1@example.org",
    notes="Ground floor.",
)


@pytest.mark.parametrize("profile", [Profile(), WHOLE, Profile(name="P", birth_date=TODAY)])
def test_what_may_be_is_not_complained_about(profile: Profile):
    assert wrong_with(profile, TODAY) is None


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"birth_date": TODAY + timedelta(days=1)}, "birth_date"),
        ({"birth_date": date(1889, 12, 31)}, "birth_date"),
        ({"phone": "8 999 000-00-01"}, "phone"),
        ({"email": "patient"}, "e-mail"),
        ({"email": "patient@example.org\r\nBcc: all@example.org"}, "e-mail"),
    ],
)
def test_what_cannot_be_is_named_and_not_repeated(known: dict[str, Any], said: str):
    wrong = wrong_with(Profile(**known), TODAY)

    assert wrong is not None
    assert said in wrong
    assert not any(str(value) in wrong for value in known.values())


def test_a_person_is_found_by_phone_and_address_and_by_each_with_the_birth_date():
    assert dict(found_by(WHOLE)) == {
        "phone": ("+79990000001",),
        "phone and birth date": ("+79990000001", "1980-01-02"),
        "email": ("patient-1@example.org",),
        "email and birth date": ("patient-1@example.org", "1980-01-02"),
    }


def test_nobody_is_found_by_a_birth_date_alone():
    assert dict(found_by(Profile(birth_date=BORN))) == {}


PROFILES = st.builds(
    Profile,
    name=st.none() | st.just("Patient 1") | st.just("Patient 2"),
    phone=st.none() | st.just("+79990000001"),
    email=st.none() | st.just("patient-1@example.org"),
    notes=st.none() | st.just("One.") | st.just("Two."),
)


@given(PROFILES, PROFILES)
def test_nothing_that_either_knew_is_lost_and_what_the_one_says_stays(one: Profile, other: Profile):
    whole = completed(one, other)

    for name in Profile.__struct_fields__:
        mine, theirs = getattr(one, name), getattr(other, name)
        said = getattr(whole, name)
        if name == "notes":
            assert {mine, theirs} - {None} <= set((said or "").splitlines())
        else:
            assert said == (mine if mine is not None else theirs)


def test_a_profile_is_in_no_representation():
    assert "Patient" not in repr(WHOLE)
    assert "999" not in f"{WHOLE}"


# ---- consents ------------------------------------------------------------------------------------


def test_who_never_said_anything_agrees_to_nothing():
    assert [(one.kind, one.holds, one.version) for one in standings([])] == [
        (kind, False, None) for kind in NEWEST
    ]


def test_what_was_said_last_counts(monkeypatch: pytest.MonkeyPatch):
    later = NOON + timedelta(days=1)
    history = [
        Given(kind="reminders", version=1, given_at=NOON, withdrawn_at=later),
        Given(kind="research", version=1, given_at=NOON, withdrawn_at=NOON),
        Given(kind="research", version=1, given_at=later),
    ]

    said = {one.kind: one.holds for one in standings(history)}

    assert said == {"data_processing": False, "reminders": False, "research": True}


def test_other_words_are_agreed_to_anew(monkeypatch: pytest.MonkeyPatch):
    history = [Given(kind="research", version=1, given_at=NOON)]

    monkeypatch.setitem(NEWEST, "research", 2)

    (research,) = [one for one in standings(history) if one.kind == "research"]
    assert (research.holds, research.version, research.newest) == (False, 1, 2)


# ---- who is whom ---------------------------------------------------------------------------------


def test_every_id_leads_to_one_person_and_nearly_everybody_to_themselves():
    identities, clara = Identities(), an_id("Clara")
    before = identities.wrong()

    identities.learn({BORIS: ALICE, clara: ALICE})

    assert (before is None, identities.wrong()) == (False, None)
    assert {identities.who(one) for one in (ALICE, BORIS, clara)} == {ALICE}
    assert identities.ids(BORIS) == [ALICE, BORIS, clara]
    assert identities.ids(an_id("Dora")) == [an_id("Dora")]
