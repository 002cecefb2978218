"""What does everybody read at the referee's door, and what is turned away there?"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.slots.api import API
from services.slots.app import doors
from services.slots.availability import Limits, Memory
from services.slots.config import Config
from services.slots.store import Reads
from shared.asking import Asking, Replies
from tests import stories
from tests.booking_doors import problem
from tests.copies import Town, a_town
from tests.documented import every_answer_is_documented
from tests.memory_log import NOBODY
from tests.stories import TOMORROW, an_id

HOUR = timedelta(hours=1)
DAY = "2030-05-15"
"""The day of the slots, at a clinic in Moscow."""

FIRST, SECOND, FULL = an_id("first"), an_id("second"), an_id("full")
CENTRE, NORTH, NOWHERE = an_id("centre"), an_id("north"), an_id("nowhere")

Client = TestClient[web.Request, web.Application]


def a_cursor(*parts: object) -> str:
    """A cursor as one might make it up."""
    return json.dumps([str(part) for part in parts]).encode().hex()


class Door:
    """A reader at the door of one process, in a town where things happen."""

    def __init__(self, client: Client, memory: Memory, town: Town) -> None:
        self.client = client
        self.memory = memory
        self.town = town

    async def ask(self, path: str, **headers: str) -> ClientResponse:
        """One read."""
        return await self.client.get(f"/api/v1{path}", headers=headers)

    async def body(self, path: str) -> Any:
        """The body of a read that is answered."""
        answer = await self.ask(path)
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def decide(self, *commands: Any) -> list[Any]:
        """The referee decides, and the copy has heard of it."""
        decided = await self.town.referee.decide(*commands)
        await self.town.is_copied(self.memory)
        return decided


@asynccontextmanager
async def at_the_door(town: Town, memory: Memory) -> AsyncIterator[Client]:
    """The doors of a process with this copy."""
    config = Config(
        database=town.dsn,
        database_owner="",
        kafka="none:1",
        kafka_user="",
        kafka_password="",
        jwks="",
        issuer="",
        audience="",
        port=1,
        ops_port=1,
    )
    replies = Replies(broker=NOBODY, name="test", partition=0, seats_max=1)
    app = doors(
        config,
        Reads(town.pool),
        Asking(None, replies),  # type: ignore[arg-type]
        clock=town.clock,
        memory=memory,
    )
    with every_answer_is_documented(app, API):
        async with TestClient(TestServer(app)) as client:
            yield client


@pytest.fixture
async def town(slots_dsn: str) -> AsyncIterator[Town]:
    """Three clinics; at the first three vaccinations tomorrow, one of them full, and a visit."""
    async with a_town(slots_dsn, 0, 1, 2, 3) as made:
        clinics = [
            stories.open_clinic(CENTRE, name="Centre", latitude=55.75, longitude=37.62),
            stories.open_clinic(NORTH, name="North", latitude=55.85, longitude=37.62),
            stories.open_clinic(NOWHERE, name="A place nobody knows"),
        ]
        await made.referee.decide(
            *clinics,
            stories.open_slot(FIRST, 3, clinic_id=CENTRE),
            stories.open_slot(SECOND, 2, clinic_id=CENTRE, starts_at=TOMORROW + HOUR),
            stories.open_slot(FULL, 1, clinic_id=CENTRE, starts_at=TOMORROW + 2 * HOUR),
            stories.open_slot(
                an_id("visit"), 1, clinic_id=CENTRE, service="clinic-visit", starts_at=TOMORROW
            ),
            stories.open_slot(an_id("north"), 5, clinic_id=NORTH),
            stories.book(FULL),
            stories.hold(FIRST),
        )
        yield made


@pytest.fixture
async def door(town: Town) -> AsyncIterator[Door]:
    """The door of a process that has loaded its copy."""
    async with town.a_copy() as memory, at_the_door(town, memory) as client:
        yield Door(client, memory, town)


# ---- clinics -------------------------------------------------------------------------------------


async def test_clinics_are_told_by_name(door: Door) -> None:
    body = await door.body("/clinics")

    assert [clinic["name"] for clinic in body["clinics"]] == [
        "A place nobody knows",
        "Centre",
        "North",
    ]
    assert body["clinics"][1] == {
        "id": str(CENTRE),
        "name": "Centre",
        "time_zone": "Europe/Moscow",
        "address": "",
        "district": "",
        "latitude": 55.75,
        "longitude": 37.62,
    }


async def test_clinics_are_told_by_distance_and_those_that_are_nobody_knows_where_last(
    door: Door,
) -> None:
    body = await door.body("/clinics?near=55.86,37.62")

    told = [(clinic["name"], clinic["distance_km"]) for clinic in body["clinics"]]
    assert told == [("North", 1.11), ("Centre", 12.23), ("A place nobody knows", None)]


async def test_a_radius_leaves_out_what_is_further_and_what_is_nobody_knows_where(
    door: Door,
) -> None:
    body = await door.body("/clinics?near=55.86,37.62&radius_km=5")

    assert [clinic["name"] for clinic in body["clinics"]] == ["North"]


async def test_who_wants_a_service_is_told_of_clinics_that_offer_it(door: Door) -> None:
    offered = await door.body("/clinics?service=clinic-visit")
    nowhere = await door.body("/clinics?service=telepathy")

    assert [clinic["name"] for clinic in offered["clinics"]] == ["Centre"]
    assert (nowhere["clinics"], nowhere["cursor"]) == ([], None)


async def test_one_clinic_is_told_as_in_the_list(door: Door) -> None:
    body = await door.body(f"/clinics/{NORTH}")

    [_, _, listed] = (await door.body("/clinics"))["clinics"]
    assert {name: value for name, value in body.items() if name != "as_of"} == listed


# ---- what is free --------------------------------------------------------------------------------


async def test_availability_is_told_by_clinic_and_day(door: Door) -> None:
    body = await door.body(f"/availability?service=vaccination&from={DAY}&near=55.86,37.62")

    assert body["clinics"] == [
        {
            "clinic_id": str(NORTH),
            "name": "North",
            "distance_km": 1.11,
            "days": [
                {
                    "date": DAY,
                    "capacity": 5,
                    "extra": 0,
                    "free": 5,
                    "first_free_at": "2030-05-15T12:00:00Z",
                }
            ],
        },
        {
            "clinic_id": str(CENTRE),
            "name": "Centre",
            "distance_km": 12.23,
            "days": [
                {
                    "date": DAY,
                    "capacity": 6,
                    "extra": 0,
                    "free": 4,
                    "first_free_at": "2030-05-15T12:00:00Z",
                }
            ],
        },
    ]
    assert body["cursor"] is None


async def test_availability_of_one_clinic_has_no_distance(door: Door) -> None:
    body = await door.body(f"/availability?service=clinic-visit&from={DAY}&clinic={CENTRE}")

    [clinic] = body["clinics"]
    assert (clinic["name"], clinic["distance_km"], clinic["days"][0]["free"]) == ("Centre", None, 1)


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ("", []),
        ("&from=2030-05-01&to=2030-05-14", []),
        ("&from=2030-05-14&to=2030-05-15", ["Centre", "North"]),
        ("&from=2030-05-02", ["Centre", "North"]),
        ("&from=2030-05-01", []),
        ("&from=2030-05-16", []),
    ],
)
async def test_only_the_days_that_are_asked_for_are_told(
    door: Door, days: str, told: list[str]
) -> None:
    body = await door.body(f"/availability?service=vaccination{days}")

    assert [clinic["name"] for clinic in body["clinics"]] == told


async def test_without_a_day_it_is_the_fortnight_from_today(door: Door) -> None:
    tomorrow = door.town.clock.after(24 * 3600)
    await door.decide(
        stories.open_slot(an_id("soon"), clinic_id=CENTRE, starts_at=tomorrow),
        stories.open_slot(an_id("late"), clinic_id=CENTRE, starts_at=tomorrow + 14 * 24 * HOUR),
    )

    body = await door.body("/availability?service=vaccination")

    [clinic] = body["clinics"]
    [day] = clinic["days"]
    assert day["free"] == 1


async def test_a_clinic_where_nothing_can_be_booked_is_left_out(door: Door) -> None:
    nothing = await door.body(f"/availability?service=vaccination&from={DAY}&clinic={NOWHERE}")

    assert nothing["clinics"] == []


# ---- several together ----------------------------------------------------------------------------


async def test_a_family_of_three_is_told_where_they_can_come_together(door: Door) -> None:
    body = await door.body(
        f"/slots/adjacent?service=vaccination&people=3&gap_minutes=60&from={DAY}&near=55.76,37.62"
    )

    told = [(one["name"], one["distance_km"]) for one in body["sets"]]
    assert told == [("Centre", 1.11), ("North", 10.01)]
    assert body["sets"][0] == {
        "clinic_id": str(CENTRE),
        "name": "Centre",
        "distance_km": 1.11,
        "starts_at": "2030-05-15T12:00:00Z",
        "ends_at": "2030-05-15T13:15:00Z",
        "slots": [
            {
                "slot_id": str(FIRST),
                "starts_at": "2030-05-15T12:00:00Z",
                "ends_at": "2030-05-15T12:15:00Z",
                "seats": 2,
            },
            {
                "slot_id": str(SECOND),
                "starts_at": "2030-05-15T13:00:00Z",
                "ends_at": "2030-05-15T13:15:00Z",
                "seats": 1,
            },
        ],
    }
    assert body["complete"] is True


async def test_a_clinic_of_which_nobody_knows_where_it_is_is_near_nothing(door: Door) -> None:
    await door.decide(stories.open_slot(an_id("there"), 5, clinic_id=NOWHERE))
    path = f"/slots/adjacent?service=vaccination&people=5&from={DAY}"

    near = await door.body(f"{path}&near=55.76,37.62")
    there = await door.body(f"{path}&clinic={NOWHERE}")

    assert [one["name"] for one in near["sets"]] == ["North"]
    assert [one["name"] for one in there["sets"]] == ["A place nobody knows"]


# ---- slots ---------------------------------------------------------------------------------------


async def test_the_slots_of_a_day_are_told_in_their_order(door: Door) -> None:
    body = await door.body(f"/slots?clinic={CENTRE}&date={DAY}&service=vaccination")

    assert [UUID(slot["id"]) for slot in body["slots"]] == [FIRST, SECOND, FULL]
    assert body["slots"][0] == {
        "id": str(FIRST),
        "clinic_id": str(CENTRE),
        "service": "vaccination",
        "product": "",
        "dose": None,
        "modality": "physical",
        "practitioner_id": None,
        "resource": "service",
        "asks_for": "nothing",
        "starts_at": "2030-05-15T12:00:00Z",
        "ends_at": "2030-05-15T12:15:00Z",
        "bookable_until": "2030-05-15T12:00:00Z",
        "cancel_until": "2030-05-15T12:00:00Z",
        "capacity": 3,
        "extra": 0,
        "free": 2,
        "held": 1,
        "booked": 0,
        "status": "free",
        "version": 2,
    }
    assert body["slots"][2]["status"] == "busy"


async def test_without_a_service_all_slots_of_the_day_are_told(door: Door) -> None:
    body = await door.body(f"/slots?clinic={CENTRE}&date={DAY}")

    starts = [slot["starts_at"] for slot in body["slots"]]
    assert (len(starts), starts) == (4, sorted(starts))
    assert {slot["service"] for slot in body["slots"]} == {"vaccination", "clinic-visit"}


async def test_a_practitioner_s_own_slots_are_told_by_themselves(door: Door) -> None:
    theirs, doctor = an_id("a doctor's"), an_id("a doctor")
    about: dict[str, Any] = {"clinic_id": CENTRE, "practitioner_id": doctor}
    await door.decide(stories.open_slot(theirs, starts_at=TOMORROW, **about))

    day = f"/slots?clinic={CENTRE}&date={DAY}"
    own = await door.body(f"{day}&practitioner={doctor}")
    nobody_s = await door.body(f"{day}&practitioner={uuid4()}")

    assert [slot["id"] for slot in own["slots"]] == [str(theirs)]
    assert own["slots"][0]["practitioner_id"] == str(doctor)
    assert nobody_s["slots"] == []
    assert len((await door.body(day))["slots"]) > 1


async def test_one_slot_is_told_as_in_the_list(door: Door) -> None:
    body = await door.body(f"/slots/{FIRST}")

    listed = (await door.body(f"/slots?clinic={CENTRE}&date={DAY}&service=vaccination"))["slots"]
    assert {name: value for name, value in body.items() if name != "as_of"} == listed[0]


async def test_at_every_read_what_is_free_held_and_booked_is_the_capacity_and_the_extra(
    door: Door,
) -> None:
    hold, booking = stories.hold(SECOND, FIRST), stories.book(SECOND)
    acts: list[Any] = [
        hold,
        booking,
        stories.book(SECOND),
        stories.confirm(hold.id, SECOND, FIRST),
        stories.change_slot(SECOND, capacity=4, extra=2, by=an_id("somebody there")),
        stories.move(booking.id, FIRST),
        stories.cancel(booking.id),
        stories.change_slot(SECOND, open=False),
    ]

    for act in acts:
        await door.decide(act)
        slots = (await door.body(f"/slots?clinic={CENTRE}&date={DAY}"))["slots"]
        one = await door.body(f"/slots/{SECOND}")
        for slot in [*slots, one]:
            taken = slot["held"] + slot["booked"]
            assert slot["free"] + taken == slot["capacity"] + slot["extra"]
    rows = await door.town.pool.fetch("SELECT id, held, booked, version FROM slot")
    told = {UUID(slot["id"]): (slot["held"], slot["booked"], slot["version"]) for slot in slots}
    assert told == {row["id"]: tuple(row)[1:] for row in rows if row["id"] in told}


async def test_a_clinic_that_moves_is_shown_where_it_is_now(door: Door) -> None:
    before = await door.body("/clinics?near=55.86,37.62")
    await door.decide(stories.change_clinic(CENTRE, latitude=55.859, longitude=37.62))

    after = await door.body("/clinics?near=55.86,37.62")

    assert before["clinics"][0]["name"] == "North"
    assert after["clinics"][0]["name"] == "Centre"


async def test_staff_s_own_change_is_read_where_it_was_made_though_the_log_says_nothing(
    door: Door,
) -> None:
    door.town.silent = True
    [reply] = await door.town.referee.decide(stories.change_slot(FIRST, capacity=9))

    door.memory.hear(reply, asked_at=reply.at)

    assert (await door.body(f"/slots/{FIRST}"))["capacity"] == 9


# ---- lists, page by page -------------------------------------------------------------------------


async def all_pages(door: Door, path: str, name: str, limit: int) -> list[Any]:
    """Everything in a list, however many answers it takes."""
    found: list[Any] = []
    cursor = ""
    while True:
        body = await door.body(f"{path}&limit={limit}{cursor}")
        assert len(body[name]) <= limit
        found += body[name]
        if body["cursor"] is None:
            return found
        assert len(body[name]) == limit
        cursor = f"&cursor={body['cursor']}"


LISTS = [
    ("/clinics?", "clinics"),
    ("/clinics?near=55.86,37.62", "clinics"),
    ("/clinics?near=55.86,37.62&service=vaccination", "clinics"),
    (f"/availability?service=vaccination&from={DAY}", "clinics"),
    (f"/availability?service=vaccination&from={DAY}&near=55.86,37.62", "clinics"),
    (f"/slots?clinic={CENTRE}&date={DAY}", "slots"),
    (f"/slots?clinic={CENTRE}&date={DAY}&service=vaccination", "slots"),
]


async def test_a_list_is_the_same_page_by_page(door: Door) -> None:
    for path, name in LISTS:
        whole = (await door.body(path))[name]
        assert len(whole) >= 2
        for limit in (1, 2, 3, 99):
            assert await all_pages(door, path, name, limit) == whole


async def test_a_page_has_a_hundred_at_most_and_says_where_it_goes_on(door: Door) -> None:
    await door.decide(
        *(stories.open_clinic(an_id(f"clinic {n}"), name=f"No. {n:03}") for n in range(120))
    )

    first = await door.body("/clinics")

    assert (len(first["clinics"]), first["cursor"] is None) == (100, False)


# ---- as of when, and whether it is still so ------------------------------------------------------

READS = [
    "/clinics?near=55.86,37.62",
    f"/clinics/{CENTRE}",
    f"/availability?service=vaccination&from={DAY}",
    f"/availability?service=vaccination&from={DAY}&clinic={CENTRE}",
    f"/slots?clinic={CENTRE}&date={DAY}",
    f"/slots/{FIRST}",
    f"/slots/adjacent?service=vaccination&people=3&gap_minutes=60&from={DAY}&clinic={CENTRE}",
]


@pytest.mark.parametrize("path", READS)
async def test_an_answer_says_first_as_of_when_it_is_true(door: Door, path: str) -> None:
    before = door.town.clock.now()
    await door.town.is_copied(door.memory)

    answer = await door.ask(path)

    text = await answer.text()
    as_of = json.loads(text)["as_of"]
    assert text.startswith(f'{{"as_of":"{as_of}",')
    assert answer.headers["Talon-As-Of"] == as_of
    assert answer.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert abs(datetime.fromisoformat(as_of) - before) < 5 * timedelta(seconds=1)


@pytest.mark.parametrize("path", READS)
async def test_what_has_not_changed_is_not_sent_again_though_time_went_on(
    door: Door, path: str
) -> None:
    first = await door.ask(path)
    await door.town.is_copied(door.memory)

    again = await door.ask(path, **{"If-None-Match": first.headers["ETag"]})

    assert first.headers["ETag"].startswith('W/"')
    assert (again.status, await again.read()) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Talon-As-Of"] > first.headers["Talon-As-Of"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize("path", READS[2:])
async def test_what_has_changed_is_sent_anew_under_another_tag(door: Door, path: str) -> None:
    first = await door.ask(path)
    await door.decide(stories.book(FIRST))

    again = await door.ask(path, **{"If-None-Match": first.headers["ETag"]})

    assert again.status == 200
    assert again.headers["ETag"] != first.headers["ETag"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("*", 304),
        ('W/"other", {tag}', 304),
        ('"{bare}"', 304),
        ('W/"other"', 200),
        ("nonsense", 200),
        ("", 200),
    ],
)
async def test_the_tag_is_compared_weakly_with_each_that_is_known(
    door: Door, said: str, status: int
) -> None:
    tag = (await door.ask("/clinics")).headers["ETag"]

    header = said.format(tag=tag, bare=tag[3:-1])
    answer = await door.ask("/clinics", **{"If-None-Match": header})

    assert answer.status == status


async def test_another_process_gives_the_same_answers_the_same_tags(door: Door) -> None:
    await door.decide(stories.book(FIRST), stories.cancel(uuid4()))

    async with door.town.a_copy() as memory, at_the_door(door.town, memory) as client:
        elsewhere = Door(client, memory, door.town)
        for path in READS:
            here, there = await door.ask(path), await elsewhere.ask(path)
            assert here.headers["ETag"] == there.headers["ETag"]


# ---- what is turned away -------------------------------------------------------------------------


UNKNOWN = [
    f"/clinics/{uuid4()}",
    "/clinics/nobody",
    f"/slots/{uuid4()}",
    "/slots/nobody",
    f"/slots?clinic={uuid4()}&date={DAY}",
    f"/availability?service=vaccination&clinic={uuid4()}",
    f"/slots/adjacent?service=vaccination&people=2&clinic={uuid4()}",
]
SENSELESS = [
    ("/clinics?colour=red", "known are: limit, cursor, near, radius_km, service"),
    ("/clinics?limit=2&limit=3", "given twice"),
    ("/clinics?limit=0", "limit"),
    ("/clinics?limit=101", "limit"),
    ("/clinics?limit=many", "limit"),
    ("/clinics?service=", "service"),
    (f"/clinics?service={'x' * 201}", "service"),
    ("/clinics?service=a%00b", "NUL"),
    ("/clinics?near=55.75", "near is a latitude and a longitude"),
    ("/clinics?near=55.75,37.62,1", "near is"),
    ("/clinics?near=north,east", "near is"),
    ("/clinics?near=nan,37.62", "near is"),
    ("/clinics?near=90.1,37.62", "near is"),
    ("/clinics?near=55.75,-180.1", "near is"),
    ("/clinics?near=", "near is"),
    ("/clinics?radius_km=5", "radius_km goes with near"),
    ("/clinics?near=55.75,37.62&radius_km=0", "radius_km"),
    ("/clinics?near=55.75,37.62&radius_km=501", "radius_km"),
    ("/clinics?near=55.75,37.62&radius_km=nan", "radius_km"),
    ("/clinics?cursor=zz", "cursor"),
    ("/clinics?cursor=5b5d", "cursor"),
    (f"/clinics?near=55.75,37.62&cursor={a_cursor('Centre', CENTRE)}", "cursor"),
    (f"/clinics/{CENTRE}?colour=red", "known are: none"),
    ("/availability", "service"),
    ("/availability?service=x&from=tomorrow", "from"),
    ("/availability?service=x&from=2030-02-30", "from"),
    ("/availability?service=x&from=2030-05-15&to=2030-05-14", "to is a day before from"),
    ("/availability?service=x&from=2030-05-01&to=2030-06-01", "more than 31 days"),
    ("/availability?service=x&to=2099-01-01", "more than 31 days"),
    ("/availability?service=x&clinic=nobody", "clinic"),
    (f"/availability?service=x&clinic={CENTRE}&near=55.75,37.62", "without near"),
    (f"/availability?service=x&clinic={CENTRE}&cursor=5b5d", "without near"),
    ("/slots", "clinic"),
    (f"/slots?clinic={CENTRE}", "date"),
    (f"/slots?clinic={CENTRE}&date=2030-13-01", "date"),
    (
        f"/slots?clinic={CENTRE}&date={DAY}&from=x",
        "known are: limit, cursor, clinic, date, service",
    ),
    (
        f"/slots?clinic={CENTRE}&date={DAY}&cursor={a_cursor('2030-01-01T00:00:00', FULL)}",
        "cursor",
    ),
    (f"/slots/{FIRST}?date={DAY}", "known are: none"),
    ("/slots/adjacent?people=2&near=55.75,37.62", "service"),
    ("/slots/adjacent?service=x&near=55.75,37.62", "people"),
    ("/slots/adjacent?service=x&people=0&near=55.75,37.62", "people"),
    ("/slots/adjacent?service=x&people=9&near=55.75,37.62", "people"),
    ("/slots/adjacent?service=x&people=2", "say clinic or near"),
    (f"/slots/adjacent?service=x&people=2&near=55.75,37.62&clinic={CENTRE}", "say clinic or near"),
    ("/slots/adjacent?service=x&people=2&near=55.75,37.62&gap_minutes=61", "gap_minutes"),
    ("/slots/adjacent?service=x&people=2&near=55.75,37.62&limit=21", "limit"),
    ("/slots/adjacent?service=x&people=2&near=55.75,37.62&dose=0", "dose"),
]


async def test_what_nobody_knows_is_not_found(door: Door) -> None:
    for path in UNKNOWN:
        assert await problem(await door.ask(path)) == (404, "not_found"), path


async def test_what_makes_no_sense_is_refused_in_clear_words(door: Door) -> None:
    for path, words in SENSELESS:
        answer = await door.ask(path)
        assert await problem(answer) == (422, "invalid_query"), path
        assert words in (await answer.json(content_type=None))["detail"], path


parameters = st.sampled_from(
    [
        *("near", "radius_km", "service", "limit", "cursor", "from", "to", "clinic", "date", "x"),
        *("people", "gap_minutes", "dose", "product"),
    ]
)
values = st.one_of(
    st.sampled_from(
        [
            "55.75,37.62",
            "-90,180",
            "vaccination",
            "1",
            "0001-01-01",
            "9999-12-31",
            DAY,
            str(CENTRE),
            a_cursor("inf", CENTRE),
            a_cursor("nan", CENTRE),
            a_cursor("2030-01-01T00:00:00", CENTRE),
            a_cursor("0001-01-01T00:00:00+14:00", CENTRE),
        ]
    ),
    st.text(max_size=12),
)


@given(
    path=st.sampled_from(
        ["/clinics", "/availability", "/slots", f"/slots/{FIRST}", "/slots/adjacent"]
    ),
    asked=st.dictionaries(parameters, values, max_size=5),
)
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_whatever_is_asked_is_answered_or_refused(
    door: Door, path: str, asked: dict[str, str]
) -> None:
    answer = await door.client.get(f"/api/v1{path}", params=asked)

    assert answer.status in (200, 404, 422), await answer.text()


async def test_while_the_first_copy_is_loaded_reads_are_asked_to_come_again(town: Town) -> None:
    empty = Memory(
        dsn=town.dsn,
        broker=NOBODY,
        name="empty",
        numbers=Reads(town.pool).event_numbers,
        clock=town.clock,
        limits=Limits(
            slots_max=1, encoded_bytes_max=1, hole_seconds_max=1.0, stale_seconds_max=1.0
        ),
    )

    async with at_the_door(town, empty) as client:
        for path in READS:
            answer = await client.get(f"/api/v1{path}")
            assert await problem(answer) == (503, "unavailable")
            assert answer.headers["Retry-After"] == "1"
    assert empty.wrong() == "what is free is being loaded"
