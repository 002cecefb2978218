"""What comes in from `booking.events`, and what happens then? It is written down, once."""

from collections.abc import Sequence
from typing import Any

from services.notify import metrics, store
from services.notify.rules import messages_for
from services.notify.store import LiveEvent, Written
from shared.batch import Announcements, Batch, Head, Item
from shared.events import InSequence, sequence_of

NOTHING = Written(new=0, unreached=0)


class Inbox:
    """Writes down what is to be told, in the batch's own transaction."""

    def __init__(self) -> None:
        self.sequence = InSequence()
        self._written = NOTHING

    async def handle(
        self, connection: Any, heads: dict[int, Head], items: Sequence[Item]
    ) -> Announcements:
        """Each event becomes messages that wait to be sent, and is kept for open pages."""
        taken = self.sequence.take(heads, items)
        if taken:
            await store.keep_live(connection, [_live(item) for item in taken])
        messages = [message for item in taken for message in messages_for(item.message)]
        self._written = await store.write_down(connection, messages) if messages else NOTHING
        return {}

    async def set_aside(self, connection: Any, heads: dict[int, Head], item: Item) -> Announcements:
        """The one event that cannot be written down uses up its number all the same."""
        self.sequence.pass_over(heads, item)
        return {}

    async def has_due(self, connection: Any, partitions: Sequence[int]) -> bool:
        """Nothing is done here unless an event came; waiting messages are the sender's."""
        return False

    def count(self, batch: Batch) -> None:
        """Count what was written down, once it is committed."""
        written, self._written = self._written, NOTHING
        metrics.WRITTEN.inc(written.new)
        metrics.settled["no_address"].inc(written.unreached)
        metrics.BATCH_EVENTS.observe(len(batch.items))
        metrics.BATCH_SECONDS.observe(batch.seconds)
        metrics.MISSING_EVENTS.set(len(self.sequence.missing))


def _live(item: Item) -> LiveEvent:
    number = sequence_of(item.record)
    return LiveEvent(item.partition, number, item.message.owner_id, item.part.decode())
