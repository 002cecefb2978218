"""Which limits does every client of the broker have, and how is one stopped?"""

import asyncio
import logging

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

log = logging.getLogger(__name__)

REQUEST_MS = 5_000
"""How long one request to the broker may take before it is asked again."""

STOP_SECONDS = 2.0
"""A producer or consumer that cannot say goodbye in this time is left behind."""

RECORD_OVERHEAD_BYTES = 40_000
"""Room for headers and framing beside the largest value; together below the broker's 1,048,588."""


async def stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Never wait for a client that cannot stop, nor let its cancellation become ours."""
    await asyncio.sleep(0)  # a consumer that was just assigned would hang
    stopping = asyncio.create_task(client.stop())
    await asyncio.wait([stopping], timeout=STOP_SECONDS)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    stopping.cancel()
    log.warning("a Kafka client was left behind")
    if isinstance(client, AIOKafkaProducer):
        # Left as it is, it would deliver its queue when the broker is back.
        await asyncio.wait([asyncio.create_task(client.client.close())], timeout=STOP_SECONDS)
