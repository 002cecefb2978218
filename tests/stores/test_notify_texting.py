"""What is remembered of text messages, and who is kept from having more of them sent?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from services.notify import store
from services.notify.rules.pumping import Limits
from services.notify.rules.texting import Report
from services.notify.store import End, Texting
from shared import database
from tests.vaults import a_vault

PHONE = "+79161234567"
LIMITS = Limits(
    number_hour=3,
    number_day=5,
    due_day=2,
    prefix_hour=40,
    country_hour=60,
    share_min=0.2,
    share_after=10,
    probes_hour=4,
)


class Told(list[tuple[str, str, str]]):
    """Which messages were told to have ended."""

    async def tell(self, ended: Sequence[End]) -> None:
        self.extend(end[:3] for end in ended)


@pytest.fixture
async def pool(notify_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    opened = await database.open_pool(notify_dsn, size_max=8, name="texting-test")
    yield opened
    await opened.close()


def a_texting(pool: asyncpg.Pool, told: Told | None = None, **limits: int) -> Texting:
    tell = (told if told is not None else Told()).tell
    return Texting(pool, a_vault("notify"), msgspec.structs.replace(LIMITS, **limits), tell)


def phone(number: int) -> str:
    return f"+7916{number:07}"


async def sent_to(texting: Texting, number: str = PHONE, times: int = 1) -> list[str | None]:
    return [await texting.ask(uuid4(), number, due=False) for _ in range(times)]


async def traffic(pool: asyncpg.Pool) -> dict[str, tuple[int, int]]:
    rows = await pool.fetch("SELECT who, sum(taken), sum(delivered) FROM sms_traffic GROUP BY who")
    return {row[0]: (row[1], row[2]) for row in rows}


def arrived(*references: str) -> Sequence[Report]:
    return [Report(reference, delivered=True) for reference in references]


# ---- the guard ----------------------------------------------------------------------------------


async def test_a_number_gets_no_more_than_its_limit_and_its_neighbour_is_none_the_worse(
    pool: asyncpg.Pool,
) -> None:
    texting = a_texting(pool)

    assert await sent_to(texting, times=5) == [None, None, None, "number", "number"]
    assert await sent_to(texting, phone(1)) == [None]
    assert await traffic(pool) == {"RU": (4, 0), "+7916": (4, 0)}


async def test_what_is_due_goes_though_the_number_has_had_its_share(pool: asyncpg.Pool) -> None:
    texting = a_texting(pool, prefix_hour=3)
    await sent_to(texting, times=4)

    due = [await texting.ask(uuid4(), PHONE, due=True) for _ in range(3)]

    assert due == [None, None, "due"]


async def test_a_refusal_uses_up_nothing_and_the_same_message_again_is_one(
    pool: asyncpg.Pool,
) -> None:
    texting, key = a_texting(pool), uuid4()

    for _ in range(10):
        assert await texting.ask(key, PHONE, due=False) is None
    await texting.give_back(key)
    await texting.give_back(key)

    assert await traffic(pool) == {"RU": (0, 0), "+7916": (0, 0)}
    assert await sent_to(texting, times=3) == [None, None, None]


async def test_an_hour_later_the_number_is_written_to_again(pool: asyncpg.Pool) -> None:
    texting = a_texting(pool)
    await sent_to(texting, times=4)

    await pool.execute("UPDATE sms_sent SET taken_at = taken_at - interval '61 minutes'")

    assert await sent_to(texting, times=3) == [None, None, "number"]


async def test_a_prefix_that_never_arrives_is_tried_a_few_times_an_hour(pool: asyncpg.Pool) -> None:
    texting = a_texting(pool)
    await pool.execute(
        "INSERT INTO sms_traffic (what, who, hour, taken, delivered)"
        " SELECT what, who, date_trunc('hour', now()) - interval '2 hours', taken, delivered"
        " FROM (VALUES ('prefix', '+7916', 30, 1), ('prefix', '+7903', 90, 80),"
        " ('country', 'RU', 120, 81)) AS t (what, who, taken, delivered)"
    )

    dark = [await texting.ask(uuid4(), phone(n), due=False) for n in range(6)]
    light = [await texting.ask(uuid4(), f"+7903{n:07}", due=False) for n in range(6)]

    assert dark == [None] * 4 + ["conversion"] * 2
    assert light == [None] * 6


async def ask_at_once(texting: Texting) -> int:
    asked = (texting.ask(uuid4(), PHONE, due=False) for _ in range(24))
    return (await asyncio.gather(*asked)).count(None)


async def test_many_at_once_to_one_number_are_as_many_as_may_be(pool: asyncpg.Pool) -> None:
    assert await ask_at_once(a_texting(pool)) == 3


async def test_without_the_lock_the_race_is_real(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(store.SQL, "lock_number", "SELECT pg_sleep(0.05 + 0 * $1::bigint)")

    assert await ask_at_once(a_texting(pool)) > 3


# ---- how they end -------------------------------------------------------------------------------


async def a_message(texting: Texting, *references: str) -> UUID:
    key = uuid4()
    assert await texting.ask(key, phone(key.int % 10_000_000), due=False) is None
    await texting.taken(key, "smpp", references)
    return key


async def test_it_is_delivered_when_all_its_parts_are_whatever_comes_first_or_twice(
    pool: asyncpg.Pool,
) -> None:
    told = Told()
    texting = a_texting(pool, told)

    assert await texting.take("smpp", arrived("c", "b", "b"), [])
    await a_message(texting, "a", "b", "c")
    assert told == []
    assert await texting.take("smpp", arrived("a", "x"), [])
    assert await texting.take("smpp", arrived("a", "b"), [])

    assert set(told) == {("smpp", "a", "delivered")}
    assert await traffic(pool) == {"RU": (1, 1), "+7916": (1, 1)}


async def test_a_receipt_that_is_quicker_than_our_note_is_told_with_it(pool: asyncpg.Pool) -> None:
    told = Told()
    texting = a_texting(pool, told)

    await texting.take("smpp", arrived("quick"), [])
    await a_message(texting, "quick")

    assert told == [("smpp", "quick", "delivered")]


async def test_it_has_failed_with_the_first_part_that_has_and_stays_so(pool: asyncpg.Pool) -> None:
    told = Told()
    texting = a_texting(pool, told)
    await a_message(texting, "a", "b")

    await texting.take("smpp", [Report("b", delivered=False)], [])
    await texting.take("smpp", arrived("a", "b"), [])

    assert set(told) == {("smpp", "a", "failed")}
    assert await traffic(pool) == {"RU": (1, 0), "+7916": (1, 0)}


async def test_what_is_old_is_forgotten_and_no_number_is_ever_in_it(pool: asyncpg.Pool) -> None:
    texting = a_texting(pool)
    await a_message(texting, "a")
    rows = await pool.fetch("SELECT * FROM sms_sent")
    assert PHONE[2:].encode() not in bytes(str([tuple(row) for row in rows]), "ascii")

    assert await texting.forget() == 0
    await pool.execute("UPDATE sms_sent SET taken_at = taken_at - interval '4 days'")
    await pool.execute("UPDATE sms_part SET at = at - interval '4 days'")
    await pool.execute("UPDATE sms_traffic SET hour = hour - interval '4 days'")

    assert await texting.forget() == 4
