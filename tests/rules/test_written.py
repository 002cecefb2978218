"""Does each who waits for a batch wait for themselves, and no longer than they want to?"""

import asyncio

from shared.access.written import Written

SHORT_SECONDS = 0.02
LONG_SECONDS = 5.0


async def test_whoever_waits_is_told_when_it_is_so_and_whoever_comes_later_at_once() -> None:
    written = Written(LONG_SECONDS)
    waits = [asyncio.create_task(written.patiently()) for _ in range(3)]
    waits.append(asyncio.create_task(_until(written)))
    await asyncio.sleep(0)

    written.set()

    assert await asyncio.gather(*waits) == [True] * 4
    assert await written.patiently()
    assert written.done()


async def test_nobody_waits_longer_than_their_patience_and_who_came_later_waits_longer() -> None:
    written = Written(SHORT_SECONDS)
    loop = asyncio.get_running_loop()
    began = loop.time()
    first = asyncio.create_task(written.patiently())
    await asyncio.sleep(SHORT_SECONDS / 2)
    second = asyncio.create_task(written.patiently())

    assert await first is False
    assert not second.done()
    assert await second is False
    assert loop.time() - began >= 1.4 * SHORT_SECONDS
    assert not written.done()


async def test_who_leaves_takes_nobody_with_them() -> None:
    written = Written(LONG_SECONDS)
    leaves, stays = (asyncio.create_task(written.patiently()) for _ in range(2))
    await asyncio.sleep(0)

    leaves.cancel()
    await asyncio.wait([leaves])
    written.set()

    assert leaves.cancelled()
    assert await stays is True


async def test_who_has_all_the_time_waits_until_it_is_so() -> None:
    written = Written(SHORT_SECONDS / 4)
    waits = asyncio.create_task(_until(written))
    await asyncio.sleep(SHORT_SECONDS)

    assert not waits.done()
    written.set()
    assert await waits is True


async def _until(written: Written) -> bool:
    await written
    return written.done()
