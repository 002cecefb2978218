"""How does a text become what an SMSC is handed? One `submit_sm`, or several with a header each.

Long texts go in parts with a user data header (3GPP TS 23.040, 8-bit reference): every SMSC and
every phone puts these together, while `message_payload` and `sar_*` are each network's own choice.
"""

from datetime import timedelta
from uuid import UUID

from aiosmpplib.codec import GSM7BitCodec
from aiosmpplib.protocol import SubmitSm

from services.notify.channels.sms.smpp import pdus
from services.notify.rules.segments import is_gsm, parts_of

RECEIPT_WANTED = 0x01
"""The SMSC tells what became of it in the end, be it delivered or not."""

PARTS_MAX = 10
"""What is longer is no text message."""


def submits(
    text: str, *, sender: str, recipient: str, key: UUID, valid_seconds: float
) -> list[SubmitSm]:
    """The messages that are one text together, in order.

    How long they are valid is said as a length of time, so that nobody's clock matters. The parts
    of one text have one reference, which comes of its key: a part that is asked again fits.
    """
    parts, gsm = parts_of(text), is_gsm(text)
    if len(parts) > PARTS_MAX:
        raise ValueError(f"a text message of {len(parts)} parts")
    made = []
    for number, part in enumerate(parts, start=1):
        message = SubmitSm(
            short_message=part,
            source=pdus.sender_of(sender),
            destination=pdus.number_of(recipient),
            esm_class=pdus.UDH_INDICATOR if len(parts) > 1 else 0,
            validity_period=timedelta(seconds=max(1, int(valid_seconds))),
            registered_delivery=RECEIPT_WANTED,
            encoding="gsm0338" if gsm else "ucs2",
        )
        header = bytes((5, 0, 3, key.int & 0xFF, len(parts), number)) if len(parts) > 1 else b""
        octets = GSM7BitCodec().encode(part)[0] if gsm else part.encode("utf-16-be")
        message.set_encoded_message(header + octets)
        made.append(message)
    return made
