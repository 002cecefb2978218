"""Who is booked at a clinic on one of its days? For its staff, in order of time."""

from datetime import date, datetime
from uuid import UUID

import msgspec
from aiohttp import web

from services.booking.api.desk import DESK
from shared.problems import Problem
from shared.web import cursor_after, cursor_of, json_response, limit_of, path_id, query

STATUSES = ("booked", "cancelled")


class DayPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a booking; a booking has several lines where it has several places that day.

    Ids only: who a patient is, is not known here.
    """

    booking_id: UUID
    status: str
    slot_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    patient_id: UUID
    dose: int | None


async def list_day(request: web.Request) -> web.Response:
    """200 the places of a day in the clinic's time zone; an empty list is an answer."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    await desk.tokens.staff(request, clinic_id)
    day, status = query(request, "date", date), query(request, "status", str) or "booked"
    if day is None:
        raise Problem(422, "invalid_query", "Give a date (YYYY-MM-DD).")
    if status not in STATUSES:
        raise Problem(422, "invalid_query", f"The parameter status is one of {STATUSES}.")
    limit = limit_of(request)
    rows = await desk.bookings.of_day(
        clinic_id,
        day,
        service=query(request, "service", str),
        status=status,
        after=cursor_of(request, (datetime, UUID)),
        limit=limit,
    )
    cursor = None
    if len(rows) == limit:
        cursor = cursor_after(rows[-1]["starts_at"], rows[-1]["place_id"])
    places = [DayPlace(**{name: row[name] for name in DayPlace.__struct_fields__}) for row in rows]
    return json_response(
        {"bookings": places, "cursor": cursor}, headers={"Cache-Control": "private, no-store"}
    )


ROUTES = [web.get("/api/v1/clinics/{id}/bookings", list_day)]
