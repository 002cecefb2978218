"""What is written to an SMSC and read from it? SMPP 3.4, octet by octet.

What we write is encoded by a library. What we read is read here: the library refuses statuses and
parameters of a vendor's own, receipts without a text and error codes with letters, all of which
are everyday (docs/decisions/ says more).
"""

from asyncio import StreamReader
from struct import Struct
from typing import NamedTuple

from aiosmpplib.codec import GSM7BitCodec
from aiosmpplib.protocol import BindTransceiver, EnquireLink, SubmitSm, Unbind
from aiosmpplib.state import NPI, TON, PhoneNumber

BIND_TRANSCEIVER_RESP = 0x80000009
SUBMIT_SM_RESP = 0x80000004
DELIVER_SM = 0x00000005
DELIVER_SM_RESP = 0x80000005
ENQUIRE_LINK = 0x00000015
ENQUIRE_LINK_RESP = 0x80000015
UNBIND = 0x00000006
UNBIND_RESP = 0x80000006
GENERIC_NACK = 0x80000000
RESPONSE = 0x80000000

OK = 0
INVALID_COMMAND = 0x03
TRY_LATER, NEVER_AGAIN = 0x64, 0x65
"""ESME_RX_T_APPN: the SMSC keeps what it delivered and delivers it again. ESME_RX_P_APPN: it does
not, since nobody here could read it then, either."""

RECEIPTED_MESSAGE_ID = 0x001E
SAR_TOTAL_SEGMENTS = 0x020E
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427
UDH_INDICATOR = 0x40

PDU_BYTES_MAX = 70_000
"""A payload of 64 KiB and what stands around it; nobody says more in one breath."""

_HEADER = Struct("!IIII")
_TLV = Struct("!HH")


class BrokenLineError(Exception):
    """What came is no PDU: nothing that follows on this line can be understood."""


class Pdu(NamedTuple):
    """One thing said by the SMSC, its body unread."""

    command: int
    status: int
    sequence: int
    body: bytes


class Delivered(NamedTuple):
    """What a `deliver_sm` brings: a receipt, or somebody's text message."""

    source: str
    esm_class: int
    coding: int
    content: bytes
    parameters: dict[int, bytes]


# ---- reading ------------------------------------------------------------------------------------


async def read_pdu(reader: StreamReader) -> Pdu:
    """The next one; IncompleteReadError at the end, BrokenLineError where there is none."""
    length, command, status, sequence = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if not _HEADER.size <= length <= PDU_BYTES_MAX:
        raise BrokenLineError(f"a length of {length}")
    return Pdu(command, status, sequence, await reader.readexactly(length - _HEADER.size))


def message_id_of(pdu: Pdu) -> str:
    """Under which id the SMSC keeps what it took; empty where it does not say."""
    return _text(pdu.body, 0)[0]


def delivered_of(pdu: Pdu) -> Delivered:
    """What a `deliver_sm` says; BrokenLineError when it has not even its own fields."""
    try:
        body = pdu.body
        _, at = _text(body, 0)
        source, at = _text(body, at + 2)
        _, at = _text(body, at + 2)
        esm_class = body[at]
        _, at = _text(body, at + 3)
        _, at = _text(body, at)
        coding, length = body[at + 2], body[at + 4]
        at += 5
        content, parameters = body[at : at + length], _parameters(body, at + length)
    except (IndexError, ValueError) as error:
        raise BrokenLineError("a deliver_sm that ends too soon") from error
    # A long text stands in a parameter of its own, and the field for short ones is empty.
    return Delivered(
        source, esm_class, coding, content or parameters.get(MESSAGE_PAYLOAD, b""), parameters
    )


def text_of(delivered: Delivered) -> str:
    """What a person wrote, as far as it can be read."""
    content = delivered.content
    if delivered.esm_class & UDH_INDICATOR and content:
        content = content[content[0] + 1 :]
    if delivered.coding & 0x0F == 0x08:
        return content.decode("utf-16-be", "replace")
    if delivered.coding == 0x03:
        return content.decode("latin-1")
    # What is called ASCII is GSM's alphabet as often as not; letters and digits are the same.
    text: str = GSM7BitCodec().decode(content, "replace")[0]
    return text


def is_whole(delivered: Delivered) -> bool:
    """Whether it is all of a text: a header says that others belong to it, and so do parameters."""
    has_header = bool(delivered.esm_class & UDH_INDICATOR)
    return not has_header and SAR_TOTAL_SEGMENTS not in delivered.parameters


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A C string, and where it is over; of some SMSCs' last one the zero is missing."""
    if at > len(body):
        raise IndexError(at)
    end = body.find(b"\0", at)
    if end < 0:
        end = len(body)
    return body[at:end].decode("latin-1"), end + 1


def _parameters(body: bytes, at: int) -> dict[int, bytes]:
    found = {}
    while at + _TLV.size <= len(body):
        tag, length = _TLV.unpack_from(body, at)
        at += _TLV.size
        found[tag] = body[at : at + length]
        at += length
    return found


# ---- writing ------------------------------------------------------------------------------------


def bind(sequence: int, *, user: str, password: str, system_type: str) -> bytes:
    """Ask to send and to receive on this line."""
    pdu: bytes = BindTransceiver(
        sequence_num=sequence, system_id=user, password=password, system_type=system_type
    ).pdu()
    return pdu


def submit(sequence: int, message: SubmitSm) -> bytes:
    """Hand over one message, under this number."""
    message.sequence_num = sequence
    pdu: bytes = message.pdu()
    return pdu


def enquire(sequence: int) -> bytes:
    """Ask whether anybody is there."""
    pdu: bytes = EnquireLink(sequence_num=sequence).pdu()
    return pdu


def unbind(sequence: int) -> bytes:
    """Say goodbye."""
    pdu: bytes = Unbind(sequence_num=sequence).pdu()
    return pdu


def answer(command: int, sequence: int, status: int = OK) -> bytes:
    """The answer to what the SMSC said; the one to a `deliver_sm` has an empty id in it."""
    body = b"\0" if command == DELIVER_SM_RESP else b""
    return _HEADER.pack(_HEADER.size + len(body), command, status, sequence) + body


def number_of(phone: str) -> PhoneNumber:
    """An E.164 number as an address."""
    return PhoneNumber(phone.removeprefix("+"), TON.INTERNATIONAL, NPI.ISDN)


def sender_of(name: str) -> PhoneNumber:
    """Who a message is from: a number, a short code, or a name of at most eleven letters."""
    digits = name.removeprefix("+")
    if not digits.isdecimal():
        return PhoneNumber(name, TON.ALPHANUMERIC, NPI.UNKNOWN)
    if len(digits) <= 6:
        return PhoneNumber(digits, TON.NETWORK_SPECIFIC, NPI.UNKNOWN)
    return number_of(name)
