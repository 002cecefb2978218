"""Does memory read of every event what everybody reads, and does it know every event?"""

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from services.slots.availability import told
from services.slots.availability.told import Counts, NoCount, OneCount
from shared.messages import SlotEvent

EXAMPLES = Path(__file__).parent / "examples"
EVENTS = get_args(SlotEvent)

_decode = msgspec.json.Decoder(SlotEvent).decode


def test_memory_knows_every_event_and_no_other() -> None:
    assert {kind.__name__ for kind in told.KINDS} == {kind.__name__ for kind in EVENTS}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_memory_reads_the_same_counts_as_everybody(kind: type[Any]) -> None:
    example = (EXAMPLES / f"{kind.__name__}.json").read_bytes()
    event: Any = _decode(example)

    read = told.read(example)

    match read:
        case Counts():
            assert read.counts == event.counts
        case OneCount():
            assert read.count == event.count
        case NoCount():
            assert not {"count", "counts"} & set(kind.__struct_fields__)
        case _:
            assert read == event
