"""What does the address do by which a mail program stops messages for its reader?"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.notify.channels.email.mail import compose
from services.notify.dispatching import Dispatcher
from services.notify.rules import Told
from services.notify.rules.preferences import BY_LINK, DECLINABLE, link_to_decline
from services.notify.store import Claimed, Contacts
from shared.links.rules import Keys, Link, token_of
from talon.previews import examples
from tests.access_stories import noted
from tests.booking_doors import bearer
from tests.booking_stories import ALICE
from tests.notify_bookings import NOON, a_place, confirmed
from tests.notify_doors import CONTACTS, Door, a_config, a_door
from tests.vaults import a_vault

KEYS = Keys(signs=1, secrets={1: bytes(range(32))})
SETTINGS: dict[str, Any] = {
    "link_keys": msgspec.json.encode({"signs": 1, "keys": {"1": bytes(range(32))}}).decode(),
    "link_page": "https://talon.example/#/link/",
}
PREFERENCES = "/api/v1/me/preferences"
FORM = {"List-Unsubscribe": "One-Click"}
WISHES = {"language": "ru", "channels": ["sms"], "quiet": None, "declined": [], "consent": None}


@pytest.fixture
async def door(notify_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(notify_dsn, tmp_path, **SETTINGS) as opened:
        yield opened


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=1, max_size=1) as made:
        yield made


def a_link(**about: Any) -> str:
    """The address of one that stops reminders, but for what is said."""
    given = {"purpose": "decline", "person_id": ALICE, "object_id": BY_LINK["reminder"]}
    link = Link(**given | {"until": datetime(2100, 1, 1, tzinfo=UTC)} | about)
    return f"/api/v1/unsubscribe/{token_of(link, KEYS)}"


async def declined(door: Door, person: UUID = ALICE) -> list[str]:
    answer = await door.client.get(PREFERENCES, headers=bearer(person))
    body: dict[str, list[str]] = await answer.json()
    return body["declined"]


async def has_address(door: Door) -> None:
    await door.client.put(
        CONTACTS, headers=bearer(), json={"email": "alice@example.org", "phone": None}
    )


async def mail_of(event: Told, pool: asyncpg.Pool) -> Any:
    """What its reader's program gets."""
    contacts = Contacts(pool, a_vault("notify"))
    message = Claimed(
        id=1,
        event_id=event.id,
        booking_id=event.booking_id,
        owner_id=event.owner_id,
        attempts=0,
        event="",
        addresses=[],
        language=None,
        quiet=None,
        perhaps=False,
        perhaps_again=False,
        written_at=NOON,
        expires_at=NOON,
        at=NOON,
    )
    dispatcher = Dispatcher(a_config("none", **SETTINGS), contacts)
    [(_, dispatch)] = await dispatcher.dispatches(event, message, "list")
    content = compose(
        event,
        sender="no-reply@talon.example",
        recipient="alice@example.org",
        at=NOON,
        unsubscribe_at=dispatch.unsubscribe_at,
    )
    return message_from_bytes(content, policy=default)


async def test_a_mail_program_stops_reminders_by_the_address_in_the_mail(
    door: Door, pool: asyncpg.Pool
) -> None:
    await has_address(door)
    [reminder] = [one.event for one in examples() if one.name == "VisitReminder"]
    reminder = msgspec.structs.replace(reminder, owner_id=ALICE, at=datetime.now(UTC))
    mail = await mail_of(reminder, pool)
    address = urlsplit(str(mail["List-Unsubscribe"]).strip("<>"))

    answer = await door.client.post(address.path, data=FORM)

    assert (address.scheme, address.netloc) == ("https", "talon.example")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert address.geturl() in mail.get_body(("plain",)).get_content()
    assert (answer.status, await answer.json()) == (200, {"kind": "reminder"})
    assert await declined(door) == ["reminder"]
    [entry] = [one for one in await noted(pool, door.access) if one.operation == "unsubscribe"]
    assert (entry.persons, entry.role) == ((ALICE,), "link")


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.name)
async def test_only_what_nobody_comes_in_vain_without_is_stopped_by_one_click(example: Any) -> None:
    link = link_to_decline(example.event)

    by_click = type(example.event).__name__ in ("VisitReminder", "Announced")
    assert (link is not None) == by_click
    assert set(BY_LINK) <= set(DECLINABLE)


async def test_pressed_twice_it_is_stopped_once_and_other_wishes_stay(door: Door) -> None:
    await door.client.put(PREFERENCES, headers=bearer(), json=WISHES | {"declined": ["visit"]})

    said = [(await door.client.post(a_link(), data=FORM)).status for _ in range(2)]

    kept = await (await door.client.get(PREFERENCES, headers=bearer())).json()
    assert said == [200, 200]
    assert kept["declined"] == ["visit", "reminder"]
    assert (kept["language"], kept["channels"]) == ("ru", ["sms"])


async def test_who_only_looks_stops_nothing_and_a_browser_is_led_to_the_page(door: Door) -> None:
    await has_address(door)

    looked = await door.client.get(a_link())
    led = await door.client.get(
        a_link(), headers={"Accept": "text/html,*/*"}, allow_redirects=False
    )

    assert (looked.status, await looked.json()) == (200, {"kind": "reminder"})
    token = a_link().rpartition("/")[2]
    assert (led.status, led.headers["Location"]) == (
        303,
        f"https://talon.example/#/link/stop/{token}",
    )
    assert await declined(door) == []


@pytest.mark.parametrize(
    "about",
    [
        {"until": datetime.now(UTC) - timedelta(seconds=1)},
        {"purpose": "cancel_booking"},
        {"object_id": uuid4()},
    ],
)
async def test_whatever_is_wrong_with_a_link_it_is_gone_and_stops_nothing(
    door: Door, about: dict[str, Any]
) -> None:
    await has_address(door)
    forged = a_link()[:-4] + "AAAA"

    for path in (a_link(**about), forged, "/api/v1/unsubscribe/x"):
        for asked in (door.client.post(path, data=FORM), door.client.get(path)):
            answer = await asked
            assert (answer.status, (await answer.json())["code"]) == (404, "link_gone")
    assert await declined(door) == []


async def test_of_somebody_who_is_not_known_no_row_is_made(door: Door, pool: asyncpg.Pool) -> None:
    answer = await door.client.post(a_link(person_id=uuid4()), data=FORM)

    assert answer.status == 200
    assert await pool.fetchval("SELECT count(*) FROM contact") == 0


def test_a_link_is_good_for_a_quarter_of_a_year_and_is_its_reader_s() -> None:
    [reminder] = [one.event for one in examples() if one.name == "VisitReminder"]

    link = link_to_decline(reminder)

    assert link is not None
    assert link.person_id == reminder.owner_id
    assert link.until - reminder.at == timedelta(days=90)
    assert link_to_decline(confirmed(a_place())) is None
