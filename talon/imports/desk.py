"""What does Talon have, and how is it asked for more? By the staff API, as any client asks.

Whatever is asked for has a key that follows from what it is. So a request that may or may not have
come through is made again under the same key, and an import that was stopped is simply run again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from talon.doors import Answer, Doors
from talon.imports.difference import CLOSED, Change, KnownClinic, KnownSlot
from talon.imports.identity import key_of
from talon.imports.practitioners import Practitioner
from talon.imports.published import Clinic, Slot

T = TypeVar("T")
P = TypeVar("P", bound="Page")

ATTEMPTS_MAX = 12
PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MAX = 5.0
READS_AT_ONCE = 16
SLOT_LISTS_AT_ONCE = 4
"""The referee's staff door seats a few thousand slots at a time."""

CHANGES_AT_ONCE = 32
SLOTS_PER_REQUEST_MAX = 500
BODY_BYTES_MAX = 240_000
"""A little less than the doors take."""

AGAIN = (0, 429, 502, 503, 504)
OPENED, EXISTS, EXPIRED = "", "already_exists", "expired"


class OutageError(Exception):
    """Talon does not answer, or not as it should; the message says what was seen."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list, and where it goes on."""

    cursor: str | None


class Clinics(Page, frozen=True, kw_only=True):
    """A page of clinics."""

    clinics: tuple[KnownClinic, ...]


class Slots(Page, frozen=True, kw_only=True):
    """A page of slots."""

    slots: tuple[KnownSlot, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All who have slots of their own at a clinic."""

    practitioners: tuple[Practitioner, ...]


class Refusal(msgspec.Struct, frozen=True):
    """A slot of a request that was not opened."""

    nth: int
    code: str
    detail: str


class Opened(msgspec.Struct, frozen=True):
    """What is read of the answer to a list of slots: whatever is not in it was opened."""

    refused: tuple[Refusal, ...] = ()


class ProblemSaid(msgspec.Struct, frozen=True):
    """What a problem says to people."""

    detail: str = ""


class Desk:
    """The staff API, asked by one operator, so much at once."""

    def __init__(self, doors: Doors, token: str) -> None:
        self._doors = doors
        self._token = token
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._lists = asyncio.Semaphore(SLOT_LISTS_AT_ONCE)
        self._changes = asyncio.Semaphore(CHANGES_AT_ONCE)

    async def greet(self) -> None:
        """Once, so that nobody waits for what was never started."""
        answer = await self._doors.ask("GET", f"{self._doors.api}/clinics", token=self._token)
        if answer.status == 0:
            raise OutageError(
                f"Talon does not answer at {self._doors.origin} ({answer.fault}); is the stack up?"
            )

    async def clinic(self, clinic_id: UUID) -> KnownClinic | None:
        """The clinic of this id, if there is one."""
        return await self._find(f"/clinics/{clinic_id}", KnownClinic)

    async def slot(self, slot_id: UUID) -> KnownSlot | None:
        """The slot of this id, if there is one."""
        return await self._find(f"/slots/{slot_id}", KnownSlot)

    async def clinics(self) -> AsyncIterator[KnownClinic]:
        """All of them."""
        async for page in self._pages("/clinics?", Clinics):
            for clinic in page.clinics:
                yield clinic

    async def slots(self, clinic_id: UUID, day: date) -> list[KnownSlot]:
        """A clinic's slots of one day on its own calendar."""
        path = f"/slots?clinic={clinic_id}&date={day}&"
        return [slot async for page in self._pages(path, Slots) for slot in page.slots]

    async def open_clinic(self, clinic_id: UUID, clinic: Clinic) -> None:
        """Make it known; that it is known already is as good."""
        body = {
            "id": clinic_id,
            "name": clinic.name,
            "time_zone": clinic.time_zone,
            "address": clinic.address,
            "district": clinic.district,
            "latitude": clinic.latitude,
            "longitude": clinic.longitude,
        }
        async with self._changes:
            answer = await self._insist("POST", "/clinics", body)
        if answer.status != 201 and answer.code != EXISTS:
            raise _unexpected("POST /clinics", answer)

    async def change_clinic(self, clinic_id: UUID, body: dict[str, Any], began: datetime) -> None:
        """Say something else of it.

        Clinics have no version, so the key is of this import alone: what was once changed back is
        to be changed anew.
        """
        path = f"/clinics/{clinic_id}"
        async with self._changes:
            answer = await self._insist("PATCH", path, body, began)
        if answer.status != 200:
            raise _unexpected(f"PATCH {path}", answer)

    async def open_slots(
        self, clinic_id: UUID, slots: Sequence[tuple[UUID, Slot]]
    ) -> list[tuple[str, str]]:
        """For each slot the code and the words with which it was refused, both empty if it was not.

        A slot that is to be closed is opened for nobody: whoever closes it then gives it its
        capacity, and between the two nobody can book it.
        """
        path = f"/clinics/{clinic_id}/slots"
        body = {"slots": [_wish(slot_id, slot) for slot_id, slot in slots]}
        for _ in range(ATTEMPTS_MAX):
            async with self._lists:
                answer = await self._insist("POST", path, body)
            if answer.status not in (201, 404, 409):
                raise _unexpected(f"POST {path}", answer)
            refused = msgspec.json.decode(answer.body, type=Opened).refused
            if answer.status != 201 and not refused:
                raise _unexpected(f"POST {path}", answer)
            said = [(OPENED, "")] * len(slots)
            for refusal in refused:
                said[refusal.nth] = refusal.code, refusal.detail
            if EXPIRED not in dict(said):
                return said
            await asyncio.sleep(PAUSE_SECONDS)
        raise OutageError(f"POST {path}: it could not be decided in time, {ATTEMPTS_MAX} times")

    async def change(self, wish: Change) -> tuple[str, str]:
        """The code and the words with which it was refused; both empty if it was not."""
        body: dict[str, Any] = {}
        if wish.capacity is not None:
            body["capacity"] = wish.capacity
        if wish.open is not None:
            body["status"] = "free" if wish.open else CLOSED
        path = f"/slots/{wish.id}"
        async with self._changes:
            # The version is in the key: what was once changed back is to be changed anew.
            answer = await self._insist("PATCH", path, body, wish.version)
        if answer.status == 200:
            return "", ""
        if answer.status in (404, 409):
            return answer.code, msgspec.json.decode(answer.body, type=ProblemSaid).detail
        raise _unexpected(f"PATCH {path}", answer)

    async def practitioners(self, clinic_id: UUID) -> Sequence[Practitioner] | None:
        """Who has slots of their own there; None where there is no such clinic."""
        if await self.clinic(clinic_id) is None:
            return None
        found = await self._find(f"/clinics/{clinic_id}/practitioners", Known)
        return () if found is None else found.practitioners

    async def say_practitioner(self, clinic_id: UUID, who: Practitioner) -> None:
        """This is what is said of them there from now on."""
        path = f"/clinics/{clinic_id}/practitioners"
        async with self._changes:
            answer = await self._insist("PUT", path, msgspec.structs.asdict(who))
        if answer.status != 200:
            raise _unexpected(f"PUT {path}", answer)

    # ---- asking --------------------------------------------------------------------------------

    async def _find(self, path: str, kind: type[T]) -> T | None:
        answer = await self._read(path)
        if answer.status == 404:
            return None
        return _decoded(path, answer, kind)

    async def _pages(self, path: str, kind: type[P]) -> AsyncIterator[P]:
        cursor: str | None = ""
        while cursor is not None:
            page = _decoded(path, await self._read(f"{path}cursor={cursor}"), kind)
            yield page
            cursor = page.cursor

    async def _read(self, path: str) -> Answer:
        async with self._reads:
            return await self._insist("GET", path)

    async def _insist(self, method: str, path: str, body: Any = None, *known: Any) -> Answer:
        """Ask until there is an answer that is one."""
        url = f"{self._doors.api}{path}"
        key = "" if body is None else key_of(method, path, body, *known)
        for attempt in range(ATTEMPTS_MAX):
            answer = await self._doors.ask(method, url, token=self._token, key=key, body=body)
            if answer.status not in AGAIN and answer.code != EXPIRED:
                return answer
            pause = min(PAUSE_SECONDS * 2**attempt, PAUSE_SECONDS_MAX)
            await asyncio.sleep(max(pause, min(answer.retry_after, PAUSE_SECONDS_MAX)))
        raise OutageError(
            f"{method} {url} was asked {ATTEMPTS_MAX} times, and the last answer was {answer.code};"
            " what came in is in, the same import again does the rest"
        )


def batches(slots: Sequence[tuple[UUID, Slot]]) -> list[list[tuple[UUID, Slot]]]:
    """Lists as long as one request may be, in slots and in bytes."""
    lists: list[list[tuple[UUID, Slot]]] = []
    size = BODY_BYTES_MAX
    for slot_id, slot in slots:
        bytes_more = len(msgspec.json.encode(_wish(slot_id, slot))) + 1
        if size + bytes_more > BODY_BYTES_MAX or len(lists[-1]) == SLOTS_PER_REQUEST_MAX:
            lists.append([])
            size = 0
        lists[-1].append((slot_id, slot))
        size += bytes_more
    return lists


def _wish(slot_id: UUID, slot: Slot) -> dict[str, Any]:
    return {
        "id": slot_id,
        "service": slot.service,
        "product": slot.product,
        "dose": slot.dose,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "capacity": slot.capacity if slot.open else 0,
    }


def _decoded(path: str, answer: Answer, kind: type[T]) -> T:
    if answer.status != 200:
        raise _unexpected(f"GET {path}", answer)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError as error:
        raise OutageError(f"GET {path} answered what is not understood: {error}") from None


def _unexpected(asked: str, answer: Answer) -> OutageError:
    said = answer.body.decode(errors="replace") or answer.code
    return OutageError(f"{asked} answered {answer.status}: {said}")
