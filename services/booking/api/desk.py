"""What does every route need: who asks, which command that is, and what stands in its way?"""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.memory import Memory
from services.booking.replies import Answers
from services.booking.rules.eligibility import Campaign, SlotFacts, Wanted, rule_against
from services.booking.rules.life import Booking
from services.booking.rules.refusals import TOLD, Told
from services.booking.store import Bookings, Campaigns, Links, Patients
from shared.auth import Actor, Tokens
from shared.clock import DatabaseClock
from shared.links.rules import Keys
from shared.messages import PLACES_MAX, Dose
from shared.problems import Problem
from shared.topics import home_of
from shared.web import body_hash, command_id, idempotency_key

ROLES = ("patient", "staff", "operator")


class WantedPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One place of a body; without a patient it is for whoever asks."""

    slot_id: UUID
    patient_id: UUID | None = None
    dose: Dose | None = None


WantedPlaces = Annotated[tuple[WantedPlace, ...], Meta(min_length=1, max_length=PLACES_MAX)]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that needs none."""


class Desk(msgspec.Struct):
    """The parts that the routes are given."""

    tokens: Tokens
    answers: Answers
    memory: Memory
    bookings: Bookings
    campaigns: Campaigns
    patients: Patients
    clock: DatabaseClock
    deadline_seconds: float
    dependants_max: int
    links: Links
    link_keys: Keys | None

    async def actor(self, request: web.Request) -> Actor:
        """Who asks; everybody may book for themselves."""
        return await self.tokens.need(request, *ROLES)

    def head(self, request: web.Request, actor: Actor, body: Any) -> dict[str, Any]:
        """The head of the command that this request is."""
        named = wish_id(request, actor)
        return {
            "id": named,
            "cause": named,
            "at": self.clock.now(),
            "body_hash": body_hash(request.path, body),
            "deadline": self.clock.after(self.deadline_seconds),
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
        actor: Actor,
        places: Sequence[WantedPlace],
        campaign: Campaign | None,
        slots: dict[UUID, SlotFacts],
    ) -> list[Wanted]:
        """The places with their persons, where no rule speaks against them."""
        for place in places:
            if place.patient_id is not None and not await self.memory.may_book_for(
                actor.id, place.patient_id
            ):
                raise Problem(
                    422, "patient_unknown", "There is no such patient, or it is not your dependant."
                )
        wanted = [
            Wanted(slot_id=place.slot_id, patient_id=place.patient_id or actor.id, dose=place.dose)
            for place in places
        ]
        if campaign is not None:
            _need_eligible(campaign, wanted, slots)
        return wanted


def wish_id(request: web.Request, actor: Actor) -> UUID:
    """The name of this wish, from who asks, the route and the Idempotency-Key."""
    resource = request.match_info.route.resource
    route = f"{request.method} {resource.canonical if resource else request.path}"
    return command_id(actor.id, route, idempotency_key(request))


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


def owned_by(actor: Actor, booking: Booking | None) -> Booking | None:
    """The booking or hold, if it is the actor's."""
    return booking if booking is not None and booking.owner_id == actor.id else None


def _need_eligible(
    campaign: Campaign, wanted: Sequence[Wanted], slots: dict[UUID, SlotFacts]
) -> None:
    for place in wanted:
        if place.slot_id not in slots:
            raise problem_of(TOLD["unknown"], slot_id=place.slot_id)
    rule = rule_against(campaign, wanted, slots)
    if rule is not None:
        raise Problem(
            422,
            "not_eligible",
            f"The campaign does not allow these places: its rule about the {rule} says no.",
            rule=rule,
        )


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
