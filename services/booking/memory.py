"""What does the front desk know without asking the database? Facts that never change."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from services.booking.rules.eligibility import Campaign, SlotFacts
from services.booking.rules.life import Change
from services.booking.rules.publications import Published, ruled_services
from services.booking.store import Campaigns, Slots
from shared.counting import Found

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The last so many things that were looked for."""

    def __init__(self, size_max: int) -> None:
        self.found = 0
        self.missed = 0
        self._size_max = size_max
        self._things: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """What is remembered under the key."""
        thing = self._things.get(key)
        if thing is None:
            self.missed += 1
        else:
            self.found += 1
            self._things.move_to_end(key)
        return thing

    def put(self, key: K, thing: V) -> None:
        """Remember it; what was not looked for longest is forgotten."""
        self._things[key] = thing
        if len(self._things) > self._size_max:
            self._things.popitem(last=False)

    def drop(self, key: K) -> None:
        """It may have changed."""
        self._things.pop(key, None)


class Kept:
    """How far bookings were kept here a moment ago: their events, when they come, say nothing new.

    Only what is committed may be noted. A change that does not say whose booking it is changes a
    row that is there and makes none; so alone it says nothing of what came before it.
    """

    def __init__(self, size_max: int) -> None:
        self._versions: OrderedDict[UUID, int] = OrderedDict()
        self._size_max = size_max

    def note(self, changes: Iterable[Change]) -> None:
        """These are committed. What was noted first is forgotten first: its event came long ago."""
        for change in changes:
            version = self._versions.get(change.id, 0)
            is_there = version > 0 or change.owner_id is not None
            if is_there and version < change.version:
                self._versions[change.id] = change.version
        while len(self._versions) > self._size_max:
            self._versions.popitem(last=False)

    def has(self, booking_id: UUID, version: int) -> bool:
        """True when the booking is known to be as far as that, or further."""
        return self._versions.get(booking_id, 0) >= version


class Identities:
    """Who is the same person as whom? All of it is here: of merges there are few.

    A process hears of another's merge a second later; until then each id is seen by itself.
    """

    def __init__(self) -> None:
        self._into: Mapping[UUID, UUID] = {}
        self._also: dict[UUID, list[UUID]] = {}
        self._is_learned = False

    def wrong(self) -> str | None:
        """In words, while it is not known who is whom."""
        return None if self._is_learned else "it is not known yet who was merged"

    def learn(self, into: Mapping[UUID, UUID]) -> None:
        """From now on each of these leads to whom it says."""
        also: dict[UUID, list[UUID]] = {}
        for merged_id, person_id in into.items():
            also.setdefault(person_id, []).append(merged_id)
        self._into, self._also, self._is_learned = into, also, True

    def who(self, person_id: UUID) -> UUID:
        """The person whom the id leads to: for nearly everybody, themselves."""
        return self._into.get(person_id, person_id)

    def merged_into(self, person_id: UUID) -> list[UUID]:
        """The ids that lead to a person beside their own."""
        return self._also.get(person_id, [])

    def ids(self, person_id: UUID) -> list[UUID]:
        """All of a person's ids; the first is the one that the others lead to."""
        who = self.who(person_id)
        return [who, *self.merged_into(who)]


class RulesInForce:
    """What is published of each campaign's rules? All of it is here: of campaigns there are few.

    A process hears of another's publication a second later; what it admits by the one before is
    refused by the database, and judged again.
    """

    def __init__(self) -> None:
        self._published: Mapping[UUID, Published] = {}
        self.services: Mapping[str, tuple[UUID, ...]] = {}
        self._is_learned = False

    def wrong(self) -> str | None:
        """In words, while it is not known what is in force."""
        return None if self._is_learned else "it is not known yet which rules are in force"

    def learn(self, published: Iterable[Published]) -> None:
        """From now on this is in force."""
        self._published = {one.campaign_id: one for one in published}
        self.services = ruled_services(self._published.values())
        self._is_learned = True

    def of(self, campaign_id: UUID) -> Published | None:
        """What is in force of a campaign, if it has rules."""
        return self._published.get(campaign_id)


class Kin(msgspec.Struct, frozen=True, kw_only=True):
    """Whose child somebody is, how long they are one, and until when that is believed."""

    guardian_id: UUID
    child_until: datetime
    until: datetime


class Memory:
    """Slots, campaigns and children. What is not there is asked for each time: it may come."""

    def __init__(self, slots: Slots, campaigns: Campaigns, *, facts_max: int) -> None:
        self._slot_store = slots
        self._campaign_store = campaigns
        self._slots: Recent[UUID, SlotFacts] = Recent(facts_max)
        self._campaigns: Recent[UUID, Campaign] = Recent(facts_max)
        self.kin: Recent[UUID, Kin] = Recent(facts_max)
        self.identities = Identities()
        self.rules = RulesInForce()

    def looked_up(self) -> Found:
        """How often each kind of fact was found here, and how often the database was asked."""
        kinds: list[tuple[str, Recent[UUID, Any]]] = [
            ("slot", self._slots),
            ("campaign", self._campaigns),
            ("guardian", self.kin),
        ]
        for kind, recent in kinds:
            yield (kind, "memory"), recent.found
            yield (kind, "database"), recent.missed

    async def slots(self, slot_ids: Iterable[UUID]) -> dict[UUID, SlotFacts]:
        """Those of the slots that are known."""
        known: dict[UUID, SlotFacts] = {}
        missing: list[UUID] = []
        for slot_id in slot_ids:
            facts = self._slots.get(slot_id)
            if facts is None:
                missing.append(slot_id)
            else:
                known[slot_id] = facts
        if missing:
            for facts in await self._slot_store.facts(missing):
                self._slots.put(facts.id, facts)
                known[facts.id] = facts
        return known

    async def campaign(self, campaign_id: UUID) -> Campaign | None:
        """The campaign, if there is one."""
        campaign = self._campaigns.get(campaign_id)
        if campaign is None:
            campaign = await self._campaign_store.load(campaign_id)
            if campaign is not None:
                self._campaigns.put(campaign_id, campaign)
        return campaign
