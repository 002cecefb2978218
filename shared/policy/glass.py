"""Who saw what is another's, and why? Told before it is shown, like the glass before an alarm."""

import logging
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import unquote
from uuid import UUID

import msgspec

from shared.problems import Problem

log = logging.getLogger(__name__)

REASON_HEADER = "Talon-Reason"
REASON_LENGTH_MIN = 10
REASON_LENGTH_MAX = 200


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody was shown a thing of another's. The reason is free text: it may name a person."""

    actor_id: UUID
    roles: frozenset[str]
    route: str
    object: str
    object_id: UUID
    reason: str


class Accesses(Protocol):
    """Who is told of every such access, and keeps it."""

    async def keep(self, access: Access) -> None:
        """Return when it is kept: only then is anything shown. What is raised here is answered."""


def uncounted(kind: str) -> None:
    """Nobody counts."""


class LoggedAccesses:
    """Keeps an access as a line in the log, with ids only: the reason itself is for no log."""

    def __init__(self, count: Callable[[str], None] = uncounted) -> None:
        self._count = count

    async def keep(self, access: Access) -> None:
        """One line, and one more of its kind."""
        log.warning(
            "what is another's was seen for a reason",
            extra={
                "actor": access.actor_id,
                "roles": sorted(access.roles),
                "route": access.route,
                "object": access.object,
                "object_id": access.object_id,
            },
        )
        self._count(access.object)


def reason_in(headers: Mapping[str, str]) -> str:
    """Why somebody wants to see it. A browser sends other letters than Latin percent-encoded."""
    try:
        reason = unquote(headers.get(REASON_HEADER, ""), errors="strict").strip()
    except UnicodeDecodeError:
        reason = ""
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX or not reason.isprintable():
        raise Problem(
            403,
            "reason_needed",
            f"This is not yours. To see it say why, in a {REASON_HEADER} header of"
            f" {REASON_LENGTH_MIN} to {REASON_LENGTH_MAX} characters; that is written down.",
        )
    return reason
