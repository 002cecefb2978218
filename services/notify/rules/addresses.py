"""Where can a person be reached, and what is an address that is written to?"""

import re
from typing import Literal

Channel = Literal["email", "sms", "web_push", "mobile_push", "list"]
"""A way out of the building."""

Language = Literal["en", "ru"]
"""In which a person is told."""

ADDRESS_LENGTH_MAX = 254
LOCAL_LENGTH_MAX = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")


def wrong_with_address(email: str) -> str | None:
    """What to do about an address that mail cannot be sent to; None for a good one.

    Nothing that passes can break out of a header or an SMTP command.
    """
    if len(email) > ADDRESS_LENGTH_MAX:
        return f"An e-mail address has at most {ADDRESS_LENGTH_MAX} characters."
    if not email.isascii():
        return (
            "Write the e-mail address in plain ASCII; a domain in another script has a form "
            "that begins with xn--."
        )
    local, _, domain = email.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > LOCAL_LENGTH_MAX:
        return "Write the e-mail address as name@domain, without spaces, quotes or brackets."
    if not _DOMAIN.fullmatch(domain):
        return "The part after the @ must be a domain with a dot, such as example.org."
    return None
