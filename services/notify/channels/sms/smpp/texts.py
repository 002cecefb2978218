"""How does a text become what an SMSC is handed? One `submit_sm`, or several with a header each.

Long texts go in parts with a user data header (3GPP TS 23.040, 8-bit reference): every SMSC and
every phone puts these together, while `message_payload` and `sar_*` are each network's own choice.
"""

from datetime import timedelta
from uuid import UUID

from aiosmpplib.codec import GSM7BitCodec
from aiosmpplib.protocol import SubmitSm

from services.notify.channels.sms.smpp import pdus
from services.notify.rules.segments import Segments, segments_of

RECEIPT_WANTED = 0x01
"""The SMSC tells what became of it in the end, be it delivered or not."""

_ENCODINGS = {"gsm7": "gsm0338", "ucs2": "ucs2"}


def submits(
    text: str, *, sender: str, recipient: str, key: UUID, valid_seconds: float
) -> list[SubmitSm]:
    """The messages that are one text together, in order.

    How long they are valid is said as a length of time, so that nobody's clock matters. The parts
    of one text have one reference, which comes of its key: a part that is asked again fits.
    """
    found = segments_of(text)
    encoding, many = _ENCODINGS[found.alphabet], len(found.parts) > 1
    made = []
    for number, part in enumerate(found.parts, start=1):
        message = SubmitSm(
            short_message=part,
            source=pdus.sender_of(sender),
            destination=pdus.number_of(recipient),
            esm_class=pdus.UDH_INDICATOR if many else 0,
            validity_period=timedelta(seconds=max(1, int(valid_seconds))),
            registered_delivery=RECEIPT_WANTED,
            encoding=encoding,
        )
        header = _header(key, number, found) if many else b""
        message.set_encoded_message(header + _encoded(part, found))
        made.append(message)
    return made


def _header(key: UUID, number: int, found: Segments) -> bytes:
    return bytes((5, 0, 3, key.int & 0xFF, len(found.parts), number))


def _encoded(part: str, found: Segments) -> bytes:
    if found.alphabet == "ucs2":
        return part.encode("utf-16-be")
    octets: bytes = GSM7BitCodec().encode(part)[0]
    return octets
