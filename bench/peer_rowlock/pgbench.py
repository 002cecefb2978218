"""How often a second does PostgreSQL make the peer's transaction with no web service before it?

pgbench, with the peer's own statements and as many connections, on the same table and slot; and
beside it, with the smallest transaction that keeps anything.
"""

import asyncio
import re
import shutil
import tempfile
from pathlib import Path
from uuid import UUID, uuid4

from bench.peer_rowlock.app import SQL, NewBooking, Place, written
from bench.peer_rowlock.place import DATABASE
from deploy.local import passwords
from deploy.local.stack import SUPERUSER, Stack
from talon.mistakes import MistakeError

PER_SECOND = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)
FAILED = re.compile(r"^number of failed transactions: (\d+)", re.MULTILINE)


def name(*, at_once: bool) -> str:
    """How it is called, by how it makes the transaction."""
    return "pgbench hot" if at_once else "pgbench by statements hot"


async def run(
    stack: Stack, slot_id: UUID, *, connections: int, seconds: float, at_once: bool
) -> float:
    """Bookings a second in this one slot."""
    text = _transaction(slot_id, at_once=at_once)
    return await _asked(stack, text, connections=connections, seconds=seconds)


async def commits(stack: Stack, *, connections: int, seconds: float) -> float:
    """Commits a second of one small row each: what this disk and PostgreSQL can do at most."""
    return await _asked(stack, SQL["grain"] + "\n", connections=connections, seconds=seconds)


async def _asked(stack: Stack, text: str, *, connections: int, seconds: float) -> float:
    if shutil.which("pgbench") is None:
        raise MistakeError("pgbench is not installed; it comes with Debian's postgresql")
    settings = stack.settings
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "transaction.sql"
        script.write_text(text, encoding="ascii")
        process = await asyncio.create_subprocess_exec(
            *("pgbench", "-n", "-M", "prepared", "-f", str(script)),
            *("-c", str(connections), "-T", f"{seconds:.0f}"),
            *("-h", settings.text("TALON_HOST")),
            *("-p", str(settings.port("TALON_POSTGRES_PORT").number)),
            *("-U", SUPERUSER, DATABASE),
            env={"PGPASSWORD": passwords.of(SUPERUSER, stack.home / "secrets"), "PATH": _path()},
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode()
    per_second, failed = PER_SECOND.search(said), FAILED.search(said)
    if per_second is None or failed is None or int(failed[1]):
        raise MistakeError(f"pgbench ended with {process.returncode} and said:\n{said}")
    return float(per_second[1])


def _path() -> str:
    return str(Path(str(shutil.which("pgbench"))).parent)


def _transaction(slot_id: UUID, *, at_once: bool) -> str:
    """The peer's statements, with everybody another person."""
    names = ("book_at_once",) if at_once else ("lock_slot", "book")
    place = Place(slot_id=slot_id, dose=1)
    booked = written(uuid4(), uuid4(), NewBooking(places=(place,), campaign_id=uuid4()))
    values = {
        "$1": "gen_random_uuid()",
        "$2": f"'{slot_id}'",
        "$3": "gen_random_uuid()",
        "$4": f"'{uuid4()}'",
        "$5": "1::smallint",
        "$6": _bytes(booked.body_hash),
        "$7": _bytes(booked.answer),
        "$8": _bytes(booked.event),
    }
    statements = []
    for name in names:
        text = SQL[name].replace("$1", f"'{slot_id}'") if name == "lock_slot" else SQL[name]
        for parameter, value in values.items():
            text = text.replace(parameter, value)
        statements.append(text)
    return "\n".join(statements if at_once else ("BEGIN;", *statements, "COMMIT;")) + "\n"


def _bytes(value: bytes) -> str:
    """In hexadecimal: what stands after a colon pgbench takes for a variable of its own."""
    return f"'\\x{value.hex()}'::bytea"
