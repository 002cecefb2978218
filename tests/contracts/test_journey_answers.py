"""Does a clinic's journey show answers as the doors give them today?"""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.booking.api.day import DayPlace
from services.slots.api.weekly import OpenedSchedule
from services.slots.availability.bodies import SlotBody

JOURNEY = Path(__file__).resolve().parents[2] / "docs" / "journeys" / "clinic.md"


def answers() -> list[dict[str, Any]]:
    """Each block of the page that is an answer; a long text in one is broken into lines."""
    blocks = re.findall(r"^```\n(\{.*?\})\n```$", JOURNEY.read_text(encoding="utf-8"), re.M | re.S)
    return [json.loads(" ".join(line.strip() for line in block.splitlines())) for block in blocks]


def _found(name: str) -> dict[str, Any]:
    [found] = [one for one in answers() if name in one]
    return found


@pytest.mark.parametrize(
    ("found", "struct"),
    [
        (_found("weekdays"), OpenedSchedule),
        (_found("bookable_until"), SlotBody),
        (next(one["bookings"][0] for one in answers() if one.get("bookings")), DayPlace),
    ],
    ids=["a schedule", "a slot", "a place of a day"],
)
def test_an_answer_has_the_fields_that_it_has_today(
    found: dict[str, Any], struct: type[msgspec.Struct]
):
    assert list(found) == [field.encode_name for field in msgspec.structs.fields(struct)]
