"""What might somebody have been told, whom no stack could tell so much in a test's time?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from playwright.async_api import Route

from tests.page_visitor import Visitor

TELLINGS = "**/api/v1/me/messages?*"
BEGAN = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)


def telling(
    nth: int, tells: str, kind: str, channel: str, fate: str, **about: Any
) -> dict[str, Any]:
    """The `nth` thing that was told, the greater the later, by one channel."""
    at = (BEGAN + timedelta(minutes=nth)).isoformat()
    return {
        "event_id": str(UUID(int=nth)),
        "tells": tells,
        "kind": kind,
        "said": "Your visit",
        "visits": [visit(2)],
        "channel": channel,
        "fate": fate,
        "perhaps_again": False,
        "written_at": at,
        "settled_at": at,
    } | about


def visit(day: int, *, freed: bool = False) -> dict[str, Any]:
    """A visit on such a day, at nine by the clinic's clock."""
    clinic = {"time_zone": "Europe/Moscow", "clinic_name": "Polyclinic No. 12"}
    return {"starts_at": f"2030-01-{day:02}T06:00:00Z", "freed": freed} | clinic


MOVED = {"visits": [visit(2, freed=True), visit(5)]}
MOVED_AND_TOLD = [
    telling(4, "Announced", "announcement", "email", "declined", visits=[], said="Vaccines"),
    telling(3, "BookingRevoked", "change", "list", "sent", perhaps_again=True),
    telling(3, "BookingRevoked", "change", "sms", "unknown"),
    telling(3, "BookingRevoked", "change", "email", "failed"),
    telling(2, "BookingRescheduled", "change", "sms", "delivered", **MOVED),
    telling(1, "VisitReminder", "reminder", "web_push", "waiting", settled_at=None),
]
"""The newest first, as Talon lists them."""


async def shows_tellings(
    visitor: Visitor, tellings: list[dict[str, Any]], older: list[dict[str, Any]] | None = None
) -> None:
    """Let this visitor be shown these, and others behind a cursor."""

    async def answer(route: Route) -> None:
        is_first = "cursor=" not in route.request.url
        body = tellings if is_first else older
        cursor = "MQ" if is_first and older is not None else None
        await route.fulfill(json={"messages": body, "cursor": cursor})

    await visitor.page.route(TELLINGS, answer)
