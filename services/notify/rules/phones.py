"""Which phone numbers can a text message be sent to, and which of them do we send to?"""

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

PHONE_LENGTH_MAX = 16
"""A plus and fifteen digits, which is all that E.164 has room for."""

PREFIX_DIGITS = 3
"""How many digits after the country's code tell one operator's range from another's."""

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def wrong_with_phone(phone: str, regions: Collection[str]) -> str | None:
    """What to do about a number that no message can be sent to; None for a good one.

    `regions` are the two-letter codes of the countries that we send to. Nothing that passes has
    anything but a plus and digits in it.
    """
    if len(phone) > PHONE_LENGTH_MAX or not _E164.fullmatch(phone):
        return (
            "Write the phone number with a plus, the country's code and the digits after it, "
            "without spaces or brackets, such as +79161234567."
        )
    number = _read(phone)
    if number is None or not phonenumbers.is_valid_number(number):
        return "There is no such phone number; look whether a digit is missing or one too many."
    if phonenumbers.number_type(number) not in _MOBILE:
        return "Give the number of a mobile phone: this one cannot receive text messages."
    if region_of(phone) not in regions:
        known = ", ".join(sorted(regions))
        return f"We send no text messages to that country; give a number of: {known}."
    return None


def region_of(phone: str) -> str:
    """The country of a number, as two letters; ZZ for one that is in no country's plan."""
    number = _read(phone)
    found = None if number is None else phonenumbers.region_code_for_number(number)
    return found or "ZZ"


def prefix_of(phone: str) -> str:
    """The country's code and the digits that follow it: whose numbers are sold together."""
    number = _read(phone)
    if number is None:
        return phone[: PREFIX_DIGITS + 2]
    code, national = number.country_code, phonenumbers.national_significant_number(number)
    return f"+{code}{national[:PREFIX_DIGITS]}"


def _read(phone: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(phone)
    except NumberParseException:
        return None
