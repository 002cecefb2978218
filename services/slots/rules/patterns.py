"""On which dates does a rule of RFC 5545 fall, of those that a clinic needs?

The part of RRULE that is taken is closed: days, weeks and months, no hours; the week begins on
Monday. Each rule that is taken falls on a day sooner or later, so that looking for it ends.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile

import msgspec
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule, weekdays

RULE_LENGTH_MAX = 200
COUNT_MAX = 3_653

FREQUENCIES = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY}
INTERVALS_MAX = {"DAILY": 31, "WEEKLY": 8, "MONTHLY": 6}
"""Every sixth month at most: of months that far apart one has 31 days, so each day of a month
comes.
"""

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_PART = re.compile(r"([A-Z]+)=([A-Z0-9,+-]+)", re.ASCII)
_BYDAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_BYMONTHDAY = re.compile(r"[+-]?([1-9]|[12][0-9]|3[01])", re.ASCII)


class PatternError(ValueError):
    """What is wrong with a rule, in a sentence for whoever wrote it."""


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that was understood. `days`: which of the month (0 is any), and of the week."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: date | None = None
    days: tuple[tuple[int, str], ...] = ()
    month_days: tuple[int, ...] = ()


def parse(text: str) -> Pattern:
    """The rule, or a PatternError."""
    parts: dict[str, str] = {}
    for part in text.split(";"):
        found = _PART.fullmatch(part)
        if found is None:
            raise PatternError(f"{part[:30]!r} is not NAME=VALUE.")
        if found[1] in parts:
            raise PatternError(f"{found[1]} is there twice.")
        parts[found[1]] = found[2]
    if parts.get("FREQ") not in FREQUENCIES:
        raise PatternError("FREQ is DAILY, WEEKLY or MONTHLY.")
    unknown = parts.keys() - {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY"}
    if unknown:
        raise PatternError(f"{min(unknown)[:30]} is not among the parts that are taken.")
    pattern = Pattern(
        frequency=parts["FREQ"],
        interval=_number(parts, "INTERVAL", INTERVALS_MAX[parts["FREQ"]]) or 1,
        count=_number(parts, "COUNT", COUNT_MAX),
        until=_until(parts.get("UNTIL")),
        days=tuple(_day(text) for text in _items(parts, "BYDAY")),
        month_days=tuple(_month_day(text) for text in _items(parts, "BYMONTHDAY")),
    )
    _need_days_that_come(pattern)
    return pattern


def dates_of(pattern: Pattern, first: date, last: date) -> Iterator[date]:
    """Its dates, counted from `first` on, which is one of them only if it fits, up to `last`."""
    if pattern.until is not None:
        last = min(last, pattern.until)
    by_day = [weekdays[DAYS.index(name)](nth or None) for nth, name in pattern.days]
    found = rrule(
        FREQUENCIES[pattern.frequency],
        dtstart=datetime(first.year, first.month, first.day),
        interval=pattern.interval,
        count=pattern.count,
        wkst=weekdays[0],
        byweekday=by_day or None,
        bymonthday=pattern.month_days or None,
    )
    return takewhile(lambda day: day <= last, (at.date() for at in found))


def _need_days_that_come(pattern: Pattern) -> None:
    """Parts that do not go together, or of which together no day may ever come."""
    numbered = any(nth for nth, _ in pattern.days)
    wrong = None
    if numbered and not all(nth for nth, _ in pattern.days):
        # The library would take only days that are both.
        wrong = "BYDAY has numbered days, such as 1MO, or days without a number, not both."
    elif pattern.count is not None and pattern.until is not None:
        wrong = "COUNT and UNTIL do not go together."
    elif numbered and (pattern.frequency != "MONTHLY" or pattern.month_days):
        wrong = "A numbered BYDAY, such as 1MO, goes with FREQ=MONTHLY and without BYMONTHDAY."
    elif pattern.month_days and pattern.frequency == "WEEKLY":
        wrong = "BYMONTHDAY goes with FREQ=MONTHLY or FREQ=DAILY."
    elif pattern.frequency == "DAILY" and pattern.interval > 1 and _picks(pattern):
        wrong = "With FREQ=DAILY, BYDAY and BYMONTHDAY go without INTERVAL."
    elif len(set(pattern.days)) < len(pattern.days):
        wrong = "BYDAY names a day twice."
    elif len(set(pattern.month_days)) < len(pattern.month_days):
        wrong = "BYMONTHDAY names a day twice."
    if wrong is not None:
        raise PatternError(wrong)


def _picks(pattern: Pattern) -> bool:
    return bool(pattern.days or pattern.month_days)


def _items(parts: dict[str, str], name: str) -> list[str]:
    return parts[name].split(",") if name in parts else []


def _number(parts: dict[str, str], name: str, most: int) -> int | None:
    text = parts.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) > most:
        raise PatternError(f"{name} is a number from 1 to {most}.")
    return int(text)


def _until(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        if len(text) != len("20300131") or not text.isdecimal():
            raise ValueError
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise PatternError("UNTIL is a date such as 20300131, and is included.") from None


def _day(text: str) -> tuple[int, str]:
    found = _BYDAY.fullmatch(text)
    if found is None:
        raise PatternError("BYDAY has days such as MO,WE or, of a month, 1MO,-1FR.")
    return int(found[1] or 0), found[2]


def _month_day(text: str) -> int:
    if not _BYMONTHDAY.fullmatch(text):
        raise PatternError("BYMONTHDAY has days from 1 to 31, or from -1, the last, to -31.")
    return int(text)
