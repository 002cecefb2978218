"""Who comes with whom, and who has agreed to it?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.booking_doors import Door
from tests.booking_stories import ALICE, BORIS
from tests.stories import an_id

NINE = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
QUARTER = timedelta(minutes=15)
VERA = an_id("Vera")
AGREED, NOT_AGREED = {"given": True, "version": 1}, {"given": False}


async def a_child(door: Door, **who: Any) -> UUID:
    """A dependant of whoever asks."""
    made = await door.ask("POST", "/me/dependants", {}, **who)
    assert made.status == 201, await made.text()
    return UUID((await made.json())["id"])


async def a_morning(door: Door, name: str = "morning", *capacities: int) -> list[UUID]:
    """Slots of a quarter of an hour, one after the other."""
    return [
        await door.open_slot(f"{name} {n}", seats, starts_at=NINE + n * QUARTER)
        for n, seats in enumerate(capacities or (2, 1))
    ]


def for_each(people: list[UUID], seats: list[UUID]) -> dict[str, Any]:
    """A seat for each of them, as a body says it."""
    return {
        "places": [
            {"slot_id": str(slot), "patient_id": str(one)}
            for one, slot in zip(people, seats, strict=True)
        ]
    }


def who_is_in(body: dict[str, Any]) -> list[UUID]:
    return [UUID(place["patient_id"]) for place in body["places"]]


async def body(asked: Any) -> Any:
    answer = await asked
    assert answer.status < 300, await answer.text()
    return await answer.json()


async def agrees(door: Door, who: UUID, answer: dict[str, Any] = AGREED) -> None:
    """An adult says that Alice may act for them, or not any more."""
    if answer is AGREED:
        about = {"name": f"Patient {who}", "birth_date": "1950-01-02"}
        await body(door.ask("PUT", "/me", about, who=who))
        asked = {"kind": "adult", "person_id": str(who)}
        await body(door.ask("POST", "/me/dependants", asked))
    [newest, *_] = (await body(door.ask("GET", "/me/proxies", who=who)))["proxies"]
    await body(door.ask("PUT", f"/me/proxies/{newest['id']}", answer, who=who))


async def a_family_visit(door: Door) -> tuple[str, list[UUID]]:
    """Alice books for herself, Boris and Vera, who have accounts of their own."""
    for adult in (BORIS, VERA):
        await agrees(door, adult)
    seats = await a_morning(door, "visit", 2, 1)
    made = await body(
        door.ask("POST", "/bookings", for_each([ALICE, BORIS, VERA], [seats[0], *seats]))
    )
    return f"/bookings/{made['id']}", seats
