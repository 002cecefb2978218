"""Is nothing of a person in clear anywhere: in a dump, in what the services or PostgreSQL log?

Every personal field holds a word that occurs nowhere else; then everything that is stored or
written is searched for these words, as they are and in the spellings in which a dump shows bytes.
"""

import base64
import logging
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest

from deploy.local.stack import named
from shared.logs import JsonFormatter
from tests import booking_doors, notify_doors
from tests.booking_doors import bearer
from tests.booking_stories import ALICE, BORIS, MONDAY
from tests.conftest import STORES, MakeDatabase
from tests.notify_doors import CONTACTS
from tests.stories import an_id

PROFILE = {
    "name": "Canaria Gelbvogel 4711",
    "birth_date": "1907-11-30",
    "phone": "+7 987 654-32-17",
    "email": "gelbvogel-profile@canary.example",
    "notes": "Canarynote sings at night.",
}
ADDRESS = "gelbvogel-contact@canary.example"
CANARIES = [*PROFILE.values(), ADDRESS, "+79876543217", "Gelbvogel", "Canarynote", "canary.example"]
STAFF = {"who": an_id("a clerk"), "roles": ["front_desk"]}
OPERATOR = {"who": an_id("an operator"), "roles": ["operator"]}


def spellings(word: str) -> set[str]:
    """A word as it is, and as it would be seen in bytes, in base64 and in an address."""
    raw = word.encode()
    return {
        word.casefold(),
        raw.hex(),
        quote(word).casefold(),
        base64.b64encode(raw).decode().rstrip("=")[:-1].casefold(),
    }


def sung(text: str) -> list[str]:
    """The canaries that are heard in a text."""
    low = text.casefold()
    return [word for word in CANARIES if any(one in low for one in spellings(word))]


def dumped(dsn: str) -> str:
    """All that a backup has."""
    words = ["pg_dump", "--inserts", f"--dbname={dsn}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


async def the_front_desk_knows(dsn: str, folder: Path) -> None:
    """Everything is said, looked for, taken away, merged, and said wrongly in every way."""
    async with booking_doors.a_door(dsn, folder) as door:
        await door.open_slot(MONDAY, capacity=5)
        for who in (ALICE, BORIS):
            assert (await door.ask("PUT", "/me", PROFILE, who=who)).status == 200
            assert (await door.book(MONDAY, who=who)).status == 201
        child = (await (await door.ask("POST", "/me/dependants", {})).json())["id"]
        assert (await door.ask("PUT", f"/me/dependants/{child}", PROFILE)).status == 200
        for asked in ("phone", "email"):
            wish = {asked: PROFILE[asked]}
            assert (await door.ask("POST", "/patients/search", wish, **STAFF)).status == 200
        assert (await door.ask("GET", "/me/export")).status == 200
        for wrong in _wrong_profiles():
            answer = await door.ask("PUT", "/me", wrong)
            assert answer.status == 422
            assert sung(await answer.text()) == []
        merge = (f"/patients/{BORIS}/merge", {"into_id": str(ALICE)})
        assert (await door.ask("POST", *merge, **OPERATOR)).status == 200
        # A bug, while what is known is in hand: its traceback is written, its values are not.
        await door.pool.execute("ALTER TABLE found_by ADD CONSTRAINT bug CHECK (false) NOT VALID")
        assert (await door.ask("PUT", "/me", PROFILE)).status == 500
        await door.pool.execute("ALTER TABLE found_by DROP CONSTRAINT bug")


def _wrong_profiles() -> list[dict[str, Any]]:
    return [
        PROFILE | {"colour": "red"},
        PROFILE | {"birth_date": "1807-11-30"},
        PROFILE | {"phone": "8 987 654-32-17"},
        PROFILE | {"email": "gelbvogel"},
        PROFILE | {"name": PROFILE["name"] * 20},
        PROFILE | {"notes": 7},
    ]


async def the_messenger_knows(dsn: str, folder: Path) -> None:
    """An address is said, said wrongly, and fails to be kept."""
    async with notify_doors.a_door(dsn, folder) as door:
        for email in (ADDRESS, f"{ADDRESS} x"):
            answer = await door.client.put(CONTACTS, headers=bearer(), json={"email": email})
            assert answer.status in (200, 422)
            if answer.status == 422:
                assert sung(await answer.text()) == []
        admin = await asyncpg.connect(dsn)
        await admin.execute("ALTER TABLE contact ADD CONSTRAINT bug CHECK (false) NOT VALID")
        answer = await door.client.put(CONTACTS, headers=bearer(), json={"email": ADDRESS})
        assert answer.status == 500
        await admin.execute("ALTER TABLE contact DROP CONSTRAINT bug")
        await admin.close()


async def test_no_canary_is_heard_in_a_dump_or_in_any_log(
    fresh_database: MakeDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    booking, notify = await fresh_database("booking"), await fresh_database("notify")

    await the_front_desk_knows(booking, tmp_path)
    await the_messenger_knows(notify, tmp_path)

    said = "\n".join(JsonFormatter("test").format(record) for record in caplog.records)
    heard = {
        "the front desk's dump": sung(dumped(booking)),
        "the messenger's dump": sung(dumped(notify)),
        "the services' logs": sung(said),
        "PostgreSQL's log": sung(_log_of_postgres()),
    }
    assert [where for where, words in heard.items() if words] == []
    assert "violates check constraint" in said, "the bugs were to be written down"


async def test_what_an_earlier_version_wrote_is_heard_until_it_is_sealed(
    fresh_database: MakeDatabase, tmp_path: Path
) -> None:
    notify = await fresh_database("notify")
    connection = await asyncpg.connect(notify)
    await connection.execute(
        "INSERT INTO contact (person_id, email) VALUES ($1, $2)", BORIS, ADDRESS
    )
    await connection.close()

    assert ADDRESS in sung(dumped(notify)), "the ear works"


def _log_of_postgres() -> str:
    """Of the server that the tests start; one that is given keeps its log for itself."""
    if "TALON_TEST_POSTGRES" in os.environ:
        return ""
    path = named("stores", os.environ | STORES).logs / "postgres.log"
    text = path.read_text("utf-8", errors="replace")
    assert "violates check constraint" in text, "this is not the log that was meant"
    return text
