"""What do the statements of `shared/sql/` do? Leases, fence, positions, outbox."""

from collections.abc import Generator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from shared.statements import load
from tests.loops.clockwork import Wait
from tests.loops.database import Row, Session, Statement

Wrote = Generator[Wait, None, int]
Gave = Generator[Wait, None, list[Row]]

STATE, FOLLOWER, OUTBOX = "partition_state", "follower", "outbox"
HEAD = ("partition", "next_offset", "next_index", "taken_seq", "event_seq", "outbox_seq")


def ensure_partitions(session: Session, topic: str, count: int) -> Wrote:
    for partition in range(count):
        yield from session.lock(STATE, topic, partition)
        if session.row(STATE, topic, partition) is None:
            row: Row = {"topic": topic, **dict.fromkeys(HEAD, 0)}
            row |= {"partition": partition, "owner": None, "lease_until": session.now}
            session.write(STATE, topic, partition, row=row)
    return 0


def tell_alive(session: Session, topic: str, owner: UUID, seconds: float) -> Wrote:
    yield from session.lock(FOLLOWER, topic, owner)
    until = session.now + timedelta(seconds=seconds)
    session.write(FOLLOWER, topic, owner, row={"topic": topic, "owner": owner, "until": until})
    return 1


def count_followers(session: Session, topic: str, owner: UUID) -> list[Row]:
    alive = [r["owner"] for _, r in session.rows(FOLLOWER) if r["until"] > session.now]
    return [{"followers": len(alive), "before_me": sum(other < owner for other in alive)}]


def forget_follower(session: Session, topic: str, owner: UUID) -> Wrote:
    yield from session.lock(FOLLOWER, topic, owner)
    session.write(FOLLOWER, topic, owner)
    return 1


def forget_dead_followers(session: Session) -> int:
    """What died a minute ago is no matter here."""
    return 0


def _states(session: Session, topic: str) -> list[Row]:
    rows = [row for _, row in session.rows(STATE) if row["topic"] == topic]
    return sorted(rows, key=lambda row: int(row["partition"]))


def renew_leases(session: Session, topic: str, owner: UUID, seconds: float) -> Gave:
    kept = []
    for before in _states(session, topic):
        if before["owner"] != owner:
            continue
        partition = before["partition"]
        yield from session.lock(STATE, topic, partition)
        row = session.row(STATE, topic, partition)
        if row is not None and row["owner"] == owner:
            until = session.now + timedelta(seconds=seconds)
            session.write(STATE, topic, partition, row=row | {"lease_until": until})
            kept.append({"partition": partition})
    return kept


def claim_partitions(session: Session, topic: str, owner: UUID, seconds: float, limit: int) -> Gave:
    claimed: list[Row] = []
    for row in _states(session, topic):
        partition = row["partition"]
        is_free = row["owner"] is None or row["lease_until"] < session.now
        if is_free and len(claimed) < limit and session.is_free(STATE, topic, partition):
            yield from session.lock(STATE, topic, partition)
            until = session.now + timedelta(seconds=seconds)
            taken = row | {"owner": owner, "lease_until": until}
            session.write(STATE, topic, partition, row=taken)
            claimed.append({"partition": partition})
    return claimed


def release_partitions(
    session: Session, topic: str, owner: UUID, partitions: Sequence[int]
) -> Wrote:
    for partition in partitions:
        yield from session.lock(STATE, topic, partition)
        row = session.row(STATE, topic, partition)
        if row is not None and row["owner"] == owner:
            free = row | {"owner": None, "lease_until": session.now - timedelta(days=1)}
            session.write(STATE, topic, partition, row=free)
    return 0


def fence(session: Session, topic: str, owner: UUID) -> Gave:
    mine = []
    for row in _states(session, topic):
        if row["owner"] == owner:
            yield from session.lock(STATE, topic, row["partition"])
            fresh = session.row(STATE, topic, row["partition"])
            if fresh is not None and fresh["owner"] == owner:
                mine.append({name: fresh[name] for name in HEAD})
    return mine


def positions(session: Session, topic: str, owner: UUID) -> list[Row]:
    mine = [row for row in _states(session, topic) if row["owner"] == owner]
    return [{name: row[name] for name in HEAD[:3]} for row in mine]


def advance(
    session: Session, topic: str, owner: UUID, seconds: float, *columns: Sequence[Any]
) -> Gave:
    heads, outbox = columns[: len(HEAD)], columns[len(HEAD) :]
    moved = 0
    for values in zip(*heads, strict=True):
        head = dict(zip(HEAD, values, strict=True))
        yield from session.lock(STATE, topic, head["partition"])
        row = session.row(STATE, topic, head["partition"])
        if row is not None and row["owner"] == owner:
            until = session.now + timedelta(seconds=seconds)
            session.write(STATE, topic, head["partition"], row=row | head | {"lease_until": until})
            moved += 1
    for partition, seq, messages in zip(*outbox, strict=True):
        yield from session.lock(OUTBOX, topic, partition, seq)
        if session.row(OUTBOX, topic, partition, seq) is not None:
            raise asyncpg.UniqueViolationError("announced_once")
        row = {"topic": topic, "partition": partition, "seq": seq, "messages": messages}
        session.write(OUTBOX, topic, partition, seq, row=row)
    return [{"count": moved}]


def unannounced(session: Session, topic: str, partition: int) -> list[Row]:
    rows = [row for _, row in session.rows(OUTBOX)]
    rows = [row for row in rows if (row["topic"], row["partition"]) == (topic, partition)]
    return sorted(rows, key=lambda row: int(row["seq"]))


def mark_announced(
    session: Session, topic: str, partitions: Sequence[int], seqs: Sequence[int]
) -> Wrote:
    until = dict(zip(partitions, seqs, strict=True))
    for key, row in session.rows(OUTBOX):
        if row["topic"] == topic and row["seq"] <= until.get(row["partition"], -1):
            yield from session.lock(*key)
            session.write(OUTBOX, *key[1:])
    return 0


DONE: tuple[Statement, ...] = (
    ensure_partitions,
    tell_alive,
    count_followers,
    forget_follower,
    forget_dead_followers,
    renew_leases,
    claim_partitions,
    release_partitions,
    fence,
    positions,
    advance,
    unannounced,
    mark_announced,
)


def by_text(package: str, done: Sequence[Statement]) -> dict[str, Statement]:
    """The statements of a package under the text by which a connection is asked for them."""
    texts = load(package)
    return {texts[statement.__name__]: statement for statement in done}
