"""Does the page about permissions say what the table says, and the table what can be asked?"""

import re
from collections import Counter
from pathlib import Path
from typing import get_args

from shared.policy import (
    OF_A_CLINIC,
    POLICY,
    REASON_LENGTH_MAX,
    REASON_LENGTH_MIN,
    ROLES,
    Reach,
)
from shared.policy.table import FILE, PROXY
from talon.verbs.openapi import APIS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "permissions.md").read_text("utf-8")
TABLE = (ROOT / "shared" / "policy" / FILE).read_text("utf-8")


def test_the_page_has_the_table_as_it_is():
    [section] = [part for part in PAGE.split("\n## ") if part.startswith("The table")]

    assert [line for line in section.splitlines() if line.startswith("|")] == TABLE.splitlines()


def test_every_route_has_its_line_and_no_line_is_left_of_one_that_is_gone():
    asked = {route.rule.route for api in APIS.values() for route in api.routes}

    assert asked == set(POLICY)


def test_every_role_and_every_reach_is_explained():
    explained = Counter(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE))

    words = {*ROLES, "proxy", "anybody", *get_args(Reach), *PROXY}
    assert set(explained) == words
    assert all(f"`{role}`" in PAGE for role in OF_A_CLINIC)


def test_the_length_of_a_reason_is_told_as_it_is():
    assert f"{REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} characters" in PAGE
