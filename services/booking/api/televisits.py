"""Whom does a practitioner see today from afar, who waits, and what has become of each?"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from services.booking import metrics
from services.booking.api.desk import DESK, Desk, wish_id
from services.booking.rules.lines import expected
from services.booking.rules.televisits import FHIR, No, Side, Status, Step, Steps, Visit, walk
from services.booking.store.televisits import Kept, Taken, Wish
from shared.access.entries import CARE, Touch
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import (
    Page,
    body_hash,
    cursor_after,
    cursor_of,
    json_response,
    path_id,
    read_body,
    read_query,
)

StaffStep = Literal["admit", "phone", "end", "noshow"]
MINUTE = timedelta(minutes=1)


class QueueQuery(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which day is asked for."""

    date: Annotated[date, Meta(description="The day, in the clinic's time zone.")]


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where in line somebody is, and between when and when it is expected to be their turn."""

    place: int
    earliest: datetime
    latest: datetime


class QueuedVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of the queue; `appointment` and `encounter` are FHIR's names for its status.

    Ids only: who a patient is, is not known here. `turn` is there for who is yet to be seen and
    whose window has opened.
    """

    visit_id: UUID
    booking_id: UUID
    patient_id: UUID
    slot_id: UUID
    service: str
    starts_at: datetime
    ends_at: datetime
    status: Status
    appointment: str
    encounter: str
    is_here: bool
    by_phone: bool
    noshow_by: Side | None
    arrived_at: datetime | None
    admitted_at: datetime | None
    ended_at: datetime | None
    turn: Turn | None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A practitioner's day as of then; with a cursor where there may be more of it."""

    as_of: datetime
    visits: list[QueuedVisit]
    cursor: str | None


class StepWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the clinic does with a visit."""

    step: StaffStep


class StepTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The step, and the visit's status after it."""

    visit_id: UUID
    step: StaffStep
    status: Status
    version: int
    at: datetime


_decode_step = msgspec.json.Decoder(StepWish)

TOLD: dict[str, tuple[int, str, str]] = {
    "not_open": (409, "visit_not_open", "The visit's window has not opened yet."),
    "over": (409, "visit_over", "The visit is over, or its window is closed."),
    "impossible": (409, "visit_step_impossible", "The visit is past that, or not so far."),
    "is_here": (409, "visit_step_impossible", "The patient is there, and waits."),
    "too_early": (409, "visit_too_early", "The patient may still come."),
    "off": (409, "visit_off", "The place was cancelled or moved; there is no visit."),
    "came": (409, "visit_attended", "Somebody of this booking has come, so it was not missed."),
    "not_over": (409, "visit_not_over", "One of the visits is not over, so nobody missed it."),
    "key_reused": (
        422,
        "key_reused",
        "This Idempotency-Key was used for another request; use a new one.",
    ),
}


async def list_queue(request: web.Request) -> web.Response:
    """200 a practitioner's telemedicine visits on a day; an empty list is an answer.

    Slots that name no practitioner are in the queue of the clinic's own id.
    """
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    line_id = path_id(request, "practitioner", "practitioner")
    asked = read_query(request, QueueQuery)
    after = cursor_of(request, (datetime, UUID))
    rows = await desk.televisits.queue(clinic_id, line_id, asked.date, after, asked.limit)
    desk.access.note(request, {row["patient_id"] for row in rows}, about=clinic_id, reason=CARE)
    now = desk.clock.now()
    line = await desk.televisits.line(clinic_id, line_id, now) if rows else []
    cursor = None
    if len(rows) == asked.limit:
        cursor = cursor_after(rows[-1]["starts_at"], rows[-1]["visit_id"])
    visits = [_queued(row, line, now, desk) for row in rows]
    return json_response(
        Queue(as_of=now, visits=visits, cursor=cursor),
        headers={"Cache-Control": "private, no-store"},
    )


async def take_step(request: web.Request) -> web.Response:
    """200 the step is taken, by whoever was first; the same key again gets the same answer."""
    desk, clinic_id = request.app[DESK], path_id(request, "clinic")
    visit_id = path_id(request, "visit", "visit")
    wanted = await read_body(request, _decode_step)
    wish = Wish(
        id=wish_id(request),
        body_hash=body_hash(request.path, wanted),
        by_id=allowed(request).actor.id,
    )
    kept = await desk.televisits.load(visit_id)
    if kept is None or kept.booked.clinic_id != clinic_id or kept.visit.modality == "physical":
        raise not_found("visit")
    desk.access.note(request, [kept.booked.patient_id], about=visit_id, reason=CARE)

    def decided(kept: Kept) -> tuple[Steps, Visit] | No:
        if not kept.is_booked:
            return No("off")
        steps: list[Step] = [wanted.step]
        return walk(kept.visit, steps, "staff", kept.at, desk.televisits.limits)

    said = await desk.televisits.change(visit_id, decided, wish)
    if isinstance(said, No):
        raise problem_with(said)
    assert isinstance(said, Taken)
    metrics.visit_steps["staff", said.step].inc()
    return json_response(
        StepTaken(
            visit_id=visit_id,
            step=wanted.step,
            status=said.status,
            version=said.version,
            at=said.at,
        )
    )


def problem_with(no: No) -> Problem:
    """Why a step is not taken, as the answer that the caller gets."""
    status, code, detail = TOLD[no.why]
    more: dict[str, Any] = {} if no.since is None else {"since": no.since}
    return Problem(status, code, detail, **more)


def turn_in(line: Iterable[Visit], visit_id: UUID, now: datetime, desk: Desk) -> Turn | None:
    """Where a visit is in its line; the interval in whole minutes, outwards."""
    said = expected(line, visit_id, now, desk.televisits.limits)
    if said is None:
        return None
    latest = said.latest.replace(second=0, microsecond=0)
    if latest < said.latest:
        latest += MINUTE
    return Turn(
        place=said.place,
        earliest=said.earliest.replace(second=0, microsecond=0),
        latest=latest,
    )


def _queued(row: Any, line: Iterable[Visit], now: datetime, desk: Desk) -> QueuedVisit:
    same = {
        name: row[name]
        for name in QueuedVisit.__struct_fields__
        if name not in ("appointment", "encounter", "is_here", "by_phone", "turn")
    }
    appointment, encounter = FHIR[row["status"]]
    return QueuedVisit(
        appointment=appointment,
        encounter=encounter,
        is_here=row["presence"] == "here",
        by_phone=row["presence"] == "phone",
        turn=turn_in(line, row["visit_id"], now, desk),
        **same,
    )


ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics/{id}/queues/{practitioner}",
        list_queue,
        tag="visits",
        query=QueueQuery,
        answers={200: Answer("The visits, by their time.", Queue, headers=("Cache-Control",))},
        touches=Touch("queue", ("status", "places")),
    ),
    Route(
        "POST",
        "/api/v1/clinics/{id}/visits/{visit}/steps",
        take_step,
        tag="visits",
        body=StepWish,
        needs_key=True,
        answers={200: Answer("The step is taken.", StepTaken)},
        problems=("visit_not_open", "visit_step_impossible", "visit_too_early", "visit_off"),
        touches=Touch("visit", ("status",)),
    ),
]
