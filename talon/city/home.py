"""What does a stack keep about its city, so that later verbs know who lives there?"""

from datetime import date
from pathlib import Path
from uuid import UUID

import msgspec

from deploy.local.stack import Stack
from talon.city.plan import Plan, draw_up
from talon.mistakes import MistakeError


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan follows from, and what only the services could say."""

    seed: int
    first_day: date
    clinics: int
    patients: int
    guests: int = 0
    families: dict[int, tuple[UUID, ...]] = {}
    """The dependants' ids by their guardian's number: the front desk gave them out."""


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A city that has been set up: its plan, its families, everyone's token by number."""

    plan: Plan
    families: dict[int, tuple[UUID, ...]]
    tokens: list[str]


def read_kept(stack: Stack) -> Kept | None:
    """What was kept; None where no city has been set up."""
    path = _folder(stack) / "city.json"
    if not path.exists():
        return None
    return msgspec.json.decode(path.read_bytes(), type=Kept)


def load(stack: Stack) -> City:
    """The city of this stack; a sentence where it has none."""
    kept = read_kept(stack)
    if kept is None:
        raise MistakeError(
            f"stack {stack.name} has no city yet; run: python -m talon city --stack {stack.name}"
        )
    tokens = (_folder(stack) / "tokens").read_text(encoding="ascii").splitlines()
    return City(plan=plan_of(kept), families=kept.families, tokens=tokens)


def plan_of(kept: Kept) -> Plan:
    """The plan that these facts lead to."""
    return draw_up(
        kept.seed,
        kept.first_day,
        clinics=kept.clinics,
        patients=kept.patients,
        guests=kept.guests,
    )


def publication_in(stack: Stack) -> Path:
    """Where the guests' clinics are published."""
    return _folder(stack) / "publication"


def keep(stack: Stack, kept: Kept, tokens: list[str]) -> None:
    """Write both down; the tokens for their owner alone, and the city last: then it is complete."""
    folder = _folder(stack)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tokens"
    path.touch(mode=0o600)
    path.write_text("\n".join(tokens), encoding="ascii")
    part = folder / "city.json.part"
    part.write_bytes(msgspec.json.encode(kept))
    part.replace(folder / "city.json")


def _folder(stack: Stack) -> Path:
    return stack.home / "city"
