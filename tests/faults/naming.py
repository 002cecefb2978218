"""Which commands did a wish become? Their names follow from who asked, where, and by which key."""

from collections.abc import Container
from uuid import UUID, uuid5

from shared.web import command_id
from talon.audit.witness import Wish
from talon.rush.journal import Act

ROUTES: dict[Act, str] = {
    "book": "POST /api/v1/bookings",
    "confirm": "POST /api/v1/bookings",
    "hold": "POST /api/v1/holds",
    "release": "DELETE /api/v1/holds/{id}",
    "cancel": "POST /api/v1/bookings/{id}/cancel",
    "move": "POST /api/v1/bookings/{id}/reschedule",
}
"""At which door each is asked for."""

NAMES_ITSELF = ("book", "hold")
"""What these make bears the name of the command that made it."""


def command_of(wish: Wish) -> UUID:
    """The id of the command that this wish is at first, however often it is asked."""
    return command_id(wish.first.owner, ROUTES[wish.first.act], wish.key)


def names_of(wish: Wish, known: Container[UUID]) -> list[UUID]:
    """That id, and those after it under which it was asked anew when the one before had run out."""
    names = [command_of(wish)]
    while (following := next_name(names[-1])) in known:
        names.append(following)
    return names


def next_name(command: UUID) -> UUID:
    """As `shared.asking.anew` names it."""
    return uuid5(command, "anew")
