"""What is known of a person, what is wrong with it, and by what is a person found?"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

import msgspec

from shared.vault.index import plain_email, plain_phone

Kind = Literal["phone", "email", "phone and birth date", "email and birth date"]

BORN_FIRST = date(1890, 1, 1)
"""Nobody who is alive was born before; anything older is a typing mistake."""

_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A person, in the terms of FHIR's Patient; None is not known."""

    name: str | None = None
    birth_date: date | None = None
    phone: str | None = None
    email: str | None = None
    notes: str | None = None

    def __repr__(self) -> str:
        """Nothing of it: whoever logs a profile by mistake has logged nothing."""
        return "Profile(...)"


NOTHING_KNOWN = Profile()


def wrong_with(profile: Profile, today: date) -> str | None:
    """What to do about what cannot be right, without a word of it; None where all may be."""
    born = profile.birth_date
    if born is not None and not BORN_FIRST <= born <= today:
        return f"birth_date is a day from {BORN_FIRST} to today."
    if profile.phone is not None and plain_phone(profile.phone) is None:
        return "Write the phone with + and the country's code, such as +7 999 000-00-01."
    if profile.email is not None and not _EMAIL.fullmatch(profile.email):
        return "Write the e-mail address as name@domain, in plain ASCII."
    return None


def found_by(profile: Profile) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    """By which values a person is found, each in its one spelling.

    The birth date alone is none of them: many have it in common, and there are few.
    """
    born = None if profile.birth_date is None else profile.birth_date.isoformat()
    phone = None if profile.phone is None else plain_phone(profile.phone)
    if phone is not None:
        yield "phone", (phone,)
        if born is not None:
            yield "phone and birth date", (phone, born)
    if profile.email is not None:
        email = plain_email(profile.email)
        yield "email", (email,)
        if born is not None:
            yield "email and birth date", (email, born)


def completed(profile: Profile, other: Profile) -> Profile:
    """The one, with whatever only the other knows; of notes both are kept."""
    known = {
        name: value if value is not None else getattr(other, name)
        for name, value in msgspec.structs.asdict(profile).items()
    }
    if profile.notes and other.notes and profile.notes != other.notes:
        known["notes"] = f"{profile.notes}\n{other.notes}"
    return Profile(**known)
