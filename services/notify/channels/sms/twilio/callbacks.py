"""What does the provider call back about? How a message ended, or what somebody wrote."""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1
from typing import NamedTuple
from urllib.parse import parse_qsl

from services.notify.rules.texting import Reply, Report

FIELDS_MAX = 200

_ENDED = {
    "delivered": True,
    "read": True,
    "undelivered": False,
    "failed": False,
    "canceled": False,
}
"""Which states are an end. All others are on the way to one, and may be told of after it."""


class Callback(NamedTuple):
    """What one callback brings; neither, where it tells of something under way."""

    reports: tuple[Report, ...] = ()
    replies: tuple[Reply, ...] = ()


def signature_of(address: str, form: Iterable[tuple[str, str]], token: str) -> str:
    """The provider's signature under a callback: its address, then the form by its fields' names.

    SHA-1 is what the provider signs with; as a key's hash nothing is known against it.
    """
    signed = address + "".join(f"{name}{value}" for name, value in sorted(set(form)))
    return b64encode(hmac.new(token.encode(), signed.encode(), sha1).digest()).decode()


def is_signed(address: str, body: bytes, token: str, signature: str) -> bool:
    """True for what the provider signed; nothing else of the body is looked at before."""
    form = _form(body)
    if form is None or not token or not address:
        return False
    wanted = signature_of(address, form, token)
    return hmac.compare_digest(wanted.encode(), signature.encode())


def read_callback(body: bytes) -> Callback:
    """What a signed callback says; of an unknown kind of message it says nothing."""
    form = dict(_form(body) or ())
    reference = form.get("MessageSid", "").replace("\0", "")
    state = form.get("MessageStatus") or form.get("SmsStatus", "")
    if state == "received" and "Body" in form:
        return Callback(replies=(Reply(form.get("From", ""), form["Body"], reference),))
    if not reference or state not in _ENDED:
        return Callback()
    return Callback(reports=(Report(reference, _ENDED[state]),))


def _form(body: bytes) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        return None
