"""How is a person, or an auditor, shown who looked at somebody's data?

Newest first. An entry may be about several people, as a day list is; only the one it is asked for
is told of, never the others.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import Meta

from shared.access.chain import Batch
from shared.access.entries import Entry, entries_of
from shared.access.store import AccessLog
from shared.problems import Problem
from shared.web import Page, cursor_after, cursor_of, json_response

NUMBER_MAX = 2**53


class PersonPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose data, and which part of the list."""

    person: Annotated[UUID, Meta(description="The person whose data were touched.")]


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One access to a person's data: who, in which role, did what, to which thing, and why."""

    at: datetime
    actor_id: UUID
    role: str
    operation: str
    what: str
    about: UUID | None
    reason: str
    fields: tuple[str, ...]


class AccessList(msgspec.Struct, frozen=True, kw_only=True):
    """Accesses, newest first; with a cursor where there may be more."""

    accesses: list[Seen]
    cursor: str | None


HEADERS = {"Cache-Control": "private, no-store"}

Place = tuple[Batch, int]
"""Where an entry stands: its batch, and its number there."""


async def accesses_of(
    request: web.Request, log: AccessLog, ids: Sequence[UUID], limit: int
) -> web.Response:
    """200 the accesses to a person's data, under any of their ids, from the request's cursor on."""
    after, index = _after(request)
    # One more than is shown: of the cursor's own batch there may be nothing left.
    batches = await log.of_person(ids, after, limit + 1)
    found: list[tuple[Place, Entry]] = []
    for batch in batches:
        behind = after is not None and (batch.at, batch.chain, batch.seq) == after
        found += _about(batch, ids, below=index if behind else NUMBER_MAX)
    shown = found[:limit]
    more = len(found) > limit or len(batches) > limit
    listed = AccessList(
        accesses=[_seen(entry) for _, entry in shown],
        cursor=_cursor(*shown[-1][0]) if more and shown else None,
    )
    return json_response(listed, headers=HEADERS)


def _about(batch: Batch, ids: Sequence[UUID], *, below: int) -> Iterator[tuple[Place, Entry]]:
    """The batch's entries about a person, newest first."""
    whose, entries = set(ids), list(enumerate(entries_of(batch.entries)))
    for index, entry in reversed(entries):
        if index < below and not whose.isdisjoint(entry.persons):
            yield (batch, index), entry


def _seen(entry: Entry) -> Seen:
    return Seen(**{name: getattr(entry, name) for name in Seen.__struct_fields__})


def _cursor(batch: Batch, index: int) -> str:
    return cursor_after(batch.at, batch.chain, str(batch.seq), str(index))


def _after(request: web.Request) -> tuple[tuple[datetime, UUID, int] | None, int]:
    cursor = cursor_of(request, (datetime, UUID, int, int))
    if cursor is None:
        return None, NUMBER_MAX
    at, chain, seq, index = cursor
    if not (0 < seq < NUMBER_MAX and 0 <= index < NUMBER_MAX):
        raise Problem(422, "invalid_query", "The cursor is not one that was given out.")
    return (at, chain, seq), index
