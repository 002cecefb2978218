"""How is the table of permissions read? Line by line: a route, and how far each role reaches."""

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Literal, get_args

import msgspec

FILE = "permissions.txt"

Reach = Literal["own", "clinic", "all", "reason"]
"""Of whose things: one's own, those of the clinics that the token names, all; or any, with a reason
that is written down.
"""

REACHES: frozenset[str] = frozenset(get_args(Reach))

OF_A_CLINIC = ("front_desk", "practitioner", "clinic_manager")
"""The roles that mean nothing without the clinics that a token names."""

ROLES = ("patient", *OF_A_CLINIC, "operator", "auditor")
"""What a token may say that somebody is. A proxy is none of them: it is a relation to a patient."""

COLUMNS = (
    "route",
    "object",
    "anybody",
    "patient",
    "proxy",
    *OF_A_CLINIC,
    "operator",
    "auditor",
)
PROXY = ("-", "own", "dependants")
"""Nothing; what a guardian asked for is the guardian's own; and it may be for a dependant."""

NOBODY = "-"
NOTHING: frozenset[Reach] = frozenset()

Verdict = Literal["yes", "with a reason", "no"]


class MissingRuleError(LookupError):
    """A route of which the table says nothing."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: what is asked of which kind of thing, and how far each role reaches."""

    route: str
    object: str
    is_public: bool = False
    proxy: str = NOBODY
    reaches: Mapping[str, frozenset[Reach]] = {}

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that reach anything at all."""
        return tuple(role for role in ROLES if self.reaches.get(role))

    @property
    def takes_a_reason(self) -> bool:
        """True where somebody may see what is another's, if they say why."""
        return any("reason" in reach for reach in self.reaches.values())

    @property
    def names_a_clinic(self) -> bool:
        """True where the path says which clinic's things are meant."""
        return self.route.partition(" ")[2].startswith("/clinics/{id}")

    @property
    def is_for_dependants(self) -> bool:
        """True where a guardian may ask for somebody else."""
        return self.proxy == "dependants"

    def reach_of(self, roles: Iterable[str]) -> frozenset[Reach]:
        """How far somebody reaches who has all these roles."""
        reach = NOTHING
        for role in roles:
            reach |= self.reaches.get(role, NOTHING)
        return reach


def verdict(reach: frozenset[Reach], *, is_own: bool, is_at_clinic: bool) -> Verdict:
    """May somebody who reaches so far have this thing?"""
    if "all" in reach:
        return "yes"
    if (is_own and "own" in reach) or (is_at_clinic and "clinic" in reach):
        return "yes"
    return "with a reason" if "reason" in reach else "no"


def rule_of(route: str) -> Rule:
    """The rule of a route, such as `GET /bookings/{id}`; without one nobody is let in."""
    try:
        return POLICY[route]
    except KeyError:
        raise MissingRuleError(f"{route} has no line in shared/policy/{FILE}") from None


def read(text: str) -> dict[str, Rule]:
    """The rules of a table by their routes; what it cannot mean is a ValueError."""
    lines = [line for line in text.splitlines() if not line.startswith("|-")]
    heading, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    if tuple(heading) != COLUMNS:
        raise ValueError(f"the columns are {', '.join(heading)}")
    rules: dict[str, Rule] = {}
    for row in rows:
        rule = _rule(dict(zip(COLUMNS, row, strict=True)))
        if rule.route in rules:
            raise ValueError(f"{rule.route} has two lines")
        rules[rule.route] = rule
    return rules


def _rule(cells: dict[str, str]) -> Rule:
    route = cells["route"]
    is_public = cells["anybody"] == "all"
    if is_public:
        if any(cells[name] != "all" for name in (*ROLES, "proxy")):
            raise ValueError(f"{route} is for anybody, and then for somebody not")
        return Rule(route=route, object=cells["object"], is_public=True)
    if cells["anybody"] != NOBODY or cells["proxy"] not in PROXY:
        raise ValueError(f"{route} says to anybody or a proxy what has no meaning")
    rule = Rule(
        route=route,
        object=cells["object"],
        proxy=cells["proxy"],
        reaches={role: _reach(cells[role]) for role in ROLES},
    )
    if rule.takes_a_reason and not route.startswith("GET "):
        # Who was told of it comes after the answer is made: too late for what was changed.
        raise ValueError(f"{route} changes something of another's for a reason")
    return rule


def _reach(cell: str) -> frozenset[Reach]:
    words = [] if cell == NOBODY else cell.split(", ")
    if strange := set(words) - REACHES:
        raise ValueError(f"nobody reaches as far as {', '.join(sorted(strange))}")
    return msgspec.convert(words, frozenset[Reach])


POLICY: Mapping[str, Rule] = read(files("shared.policy").joinpath(FILE).read_text("utf-8"))
"""The table."""
