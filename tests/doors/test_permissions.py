"""Does every route let in whom the table of permissions names, and nobody else, to nothing else?"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from shared.openapi.routes import Route
from shared.policy import OF_A_CLINIC, POLICY, ROLES, gate
from talon.verbs.openapi import APIS
from tests.booking_doors import bearer, problem
from tests.conftest import MakeDatabase
from tests.strangers import OPEN, City, Person, bodies_about, expected, nowhere, people
from tests.worlds import a_world

PEOPLE = 24
OTHERS = (1, 5, 9, 14)
"""Of whose things each asks: the next but so many, so that every role asks for some of others."""


@pytest.fixture
async def city(service: str, fresh_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[City]:
    async with a_world(service, await fresh_database(service), tmp_path) as world:
        yield City(world)


@pytest.mark.parametrize("service", APIS)
async def test_every_role_gets_of_every_route_what_the_table_says(city: City) -> None:
    told, got = {}, {}
    for route in city.routes:
        for role in ROLES:
            for whose in ("own", "another's"):
                asker, other = Person(role), Person("patient")
                # Who may ask for nothing of their own has nothing: then it is another's once more.
                has_own = whose == "own" and route.rule.reaches[role] & {"own", "clinic", "all"}
                thing = await city.thing_of(asker if has_own else other, route)
                case = f"{route.rule.route}, {role}, {whose}"
                told[case] = expected(route.rule, role, whose)
                got[case] = (await city.ask(asker, route, thing)).code

    assert got == told
    assert len(got) == 2 * len(ROLES) * len(city.routes)


@pytest.mark.parametrize("service", APIS)
async def test_without_a_role_or_a_token_nothing_is_open_but_what_is_for_everybody(
    city: City,
) -> None:
    for route in city.routes:
        path = nowhere(route)

        roleless = await city.ask(Person("nobody"), route, path)
        unsigned = await city.world.ask(route, route.example(), headers={})

        assert (roleless.status, roleless.code) == (403, "forbidden")
        assert unsigned.status == 401


@pytest.mark.parametrize("service", APIS)
async def test_what_is_for_everybody_is_so_for_every_role(city: City) -> None:
    public = [route for route in city.world.api.routes if route.rule.is_public]

    for route in public:
        for headers in ({}, *(Person(role).headers() for role in ROLES)):
            # A link is used once, so each has one of their own.
            example = await city.world.ready(route)
            key = {"Idempotency-Key": str(uuid4())} if route.needs_key else {}
            answer = await city.world.ask(route, example, headers=headers | key)

            assert answer.status == min(route.answers), route.name


@pytest.mark.parametrize("service", ["slots", "booking"])
async def test_what_is_another_s_is_as_if_it_were_not_there(city: City) -> None:
    crowd = people(PEOPLE)
    differing, answers = [], set()
    for route in [route for route in city.routes if "{" in route.path]:
        owners = [who for who in crowd if _may_have(who, route)]
        things = {who.id: await city.thing_of(who, route) for who in owners}
        for nth, asker in enumerate(crowd):
            if "all" in route.rule.reaches[asker.role]:
                continue
            missing = await city.ask(asker, route, nowhere(route))
            for other in [crowd[(nth + more) % PEOPLE] for more in OTHERS]:
                if other.id in things:
                    said = await city.ask(asker, route, things[other.id])
                    answers.add((said.status, said.code))
                    if said != missing:
                        differing.append((route.rule.route, asker.role, said, missing))

    assert differing == []
    assert {status for status, _ in answers} == {403, 404}
    assert {code for _, code in answers} <= {"forbidden", "not_found", "reason_needed"}


@pytest.mark.parametrize("service", ["booking"])
async def test_without_the_gate_s_verdict_another_s_booking_is_shown_and_the_walk_would_see_it(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "verdict", lambda reach, **whose: "yes")
    route = city.world.route("show_booking")

    said = await city.ask(Person("patient"), route, await city.thing_of(Person("patient"), route))

    assert said.code == OPEN != expected(route.rule, "patient", "another's")


def _may_have(person: Person, route: Route) -> bool:
    """Everybody has a clinic; a booking has whoever may make one."""
    if route.rule.names_a_clinic or route.path.startswith("/api/v1/slots/"):
        return True
    return bool(POLICY["POST /bookings"].reaches[person.role])


@pytest.mark.parametrize("service", ["booking"])
async def test_what_is_another_s_is_no_more_there_when_a_body_speaks_of_it(city: City) -> None:
    booking, hold = city.world.route("show_booking"), city.world.route("show_hold")
    crowd = [who for who in people(PEOPLE) if _may_have(who, booking)]
    own = {who.id: (await city.thing_of(who, booking)) for who in crowd}
    holds = {who.id: (await city.thing_of(who, hold))["id"] for who in crowd}
    children = {who.id: await city.dependant_of(who) for who in crowd}

    for nth, asker in enumerate(crowd):
        other = crowd[(nth + 7) % len(crowd)]
        for route in map(city.world.route, ("request_booking", "reschedule_booking")):
            path = own[asker.id] if "{" in route.path else {}
            theirs = bodies_about(route, hold=holds[other.id], patient=children[other.id])
            nobody_s = bodies_about(route, hold=str(uuid4()), patient=str(uuid4()))
            for body, missing in zip(theirs, nobody_s, strict=True):
                said = await city.ask(asker, route, path, body)

                assert said.status == 404
                assert said == await city.ask(asker, route, path, missing)


@pytest.mark.parametrize("service", ["booking"])
async def test_a_list_of_one_s_own_has_nothing_of_another_s(city: City) -> None:
    booking = city.world.route("show_booking")
    crowd = [who for who in people(PEOPLE) if _may_have(who, booking)]
    theirs = {
        who.id: {(await city.thing_of(who, booking))["id"], await city.dependant_of(who)}
        for who in crowd
    }

    for who in crowd:
        listed = b""
        for name in ("list_bookings", "list_dependants"):
            listed += (await city.ask(who, city.world.route(name), {})).body

        found = {owner for owner, ids in theirs.items() if any(i.encode() in listed for i in ids)}
        assert found == {who.id}
        assert all(i.encode() in listed for i in theirs[who.id])


@pytest.mark.parametrize("service", ["slots"])
async def test_a_schedule_of_another_clinic_is_not_there_at_one_s_own(city: City) -> None:
    route = city.world.route("withdraw_schedule")
    manager, other = Person("clinic_manager"), Person("clinic_manager")
    own, theirs = await city.thing_of(manager, route), await city.thing_of(other, route)

    crossed = await city.ask(manager, route, own | {"schedule": theirs["schedule"]})
    missing = await city.ask(manager, route, own | {"schedule": str(uuid4())})

    assert crossed == missing
    assert crossed.status == 404
    assert (await city.ask(manager, route, own)).code == OPEN


@pytest.mark.parametrize("service", ["slots"])
async def test_who_works_at_no_clinic_by_name_works_at_none(city: City) -> None:
    for route in [route for route in city.routes if route.rule.names_a_clinic]:
        path = await city.thing_of(Person("clinic_manager"), route)
        for role in OF_A_CLINIC:
            example = msgspec.structs.replace(route.example(), path=path)
            answer = await city.world.ask(
                route, example, headers=bearer(roles=[role]) | {"Idempotency-Key": str(uuid4())}
            )

            assert (await problem(answer))[1] == expected(route.rule, role, "another's")


@pytest.mark.parametrize("service", ["booking"])
async def test_a_guardian_moves_and_cancels_what_is_booked_for_a_dependant(city: City) -> None:
    guardian = Person("patient")
    child = await city.dependant_of(guardian)
    request, move, cancel = map(
        city.world.route, ("request_booking", "reschedule_booking", "cancel_booking")
    )
    for_child, elsewhere = (
        next(body for body in bodies_about(route, hold="", patient=child) if "hold_id" not in body)
        for route in (request, move)
    )

    made = await city.ask(guardian, request, {}, for_child)
    path = {"id": made.id}
    moved = await city.ask(guardian, move, path, elsewhere)
    cancelled = await city.ask(guardian, cancel, path)

    assert [said.code for said in (made, moved, cancelled)] == [OPEN] * 3
    assert child.encode() in moved.body
