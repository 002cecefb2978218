"""To which words does a person have to agree, and how do they stand to them?"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, get_args

import msgspec

Kind = Literal["data_processing", "reminders", "research"]

NEWEST: dict[Kind, int] = {"data_processing": 1, "reminders": 1, "research": 1}
"""The version of the words of each kind that is in force. Another one is agreed to anew."""

KINDS: tuple[Kind, ...] = get_args(Kind)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a person once agreed to, and when that ended, if it did."""

    kind: Kind
    version: int
    given_at: datetime
    withdrawn_at: datetime | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a person stands to one kind. `holds`: they agree, and to the words in force."""

    kind: Kind
    newest: int
    holds: bool
    version: int | None = None
    given_at: datetime | None = None
    withdrawn_at: datetime | None = None


def standings(history: Iterable[Given]) -> list[Standing]:
    """Each kind as it was said last, whatever was said before."""
    last: dict[Kind, Given] = {}
    for given in history:
        before = last.get(given.kind)
        if before is None or _said_at(given) >= _said_at(before):
            last[given.kind] = given
    return [_standing(kind, last.get(kind)) for kind in KINDS]


def _standing(kind: Kind, given: Given | None) -> Standing:
    if given is None:
        return Standing(kind=kind, newest=NEWEST[kind], holds=False)
    return Standing(
        kind=kind,
        newest=NEWEST[kind],
        holds=given.withdrawn_at is None and given.version == NEWEST[kind],
        version=given.version,
        given_at=given.given_at,
        withdrawn_at=given.withdrawn_at,
    )


def _said_at(given: Given) -> datetime:
    return given.withdrawn_at or given.given_at
