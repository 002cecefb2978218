"""Which services are declared, and of which kind is each?"""

import time
from collections.abc import Mapping

from services.booking.rules.visits import Service
from services.booking.store.database import OUTAGES, SQL, Connection, Database, Row

FRESH_SECONDS = 1.0
"""For so long what was read is taken to be so: services are few, and seldom change."""


class Services:
    """All of them are here; once a second one of those who ask looks whether that is still so."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Mapping[str, Service] | None = None
        self._looked_at = float("-inf")

    async def known(self) -> Mapping[str, Service]:
        """By name; while the database is away, as they were."""
        now = time.monotonic()
        if self._known is None or now - self._looked_at > FRESH_SECONDS:
            self._looked_at = now
            try:
                self._known = {service.name: service for service in await self.all()}
            except OUTAGES:
                if self._known is None:
                    raise
        return self._known

    async def all(self) -> list[Service]:
        """As they are now, by name."""
        rows = await self._database.rows("list_services")
        return [_service_of(row) for row in rows]

    async def declare(self, service: Service) -> None:
        """It is so from now on, here at once and elsewhere within a second."""
        about = (service.name, service.kind, list(service.needs))
        limits = (service.bookings_max, service.days_between)
        reminders = None if service.reminders is None else list(service.reminders)
        await self._database.rows("declare_service", *about, *limits, reminders)
        self._looked_at = float("-inf")


async def reminders(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Of which services people are reminded otherwise than of any other: of most of none."""
    rows = await connection.fetch(SQL["services_with_reminders"])
    return {row["name"]: tuple(row["reminders"]) for row in rows}


def _service_of(row: Row) -> Service:
    said = dict(row) | {"needs": tuple(row["needs"])}
    if said["reminders"] is not None:
        said["reminders"] = tuple(said["reminders"])
    return Service(**said)
