"""What exactly is asked for: by whom, of which door, under which key?"""

from typing import Any
from uuid import UUID

import msgspec

from talon.doors import Doors
from talon.rush.journal import Act, Seat


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, for whom else they may ask, and with which pass from a waiting room."""

    id: UUID
    token: str
    admission_pass: str = ""
    dependants: tuple[UUID, ...] = ()


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One wish. Its key names it for ever: asked again, it is the same wish."""

    key: str
    act: Act
    person: Person
    asked: tuple[Seat, ...] = ()
    campaign: UUID | None = None
    about: UUID | None = None
    ttl_seconds: int = 300


def request_of(wish: Wish, doors: Doors) -> tuple[str, str, Any]:
    """The request that says it: method, address, body."""
    match wish.act:
        case "book" | "confirm":
            return "POST", f"{doors.api}/bookings", _booking(wish)
        case "hold":
            places = [{"slot_id": seat.slot_id} for seat in wish.asked]
            body = {"places": places, "ttl_seconds": wish.ttl_seconds}
            return "POST", f"{doors.api}/holds", body
        case "release":
            return "DELETE", f"{doors.api}/holds/{wish.about}", None
        case "cancel":
            return "POST", f"{doors.api}/bookings/{wish.about}/cancel", {}
        case "move":
            places = [_place(seat) for seat in wish.asked]
            return "POST", f"{doors.api}/bookings/{wish.about}/reschedule", {"places": places}


def _booking(wish: Wish) -> dict[str, Any]:
    body: dict[str, Any] = {"places": [_place(seat) for seat in wish.asked]}
    if wish.campaign is not None:
        body["campaign_id"] = wish.campaign
    if wish.act == "confirm":
        body["hold_id"] = wish.about
    return body


def _place(seat: Seat) -> dict[str, Any]:
    place: dict[str, Any] = {"slot_id": seat.slot_id}
    if seat.patient_id is not None:
        place["patient_id"] = seat.patient_id
    if seat.dose is not None:
        place["dose"] = seat.dose
    return place
