"""What would a schedule change, and how does another version of one begin to count?

A preview shows it and changes nothing. What was seen is what is done: a version is taken with the
preview's digest, and where something else would come out now, that is shown instead.
"""

import hashlib
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from services.slots.api.changes import Asked, change_slots
from services.slots.api.desk import DESK, problem_for
from services.slots.api.opening import open_all
from services.slots.api.previews import (
    NewVersion,
    OpenedVersion,
    Preview,
    PreviewWish,
    kept_shown,
    shown,
)
from services.slots.api.problems import REFEREE
from services.slots.api.schedules import (
    asked_before,
    need_practitioner,
    need_room,
    with_holidays,
)
from services.slots.api.weekly import NewSchedule, columns_of, need_sense, schedule_of
from services.slots.rules.schedules import Schedule, Wanted, slot_id_of, slots_of
from services.slots.rules.versions import Plan, plan
from services.slots.store.schedules import OfClinic, Series
from shared.openapi import Answer, Route
from shared.policy import allowed
from shared.problems import Problem, not_found
from shared.web import json_response, path_id, read_body

NOBODY_S = {"id": UUID(int=0), "body_hash": bytes(16)}
"""The head of what is only looked at."""


class Planned(NamedTuple):
    """A schedule or version that is wanted, what it would change up to a day, and instead of what.

    `first` is the first version of its series: where there is none yet, it is that itself.
    """

    wanted: Schedule
    first: Schedule
    series: Series | None
    preview: Preview
    plan: Plan


_decode_wish = msgspec.json.Decoder(PreviewWish)
_decode_version = msgspec.json.Decoder(NewVersion)


async def preview_schedule(request: web.Request) -> web.Response:
    """200 what would come, go and stay, and who is in what would go. Nothing is changed."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    body = await read_body(request, _decode_wish)
    need_sense(body.schedule)
    async with desk.schedules.of_clinic(clinic_id) as clinic:
        if clinic is None:
            raise not_found("clinic")
        wanted = schedule_of(clinic, body.schedule, NOBODY_S, desk.ahead_days)
        planned = await _planned(clinic, wanted, body.schedule, body.replaces)
    return json_response(planned.preview)


async def open_version(request: web.Request) -> web.Response:
    """201 the version and what became of the slots; 409 where it is not as it was seen."""
    desk, actor = request.app[DESK], allowed(request).actor
    clinic_id = path_id(request, "clinic")
    schedule_id = path_id(request, "schedule", "schedule")
    desk.need_log()
    body = await read_body(request, _decode_version)
    need_sense(body.schedule)
    async with desk.schedules.of_clinic(clinic_id) as clinic:
        if clinic is None:
            raise not_found("clinic")
        head = desk.head(request, actor, body)
        wanted = schedule_of(clinic, body.schedule, head, desk.ahead_days)
        asked = await _remembered(clinic, schedule_id, body, wanted)
    changed = await change_slots(desk, asked)
    opened = await open_all(desk, asked.first, asked.version)
    told = OpenedVersion(**columns_of(asked.version) | opened | changed)
    return json_response(told, status=201)


async def _remembered(
    clinic: OfClinic, schedule_id: UUID, body: NewVersion, wanted: Schedule
) -> Asked:
    """The version that this request asked for earlier, or asks for now."""
    before = await asked_before(clinic, wanted.id, wanted.body_hash)
    if before is not None:
        series = await clinic.series(before.id)
        return Asked(before, series.versions[0], await clinic.find_plan(before.id))
    planned = await _planned(clinic, wanted, body.schedule, schedule_id)
    assert planned.series is not None
    if not planned.series.is_finished:
        raise Problem(
            409,
            "schedule_unfinished",
            "A version of this schedule broke off: ask for it again, as it was asked, first. Or "
            "more of its days are just being opened: then ask again in a moment.",
        )
    if planned.preview.digest != body.digest:
        raise Problem(
            409,
            "preview_changed",
            "Something else would come out now. Nothing was changed; look at it, and ask again.",
            preview=planned.preview,
        )
    # What is to be opened follows from the version itself.
    kept = msgspec.structs.replace(planned.plan, opens=())
    if not await clinic.replace(planned.series.versions, planned.wanted, kept):
        raise problem_for("key_reused")
    return Asked(planned.wanted, planned.first, kept)


async def _planned(
    clinic: OfClinic, wanted: Schedule, body: NewSchedule, replaces: UUID | None
) -> Planned:
    await need_practitioner(clinic, wanted)
    series = None if replaces is None else await clinic.series(replaces)
    if series is not None:
        _need_replaceable(series, wanted)
        wanted = _next_of(series.versions, wanted)
    wanted = await with_holidays(clinic, wanted)
    await need_room(clinic, wanted)
    until = wanted.settled
    versions = () if series is None else series.versions
    first = versions[0] if versions else wanted
    meant = _ids(first, wanted, wanted.valid_from, until)
    before: dict[UUID, Wanted] = {}
    candidates = set(meant)
    for version in versions:
        before |= _ids(first, version, wanted.valid_from, until)
        # What it opened before it was replaced, or before a holiday was known, is there too.
        ever = msgspec.structs.replace(version, replaced_from=None, holidays=())
        candidates |= _ids(first, ever, wanted.valid_from, ever.settled).keys()
    there = await clinic.there(sorted(candidates))
    coming = {key: slot for key, slot in meant.items() if slot.starts_at > clinic.now}
    planned = plan(coming, before, there)
    skipped = wanted.holidays if wanted.on_holidays == "closed" else ()
    preview = _preview(planned, len(coming), until, skipped, named=bool(versions))
    preview = msgspec.structs.replace(preview, digest=_digest(body, replaces, planned))
    return Planned(wanted, first, series, preview, planned)


def _next_of(versions: tuple[Schedule, ...], wanted: Schedule) -> Schedule:
    """The next version; without an end, it says at once what becomes of all that is there."""
    newest = versions[-1]
    if wanted.meant_until is not None:
        ever = [msgspec.structs.replace(version, replaced_from=None) for version in versions]
        there_until = max(version.settled for version in ever)
        wanted = msgspec.structs.replace(wanted, meant_until=max(wanted.meant_until, there_until))
    return msgspec.structs.replace(wanted, series_id=newest.series, version=newest.version + 1)


def _ids(first: Schedule, version: Schedule, since: date, until: date) -> dict[UUID, Wanted]:
    zone = ZoneInfo(version.time_zone)
    return {
        slot_id_of(first, version, slot): slot for slot in slots_of(version, zone, since, until)
    }


def _need_replaceable(series: Series, wanted: Schedule) -> None:
    if not series.versions:
        raise not_found("schedule")
    newest = series.versions[-1]
    if newest.withdrawn_at is not None:
        raise Problem(409, "schedule_withdrawn", "It was withdrawn. Make a new one.")
    if newest.service != wanted.service:
        raise Problem(422, "invalid_body", f"The schedule is for {newest.service!r}, and stays so.")
    today = wanted.made_at.astimezone(ZoneInfo(wanted.time_zone)).date()
    if wanted.valid_from < today:
        raise Problem(422, "invalid_body", "A version begins today at the earliest.")


def _preview(
    planned: Plan, slots: int, until: date, holidays: tuple[date, ...], *, named: bool
) -> Preview:
    return Preview(
        digest="",
        until=until,
        slots=slots,
        stays=planned.stays,
        opens=shown(planned.opens, named=named),
        reopens=shown(planned.reopens),
        resizes=shown(planned.resizes),
        closes=shown(planned.closes),
        keeps=kept_shown(planned),
        holidays=holidays,
    )


def _digest(body: NewSchedule, replaces: UUID | None, planned: Plan) -> str:
    """16 bytes over what is wanted, which slots it changes or keeps, and how many are in those."""
    changes = (planned.reopens, planned.resizes, planned.closes)
    touched = [[(change.slot_id, change.capacity) for change in some] for some in changes]
    opens = [(change.starts_at, change.capacity) for change in planned.opens]
    # A hold that is confirmed is the same person as before.
    kept = [(slot.slot_id, slot.why, slot.held + slot.booked) for slot in planned.keeps]
    seen = msgspec.msgpack.encode((replaces, body, touched, opens, kept))
    return hashlib.blake2b(seen, digest_size=16).hexdigest()


ROUTES = [
    Route(
        "POST",
        "/api/v1/clinics/{id}/schedules/preview",
        preview_schedule,
        tag="schedules",
        body=PreviewWish,
        answers={200: Answer("What would be. Nothing was changed.", Preview)},
        problems=(
            "practitioner_unknown",
            "schedule_overlaps",
            "schedule_withdrawn",
            "too_many_slots",
            "no_slots",
        ),
    ),
    Route(
        "POST",
        "/api/v1/clinics/{id}/schedules/{schedule}/versions",
        open_version,
        tag="schedules",
        body=NewVersion,
        needs_key=True,
        answers={201: Answer("It counts from its first day on.", OpenedVersion)},
        problems=(
            "practitioner_unknown",
            "preview_changed",
            "schedule_unfinished",
            "schedule_overlaps",
            "schedule_withdrawn",
            "too_many_slots",
            "no_slots",
            *REFEREE,
        ),
    ),
]
