"""What is pushed, and how is it sealed so that one device alone reads it?"""

import http_ece
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from services.notify.channels import Dispatch
from services.notify.rules.push import (
    Asked,
    Pushed,
    Subscription,
    bytes_of,
    public_key_of,
    topic_of,
)
from services.notify.texts import coming

PAGE = "#/bookings"
"""What a tap opens, of the page whose service worker shows the message; it names no booking."""

TITLE = "Talon"
CONTENT_BYTES_MAX = 3_993
"""What fits into one record of 4,096 bytes, which every push service takes."""

PADDED_BYTES = 1_024
"""All contents are padded to a multiple of it: their length is not to say what they are."""

_encode = msgspec.json.Encoder().encode


def content_of(dispatch: Dispatch, said: str) -> bytes:
    """What the device is told; ValueError where that is too long."""
    content = _encode(
        Pushed(
            title=TITLE,
            body=said,
            url=PAGE,
            tag=topic_of(dispatch.event.booking_id),
            lang=dispatch.language,
            coming=_coming(dispatch),
        )
    )
    if len(content) > CONTENT_BYTES_MAX:
        raise ValueError("this is too long to be pushed")
    padded = -(-len(content) // PADDED_BYTES) * PADDED_BYTES
    return content.ljust(min(padded, CONTENT_BYTES_MAX))


def _coming(dispatch: Dispatch) -> Asked | None:
    """Whether they come, asked of whoever is reminded; of the address what follows the page."""
    page, _, view = dispatch.confirm_at.partition("#")
    if not page or not view:
        return None
    label, said = coming(dispatch.language)
    return Asked(label=label, said=said, url=f"#{view}")


def sealed(content: bytes, subscription: Subscription) -> bytes:
    """For this device alone: whoever passes it on has neither of its secrets."""
    sealed_for: bytes = http_ece.encrypt(
        content,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=public_key_of(subscription),
        auth_secret=bytes_of(subscription.keys.auth),
        version="aes128gcm",
    )
    return sealed_for
