"""In which world do the examples of the documents come true?

Each service has one: what the examples name is there under the ids that they name it by, and what
gets its id only when it is made is made when a route needs it.
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import ClientResponse

from services.booking.api.desk import DESK
from services.booking.dryruns import Trier
from services.booking.rules.admission import Facts
from services.notify.channels.sms.twilio import signature_of
from services.notify.rules.preferences import BY_LINK
from services.slots.rules import HoldLimits
from shared.links.rules import Keys, Link, Purpose, token_of
from shared.messages import PlacesLeft
from shared.openapi.routes import Api, Example, Route
from shared.policy import REASON_HEADER
from shared.proposals.api import DESK as PROPOSALS
from shared.proposals.runner import Runner
from talon.verbs.openapi import APIS
from tests import booking_doors, notify_doors, slots_doors
from tests.booking_doors import Client, bearer
from tests.booking_stories import ALICE, BORIS
from tests.notify_calls import a_call
from tests.stories import open_clinic

Making = Callable[[], Awaitable[str | dict[str, Any]]]
"""Gives the id of what it made, for the end of the path; or whatever else its example needs."""

MakingAt = Callable[[str], Awaitable[dict[str, Any]]]
"""Makes it at a clinic, and gives what its example needs: a path, and a body if there is one."""

MOSCOW = ZoneInfo("Europe/Moscow")
CLINIC = "00000000-0000-4000-8000-000000000101"
SLOTS = [UUID(f"00000000-0000-4000-8000-0000000002{n:02}") for n in range(1, 5)]
SLOT_DAYS = (12, 19, 13, 20)
CAMPAIGN = "00000000-0000-4000-8000-000000000501"
WHY = "Taken ill at our clinic; what is booked?"
LINK_KEYS = json.dumps({"signs": 1, "keys": {"1": base64.b64encode(bytes(32)).decode()}})
READ_SECONDS_MAX = 20.0
ATTEMPTS = 5
"""A busy machine may be slower than a person's patience: asked again, it is the same wish."""

PEOPLE_MAX = 300
"""How many may be in a slot of the front desk's world."""


class World:
    """A client of a service, and what makes that of which a route's example speaks."""

    def __init__(self, service: str, client: Client) -> None:
        self.api: Api = APIS[service]
        self.making: dict[str, Making] = {}
        self.making_at: dict[str, MakingAt] = {}
        self.signed: dict[str, tuple[bytes, dict[str, str]]] = {}
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
        if route.name in self.signed:
            given["data"], signature = self.signed[route.name]
            more["headers"] = more.get("headers", given["headers"]) | signature
        if "data" in more:
            given.pop("json", None)
        path = route.path.format(**example.path)
        return await self._client.request(route.method, path, **given | more)


def headers_for(route: Route, **claims: Any) -> dict[str, str]:
    """The headers of somebody who may ask this, under a new key and with a reason."""
    roles = [role for role in ("operator", "patient", "auditor") if role in route.rule.roles]
    at_clinic = [role for role in ("practitioner", "front_desk") if role in route.rule.roles]
    at_work = {"roles": roles or at_clinic[:1], "clinics": [CLINIC]}
    said = {} if route.rule.is_public else bearer(**at_work | claims)
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
    async with booking_doors.a_door(dsn, folder, link_keys=LINK_KEYS, hold_again_seconds=0) as door:
        for slot, day in zip(SLOTS, SLOT_DAYS, strict=True):
            starts_at = datetime(2099, 3, day, 7, tzinfo=UTC)
            await door.open_slot(slot, capacity=PEOPLE_MAX, starts_at=starts_at)
        # One person makes all that the examples speak of.
        door.referee.inventory.limits = HoldLimits(places_max=PEOPLE_MAX, holds_max=PEOPLE_MAX)
        world = World("booking", door.client)

        async def a_booking() -> str:
            return await world.make("request_booking")

        async def a_hold() -> str:
            return await world.make("hold_places")

        await world.make("start_campaign", id=CAMPAIGN)
        for name in ("show_booking", "cancel_booking", "reschedule_booking", "list_bookings"):
            world.making[name] = a_booking
        for name in ("list_holds", "show_hold", "renew_hold", "release_hold"):
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

        async def a_link(purpose: Purpose = "cancel_booking") -> dict[str, Any]:
            owner, route = uuid4(), world.route("request_booking")
            headers = headers_for(route, sub=str(owner))
            made = await (await world.ask(route, route.example(), headers=headers)).json()
            door.client.app[DESK].link_keys = keys = Keys(signs=1, secrets={1: bytes(32)})
            link = Link(
                purpose=purpose,
                person_id=owner,
                object_id=UUID(made["id"]),
                until=datetime(2099, 3, 12, 7, tzinfo=UTC),
            )
            return {"path": {"token": token_of(link, keys)}}

        world.making["list_day"] = a_day
        _missed(world, door)
        _waiting_rooms(world, door)
        _persons(world)
        _for_patients(world, door)
        _add_rules(world, door)
        _visits(world, door)
        for name in ("show_link", "use_link"):
            world.making[name] = a_link
        for name in ("show_coming", "say_coming"):
            world.making[name] = partial(a_link, "confirm_visit")
        for name in ("show_other_time", "take_other_time"):
            world.making[name] = partial(a_link, "move_visit")
        async with _looked_at(door):
            yield world


@asynccontextmanager
async def _looked_at(door: booking_doors.Door) -> AsyncIterator[None]:
    """As a service does, it is looked again and again whether the database is there."""

    async def look() -> None:
        while True:
            await door.is_there()
            await asyncio.sleep(1.0)

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()


def _waiting_rooms(world: World, door: booking_doors.Door) -> None:
    """Each is before a campaign of its own, for what nobody else books."""
    lines = door.client.app[DESK].waiting.lines

    async def a_campaign() -> dict[str, Any]:
        word = PlacesLeft(
            id=uuid4(), cause=uuid4(), at=datetime.now(UTC), service="waiting", free=400
        )
        door.client.app[DESK].waiting.left.hear(word)
        later = {"opens_at": "2099-03-01T05:00:00Z", "service": "waiting"}
        return {"path": {"id": await world.make("start_campaign", id=str(uuid4()), **later)}}

    async def a_room() -> dict[str, Any]:
        made, route = await a_campaign(), world.route("open_room")
        body = route.example().body | {"opens_at": "2026-01-12T04:00:00Z"}
        answer = await world.ask(route, Example(path=made["path"], body=body))
        assert answer.status == 201, await answer.text()
        return made

    async def drawn() -> tuple[dict[str, Any], str]:
        made, route = await a_room(), world.route("join_room")
        example = Example(path=made["path"], body={})
        await world.ask(route, example)
        await door.pool.execute(
            "UPDATE waiting_room SET opens_at = '2026-01-12', draws_at = clock_timestamp()"
        )
        await lines.step()
        await door.pool.execute("UPDATE line SET moved_at = moved_at - interval '2 s'")
        await lines.step()
        return made, (await (await world.ask(route, example)).json())["ticket"]

    async def a_draw() -> dict[str, Any]:
        return (await drawn())[0]

    async def a_turn() -> dict[str, Any]:
        made, ticket = await drawn()
        return made | {"body": {"ticket": ticket}}

    making = dict.fromkeys(("change_room", "close_room", "show_room"), a_room)
    making |= dict.fromkeys(("show_draw", "join_room"), a_draw)
    world.making |= making | {"open_room": a_campaign, "come_in": a_turn}


PRACTITIONER = "00000000-0000-4000-8000-000000000901"


def _visits(world: World, door: booking_doors.Door) -> None:
    """Somebody has come to a telemedicine visit that begins in a minute."""

    async def arrived(clinic: str) -> dict[str, Any]:
        """Where the visit is, by which link, at a clinic."""
        door.client.app[DESK].link_keys = keys = Keys(signs=1, secrets={1: bytes(32)})
        slot, owner = uuid4(), uuid4()
        soon = datetime.now(UTC) + timedelta(minutes=1)
        door.referee.decided(open_clinic(UUID(clinic)), 0)
        about = {"modality": "virtual", "practitioner_id": UUID(PRACTITIONER)}
        await door.open_slot(slot, starts_at=soon, clinic_id=UUID(clinic), **about)
        await door.is_there()
        answer = await door.book(slot, who=owner)
        assert answer.status == 201, await answer.text()
        made = await answer.json()
        link = Link(
            purpose="visit",
            person_id=owner,
            object_id=UUID(made["id"]),
            until=soon.replace(microsecond=0) + timedelta(days=1),
        )
        token = token_of(link, keys)
        path = f"/api/v1/links/{token}/visit"
        answer = await door.client.put(path, json={"is_here": True})
        assert answer.status == 200, await answer.text()
        return {"token": token, "visit": made["places"][0]["id"], "day": soon}

    async def own_visit() -> str:
        """One that whoever asks has booked, and that begins in an hour."""
        door.client.app[DESK].link_keys = Keys(signs=1, secrets={1: bytes(32)})
        slot, soon = uuid4(), datetime.now(UTC) + timedelta(hours=1)
        await door.open_slot(slot, starts_at=soon, modality="virtual")
        return str((await (await door.book(slot)).json())["id"])

    async def a_line() -> dict[str, Any]:
        return {"path": {"token": (await arrived(CLINIC))["token"]}}

    async def a_queue() -> dict[str, Any]:
        made = await arrived(CLINIC)
        day = made["day"].astimezone(MOSCOW).date().isoformat()
        path = {"id": CLINIC, "practitioner": PRACTITIONER}
        return {"path": path, "query": {"date": day}}

    async def a_visit(clinic: str = CLINIC) -> dict[str, Any]:
        return {"path": {"id": clinic, "visit": (await arrived(clinic))["visit"]}}

    world.making |= {
        "list_ways_in": own_visit,
        "show_visit": a_line,
        "be_at_visit": a_line,
        "list_queue": a_queue,
        "take_step": a_visit,
    }
    world.making_at["take_step"] = a_visit


def _missed(world: World, door: booking_doors.Door) -> None:
    """Somebody was booked at a clinic, and the time is over."""

    async def a_visit_that_is_over(clinic: str = CLINIC) -> dict[str, Any]:
        door.referee.decided(open_clinic(UUID(clinic)), 0)
        slot = await door.open_slot(uuid4(), clinic_id=UUID(clinic))
        await door.is_there()
        answer = await door.book(slot, who=uuid4())
        assert answer.status == 201, await answer.text()
        booking = (await answer.json())["id"]
        await door.is_over(slot, UUID(booking))
        return {"path": {"id": clinic, "booking": booking}}

    async def a_visit_that_was_missed(clinic: str = CLINIC) -> dict[str, Any]:
        made = await a_visit_that_is_over(clinic)
        route = world.route("miss_booking")
        staff = headers_for(route, clinics=[clinic])
        answer = await world.ask(route, Example(path=made["path"], body={}), headers=staff)
        assert answer.status == 200, await answer.text()
        return made

    async def a_visit_of_today(clinic: str = CLINIC) -> dict[str, Any]:
        door.referee.decided(open_clinic(UUID(clinic)), 0)
        soon = datetime.now(UTC) + timedelta(hours=1)
        slot = await door.open_slot(uuid4(), clinic_id=UUID(clinic), starts_at=soon)
        await door.is_there()
        made = await (await door.book(slot, who=uuid4())).json()
        body = {"step": "arrive", "places": [made["places"][0]["id"]]}
        return {"path": {"id": clinic, "booking": made["id"]}, "body": body}

    world.making["attend_booking"] = world.making_at["attend_booking"] = a_visit_of_today
    world.making["miss_booking"] = world.making_at["miss_booking"] = a_visit_that_is_over
    world.making["restore_booking"] = a_visit_that_was_missed
    world.making_at["restore_booking"] = a_visit_that_was_missed


def _for_patients(world: World, door: booking_doors.Door) -> None:
    """Somebody who is known, and a slot at a clinic that books for them."""
    me = world.route("change_me")

    async def a_slot(clinic: str) -> UUID:
        door.referee.decided(open_clinic(UUID(clinic)), 0)
        slot = await door.open_slot(uuid4(), clinic_id=UUID(clinic))
        await door.is_there()
        return slot

    async def to_book(clinic: str = CLINIC) -> dict[str, Any]:
        person, slot = uuid4(), await a_slot(clinic)
        await world.ask(me, me.example(), headers=bearer(person))
        return {"path": {"id": str(person)}, "body": {"places": [{"slot_id": str(slot)}]}}

    async def is_booked(clinic: str = CLINIC) -> dict[str, Any]:
        made, key = await to_book(clinic), str(uuid4())
        path = f"/patients/{made['path']['id']}/bookings"
        for _ in range(ATTEMPTS):
            await door.is_there()
            answer = await door.ask("POST", path, made["body"], key=key, roles=["front_desk"])
            if answer.status < 500:
                break
        assert answer.status == 201, await answer.text()
        return {"path": made["path"] | {"booking": (await answer.json())["id"]}, "body": {}}

    async def to_move(clinic: str = CLINIC) -> dict[str, Any]:
        made, slot = await is_booked(clinic), await a_slot(clinic)
        return made | {"body": {"places": [{"slot_id": str(slot)}]}}

    async def to_see() -> str:
        made = await is_booked()
        return str(made["path"]["id"])

    making: dict[str, Any] = dict.fromkeys(("book_for_patient", "hold_for_patient"), to_book)
    making |= {"cancel_for_patient": is_booked, "move_for_patient": to_move}
    world.making |= making | {"list_bookings_of_patient": to_see}
    world.making_at |= making


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

    async def a_proxy() -> str:
        await a_person()
        return await proposed_to(world, ALICE)

    async def on_paper() -> dict[str, Any]:
        return {"path": {"id": await a_person(uuid4()), "proxy": await a_person(uuid4())}}

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

    async def a_referral() -> dict[str, Any]:
        patient = {"id": await a_person()}
        for name in ("change_attachment", "refer_patient"):
            route = world.route(name)
            asked = msgspec.structs.replace(route.example(), path=patient)
            made = await (await world.ask(route, asked)).json()
        return {"path": patient | {"paper": made["id"]}}

    async def with_papers() -> dict[str, Any]:
        await a_referral()
        return {}

    async def with_her_papers() -> str:
        await a_referral()
        return str(ALICE)

    world.making |= {
        "list_own_papers": with_papers,
        "list_papers": with_her_papers,
        "change_attachment": a_person,
        "refer_patient": a_person,
        "revoke_referral": a_referral,
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
        "give_up_dependant": lambda: world.make("add_dependant", kind="adult"),
        "list_proxies": a_proxy,
        "answer_proxy": a_proxy,
        "note_proxy": on_paper,
    }


def _add_rules(world: World, door: booking_doors.Door) -> None:
    """Each has a campaign of its own, with rules that were drafted, tried, proposed, published."""
    desk, proposals = door.client.app[DESK], door.client.app[PROPOSALS]

    async def a_draft() -> dict[str, Any]:
        campaign = await world.make("start_campaign", id=str(uuid4()), service="flu shots")
        example = world.route("draft_rules").example()
        example = msgspec.structs.replace(example, path={"id": campaign})
        said = await (await world.ask(world.route("draft_rules"), example)).json()
        await _tried_to_the_end(door)
        return {"path": {"id": campaign}, "body": {"rules_id": said["id"]}}

    async def a_dry_run() -> dict[str, Any]:
        await desk.facts.keep(ALICE, Facts(born_month=date(2000, 1, 1), district="nevsky"))
        await desk.facts.keep(BORIS, Facts(born_month=date(1940, 1, 1), district="nevsky"))
        draft = await a_draft()
        route = world.route("try_rules")
        said = await (
            await world.ask(route, Example(path=draft["path"], body=draft["body"]))
        ).json()
        await _tried_to_the_end(door)
        return {"path": draft["path"] | {"run": said["id"]}}

    async def to_propose(percent: int = 10) -> dict[str, Any]:
        run = (await a_dry_run())["path"]
        body = world.route("propose_rules").example().body
        act = body["act"] | {"dry_run_id": run["run"], "scope": {"percent": percent}}
        return {"path": {}, "body": body | {"act": act}, "campaign": run["id"]}

    async def proposed(percent: int = 10) -> dict[str, Any]:
        made, route = await to_propose(percent), world.route("propose_rules")
        said = await (await world.ask(route, Example(body=made["body"]), headers=other())).json()
        digest = {"digest": said["digest"]}
        return {"path": {"id": said["id"]}, "body": digest, "campaign": made["campaign"]}

    def other() -> dict[str, str]:
        return headers_for(world.route("propose_rules"), sub=str(uuid4()))

    async def published(percent: int = 10) -> dict[str, Any]:
        made, route = await proposed(percent), world.route("approve_rules")
        await world.ask(route, Example(path=made["path"], body=made["body"]))
        while await Runner(proposals.proposals, proposals.acts).turn():
            pass
        return made

    async def in_force() -> dict[str, Any]:
        return {"path": {"id": (await published())["campaign"]}}

    async def to_revert() -> dict[str, Any]:
        body = world.route("revert_rules").example().body
        return {"path": {"id": (await published(100))["campaign"]}, "body": body}

    async def written() -> dict[str, Any]:
        await desk.facts.keep(ALICE, Facts(district="nevsky"))
        return {"path": {"id": await world.make("write_announcement", **soon())}}

    async def to_write() -> dict[str, Any]:
        return {"path": {}, "body": world.route("write_announcement").example().body | soon()}

    def soon() -> dict[str, Any]:
        return {"expires_at": (datetime.now(UTC) + timedelta(days=3)).isoformat()}

    async def only(making: Making, *names: str) -> dict[str, Any]:
        made = await making()
        assert isinstance(made, dict)
        return {name: made[name] for name in names}

    world.making |= {
        "draft_rules": lambda: only(a_draft, "path"),
        "list_rules": lambda: only(a_draft, "path"),
        "show_rules": in_force,
        "revert_rules": to_revert,
        "try_rules": a_draft,
        "show_dry_run": a_dry_run,
        "propose_rules": lambda: only(to_propose, "path", "body"),
        "list_rule_proposals": lambda: _listed(proposed),
        "show_rule_proposal": lambda: only(proposed, "path"),
        "approve_rules": lambda: only(proposed, "path", "body"),
        "withdraw_rules": lambda: only(proposed, "path"),
        "undo_rules": lambda: only(published, "path"),
        "write_announcement": to_write,
        "show_announcement": written,
        "list_announcements": lambda: _listed(written),
        "stop_announcement": written,
    }


async def _listed(making: Making) -> dict[str, Any]:
    """What is in a list is made; a list has no id in its path."""
    await making()
    return {}


async def _tried_to_the_end(door: booking_doors.Door) -> None:
    desk = door.client.app[DESK]
    trier = Trier(desk.dry_runs, desk.books)
    while await trier.turn():
        pass


async def proposed_to(world: World, person_id: UUID) -> str:
    """Somebody of whom all is known would like to act for this person: the relation's id."""
    proxy, me = uuid4(), world.route("change_me")
    await world.ask(me, me.example(), headers=bearer(proxy))
    ask = world.route("add_dependant")
    wish = Example(body={"kind": "adult", "person_id": str(person_id)})
    made = await world.ask(ask, wish, headers=headers_for(ask, sub=str(proxy)))
    assert made.status == 201, await made.text()
    listed = await world.ask(world.route("list_proxies"), Example(), headers=bearer(person_id))
    return str((await listed.json())["proxies"][0]["id"])


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

        async def a_clinic_with_somebody() -> str:
            route = world.route("set_practitioner")
            await world.ask(route, route.example())
            return CLINIC

        world.making["list_practitioners"] = a_clinic_with_somebody
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


TWILIO = {
    "twilio_callback": "https://talon.example/api/v1/receipts/twilio",
    "twilio_token": "12345",
}


LINK_KEYS = '{"signs": 1, "keys": {"1": "' + "A" * 43 + '="}}'


@asynccontextmanager
async def _notify(dsn: str, folder: Path) -> AsyncIterator[World]:
    async with notify_doors.a_door(dsn, folder, **TWILIO, link_keys=LINK_KEYS) as door:
        world = World("notify", door.client)
        body = b"MessageSid=SM1&MessageStatus=delivered"
        form = [("MessageSid", "SM1"), ("MessageStatus", "delivered")]
        signature = signature_of(TWILIO["twilio_callback"], form, TWILIO["twilio_token"])
        signed = {"X-Twilio-Signature": signature}
        world.signed["take_twilio_callback"] = (body, signed)
        said = world.route("change_contacts")
        await world.ask(said, said.example())

        async def wished() -> dict[str, Any]:
            wishes = world.route("change_preferences")
            await world.ask(wishes, wishes.example())
            return {}

        world.making["show_preferences"] = wished

        async def told() -> dict[str, Any]:
            await notify_doors.an_unknown_message(door.pool, ALICE)
            return {}

        async def told_to_a_patient() -> dict[str, Any]:
            return await told() | {"path": {"id": str(ALICE)}}

        world.making |= dict.fromkeys(("list_own_messages", "list_unknown_messages"), told)
        world.making["list_patient_messages"] = told_to_a_patient

        async def audited() -> dict[str, Any]:
            return {"query": {"person": str(ALICE)}}

        async def nobody_knows() -> dict[str, Any]:
            event_id = await notify_doors.an_unknown_message(door.pool, uuid4())
            return {"path": {"id": str(event_id)}}

        world.making["settle_message"] = nobody_knows

        async def a_reminder() -> dict[str, Any]:
            link = Link(
                purpose="decline",
                person_id=ALICE,
                object_id=BY_LINK["reminder"],
                until=datetime(2099, 3, 12, 7, tzinfo=UTC),
            )
            return {"path": {"token": token_of(link, Keys(signs=1, secrets={1: bytes(32)}))}}

        world.making["show_unsubscribe"] = world.making["unsubscribe"] = a_reminder

        async def a_device() -> str:
            return str((await (await world.ask(added, added.example())).json())["id"])

        async def calls(clinic: str = CLINIC) -> dict[str, Any]:
            await a_call(door.pool, UUID(clinic))
            return {"path": {"id": clinic}}

        async def one_call(clinic: str = CLINIC) -> dict[str, Any]:
            call = await a_call(door.pool, UUID(clinic))
            return {"path": {"id": clinic, "call": str(call)}}

        async def a_phone() -> str:
            return str((await (await world.ask(app, app.example())).json())["id"])

        added, app = world.route("add_device"), world.route("add_mobile_device")
        world.making["list_contact_accesses"] = audited
        world.making |= dict.fromkeys(("list_devices", "remove_device"), a_device)
        phones = ("list_mobile_devices", "remove_mobile_device")
        world.making |= dict.fromkeys(phones, a_phone)
        world.making |= dict.fromkeys(("list_calls", "print_calls"), calls)
        world.making["settle_call"] = world.making_at["settle_call"] = one_call
        yield world


WORLDS = {"booking": _booking, "slots": _slots, "notify": _notify}
