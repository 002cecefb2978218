"""How does a route note whose data it reads or changes, and what is not answered before that?

Whoever sees to their own is answered once the change is noted, or shortly after where the database
is slow; what they only read is noted within moments. Whoever touches another's data gets no answer
before it is written down who they are and why.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from aiohttp import web

from shared.access.entries import OWN, PERSONS_MAX, Entry, Touch, is_a_reason
from shared.access.store import AccessLog
from shared.access.writer import AccessLimits, Writer
from shared.access.written import Written
from shared.auth import Actor
from shared.policy import allowed
from shared.problems import outcome_unknown, unavailable


class Asked(msgspec.Struct, frozen=True):
    """What a route says of itself that every entry about it repeats."""

    operation: str
    roles: tuple[str, ...]
    touch: Touch
    changes: bool


class Note(msgspec.Struct):
    """What a request has noted."""

    written: Written
    own: bool


LINK = "link"
"""As what somebody asks who holds a link."""

ASKED: web.RequestKey[Asked] = web.RequestKey("asked", Asked)
NOTE: web.RequestKey[Note] = web.RequestKey("note", Note)


class Settings(Protocol):
    """What a service's configuration says of its access log."""

    @property
    def access_gather_seconds(self) -> float:
        """How long accesses gather on a busy day."""

    @property
    def access_batch_max(self) -> int:
        """How many go together."""

    @property
    def access_waiting_max(self) -> int:
        """How many may wait to be written."""

    @property
    def access_wait_seconds(self) -> float:
        """How long an answer waits for its entry."""


class Access:
    """Where a service's routes note whose data they touch."""

    def __init__(self, log: AccessLog, writer: Writer, now: Callable[[], datetime]) -> None:
        self.late = 0
        self.log = log
        self.writer = writer
        self._now = now

    @classmethod
    def to(
        cls, log: AccessLog, settings: Settings, *, by: str, now: Callable[[], datetime]
    ) -> "Access":
        """A process's own, written to this log."""
        limits = AccessLimits(
            gather_seconds=settings.access_gather_seconds,
            batch_max=settings.access_batch_max,
            waiting_max=settings.access_waiting_max,
            wait_seconds=settings.access_wait_seconds,
        )
        return cls(log, Writer(log, by=by, now=now, limits=limits), now)

    def note(
        self,
        request: web.Request,
        persons: Iterable[UUID],
        *,
        about: UUID | None = None,
        reason: str = OWN,
        holder: UUID | None = None,
    ) -> None:
        """Note that whoever asks reads or changes these persons' data, before it is done or told.

        `about` is the id of the thing. Nobody is signed in who holds a link: `holder` is for whom
        it was made. `reason` is a word of ours; where somebody had to give a
        reason of their own, theirs is noted. 503 where it cannot be noted: then nothing is to be
        done.
        """
        asked, whose = request[ASKED], tuple(sorted(set(persons)))
        actor_id, role = holder, LINK
        if actor_id is None:
            who = allowed(request)
            reason = who.reason or reason
            actor_id, role = who.actor.id, _role(who.actor, asked.roles, own=reason == OWN)
        assert is_a_reason(reason), "a reason is one line"
        assert len(whose) <= PERSONS_MAX, "an answer is about few persons"
        entry = Entry(
            at=self._now(),
            actor_id=actor_id,
            role=role,
            persons=whose,
            operation=asked.operation,
            what=asked.touch.what,
            about=about,
            reason=reason,
            fields=asked.touch.fields,
        )
        request[NOTE] = Note(self.writer.add(entry), own=reason == OWN)

    async def settle(self, request: web.Request) -> None:
        """Called with the answer in hand: returns when it may be given."""
        note, asked = request.get(NOTE), request[ASKED]
        assert note is not None, f"{asked.operation} answered without a note of whose data it was"
        if note.written.done() or (note.own and not asked.changes):
            return
        if await note.written.patiently():
            return
        self.late += 1
        if not note.own:
            # A change was made and will be noted; what was only read has not been seen by anybody.
            raise outcome_unknown() if asked.changes else unavailable("This cannot be noted now.")


ACCESS: web.AppKey[Access] = web.AppKey("access", Access)


def _role(actor: Actor, roles: tuple[str, ...], *, own: bool) -> str:
    """As what the actor asks: of the route's roles that are theirs the first, which is `patient`
    before all others; for what is another's the last.
    """
    theirs = [role for role in roles if role in actor.roles]
    return theirs[0 if own else -1]
