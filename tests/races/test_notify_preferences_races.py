"""Two pages say at once how somebody wishes to be told: is one of them told that it is late?"""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from services.notify.rules.preferences import DECLINABLE, Wishes, version_of
from services.notify.store import SQL, Preferences, WishesChangedError
from tests.notify_bookings import ALICE

SLOWLY = "SELECT found.* FROM ({}) AS found, pg_sleep(0.1)"


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(notify_dsn, min_size=5, max_size=5) as opened:
        await Preferences(opened).keep(ALICE, Wishes(language="ru"))
        yield opened


async def say_at_once(pool: asyncpg.Pool) -> list[Wishes]:
    """Five pages have seen the same, and each declines something else. What was kept, as said."""
    known = version_of(Wishes(language="ru"))
    said = [Wishes(language="ru", declined=(kind,)) for kind in DECLINABLE]
    answers = await asyncio.gather(
        *(Preferences(pool).keep(ALICE, wishes, known=known) for wishes in said),
        return_exceptions=True,
    )
    for answer in answers:
        assert not isinstance(answer, BaseException) or isinstance(answer, WishesChangedError)
    return [each.wishes for each in answers if not isinstance(each, BaseException)]


async def test_of_pages_that_have_seen_the_same_one_is_kept(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SQL, "find_wishes", SLOWLY.format(SQL["find_wishes"].rstrip("; \n")))

    (kept,) = await say_at_once(pool)

    assert (await Preferences(pool).find(ALICE)).wishes == kept


async def test_without_the_lock_several_are_told_that_theirs_holds(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SQL, "find_wishes", SLOWLY.format(SQL["find_wishes"].rstrip("; \n")))
    monkeypatch.setitem(SQL, "ensure_contact", "SELECT $1::uuid")

    assert len(await say_at_once(pool)) > 1
