"""How does a test come to a telemedicine visit? By a link, on a day that may be turned on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from services.booking.inbox import Inbox
from services.booking.memory import Kept
from services.booking.televisits import Attendant
from shared.batch import Head
from shared.links.rules import Keys, Link, token_of
from shared.messages import VisitEvent
from tests.booking_doors import Door
from tests.stories import CLINIC, an_id

KEYS = Keys(signs=1, secrets={1: bytes(32)})
DOCTOR, NURSE = an_id("a doctor"), an_id("a nurse")
STAFF: dict[str, Any] = {"who": NURSE, "roles": ["practitioner"], "clinics": [str(CLINIC)]}

_decode = msgspec.json.Decoder(VisitEvent).decode

TURN_SLOTS = (
    "UPDATE slot SET starts_at = starts_at - $1::interval, ends_at = ends_at - $1::interval"
)
TURN_BOOKINGS = """
WITH turned AS (
    SELECT b.id, json_agg(p::jsonb
        || jsonb_build_object('starts_at', (p->>'starts_at')::timestamptz - $1::interval,
                              'ends_at', (p->>'ends_at')::timestamptz - $1::interval)) AS places
      FROM booking AS b CROSS JOIN LATERAL json_array_elements(b.places) AS p GROUP BY b.id)
UPDATE booking AS b SET places = t.places FROM turned AS t WHERE t.id = b.id
"""
TURN_VISITS = """
UPDATE visit SET starts_at = starts_at - $1::interval, ends_at = ends_at - $1::interval,
       arrived_at = arrived_at - $1::interval, admitted_at = admitted_at - $1::interval,
       ended_at = ended_at - $1::interval, dropped_at = dropped_at - $1::interval,
       seen_at = seen_at - $1::interval, due_at = due_at - $1::interval
"""
ENDED = "UPDATE visit SET admitted_at = admitted_at - $2::interval WHERE id = $1"


class Booked(NamedTuple):
    """A place that somebody has, and the link that they were sent."""

    visit: UUID
    booking: UUID
    path: str


async def booked(door: Door, minutes: float = 1, **about: Any) -> Booked:
    """A person, or a new one, has a visit that begins in so many minutes."""
    who: UUID = about.pop("who", None) or uuid4()
    slot = uuid4()
    starts_at = datetime.now(UTC) + timedelta(minutes=minutes)
    said = {"modality": "virtual", "practitioner_id": DOCTOR} | about
    await door.open_slot(slot, starts_at=starts_at, **said)
    answer = await door.book(slot, who=who)
    assert answer.status == 201, await answer.text()
    made = await answer.json()
    return Booked(
        UUID(made["places"][0]["id"]), UUID(made["id"]), a_link(door, who, UUID(made["id"]))
    )


def a_link(door: Door, who: UUID, booking_id: UUID) -> str:
    """The path of what the messenger sends."""
    door.client.app[DESK].link_keys = KEYS
    until = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    link = Link(purpose="visit", person_id=who, object_id=booking_id, until=until)
    return f"/api/v1/links/{token_of(link, KEYS)}/visit"


async def looks(door: Door, visit: Booked | str) -> dict[str, Any]:
    """Whoever has the link looks."""
    path = visit if isinstance(visit, str) else visit.path
    answer = await door.client.get(path)
    assert answer.status == 200, await answer.text()
    said: dict[str, Any] = await answer.json()
    return said


async def is_there(door: Door, visit: Booked, **said: Any) -> ClientResponse:
    """Their page says so."""
    return await door.client.put(visit.path, json={"is_here": True} | said)


async def takes(door: Door, visit: Booked, step: str, **said: Any) -> ClientResponse:
    """Somebody of the clinic does this."""
    path = f"/clinics/{CLINIC}/visits/{visit.visit}/steps"
    return await door.ask("POST", path, {"step": step}, **STAFF | said)


async def queue(door: Door, line: UUID = DOCTOR, **said: Any) -> list[dict[str, Any]]:
    """The doctor's visits of today, and of tomorrow if it is about to be."""
    listed: list[dict[str, Any]] = []
    today = datetime.now(ZoneInfo("Europe/Moscow")).date()
    for day in (today - timedelta(days=1), today, today + timedelta(days=1)):
        path = f"/clinics/{CLINIC}/queues/{line}?date={day}"
        answer = await door.ask("GET", path, **STAFF | said)
        assert answer.status == 200, await answer.text()
        listed += (await answer.json())["visits"]
    return listed


async def passes(door: Door, minutes: float) -> None:
    """So much time goes by: all that is kept is so much longer ago."""
    for statement in (TURN_SLOTS, TURN_BOOKINGS, TURN_VISITS):
        await door.pool.execute(statement, timedelta(minutes=minutes))


async def took(door: Door, visit: Booked, minutes: float) -> None:
    """A visit that was ended had been begun so long before."""
    await door.pool.execute(ENDED, visit.visit, timedelta(minutes=minutes))


async def sweep(door: Door) -> int:
    """What happens by itself, all of it: how many steps."""
    attendant = Attendant(door.client.app[DESK].televisits)
    return await attendant.sweep(100)


async def told(door: Door) -> list[VisitEvent]:
    """What is told by now and was not before, in order, as a projector would."""
    heads = {home: Head(home, 0, 0, 0, 0, 0) for home in range(4)}
    inbox = Inbox(Kept(10))
    async with door.pool.acquire() as connection, connection.transaction():
        if not await inbox.has_due(connection, list(heads)):  # type: ignore[arg-type]
            return []
        announced = await inbox.handle(connection, heads, [])  # type: ignore[arg-type]
    return [_decode(record.value) for records in announced.values() for record in records]


def names(events: list[VisitEvent]) -> list[str]:
    """What they are."""
    return [type(event).__name__ for event in events]


def ids_in(said: dict[str, Any]) -> list[str]:
    """Every id that an answer has in it."""
    found = []
    for word in json.dumps(said).replace('"', " ").split():
        try:
            found.append(str(UUID(word)))
        except ValueError:
            continue
    return found
