"""What does every route need: which command a request is, and what stands in its way?"""

from collections.abc import Container, Sequence
from datetime import timedelta
from typing import Annotated, Any, Protocol, Self
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from services.booking.admission import Waiting
from services.booking.api.crowd import Crowd
from services.booking.api.offers import Offers
from services.booking.families import Families
from services.booking.memory import Identities, Memory
from services.booking.replies import Answers
from services.booking.rules.announcements import Pace
from services.booking.rules.eligibility import Campaign, Rule, SlotFacts, Wanted, rule_against
from services.booking.rules.life import Booking
from services.booking.rules.refusals import TOLD, Told
from services.booking.store import (
    Announcements,
    Attendance,
    Bookings,
    Books,
    Campaigns,
    Coming,
    Consents,
    DryRuns,
    Links,
    Papers,
    Patients,
    People,
    PersonFacts,
    Profiles,
    Relations,
    Seats,
    Services,
    Televisits,
)
from shared.access.noting import Access
from shared.clock import DatabaseClock
from shared.links.rules import Keys
from shared.messages import PLACES_MAX, Dose
from shared.policy import Allowed, allowed
from shared.problems import Problem
from shared.topics import home_of
from shared.web import body_hash, command_id, idempotency_key


class WantedPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place of a body; without a patient it is for whoever asks.

    `follows` names an earlier booking of the same person, which a follow-up comes after.
    """

    slot_id: UUID
    patient_id: UUID | None = None
    dose: Dose | None = None
    follows: UUID | UnsetType = UNSET


WantedPlaces = Annotated[tuple[WantedPlace, ...], Meta(min_length=1, max_length=PLACES_MAX)]


class InASlot(Protocol):
    """A place that is wanted, whoever it is for."""

    @property
    def slot_id(self) -> UUID:
        """The slot."""


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Whose wish it is: of whoever asks, or of whom somebody at a clinic asks for (`by`).

    `person_id` is who a place is for where nobody is named; of a child its guardian is the owner.
    """

    owner_id: UUID
    person_id: UUID
    began: float
    has_dependants: bool
    by: UUID | UnsetType = UNSET

    @classmethod
    def themselves(cls, who: Allowed) -> Self:
        """Whoever asks, for themselves and those for whom they act."""
        me = who.actor.id
        acts = who.is_for_dependants
        return cls(owner_id=me, person_id=me, began=who.began, has_dependants=acts)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that needs none."""


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    answers: Answers
    offers: Offers
    memory: Memory
    bookings: Bookings
    campaigns: Campaigns
    books: Books
    dry_runs: DryRuns
    facts: PersonFacts
    papers: Papers
    patients: Patients
    people: People
    profiles: Profiles
    relations: Relations
    families: Families
    services: Services
    seats: Seats
    consents: Consents
    clock: DatabaseClock
    access: Access
    deadline_seconds: float
    dependants_max: int
    hold_again_seconds: int
    links: Links
    coming: Coming
    link_keys: Keys | None
    waiting: Waiting
    televisits: Televisits
    attendance: Attendance
    announcements: Announcements
    pace: Pace
    crowd: Crowd

    @property
    def identities(self) -> Identities:
        """Who is the same person as whom."""
        return self.memory.identities

    async def found(self, who: Allowed, booking_id: UUID) -> Booking | None:
        """A booking or hold as whoever asks may find it: who has only their own finds no other."""
        if who.reach & {"all", "reason"}:
            return await self.bookings.load(booking_id)
        return await self.bookings.own(self.identities.ids(who.actor.id), booking_id)

    def head(self, request: web.Request, body: Any) -> dict[str, Any]:
        """The head of the command that this request is."""
        named, now = wish_id(request), self.clock.now()
        return {
            "id": named,
            "cause": named,
            "at": now,
            "body_hash": body_hash(request.path, body),
            "deadline": now + timedelta(seconds=self.deadline_seconds),
            "reply_to": self.answers.reply_to,
        }

    async def campaign(self, campaign_id: UUID | None) -> Campaign | None:
        """The campaign that a body names, if it names one."""
        if campaign_id is None:
            return None
        campaign = await self.memory.campaign(campaign_id)
        if campaign is None:
            raise Problem(422, "campaign_unknown", "There is no such campaign.")
        return campaign

    async def slots_of(self, places: Sequence[WantedPlace]) -> dict[UUID, SlotFacts]:
        """Those of the wanted slots that are known here."""
        return await self.memory.slots({place.slot_id for place in places})

    async def wanted(
        self,
        asker: Asker,
        places: Sequence[WantedPlace],
        campaign: Campaign | None,
        slots: dict[UUID, SlotFacts],
        *,
        later: Container[Rule] = (),
    ) -> list[Wanted]:
        """The places with their persons, where no rule speaks against them.

        `later`: what is not looked at here. Of a booking that is moved, the referee says whether
        its doses are still well apart.
        """
        wanted = [
            Wanted(
                slot_id=place.slot_id,
                patient_id=self.identities.who(place.patient_id or asker.person_id),
                dose=place.dose,
                follows=None if place.follows is UNSET else place.follows,
            )
            for place in places
        ]
        await self._need_own(asker, {place.patient_id for place in wanted})
        if campaign is not None:
            published = self.memory.rules.of(campaign.id)
            if published is not None and published.has_products:
                # Whose products these are depends on who they are: judged with their rules.
                later = ("service", "dose", "interval")
            _need_eligible(campaign, wanted, slots, later)
        return wanted

    async def _need_own(self, asker: Asker, persons: set[UUID]) -> None:
        """Everybody asks for themselves; for others who acts for them, where the table says so."""
        others = persons - {asker.owner_id}
        if not others:
            return
        if asker.has_dependants:
            others -= await self.families.wards(asker.owner_id, others, self.clock.now())
        if others:
            raise Problem(
                404, "patient_unknown", "There is no such patient, or it is not your dependant."
            )

    async def need_unbooked(
        self, owner_id: UUID, campaign_id: UUID | None, wanted: Sequence[Wanted]
    ) -> None:
        """Nobody has a dose twice by having had two ids: of most, nobody asks the database."""
        for place in wanted:
            merged = self.identities.merged_into(place.patient_id)
            if merged:
                owners = [*self.identities.ids(owner_id), *merged]
                if await self.people.has_live_place(owners, merged, campaign_id, place):
                    raise problem_of(TOLD["claim_taken"], slot_id=place.slot_id)


def wish_id(request: web.Request) -> UUID:
    """The name of this wish, from who asks, the route and the Idempotency-Key."""
    resource = request.match_info.route.resource
    route = f"{request.method} {resource.canonical if resource else request.path}"
    # Asked again after a merge it is the same wish: it is named by who signed in.
    return command_id(allowed(request).signed_in_as, route, idempotency_key(request))


def home_for(slot_id: UUID, slots: dict[UUID, SlotFacts]) -> int:
    """The partition that decides first: the clinic's; a slot unknown here is unknown anywhere."""
    facts = slots.get(slot_id)
    return home_of(slot_id if facts is None else facts.clinic_id)


def problem_of(told: Told, **more: Any) -> Problem:
    """A refusal as the answer that the caller gets."""
    return Problem(told.status, told.code, told.detail, **more)


def need(unready: Told | None) -> None:
    """Stop here if there is a reason to."""
    if unready is not None:
        raise problem_of(unready)


def persons_in(*bookings: Booking) -> set[UUID]:
    """Whose data these are: who booked, and for whom."""
    persons = {booking.owner_id for booking in bookings}
    for booking in bookings:
        persons.update(place.patient_id for place in booking.places if place.patient_id is not None)
    return persons


def _need_eligible(
    campaign: Campaign,
    wanted: Sequence[Wanted],
    slots: dict[UUID, SlotFacts],
    later: Container[Rule],
) -> None:
    for place in wanted:
        if place.slot_id not in slots:
            raise problem_of(TOLD["unknown"], slot_id=place.slot_id)
    rule = rule_against(campaign, wanted, slots)
    if rule is not None and rule not in later:
        raise Problem(
            422,
            "not_eligible",
            f"The campaign does not allow these places: its rule about the {rule} says no.",
            rule=rule,
        )


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
