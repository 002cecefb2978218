"""What does a delivery receipt of an SMSC say? Whose it is, and how it ended."""

import re

from services.notify.channels.sms.smpp.pdus import MESSAGE_STATE, RECEIPTED_MESSAGE_ID, Delivered
from services.notify.rules.texting import Report

KIND = 0x3C
"""The bits of the class that tell receipts from text messages."""

FINAL = 0x04
INTERMEDIATE = 0x20

_DELIVERED = 2
_FAILED = frozenset({3, 4, 5, 8})
"""Expired, deleted, undeliverable, rejected. What is under way or unknown has not ended."""

_WORDS = {"DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "REJECTD": 8}
_ID = re.compile(r"\bid:\s*([!-~]+)", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]*")
_STATE = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)


def is_text(delivered: Delivered) -> bool:
    """True for what a person wrote."""
    return not delivered.esm_class & KIND


def report_of(delivered: Delivered) -> Report | None:
    """The end that a receipt tells of, if it tells of one.

    The parameters are believed before the text, whose form is everybody's own.
    """
    if delivered.esm_class & KIND != FINAL:
        return None
    words = delivered.content.decode("latin-1")
    reference, state = _reference(delivered, words), _state(delivered, words)
    if not reference or (state != _DELIVERED and state not in _FAILED):
        return None
    return Report(reference, state == _DELIVERED)


def _reference(delivered: Delivered, words: str) -> str:
    told = delivered.parameters.get(RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    found = _ID.search(words)
    if not _PLAIN.fullmatch(told):
        return ""
    return told or (found.group(1) if found else "")


def _state(delivered: Delivered, words: str) -> int:
    told = delivered.parameters.get(MESSAGE_STATE, b"")
    if len(told) == 1:
        return told[0]
    found = _STATE.search(words)
    return _WORDS.get(found.group(1).upper(), 0) if found else 0
