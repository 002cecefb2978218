"""Who is booked at a clinic on one of its days? For who works there, in order of time."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking.api.desk import DESK
from services.booking.rules.televisits import FHIR
from shared.access.entries import CARE, Touch
from shared.messages import CancelReason, Modality, Text
from shared.openapi import Answer, Route
from shared.web import Page, cursor_after, cursor_of, json_response, path_id, read_query


class DayQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which day is asked for."""

    date: Annotated[date, Meta(description="The day, in the clinic's time zone.")]
    service: Annotated[Text, Meta(description="Only places of this service.")] | None = None
    status: Annotated[
        Literal["booked", "cancelled", "noshow"],
        Meta(description="Who comes, who was to come, or who did not come."),
    ] = "booked"


class DayPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One place of a booking; a booking has several lines where it has several places that day.

    `appointment` is FHIR's name for how the place stands: `arrived` or `fulfilled`, too, once that
    is said of it by `place_id`; `coming_at` is when they said, reminded of it, that they will come.
    Ids only: who a patient is, is not known here. `late`: a place of the booking was given up later
    than the clinic asked for; `cancelled_by` says who took it back, `booked_by` who at a clinic
    made it for its owner.
    """

    place_id: UUID
    booking_id: UUID
    status: str
    appointment: str
    coming_at: datetime | None
    arrived_at: datetime | None
    ended_at: datetime | None
    slot_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    patient_id: UUID
    dose: int | None
    modality: Modality
    practitioner_id: UUID | None
    late: bool
    cancelled_by: CancelReason | None
    booked_by: UUID | None


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic's day; with a cursor where there may be more of it."""

    bookings: list[DayPlace]
    cursor: str | None


async def list_day(request: web.Request) -> web.Response:
    """200 the places of a day in the clinic's time zone; an empty list is an answer."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    asked = read_query(request, DayQuery)
    rows = await desk.bookings.of_day(
        clinic_id,
        asked.date,
        service=asked.service,
        status=asked.status,
        after=cursor_of(request, (datetime, UUID)),
        limit=asked.limit,
    )
    persons = {row["patient_id"] for row in rows}
    desk.access.note(request, persons, about=clinic_id, reason=CARE)
    cursor = None
    if len(rows) == asked.limit:
        cursor = cursor_after(rows[-1]["starts_at"], rows[-1]["place_id"])
    places = [_shown(row) for row in rows]
    return json_response(
        Day(bookings=places, cursor=cursor), headers={"Cache-Control": "private, no-store"}
    )


def _shown(row: Any) -> DayPlace:
    """One that is booked stands as its visit does, if anything was said of that."""
    same = {name: row[name] for name in DayPlace.__struct_fields__ if name != "appointment"}
    status = row["visit_status"] if row["status"] == "booked" else None
    appointment, _ = FHIR[status or row["status"]]
    return DayPlace(appointment=appointment, **same)


ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics/{id}/bookings",
        list_day,
        tag="bookings",
        query=DayQuery,
        answers={200: Answer("The places, by their beginning.", Day, headers=("Cache-Control",))},
        touches=Touch("day", ("status", "places")),
    ),
]
