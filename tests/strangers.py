"""Who lives in a test's world, what is theirs, and how does each ask for what is another's?"""

from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec

from shared.openapi.routes import Example, Route
from shared.policy import ROLES, Rule
from tests.booking_doors import bearer
from tests.worlds import World, proposed_to, version_as_seen

OPEN = "open"


class Person(msgspec.Struct, frozen=True):
    """Somebody with one role, which is held at one clinic if it is held at clinics at all."""

    role: str
    id: UUID = msgspec.field(default_factory=uuid4)
    clinic: UUID = msgspec.field(default_factory=uuid4)

    def headers(self) -> dict[str, str]:
        """What they send with each wish, under a new key."""
        signed_in = bearer(self.id, roles=[self.role], clinics=[str(self.clinic)])
        return signed_in | {"Idempotency-Key": str(uuid4())}


def people(many: int) -> list[Person]:
    """So many, of every role in turn."""
    return [Person(role) for role in islice(cycle(ROLES), many)]


class Said(NamedTuple):
    """All that is told by an answer about a thing."""

    status: int
    kind: str
    body: bytes

    @property
    def code(self) -> str:
        """The problem's code; `open` where it is what was asked for."""
        return OPEN if self.status < 400 else str(msgspec.json.decode(self.body)["code"])

    @property
    def id(self) -> str:
        """Of what was made."""
        assert self.status == 201, self
        return str(msgspec.json.decode(self.body)["id"])


class City:
    """A service's world with people in it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._clinics: set[UUID] = set()
        self._schedules: dict[UUID, str] = {}
        self._made: dict[tuple[UUID, str], str] = {}
        self._bodies: dict[str, Any] = {}
        self._paths: dict[str, dict[str, str]] = {}

    @property
    def routes(self) -> list[Route]:
        """Those that are not for everybody."""
        return [route for route in self.world.api.routes if not route.rule.is_public]

    async def ask(
        self, person: Person, route: Route, path: dict[str, str], body: Any = None
    ) -> Said:
        """The route as in its example, but for the path's ids, and the body if one is given."""
        example = route.example()
        if body is None:
            body = await self._body_of(person, route, path)
        asked = Example(path=path, query=example.query, body=body)
        answer = await self.world.ask(route, asked, headers=person.headers())
        if route.streams and answer.status == 200:
            answer.close()
            return Said(answer.status, answer.content_type, b"")
        return Said(answer.status, answer.content_type, await answer.read())

    async def thing_of(self, person: Person, route: Route) -> dict[str, str]:
        """Ids for the route's path: of something that is this person's, made when first needed."""
        if route.rule.names_a_clinic:
            return await self._at_clinic(person, route)
        match route.path.split("/")[3:]:
            case ["bookings", _, *_]:
                return {"id": await self._asked_by(person, "request_booking")}
            case ["holds", _, *_]:
                return {"id": await self._asked_by(person, "hold_places")}
            case ["me", "push-subscriptions", _]:
                return {"id": await self._device_of(person)}
            case ["me", "mobile-devices", _]:
                return {"id": await self._phone_of(person)}
            case ["me", "dependants", _] if route.method == "DELETE":
                return {"id": await self._adult_of(person)}
            case ["me", "dependants", _]:
                return {"id": await self.dependant_of(person)}
            case ["me", "proxies", _]:
                await self._known(person)
                return {"id": await proposed_to(self.world, person.id)}
            case ["patients", _, "proxies", _]:
                two = [await self._known(Person("patient")) for _ in range(2)]
                return dict(zip(("id", "proxy"), two, strict=True))
            case ["patients", _, "bookings" | "holds", *_] if route.method == "POST":
                made = await self.world.making_at[route.name](str(person.clinic))
                self._bodies[made["path"]["id"]] = made["body"]
                return dict(made["path"])
            case ["patients", _, "messages"]:
                return {"id": str(person.id)}
            case ["patients", _, *rest]:
                if rest == ["merge"]:
                    await self._known(Person("patient", UUID(route.example().body["into_id"])))
                patient = {"id": await self._known(person)}
                if "{paper}" in route.path:
                    return patient | await self._set_up_referral(patient)
                return patient
            case ["campaigns", _, _, *_]:
                return await self._of_a_campaign(person, route)
            case ["announcements", _, *_] | ["messages", _, "settle"]:
                made = await self.world.making[route.name]()
                return dict(made["path"])  # type: ignore[index,call-overload]
            case ["proposals", _, *_]:
                return await self._proposal(person, route)
            case ["campaigns", _, "waiting-room", *_]:
                made = await self.world.making[route.name]()
                return dict(made["path"])  # type: ignore[index,call-overload]
            case ["slots", _]:
                return {"id": await self._slot(person)}
            case _:
                return {}

    async def _set_up_referral(self, patient: dict[str, str]) -> dict[str, str]:
        return {"paper": (await self._set_up("refer_patient", patient))["id"]}

    async def _asked_by(self, person: Person, name: str) -> str:
        """What a person's own wish made: its id. Nobody books the same twice."""
        if (person.id, name) not in self._made:
            said = await self.ask(person, self.world.route(name), {})
            self._made[person.id, name] = said.id
        return self._made[person.id, name]

    async def _of_a_campaign(self, person: Person, route: Route) -> dict[str, str]:
        """No person's; so whoever may not have it needs none of their own."""
        path = self._paths.get(route.name)
        # What was tried is to be over before the next may be, so that is made each time.
        if path is None or person.role == "operator" or route.name == "try_rules":
            ready = await self.world.ready(route)
            path = ready.path
            self._bodies[path["id"]] = ready.body
            if person.role != "operator":
                self._paths[route.name] = path
        return path

    async def _proposal(self, person: Person, route: Route) -> dict[str, str]:
        """Somebody else's, for the clinic where this person works."""
        clinic = await self._clinic(person)
        await self._set_up("open_slots", clinic)
        made = await self.world.making_at[route.name](clinic["id"])
        path: dict[str, str] = made["path"]
        self._bodies[path["id"]] = made.get("body")
        return path

    async def _body_of(self, person: Person, route: Route, path: dict[str, str]) -> Any:
        """As the example has it, where nothing else was agreed on."""
        body = route.example().body
        if route.name == "propose":
            clinic = await self._clinic(person)
            await self._set_up("open_slots", clinic)
            return body | {"act": body["act"] | {"clinic_id": clinic["id"]}}
        if route.name == "open_version":
            return await version_as_seen(self.world, body, path) or body
        if route.name in ("propose_rules", "write_announcement"):
            return (await self.world.ready(route)).body
        agreed = [self._bodies.get(path.get(name, "")) for name in ("booking", "id")]
        return agreed[0] or agreed[1] or body

    async def _known(self, person: Person) -> str:
        """Somebody of whom something is known, since they said so."""
        said = await self.ask(person, self.world.route("change_me"), {})
        assert said.code == OPEN, said
        return str(person.id)

    async def dependant_of(self, person: Person) -> str:
        """Somebody for whom this person may ask."""
        return await self._asked_by(person, "add_dependant")

    async def _adult_of(self, person: Person) -> str:
        """An adult for whom this person would like to act."""
        said = await self.ask(person, self.world.route("add_dependant"), {}, {"kind": "adult"})
        return said.id

    async def _device_of(self, person: Person) -> str:
        """A browser of theirs that nobody else has."""
        route = self.world.route("add_device")
        body = route.example().body
        said = await self.ask(
            person, route, {}, body | {"endpoint": f"{body['endpoint']}{uuid4()}"}
        )
        assert said.code == OPEN, said
        return str(msgspec.json.decode(said.body)["id"])

    async def _phone_of(self, person: Person) -> str:
        """A phone of theirs that nobody else has."""
        route = self.world.route("add_mobile_device")
        said = await self.ask(person, route, {}, route.example().body | {"token": uuid4().hex * 2})
        assert said.code == OPEN, said
        return str(msgspec.json.decode(said.body)["id"])

    async def _at_clinic(self, person: Person, route: Route) -> dict[str, str]:
        if any(part in route.path for part in ("{visit}", "{booking}", "{call}")):
            made = await self.world.making_at[route.name](str(person.clinic))
            path: dict[str, str] = made["path"]
            if "body" in made:
                self._bodies[path["booking"]] = made["body"]
            return path
        if "{practitioner}" in route.path:
            return {"id": str(person.clinic), "practitioner": str(uuid4())}
        if self.world.api.service != "slots":
            return {"id": str(person.clinic)}
        path = await self._clinic(person)
        if "{schedule}" in route.path:
            if person.clinic not in self._schedules:
                opened = await self._set_up("open_schedule", path)
                self._schedules[person.clinic] = opened["id"]
            return path | {"schedule": self._schedules[person.clinic]}
        return path

    async def _slot(self, person: Person) -> str:
        opened = await self._set_up("open_slots", await self._clinic(person))
        return str(opened["slots"][0]["id"])

    async def _clinic(self, person: Person) -> dict[str, str]:
        """The clinic where they work, which is set up once."""
        if person.clinic not in self._clinics:
            self._clinics.add(person.clinic)
            await self.world.make("open_clinic", id=str(person.clinic))
        return {"id": str(person.clinic)}

    async def _set_up(self, name: str, path: dict[str, str]) -> dict[str, Any]:
        operator, route = Person("operator"), self.world.route(name)
        said = await self.ask(operator, route, path)
        assert said.status == 201, said
        return dict(msgspec.json.decode(said.body))


def nowhere(route: Route) -> dict[str, str]:
    """Ids for the route's path that look like any other, of what does not exist."""
    return {name: str(uuid4()) for name in route.example().path}


def bodies_about(route: Route, *, hold: str, patient: str) -> Iterator[dict[str, Any]]:
    """Bodies of the route that speak of a hold or of a patient."""
    body = route.example().body
    if route.name == "request_booking":
        yield {"places": [{"slot_id": body["places"][0]["slot_id"]}], "hold_id": hold}
    if route.name in ("request_booking", "reschedule_booking"):
        yield {"places": [place | {"patient_id": patient} for place in body["places"]]}


def expected(rule: Rule, role: str, whose: str) -> str:
    """What the table says: `open`, or the code of the refusal. `whose` is `own` or `another's`."""
    reach = rule.reaches[role]
    if not reach:
        return "forbidden"
    if "all" in reach or "{" not in rule.route:
        return OPEN
    if whose == "own" and reach & {"own", "clinic"}:
        return OPEN
    return "reason_needed" if "reason" in reach else "not_found"
