"""What does the caller get for which answer? The whole of it on one screen."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, assert_never
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from services.booking.api.desk import Desk, problem_of
from services.booking.replies import Answer, Undecided
from services.booking.rules.actions import Action, actions, hold_actions
from services.booking.rules.families import Eyes
from services.booking.rules.life import Booking, Place, Status, change_of, evolve
from services.booking.rules.offers import Offered, unheld
from services.booking.rules.refusals import TOLD, Asked, told
from shared.messages import (
    Alternative,
    BookedBy,
    BookingCancelled,
    BookingMoved,
    BookingRestored,
    BookPlaces,
    CancelReason,
    ConfirmHold,
    HoldExpired,
    HoldPlaces,
    HoldReleased,
    HoldRenewed,
    PlacesBooked,
    PlacesHeld,
    Refusal,
    Refused,
    ReleaseHold,
    RenewHold,
)
from shared.web import json_response

Admitted = Callable[[tuple[Alternative, ...]], Awaitable[tuple[Alternative, ...]]]
ABOUT_HOLD = (HoldPlaces, RenewHold, ReleaseHold)
TAG_BYTES = 8
MADE: frozenset[Status] = frozenset({"held", "booked"})


class BookingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A booking as its owner sees it; without places until it is decided.

    `actions` is what its owner may do with it now. `late` is there once a place of it was given up
    later than the clinic asked for, `cancelled_by` once it was cancelled, `booked_by` where it was
    booked for its owner.
    """

    id: UUID
    status: str
    version: int
    campaign_id: UUID | None
    places: tuple[Place, ...]
    made_at: datetime
    actions: tuple[Action, ...]
    reason: Refusal | UnsetType = UNSET
    late: bool | UnsetType = UNSET
    cancelled_by: CancelReason | UnsetType = UNSET
    booked_by: BookedBy | UnsetType = UNSET


class HoldBody(msgspec.Struct, frozen=True, kw_only=True):
    """A hold as its owner sees it; `status` becomes `booked` when it is confirmed.

    `actions` is what its holder may do with it now.
    """

    id: UUID
    status: Status
    version: int
    places: tuple[Place, ...]
    expires_at: datetime | None
    actions: tuple[Action, ...]
    reason: Refusal | UnsetType = UNSET


Body = BookingBody | HoldBody


async def ask_or_offer(
    desk: Desk, command: BookPlaces | HoldPlaces, home: int, began: float, admitted: Admitted
) -> web.Response:
    """Ask the referee; whoever is refused is told what is held for them instead.

    Nothing is that they would not be admitted to: `admitted` are those of what is near.
    """
    answer = await desk.answers.ask(command, home, began)
    if not isinstance(answer, Refused):
        return reply_to(answer, command)
    if answer.alternatives:
        answer = replace(answer, alternatives=await admitted(answer.alternatives))
    return reply_to(answer, command, None, await desk.offers.instead(answer, command, home, began))


def reply_to(
    answer: Answer,
    asked: Asked,
    before: Booking | None = None,
    offers: Sequence[Offered] | None = None,
    *,
    eyes: Eyes | None = None,
) -> web.Response:
    """201 or 200 what was decided, 202 what is not decided yet, a problem what was refused.

    With `eyes` it is shown to somebody who may not see all of it.
    """
    match answer:
        case PlacesBooked() | PlacesHeld():
            return _made(evolve(before, change_of(answer)), asked, answer.at)
        case (
            BookingMoved()
            | BookingCancelled()
            | BookingRestored()
            | HoldRenewed()
            | HoldReleased()
            | HoldExpired()
        ):
            return json_response(_body(evolve(before, change_of(answer)), asked, answer.at, eyes))
        case Refused(slot_id=None):
            raise problem_of(told(answer, asked, before))
        case Refused(slot_id=slot_id, alternatives=near, until=until):
            instead = unheld(near) if offers is None else tuple(offers)
            more = {} if until is None else {"until": until}
            said = told(answer, asked, before)
            raise problem_of(said, slot_id=slot_id, alternatives=instead, **more)
        case Undecided(booking):
            return _undecided(booking, asked, eyes)
        case _:
            assert_never(answer)


def booking_body(booking: Booking, now: datetime) -> BookingBody:
    """The booking as it is shown now."""
    return BookingBody(
        id=booking.id,
        status=booking.shown,
        version=booking.version,
        campaign_id=booking.campaign_id,
        places=booking.places,
        made_at=booking.made_at,
        actions=actions(booking, now),
        reason=booking.reason or UNSET,
        late=booking.late or UNSET,
        cancelled_by=booking.cancelled_by or UNSET,
        booked_by=UNSET if booking.booked_by is None else "clinic",
    )


def hold_body(hold: Booking, now: datetime) -> HoldBody:
    """The hold as it is shown now."""
    return HoldBody(
        id=hold.id,
        status=hold.status,
        version=hold.version,
        places=hold.places,
        expires_at=hold.expires_at,
        actions=hold_actions(hold, now),
        reason=hold.reason or UNSET,
    )


def shown(request: web.Request, body: Body) -> web.Response:
    """200 with an ETag of what is shown, which is each reader's own; 304 to whoever has seen it."""
    tag = f'"{blake2b(msgspec.json.encode(body), digest_size=TAG_BYTES).hexdigest()}"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    return json_response(body, headers={"ETag": tag, "Cache-Control": "private, no-cache"})


def shown_to_all(
    request: web.Request,
    body: msgspec.Struct,
    *,
    but: msgspec.Struct | None = None,
    more: Mapping[str, str] | None = None,
) -> web.Response:
    """200 with a weak ETag, or 304; `but` is the body as it is tagged, without what always moves.

    A browser asks each time, and the edge has the answer: what a browser kept for a second by
    itself would be a second older still.
    """
    tag = blake2b(msgspec.json.encode(but or body), digest_size=TAG_BYTES).hexdigest()
    headers = {"Cache-Control": "public, max-age=0, must-revalidate", "ETag": f'W/"{tag}"'}
    headers |= more or {}
    if any(known.value == tag for known in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return json_response(body, headers=headers)


def _undecided(booking: Booking, asked: Asked, eyes: Eyes | None) -> web.Response:
    """What is to be made and was made meanwhile is an answer; all else is not decided yet."""
    if isinstance(asked, BookPlaces | HoldPlaces):
        if booking.status in MADE:
            return _made(booking, asked, asked.at)
        if booking.status == "refused":
            raise problem_of(TOLD[booking.reason or "failed"])
    if isinstance(asked, ConfirmHold) and booking.status == "booked":
        return _made(booking, asked, asked.at)
    body = _body(booking, asked, asked.at, eyes)
    return json_response(body, status=202, headers=_location(booking, asked))


def _made(booking: Booking, asked: Asked, now: datetime) -> web.Response:
    return json_response(_body(booking, asked, now), status=201, headers=_location(booking, asked))


def _is_about_hold(asked: Asked) -> bool:
    return isinstance(asked, ABOUT_HOLD)


def _body(booking: Booking, asked: Asked, now: datetime, eyes: Eyes | None = None) -> Any:
    if eyes is not None:
        booking = eyes.left(booking)
    return hold_body(booking, now) if _is_about_hold(asked) else booking_body(booking, now)


def _location(booking: Booking, asked: Asked) -> dict[str, str]:
    noun = "holds" if _is_about_hold(asked) else "bookings"
    return {"Location": f"/api/v1/{noun}/{booking.id}"}
