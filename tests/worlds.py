"""In which world do the examples of the documents come true?

Each service has one: what the examples name is there under the ids that they name it by, and what
gets its id only when it is made is made when a route needs it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from shared.links.rules import Keys, Link, token_of
from shared.openapi.routes import Api, Example, Route
from shared.policy import REASON_HEADER
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.runner import Runner
from talon.verbs.openapi import APIS
from tests import booking_doors, notify_doors, slots_doors
from tests.booking_doors import Client, bearer
from tests.booking_stories import ALICE, BORIS

Making = Callable[[], Awaitable[str | dict[str, Any]]]
"""Gives the id of what it made, for the end of the path; or whatever else its example needs."""

MakingAt = Callable[[str], Awaitable[dict[str, Any]]]
"""Makes it at a clinic, and gives what its example needs: a path, and a body if there is one."""

CLINIC = "00000000-0000-4000-8000-000000000101"
SLOTS = [UUID(f"00000000-0000-4000-8000-0000000002{n:02}") for n in range(1, 5)]
SLOT_DAYS = (12, 19, 13, 20)
CAMPAIGN = "00000000-0000-4000-8000-000000000501"
WHY = "Taken ill at our clinic; what is booked?"
READ_SECONDS_MAX = 20.0
PEOPLE_MAX = 300
"""How many may be in a slot of the front desk's world."""


class World:
    """A client of a service, and what makes that of which a route's example speaks."""

    def __init__(self, service: str, client: Client) -> None:
        self.api: Api = APIS[service]
        self.making: dict[str, Making] = {}
        self.making_at: dict[str, MakingAt] = {}
        self._client = client

    def route(self, name: str) -> Route:
        """The route of this name."""
        return next(route for route in self.api.routes if route.name == name)

    async def ready(self, route: Route) -> Example:
        """What the route's example speaks of is there: the example, with the id it has."""
        example = route.example()
        if route.name not in self.making:
            return example
        made = await self.making[route.name]()
        if isinstance(made, str):
            *_, last = example.path or {"id": made}
            made = {"path": example.path | {last: made}}
        return msgspec.structs.replace(example, **made)

    async def make(self, name: str, **more: Any) -> str:
        """What a route makes, by its example: its id."""
        return str((await self.made(name, **more)).get("id"))

    async def made(self, name: str, **more: Any) -> dict[str, Any]:
        """What a route makes, by its example."""
        route = self.route(name)
        example = route.example()
        body = example.body | more
        answer = await self.ask(route, Example(path=example.path, body=body))
        assert answer.status == 201, await answer.text()
        said: dict[str, Any] = await answer.json()
        return said

    async def ask(self, route: Route, example: Example, **more: Any) -> ClientResponse:
        """The route, as its example asks it, by somebody who may; `more` goes before."""
        given: dict[str, Any] = {"headers": headers_for(route), "params": example.query}
        if route.body is not None:
            given["json"] = example.body
        if "data" in more:
            given.pop("json")
        path = route.path.format(**example.path)
        return await self._client.request(route.method, path, **given | more)


def headers_for(route: Route, **claims: Any) -> dict[str, str]:
    """The headers of somebody who may ask this, under a new key and with a reason."""
    roles = [role for role in ("operator", "patient", "auditor") if role in route.rule.roles]
    said = {} if route.rule.is_public else bearer(**{"roles": roles} | claims)
    if route.rule.takes_a_reason:
        said[REASON_HEADER] = WHY
    return said | ({"Idempotency-Key": str(uuid4())} if route.needs_key else {})


@asynccontextmanager
async def a_world(service: str, dsn: str, folder: Path) -> AsyncIterator[World]:
    """The service's world, on a database of its own."""
    async with WORLDS[service](dsn, folder) as world:
        yield world


@asynccontextmanager
async def _booking(dsn: str, folder: Path) -> AsyncIterator[World]:
    async with booking_doors.a_door(dsn, folder) as door:
        for slot, day in zip(SLOTS, SLOT_DAYS, strict=True):
            starts_at = datetime(2099, 3, day, 7, tzinfo=UTC)
            await door.open_slot(slot, capacity=PEOPLE_MAX, starts_at=starts_at)
        world = World("booking", door.client)

        async def a_booking() -> str:
            return await world.make("request_booking")

        async def a_hold() -> str:
            return await world.make("hold_places")

        await world.make("start_campaign", id=CAMPAIGN)
        for name in ("show_booking", "cancel_booking", "reschedule_booking", "list_bookings"):
            world.making[name] = a_booking
        for name in ("show_hold", "renew_hold", "release_hold"):
            world.making[name] = a_hold
        world.making["list_own_accesses"] = a_hold

        async def an_audited_hold() -> dict[str, Any]:
            await a_hold()
            return {"query": {"person": str(ALICE)}}

        world.making["list_accesses"] = an_audited_hold
        world.making["list_dependants"] = lambda: world.make("add_dependant")

        async def a_day() -> dict[str, Any]:
            place = (await world.made("request_booking"))["places"][0]
            return {"path": {"id": place["clinic_id"]}, "query": {"date": place["starts_at"][:10]}}

        async def a_link() -> dict[str, Any]:
            owner, route = uuid4(), world.route("request_booking")
            headers = headers_for(route, sub=str(owner))
            made = await (await world.ask(route, route.example(), headers=headers)).json()
            door.client.app[DESK].link_keys = keys = Keys(signs=1, secrets={1: bytes(32)})
            link = Link(
                purpose="cancel_booking",
                person_id=owner,
                object_id=UUID(made["id"]),
                until=datetime(2099, 3, 12, 7, tzinfo=UTC),
            )
            return {"path": {"token": token_of(link, keys)}}

        world.making["list_day"] = a_day
        _persons(world)
        for name in ("show_link", "use_link"):
            world.making[name] = a_link
        yield world


def _persons(world: World) -> None:
    """Who asks is known, and so is their twin."""
    me = world.route("change_me")

    async def a_person(who: UUID = ALICE) -> str:
        await world.ask(me, me.example(), headers=bearer(who))
        return str(who)

    async def with_all_that_is_theirs() -> dict[str, Any]:
        await a_person()
        consent = world.route("change_consent")
        await world.ask(consent, consent.example())
        await world.make("add_dependant")
        await world.make("request_booking")
        return {}

    async def with_a_twin() -> str:
        await a_person(BORIS)
        return await a_person()

    async def a_twin_to_merge() -> dict[str, Any]:
        return {"path": {"id": await a_person(BORIS)}, "body": {"into_id": await a_person()}}

    async def a_consent() -> dict[str, Any]:
        consent = world.route("change_consent")
        await world.ask(consent, consent.example())
        return {}

    async def with_facts() -> dict[str, Any]:
        facts = world.route("change_facts").example()
        await a_person()
        path = {"id": str(ALICE)}
        await world.ask(world.route("change_facts"), msgspec.structs.replace(facts, path=path))
        return {}

    async def somebody() -> dict[str, Any]:
        await a_person()
        return {}

    world.making |= {
        "show_me": somebody,
        "search_patients": somebody,
        "show_patient": a_person,
        "list_twins": with_a_twin,
        "merge_patient": a_twin_to_merge,
        "export_me": with_all_that_is_theirs,
        "show_consents": a_consent,
        "show_facts": with_facts,
        "change_facts": a_person,
        "change_dependant": lambda: world.make("add_dependant"),
    }


@asynccontextmanager
async def _slots(dsn: str, folder: Path) -> AsyncIterator[World]:
    async with slots_doors.a_door(dsn, folder) as door:
        world = World("slots", door.client)
        await world.make("open_clinic", id=CLINIC)
        asked = world.route("open_slots").example().body["slots"]
        named = [slot | {"id": str(slot_id)} for slot, slot_id in zip(asked, SLOTS, strict=False)]
        await world.make("open_slots", slots=named)
        await _are_read(world)

        async def a_clinic_s_schedule() -> str:
            await world.make("open_schedule")
            return CLINIC

        async def a_holiday() -> str:
            route = world.route("set_holiday")
            await world.ask(route, route.example())
            return CLINIC

        async def a_second_dose() -> dict[str, Any]:
            at = {"starts_at": "2099-04-02T10:00:00+03:00", "ends_at": "2099-04-02T10:15:00+03:00"}
            await world.made("open_slots", slots=[asked[0] | at | {"dose": 2}])
            return {}

        async def a_version() -> dict[str, Any]:
            path = {"id": CLINIC, "schedule": await world.make("open_schedule")}
            body = world.route("open_version").example().body
            return {"path": path, "body": await version_as_seen(world, body, path)}

        world.making["open_version"] = a_version
        world.making["list_series"] = a_second_dose
        world.making["list_schedules"] = a_clinic_s_schedule
        world.making["list_holidays"] = a_holiday
        world.making["withdraw_schedule"] = lambda: world.make("open_schedule")
        _add_proposals(world, door)
        yield world


async def _are_read(world: World) -> None:
    """What is free is a copy that follows the log: a moment later the slots are in it."""
    route = world.route("show_slot")
    async with asyncio.timeout(READ_SECONDS_MAX):
        while (await world.ask(route, route.example())).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def version_as_seen(
    world: World, body: dict[str, Any], path: dict[str, str]
) -> dict[str, Any] | None:
    """The body of a version with its preview's digest; None where there is none to be seen."""
    preview = world.route("preview_schedule")
    wish = {"schedule": body["schedule"], "replaces": path["schedule"]}
    answer = await world.ask(preview, Example(path={"id": path["id"]}, body=wish))
    if answer.status != 200:
        return None
    return body | {"digest": (await answer.json())["digest"]}


def _add_proposals(world: World, door: slots_doors.Door) -> None:
    """Somebody else has proposed to close the day, and of what is to be undone it is closed."""

    async def proposed(clinic: str = CLINIC, **more: Any) -> dict[str, Any]:
        body = world.route("propose").example().body
        other = {"sub": str(uuid4()), "roles": ["operator"]}
        asked = body | {"act": body["act"] | {"clinic_id": clinic} | more}
        said = await (await door.ask("POST", "/proposals", asked, **other)).json()
        return {"path": {"id": said["id"]}, "body": {"digest": said["digest"]}}

    async def closed(clinic: str = CLINIC) -> dict[str, Any]:
        made = await proposed(clinic, cancel_bookings=False)
        path = f"/proposals/{made['path']['id']}/approve"
        await door.ask("POST", path, made["body"], roles=["operator"])
        desk = door.app[PROPOSALS]
        runner = Runner(desk.proposals, desk.acts)
        while await runner.turn():
            pass
        return {"path": made["path"]}

    async def a_proposal(clinic: str = CLINIC) -> dict[str, Any]:
        return {"path": (await proposed(clinic))["path"]}

    making = dict.fromkeys(("show_proposal", "withdraw_proposal"), a_proposal)
    making |= {"approve_proposal": proposed, "undo_proposal": closed}
    world.making |= making | {"list_proposals": a_proposal}
    world.making_at |= making


@asynccontextmanager
async def _notify(dsn: str, folder: Path) -> AsyncIterator[World]:
    async with notify_doors.a_door(dsn, folder) as door:
        world = World("notify", door.client)
        contacts = world.route("change_contacts")
        await world.ask(contacts, contacts.example())

        async def audited() -> dict[str, Any]:
            return {"query": {"person": str(ALICE)}}

        world.making["list_contact_accesses"] = audited
        yield world


WORLDS = {"booking": _booking, "slots": _slots, "notify": _notify}
