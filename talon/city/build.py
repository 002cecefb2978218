"""How does the city come to be? By HTTP, as an operator and its patients would ask for it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from talon.city.doctors import Doctor, doctors
from talon.city.plan import (
    DAYS_APART_MAX,
    DAYS_APART_MIN,
    DOSES,
    TIME_ZONE,
    VACCINATION,
    Clinic,
    Plan,
    Slot,
    email_of,
)
from talon.doors import Answer, Doors
from talon.mistakes import MistakeError

CLINICS_AT_ONCE = 32
SLOT_LISTS_AT_ONCE = 4
"""The referee's staff door seats a few thousand slots at a time."""

SLOTS_PER_REQUEST_MAX = 500
SLOTS_PER_PROBE = 7
"""One less than a booking may have places, since one of them is asked for twice."""

KNOWN_SECONDS_MAX = 60.0
PEOPLE_AT_ONCE = 64
ATTEMPTS_MAX = 40
PAUSE_SECONDS = 0.5
DONE = (200, 201)

Count = Callable[[], None]


class Made(msgspec.Struct):
    """The one field of what the front desk answers that must be remembered."""

    id: UUID


class Builder:
    """Asks for everything that a plan has, and again, by the same key, where no answer came."""

    def __init__(self, doors: Doors, plan: Plan, *, operator: str, tokens: Sequence[str]) -> None:
        self._doors = doors
        self._plan = plan
        self._operator = operator
        self._tokens = tokens
        self._key = f"city-{plan.seed}-{plan.first_day}"

    async def clinics(self, count: Count) -> None:
        """Every clinic; one that is there already is as good."""
        await _each(self._plan.own_clinics, self._open_clinic, count, at_once=CLINICS_AT_ONCE)

    async def slots(self, count: Count) -> None:
        """Every clinic's slots, as many in one request as the door takes."""
        lists = [
            (clinic, offered[n : n + SLOTS_PER_REQUEST_MAX])
            for clinic, offered in self._offers()
            for n in range(0, len(offered), SLOTS_PER_REQUEST_MAX)
        ]
        await _each(lists, self._open_slots, count, at_once=SLOT_LISTS_AT_ONCE)

    async def doctors(self, count: Count) -> None:
        """A few who see people from afar."""
        await _each(doctors(self._plan), self._open_practice, count, at_once=SLOT_LISTS_AT_ONCE)

    async def campaign(self, count: Count) -> None:
        """The one that everyone comes for."""
        body = {
            "id": self._plan.campaign.id,
            "name": "Two doses for everyone",
            "service": VACCINATION,
            "opens_at": self._plan.campaign.opens_at,
            "doses": DOSES,
            "min_days": DAYS_APART_MIN,
            "max_days": DAYS_APART_MAX,
        }
        url = f"{self._doors.api}/campaigns"
        await self._insist("POST", url, self._operator, f"{self._key}-campaign", body)
        count()

    async def contacts(self, count: Count) -> None:
        """Where each patient wants to be told."""
        await _each(range(self._plan.patients), self._leave_address, count, at_once=PEOPLE_AT_ONCE)

    async def families(self, count: Count) -> dict[int, tuple[UUID, ...]]:
        """Everybody's dependants, whose ids the front desk gives out."""
        found: dict[int, dict[int, UUID]] = {}

        async def register(child: tuple[int, int]) -> None:
            guardian, nth = child
            found.setdefault(guardian, {})[nth] = await self._register(guardian, nth)

        children = [(n, nth) for n, size in self._plan.dependants().items() for nth in range(size)]
        await _each(children, register, count, at_once=PEOPLE_AT_ONCE)
        return {n: tuple(by_nth[k] for k in sorted(by_nth)) for n, by_nth in sorted(found.items())}

    async def until_known(self) -> None:
        """Wait until the front desk has heard of every clinic's last slot.

        It is asked for what it must refuse, the same dose many times over; before it knows the
        slots it says `slot_unknown`, and from then on `not_eligible`. Nothing is changed by that.
        """
        last = [slots[-1].id for _, slots in self._offers()]
        for start in range(0, len(last), SLOTS_PER_PROBE):
            await self._until_eligibility_is_judged(last[start : start + SLOTS_PER_PROBE])

    # ---- one thing at a time -------------------------------------------------------------------

    def _offers(self) -> Iterable[tuple[Clinic, list[Slot]]]:
        offers: dict[UUID, list[Slot]] = {clinic.id: [] for clinic in self._plan.own_clinics}
        for slot in self._plan.slots:
            if slot.clinic_id in offers:
                offers[slot.clinic_id].append(slot)
        return ((clinic, offers[clinic.id]) for clinic in self._plan.own_clinics)

    async def _open_clinic(self, clinic: Clinic) -> None:
        body = {
            "id": clinic.id,
            "name": clinic.name,
            "time_zone": TIME_ZONE,
            "address": clinic.address,
            "district": clinic.district.name,
            "latitude": clinic.latitude,
            "longitude": clinic.longitude,
        }
        url = f"{self._doors.api}/clinics"
        await self._insist("POST", url, self._operator, f"{self._key}-{clinic.number}", body)

    async def _open_slots(self, offer: tuple[Clinic, list[Slot]]) -> None:
        clinic, slots = offer
        body = {
            "slots": [
                {
                    "id": slot.id,
                    "service": slot.service,
                    "starts_at": slot.starts_at,
                    "ends_at": slot.ends_at,
                    "capacity": slot.capacity,
                }
                for slot in slots
            ]
        }
        url = f"{self._doors.api}/clinics/{clinic.id}/slots"
        key = f"{self._key}-{clinic.number}-{slots[0].id}"
        await self._insist("POST", url, self._operator, key, body)

    async def _open_practice(self, doctor: Doctor) -> None:
        url = f"{self._doors.api}/clinics/{doctor.clinic.id}"
        said = {"id": doctor.id, "name": doctor.name}
        await self._insist("PUT", f"{url}/practitioners", self._operator, "", said)
        key = f"{self._key}-practitioner-{doctor.number}"
        body = {"slots": list(doctor.slots())}
        await self._insist("POST", f"{url}/slots", self._operator, key, body)

    async def _leave_address(self, number: int) -> None:
        url = f"{self._doors.api}/me/contacts"
        await self._insist("PUT", url, self._tokens[number], "", {"email": email_of(number)})

    async def _register(self, guardian: int, nth: int) -> UUID:
        url = f"{self._doors.api}/me/dependants"
        key = f"{self._key}-dependant-{nth}"
        answer = await self._insist("POST", url, self._tokens[guardian], key, {})
        return msgspec.json.decode(answer.body, type=Made).id

    async def _until_eligibility_is_judged(self, slot_ids: list[UUID]) -> None:
        places = [{"slot_id": slot_id, "dose": 1} for slot_id in (*slot_ids, slot_ids[0])]
        body = {"places": places, "campaign_id": self._plan.campaign.id}
        url = f"{self._doors.api}/bookings"
        until = time.monotonic() + KNOWN_SECONDS_MAX
        while True:
            key = f"{self._key}-probe-{slot_ids[0]}"
            answer = await self._doors.ask("POST", url, token=self._tokens[0], key=key, body=body)
            if answer.code == "not_eligible":
                return
            if time.monotonic() > until:
                raise MistakeError(f"the front desk does not know the slots: it says {answer.code}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _insist(self, method: str, url: str, token: str, key: str, body: Any) -> Answer:
        """Ask until there is an answer; a refusal ends the set-up with what was said."""
        for _ in range(ATTEMPTS_MAX):
            answer = await self._doors.ask(method, url, token=token, key=key, body=body)
            if answer.status in DONE or answer.code == "already_exists":
                return answer
            if 0 < answer.status < 500 and answer.status not in (202, 429):
                break
            await asyncio.sleep(answer.retry_after or PAUSE_SECONDS)
        said = answer.body.decode(errors="replace") or answer.code
        raise MistakeError(f"{method} {url} answered {answer.status}: {said}")


async def _each(
    things: Iterable[Any],
    make: Callable[[Any], Coroutine[Any, Any, None]],
    count: Count,
    *,
    at_once: int,
) -> None:
    """Make all of them, so many at a time; the first that fails stops the rest."""
    waiting = iter(things)

    async def work() -> None:
        for thing in waiting:
            await make(thing)
            count()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())
