"""What is a board made of? Questions, each with the lines that answer it."""

from typing import Literal

import msgspec

Unit = Literal["per_second", "seconds", "share", "number", "bytes", "cores"]


class Line(msgspec.Struct, frozen=True):
    """One query, and what its lines are called: a fixed name, or the values of these labels."""

    query: str
    name: str = ""
    by: tuple[str, ...] = ()


class Panel(msgspec.Struct, frozen=True):
    """One picture: what it shows, in which unit, and what to make of it."""

    title: str
    unit: Unit
    lines: tuple[Line, ...]
    note: str


class Board(msgspec.Struct, frozen=True):
    """One question about the morning, with its pictures."""

    slug: str
    question: str
    panels: tuple[Panel, ...]


def quantiles(bucket: str, matching: str = "") -> tuple[Line, ...]:
    """The half that was quicker, and the slowest of a hundred."""
    rates = f"sum by (le) (rate({bucket}{matching}[1m]))"
    return (
        Line(f"histogram_quantile(0.5, {rates})", "half, at most"),
        Line(f"histogram_quantile(0.99, {rates})", "99 of 100, at most"),
    )


def of_each(noun: str) -> str:
    """The same figure of all three services."""
    return f'{{__name__=~"(slots|booking|notify)_{noun}"}}'
