"""How is what a version writes put on record? `python -m tests.contracts.record DSN VERSION`.

DSN is a superuser's on a PostgreSQL where databases may be made, without a database. Writes a
folder of `recorded/`: the referee's database as `pg_dump` gives it, and the events it told with
their headers. Run once for each version that changes a migration or an event, never for an old one.
"""

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from shared import database
from shared.messages import PlacesHeld
from shared.topics import SLOTS_EVENTS
from tests import stories
from tests.referees import Play, play
from tests.stories import a_claim, an_id

RECORDED = Path(__file__).parent / "recorded"
PACKAGES = ["shared", "shared.proposals", "services.slots"]
FAR = datetime(2090, 1, 1, tzinfo=UTC)


async def record(server: str, folder: Path) -> None:
    """Play a small day on a new database, and keep what was written and told."""
    admin = await asyncpg.connect(f"{server}/postgres")
    name = f"recorded_{uuid4().hex}"
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        await database.migrate(f"{server}/{name}", PACKAGES)
        referee = await play(f"{server}/{name}", 0)
        await _a_day(referee)
        await referee.connection.close()
        _keep(folder, events=_events(referee), dump=_dump(f"{server}/{name}"))
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


def _keep(folder: Path, *, events: str, dump: str) -> None:
    folder.mkdir(parents=True)
    (folder / "events.ndjson").write_text(events, encoding="utf-8")
    (folder / "database.sql").write_text(dump, encoding="utf-8")


async def _a_day(referee: Play) -> None:
    """Every event there is, each at least once."""
    one, two, over = an_id("recorded one"), an_id("recorded two"), an_id("recorded three")
    await referee.decide(
        stories.open_clinic(),
        stories.open_slot(one, 3, starts_at=FAR),
        stories.open_slot(two, 9, starts_at=FAR + timedelta(days=7)),
        stories.open_slot(over, 1, starts_at=FAR),
    )
    kept = stories.book(one, two, claims=(a_claim("dose 1"), a_claim("dose 2")))
    moved, gone, held, lapsed = (
        stories.book(one, claims=(a_claim("moved"),)),
        stories.book(two),
        stories.hold(two),
        stories.hold(two, two),
    )
    await referee.decide(kept, moved, gone, held, lapsed)
    await referee.decide(
        stories.move(moved.id, two, claims=(a_claim("moved"),)),
        stories.cancel(gone.id),
        stories.renew(held.id),
        stories.change_slot(one, capacity=4),
        stories.change_clinic(address="Here, 2"),
    )
    await referee.decide(stories.confirm(held.id, two, claims=(a_claim("confirmed"),)))
    await referee.connection.execute(
        "UPDATE place SET expires_at = now() - interval '1 s' WHERE booking_id = $1", lapsed.id
    )
    await referee.sweep()
    [alive] = await referee.decide(stories.hold(one))
    assert isinstance(alive, PlacesHeld)
    await referee.decide(stories.release(alive.booking_id))
    await _missed_and_not(referee, over)


async def _missed_and_not(referee: Play, over: UUID) -> None:
    """Nobody came, it is said, and then that it was a mistake."""
    came = stories.book(over, claims=(a_claim("came"),))
    await referee.decide(came)
    await referee.connection.execute(
        """UPDATE slot SET starts_at = now() - interval '2 h', ends_at = now() - interval '1 h'
            WHERE id = $1""",
        over,
    )
    await referee.decide(stories.cancel(came.id, missed=True))
    await referee.decide(stories.restore(came.id, over, claims=(a_claim("came"),)))


def _events(referee: Play) -> str:
    lines = [
        json.dumps(
            {
                "headers": {name: value.decode() for name, value in record.headers},
                "value": record.value.decode(),
            },
            ensure_ascii=False,
        )
        for _, _, records in referee.rows
        for record in records
        if record.topic == SLOTS_EVENTS.name
    ]
    return "\n".join(lines) + "\n"


def _dump(dsn: str) -> str:
    """As SQL that any client can run: no commands to psql, no owners."""
    words = ["pg_dump", "--inserts", "--no-owner", "--no-privileges", f"--dbname={dsn}"]
    text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    kept = [line for line in text.splitlines() if line and not line.startswith(("--", "\\"))]
    return "\n".join(kept) + "\n"


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1], RECORDED / sys.argv[2]))
