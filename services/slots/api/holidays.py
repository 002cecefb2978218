"""On which days is everybody closed, or one clinic, and who is there then all the same?

A schedule that is made afterwards leaves these days out. What is there already stays: whoever
says it is told how many slots and people that day has, and shuts them by a closure.
"""

from datetime import date

import msgspec
from aiohttp import web
from msgspec import field

from services.slots.api.desk import DESK, Desk
from services.slots.store.holidays import Holiday
from shared.messages import Text
from shared.openapi import Answer, Route
from shared.problems import not_found
from shared.web import json_response, path_id, read_body, read_query

HOLIDAYS_SHOWN_MAX = 100


class HolidayWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of `PUT …/holidays`; not `closed` takes back what was said, also for all."""

    day: date = field(name="date")
    name: Text
    closed: bool = True


class HolidayBody(msgspec.Struct, frozen=True, kw_only=True):
    """A day for all clinics."""

    day: date = field(name="date")
    name: str
    closed: bool


class ClinicHoliday(HolidayBody, frozen=True, kw_only=True):
    """A day of a clinic, said for all (`everywhere`) or for it alone.

    `slots` are open that day all the same, and `people` are booked or held there.
    """

    everywhere: bool
    slots: int
    people: int


class HolidayList(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a clinic's days, in order."""

    holidays: list[ClinicHoliday]


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """From which day on; the first hundred are shown."""

    first: date = field(name="from")


_decode_wish = msgspec.json.Decoder(HolidayWish)


async def list_holidays(request: web.Request) -> web.Response:
    """200 a clinic's holidays from a day on; an empty list is an answer."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    first = read_query(request, Days).first
    found = await desk.holidays.of_clinic(clinic_id, first, date.max, HOLIDAYS_SHOWN_MAX)
    return json_response(HolidayList(holidays=[_shown(holiday) for holiday in found]))


async def set_clinic_holiday(request: web.Request) -> web.Response:
    """200 the day as it is now, and who is there."""
    desk = request.app[DESK]
    clinic_id = path_id(request, "clinic")
    wish = await read_body(request, _decode_wish)
    if not await desk.holidays.knows_clinic(clinic_id):
        raise not_found("clinic")
    await desk.holidays.set(clinic_id, wish.day, wish.name, wish.closed)
    [said] = await desk.holidays.of_clinic(clinic_id, wish.day, wish.day, 1)
    return json_response(_shown(said))


async def set_holiday(request: web.Request) -> web.Response:
    """200 the day as it is now for every clinic that says nothing else of it."""
    desk: Desk = request.app[DESK]
    wish = await read_body(request, _decode_wish)
    await desk.holidays.set(None, wish.day, wish.name, wish.closed)
    return json_response(HolidayBody(day=wish.day, name=wish.name, closed=wish.closed))


def _shown(said: Holiday) -> ClinicHoliday:
    return ClinicHoliday(**said._asdict())


ROUTES = [
    Route(
        "GET",
        "/api/v1/clinics/{id}/holidays",
        list_holidays,
        tag="schedules",
        query=Days,
        answers={200: Answer("What is said of its days, in order.", HolidayList)},
    ),
    Route(
        "PUT",
        "/api/v1/clinics/{id}/holidays",
        set_clinic_holiday,
        tag="schedules",
        body=HolidayWish,
        answers={200: Answer("The day as it is now.", ClinicHoliday)},
    ),
    Route(
        "PUT",
        "/api/v1/holidays",
        set_holiday,
        tag="schedules",
        body=HolidayWish,
        answers={200: Answer("The day as it is now.", HolidayBody)},
    ),
]
