"""Does the edge wait longer than any service takes to answer for itself?"""

import msgspec

from deploy.local.parts.edge_texts import IDLE_SECONDS
from deploy.local.settings import FILE, read_file
from services.booking.config import Config as Booking
from services.slots.config import Config as Slots
from shared.config import PREFIX
from shared.door import LINGER_SECONDS_MAX

SETTINGS = read_file(FILE)
HEARTBEAT_SECONDS = 15


def _waits(name: str) -> float:
    return float(SETTINGS[f"{PREFIX}EDGE_{name}_SECONDS"])


def test_a_patient_gets_the_front_desk_s_own_answer() -> None:
    fields = {field.name: field.default for field in msgspec.structs.fields(Booking)}

    patience = sum(fields[f"{name}_seconds"] for name in ("patience", "keep", "access_wait"))
    assert _waits("BOOKING") > patience + 1.0


def test_staff_get_the_referee_s_own_answer() -> None:
    fields = {field.name: field.default for field in msgspec.structs.fields(Slots)}

    assert _waits("STAFF") > fields["staff_patience_seconds"] + 1.0


def test_a_live_stream_survives_a_heartbeat_that_is_late() -> None:
    assert _waits("LIVE_SILENCE") > 2 * HEARTBEAT_SECONDS


def test_the_edge_drops_what_it_does_not_use_before_a_service_that_goes_does() -> None:
    assert IDLE_SECONDS + 0.5 < LINGER_SECONDS_MAX
