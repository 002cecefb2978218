"""For whom may somebody act at this moment? Asked of every wish that names another person.

Of a child it is remembered for a while: that a guardian has it does not change, and a birth date
hardly ever. Of an adult it is asked anew each time, since they may have taken it back just now.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from services.booking.memory import Kin, Memory
from services.booking.rules.families import Eyes, child_until
from services.booking.rules.life import Booking
from services.booking.rules.profiles import NOTHING_KNOWN, Profile
from services.booking.store import Patients, Profiles, Relations
from services.booking.store.patients import Child

KNOWN_FOR = timedelta(seconds=60)
"""So long until another process knows of a birth date that was corrected here."""


class Families:
    """Who acts for whom, from the database; of children from memory where it was there lately."""

    def __init__(
        self, memory: Memory, patients: Patients, profiles: Profiles, relations: Relations
    ) -> None:
        self._memory = memory
        self._patients = patients
        self._profiles = profiles
        self._relations = relations

    async def wards(self, actor_id: UUID, persons: Collection[UUID], now: datetime) -> set[UUID]:
        """Those of these persons for whom the actor may act now; all by the ids of today."""
        kin = {one: self._memory.kin.get(one) for one in persons}
        stale = [one for one, known in kin.items() if known is None or known.until < now]
        if stale:
            ids = self._memory.identities.ids(actor_id)
            kin |= await self._look(ids, stale, now)
        children = {
            one
            for one, known in kin.items()
            if known is not None
            and self._memory.identities.who(known.guardian_id) == actor_id
            and now < known.child_until
        }
        others = [one for one in persons if one not in children]
        return children | (await self.adults(actor_id, others) if others else set())

    async def eyes(self, actor_id: UUID, bookings: Iterable[Booking], now: datetime) -> Eyes:
        """With which eyes the actor looks at these bookings: of most, nobody is asked anything."""
        identities = self._memory.identities
        eyes = Eyes(own=frozenset(identities.ids(actor_id)))
        persons = {
            place.patient_id
            for booking in bookings
            if eyes.owns(booking)
            for place in booking.places
            if place.patient_id is not None and place.patient_id not in eyes.own
        }
        if not persons:
            return eyes
        return Eyes(own=eyes.own, wards=frozenset(await self.known_as(actor_id, persons, now)))

    async def known_as(self, actor_id: UUID, persons: set[UUID], now: datetime) -> set[UUID]:
        """Those of these for whom the actor may act now, by whichever ids they are written down."""
        who = self._memory.identities.who
        acts_for = await self.wards(who(actor_id), set(map(who, persons)), now)
        return {one for one in persons if who(one) in acts_for}

    async def adults(self, actor_id: UUID, persons: Iterable[UUID]) -> set[UUID]:
        """Those of these who agree, as of now, that the actor acts for them."""
        identities = self._memory.identities
        theirs = [one for person in persons for one in identities.ids(person)]
        agreed = await self._relations.agreed(identities.ids(actor_id), theirs)
        return {identities.who(one) for one in agreed}

    async def children(self, actor_id: UUID, now: datetime) -> dict[UUID, Profile]:
        """A person's children with what is known of them, oldest first; who came of age is none."""
        ids = self._memory.identities.ids(actor_id)
        found = await self._patients.children(ids)
        known = await self._profiles.own(ids, [child.id for child in found])
        still = await self._still_children(found, known, now)
        return {child.id: known.get(child.id, NOTHING_KNOWN) for child in still}

    def forget(self, person_id: UUID) -> None:
        """Something else is known of the person from now on."""
        self._memory.kin.drop(person_id)

    async def _look(
        self, ids: Sequence[UUID], persons: Sequence[UUID], now: datetime
    ) -> dict[UUID, Kin | None]:
        """As the database has it; nothing of those who are nobody's here or came of age."""
        found = await self._patients.children(ids, persons)
        told = [child.id for child in found if child.has_profile]
        known = await self._profiles.own(ids, told) if told else {}
        kin: dict[UUID, Kin | None] = dict.fromkeys(persons)
        for child in await self._still_children(found, known, now):
            born = known.get(child.id, NOTHING_KNOWN).birth_date
            kin[child.id] = Kin(
                guardian_id=child.guardian_id,
                child_until=child_until(born, child.made_at),
                until=now + KNOWN_FOR,
            )
        for one, known_kin in kin.items():
            if known_kin is None:
                self._memory.kin.drop(one)
            else:
                self._memory.kin.put(one, known_kin)
        return kin

    async def _still_children(
        self, found: Sequence[Child], known: dict[UUID, Profile], now: datetime
    ) -> list[Child]:
        """Whoever is found to have come of age is so for ever, whatever is said afterwards."""

        def born(child: Child) -> date | None:
            return known.get(child.id, NOTHING_KNOWN).birth_date

        grown = [one for one in found if now >= child_until(born(one), one.made_at)]
        if grown:
            await self._patients.note_outgrown([one.id for one in grown])
        return [one for one in found if one not in grown]
