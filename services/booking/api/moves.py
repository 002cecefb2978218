"""How does a booking come to other places, and to doses that are held while its owner decides?"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.answers import BookingBody, reply_to
from services.booking.api.apart import days_of, need_apart
from services.booking.api.bookings import PLACES, UNDECIDED, own_hold
from services.booking.api.desk import DESK, Asker, Desk, WantedPlaces, need
from services.booking.api.eligibility import need_admitted, need_campaign
from services.booking.api.limits import within_limits
from services.booking.api.problems import BOOKING, PERSON, REFEREE, SLOT, VISIT
from services.booking.api.problems_of_lines import LINE
from services.booking.api.shares import Shared, as_they_are, booking_of, need_own_in
from services.booking.api.turns import need_turn
from services.booking.api.visits import as_visits
from services.booking.replies import Answer as Decided
from services.booking.rules.eligibility import Campaign, Rule, SlotFacts, Wanted, wishes
from services.booking.rules.families import Eyes
from services.booking.rules.life import Booking
from services.booking.rules.offers import Offered
from services.booking.rules.refusals import booking_unready
from shared.access.entries import OWN
from shared.messages import DOSE_FIRST, Apart, MovePlaces, Refused
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.web import read_body


class OtherPlaces(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /bookings/{id}/reschedule`; with one of the holds that were offered."""

    places: WantedPlaces
    hold_id: UUID | None = None


LATER: tuple[Rule, ...] = ("interval",)
"""What the referee looks at, by its own times."""

_decode_other = msgspec.json.Decoder(OtherPlaces)


async def reschedule_booking(request: web.Request) -> web.Response:
    """200 with its new places; until then, and if refused, it keeps those it has.

    Whoever in it is not the caller's to move stays as they are.
    """
    desk, who = request.app[DESK], allowed(request)
    body = await read_body(request, _decode_other)
    head = desk.head(request, body)
    shared = await booking_of(request, desk)
    booking = shared.booking
    need(booking_unready(booking))
    slots = await desk.slots_of(body.places)
    campaign_id, has = booking.campaign_id, shared.services
    need_turn(request, desk, who, campaign_id, body.places, slots=slots, has=has)
    wish = Move(asker=Asker.themselves(who), shared=shared, body=body, head=head, slots=slots)
    return await moved(request, desk, wish)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A wish for other places, with what is known of it: of which part of a booking, as seen."""

    asker: Asker
    shared: Shared
    body: OtherPlaces
    head: dict[str, Any]
    slots: dict[UUID, SlotFacts]


async def moved(request: web.Request, desk: Desk, wish: Move, *, reason: str = OWN) -> web.Response:
    """What becomes of a wish to move, whoever says it for whom."""
    answer, command, offers, eyes = await asked_to_move(request, desk, wish, reason=reason)
    return reply_to(answer, command, wish.shared.booking, offers, eyes=eyes)


async def asked_to_move(
    request: web.Request,
    desk: Desk,
    wish: Move,
    *,
    reason: str = OWN,
    holder: UUID | None = None,
) -> tuple[Decided, MovePlaces, Sequence[Offered] | None, Eyes | None]:
    """The answer to a wish to move, what was asked, what was offered, and with which eyes.

    `holder` has a link, where nobody is signed in.
    """
    asker, body, slots, booking = wish.asker, wish.body, wish.slots, wish.shared.booking
    campaign = await desk.campaign(booking.campaign_id)
    wanted = await desk.wanted(asker, body.places, campaign, slots, later=LATER)
    shared = need_own_in(wish.shared, wanted)
    about = {"booking_id": booking.id, "campaign_id": booking.campaign_id}
    about["asked_by"] = asker.owner_id
    wanted = await as_visits(desk, wanted, slots, is_moved=True, **about)
    await _need_let_in(desk, shared.seen, wanted, slots, wish_id=wish.head["id"])
    who = desk.identities.who
    stays = {(who(place.patient_id or booking.owner_id), place.slot_id) for place in booking.places}
    await need_apart(desk, campaign, wanted, slots, booking_id=booking.id, stays=stays)
    persons = shared.persons(asker.owner_id).union(place.patient_id for place in wanted)
    desk.access.note(request, persons, about=booking.id, reason=reason, holder=holder)
    kept = () if body.hold_id is None else await _held_for(desk, asker, body.hold_id)
    command = MovePlaces(
        booking_id=booking.id,
        hold_ids=tuple(hold.id for hold in kept),
        apart=_apart(desk, campaign, wanted, slots),
        not_before=None if campaign is None else campaign.opens_at,
        places=wishes(booking.campaign_id, wanted) + as_they_are(booking, shared.others),
        version=shared.version,
        **wish.head,
    )
    services = await desk.services.known()
    async with within_limits(desk, services, wanted, slots, booking.id):
        answer = await desk.answers.ask(command, booking.home, asker.began)
        offers = await _offered(desk, asker, shared, answer, command)
        return answer, command, offers, shared.eyes


async def _offered(
    desk: Desk, asker: Asker, shared: Shared, answer: Decided, command: MovePlaces
) -> Sequence[Offered] | None:
    """Doses that would fit, where the interval breaks; held for whoever asks."""
    if not isinstance(answer, Refused) or answer.reason != "interval_broken":
        return None
    asker_s = shared.asked_by(asker.owner_id)
    return await desk.offers.doses_instead(answer, command, asker_s, asker.began)


async def _need_let_in(
    desk: Desk,
    booking: Booking,
    wanted: Sequence[Wanted],
    slots: dict[UUID, SlotFacts],
    *,
    wish_id: UUID,
) -> None:
    """Who has the dose or the place keeps it, by whatever rules; somebody else is judged."""
    await need_campaign(desk, booking.campaign_id, wanted, slots, moved=booking)
    who = desk.identities.who
    have = {
        (who(place.patient_id or booking.owner_id), place.dose, place.service)
        for place in booking.places
    }
    kept = [one for one in wanted if _as_had(one, slots) in have]
    await need_admitted(
        desk,
        booking.campaign_id,
        wanted,
        slots,
        wish_id=wish_id,
        booking_id=booking.id,
        kept=kept,
        later=LATER,
    )


def _as_had(one: Wanted, slots: dict[UUID, SlotFacts]) -> tuple[UUID, int, str] | None:
    slot = slots.get(one.slot_id)
    return None if slot is None else (one.patient_id, one.dose or DOSE_FIRST, slot.service)


async def _held_for(desk: Desk, asker: Asker, hold_id: UUID) -> Sequence[Booking]:
    """What is held for the wish that was offered it: all of it ends with the move."""
    hold = await own_hold(desk, asker.owner_id, hold_id)
    return await desk.offers.held_with(hold)


def _apart(
    desk: Desk,
    campaign: Campaign | None,
    wanted: Sequence[Wanted],
    slots: dict[UUID, SlotFacts],
) -> Apart | None:
    """How far apart the doses have to be, where anybody has several: as their product says."""
    if campaign is None or len({place.patient_id for place in wanted}) == len(wanted):
        return None
    days = days_of(desk, campaign, slots[wanted[0].slot_id].service)
    return Apart(min_days=days.min_days, max_days=days.max_days)


ROUTES = [
    Route(
        "POST",
        "/api/v1/bookings/{id}/reschedule",
        reschedule_booking,
        tag="bookings",
        body=OtherPlaces,
        needs_key=True,
        answers={200: Answer("It has its new places.", BookingBody), 202: UNDECIDED},
        problems=(
            *LINE,
            *SLOT,
            *PERSON,
            *VISIT,
            *BOOKING,
            "interval_broken",
            "hold_pending",
            "not_found",
            *REFEREE,
        ),
        touches=PLACES,
    ),
]
