"""What does Kafka get when many records go together, and what is read of them?"""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.stack import SETUP
from shared.log import Appender, Outgoing, Reader
from tests.town import Town

RECORDS = 300
VALUE_BYTES = 2_000
"""Together twice what one batch may have."""

WAIT_SECONDS = 10.0
PAUSE_SECONDS = 0.05


@pytest.fixture
async def topic(town: Town) -> AsyncIterator[str]:
    """One of the test's own, with a single partition."""
    name = f"test.{uuid4().hex}"
    admin = AIOKafkaAdminClient(**town.stack.broker(SETUP).words)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    yield name
    await admin.delete_topics([name])
    await admin.close()


@pytest.fixture
async def appender(town: Town) -> AsyncIterator[Appender]:
    """Connected."""
    made = Appender(town.stack.broker(SETUP), "test-log")
    await made.start()
    for _ in range(int(WAIT_SECONDS / PAUSE_SECONDS)):
        if not made.away:
            break
        await asyncio.sleep(PAUSE_SECONDS)
    yield made
    await made.stop()


def _records(topic: str, first: int, count: int) -> list[Outgoing]:
    return [
        Outgoing(topic, 0, b"key", b"%d" % n + b" " * VALUE_BYTES, (("nth", b"%d" % n),))
        for n in range(first, first + count)
    ]


async def test_records_that_go_together_come_in_order_whatever_their_bytes(
    town: Town, appender: Appender, topic: str
) -> None:
    together = await appender.append_together(_records(topic, 0, RECORDS))
    alone = await appender.append_together(_records(topic, RECORDS, 1))
    await asyncio.wait_for(asyncio.gather(*together, *alone), WAIT_SECONDS)

    reader = Reader(town.stack.broker(SETUP), "test-log")
    await reader.start()
    reader.read_from(topic, {0: 0})
    came: list[tuple[bytes, bytes]] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while len(came) <= RECORDS:
            found = await reader.next(wait_seconds=1.0, records_max=RECORDS)
            came += [(dict(record.headers)["nth"], record.value.split()[0]) for record in found]
    await reader.stop()

    assert 1 < len(together) < RECORDS
    assert len(alone) == 1
    assert came == [(b"%d" % n, b"%d" % n) for n in range(RECORDS + 1)]
