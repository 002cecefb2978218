"""Which commands does a record carry, and which of them can nobody read?"""

import msgspec
from aiokafka.structs import ConsumerRecord

from shared.batch import Item
from shared.messages import SlotCommand
from shared.topics import COMMANDS_PER_RECORD_MAX

_decode_record = msgspec.msgpack.Decoder(list[bytes]).decode
_decode_command = msgspec.msgpack.Decoder(SlotCommand).decode


def unpack(record: ConsumerRecord) -> list[Item]:
    """The commands in a record, each readable or not by itself; never an empty list."""
    try:
        parts = _decode_record(record.value or b"")
        if not 1 <= len(parts) <= COMMANDS_PER_RECORD_MAX:
            raise ValueError(f"{len(parts)} commands in a record")
    except (msgspec.MsgspecError, ValueError) as error:
        wrong = str(error) or type(error).__name__
        value = record.value or b""
        return [Item(record.partition, record.offset, 0, True, None, wrong, value, record)]
    last = len(parts) - 1
    return [_item(record, nth, part, nth == last) for nth, part in enumerate(parts)]


def _item(record: ConsumerRecord, nth: int, part: bytes, last: bool) -> Item:
    message, wrong = None, ""
    try:
        message = _decode_command(part)
    except (msgspec.MsgspecError, ValueError) as error:
        wrong = str(error) or type(error).__name__
    return Item(record.partition, record.offset, nth, last, message, wrong, part, record)
