"""What is pushed to a device in a test?"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from services.notify.channels import Dispatch
from tests.notify_bookings import confirmed


def a_dispatch(to: msgspec.Struct, **changes: Any) -> Dispatch:
    """A confirmation that is news for an hour, to this address."""
    # Signatures of other years are none: others' clocks look at them.
    now = datetime.now(UTC)
    one = Dispatch(
        event=confirmed(),
        key=uuid4(),
        recipient=msgspec.json.encode(to).decode(),
        language="ru",
        at=now,
        expires_at=now + timedelta(hours=1),
    )
    return msgspec.structs.replace(one, **changes)
