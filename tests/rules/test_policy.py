"""What does the table of permissions mean, and what can it not say?"""

from typing import Any

import pytest

from shared.policy import OF_A_CLINIC, POLICY, MissingRuleError, Reach, Rule, rule_of
from shared.policy.table import COLUMNS, read, verdict

HEADING = f"| {' | '.join(COLUMNS)} |\n|---|\n"


def line(route: str = "GET /chairs/{id}", **cells: str) -> str:
    """A line of a table; who is not named may nothing."""
    said = {"route": route, "object": "chair"} | cells
    return f"| {' | '.join(said.get(column, '-') for column in COLUMNS)} |\n"


@pytest.mark.parametrize(
    ("reach", "thing", "said"),
    [
        ({"all"}, {}, "yes"),
        ({"own"}, {"is_own": True}, "yes"),
        ({"own"}, {"is_at_clinic": True}, "no"),
        ({"clinic"}, {"is_at_clinic": True}, "yes"),
        ({"clinic"}, {"is_own": True}, "no"),
        ({"own", "reason"}, {"is_own": True}, "yes"),
        ({"own", "reason"}, {}, "with a reason"),
        ({"reason"}, {"is_own": True, "is_at_clinic": True}, "with a reason"),
        (set(), {"is_own": True, "is_at_clinic": True}, "no"),
    ],
)
def test_what_somebody_may_have_follows_from_how_far_they_reach(
    reach: set[Reach], thing: dict[str, Any], said: str
) -> None:
    whose = {"is_own": False, "is_at_clinic": False} | thing

    assert verdict(frozenset(reach), **whose) == said


def test_who_has_two_roles_reaches_as_far_as_both() -> None:
    rule = POLICY["GET /bookings/{id}"]

    assert rule.reach_of(["patient", "practitioner"]) == {"own", "reason"}
    assert rule.reach_of(["auditor", "somebody else"]) == set()


def test_a_line_says_who_may_and_how_far() -> None:
    rule = read(HEADING + line(patient="own", practitioner="own, reason"))["GET /chairs/{id}"]

    assert rule.roles == ("patient", "practitioner")
    assert rule.reaches["practitioner"] == {"own", "reason"}
    assert rule.takes_a_reason
    assert not rule.is_public


@pytest.mark.parametrize(
    "text",
    [
        HEADING.replace("auditor", "janitor") + line(),
        HEADING + line(patient="everything"),
        HEADING + line(patient="own,reason"),
        HEADING + line() + line(),
        HEADING + line(anybody="all"),
        HEADING + line(anybody="own"),
        HEADING + line(proxy="all"),
        HEADING + line("DELETE /chairs/{id}", operator="reason"),
        HEADING + line() + "| GET /tables | table |\n",
    ],
)
def test_a_table_that_cannot_be_meant_is_no_table(text: str) -> None:
    with pytest.raises(ValueError, match=r"columns|reach|lines|anybody|reason|zip"):
        read(text)


def test_a_route_that_the_table_does_not_name_has_no_rule() -> None:
    with pytest.raises(MissingRuleError, match="GET /chairs"):
        rule_of("GET /chairs")


def test_an_auditor_reads_who_looked_and_nothing_else() -> None:
    audited = {rule.object for rule in POLICY.values() if rule.reaches.get("auditor")}

    assert audited == {"accesses"}


def test_who_works_at_a_clinic_reaches_beyond_it_only_whoever_stands_before_them() -> None:
    # What every patient reaches, too, such as a ticket to a waiting room, is beyond nobody.
    rules = [r for r in POLICY.values() if not r.is_public and "all" not in r.reaches["patient"]]

    beyond = {rule.object for rule in rules for role in OF_A_CLINIC if "all" in rule.reaches[role]}

    # Somebody calls or stands there: they are looked up, booked for wherever there is a place, and
    # heard when they ask why nobody told them.
    assert beyond == {"person", "booking", "hold", "messages"}


def test_a_public_rule_lets_nobody_in_by_role() -> None:
    assert Rule(route="GET /chairs", object="chair", is_public=True).roles == ()
