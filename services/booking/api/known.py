"""In which form is somebody shown what rules ask for, by which they were admitted, their papers?"""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from services.booking.api.desk import Desk
from services.booking.rules.admission import NOTHING_KNOWN, Facts
from services.booking.store import AllPapers


class FactsBody(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person as far as rules ask for it; null is not known."""

    person_id: UUID
    born_month: str | None
    district: str | None
    profession: str | None
    risk_groups: tuple[str, ...] | None

    def __repr__(self) -> str:
        return f"FactsBody({self.person_id})"


async def own_facts(desk: Desk, people: Sequence[UUID]) -> list[FactsBody]:
    """Of a person, who is the first, and of their dependants."""
    known = await desk.facts.own(desk.identities.ids(people[0]), people)
    return [facts_body(one, known.get(one, NOTHING_KNOWN)) for one in people]


async def own_papers(desk: Desk, people: Sequence[UUID]) -> AllPapers:
    """Of a person, who is the first, and of their children, under each of their ids."""
    ids = desk.identities.ids
    return await desk.papers.own(ids(people[0]), [one for kin in people for one in ids(kin)])


def facts_body(person_id: UUID, facts: Facts) -> FactsBody:
    """Facts as they are shown."""
    born = facts.born_month
    return FactsBody(
        person_id=person_id,
        born_month=None if born is None else f"{born:%Y-%m}",
        district=facts.district,
        profession=facts.profession,
        risk_groups=facts.risk_groups,
    )
