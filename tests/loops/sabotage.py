"""What is taken away to see that it was needed? One guard at a time, in one city."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from shared.batch import Head, Item
from shared.events import InSequence, sequence_of
from shared.outbox import Relay
from shared.statements import load
from tests.loops.city import City
from tests.loops.database import Row, Session
from tests.loops.statements import plumbing
from tests.loops.statements.plumbing import HEAD, STATE, Gave

SHARED = load("shared")
SLOTS = load("services.slots")
NOTIFY = load("services.notify")


def without_the_fence(city: City) -> None:
    """Neither is the partition's row locked, nor is anybody asked whose it is."""
    for database in city.databases:
        database.statements[SHARED["fence"]] = _open_to_all
        database.statements[SHARED["advance"]] = _anyone_advances


def _open_to_all(session: Session, topic: str, owner: UUID) -> list[Row]:
    rows = [row for _, row in session.rows(STATE) if row["topic"] == topic]
    return [{name: row[name] for name in HEAD} for row in rows]


def _anyone_advances(session: Session, topic: str, owner: UUID, *rest: Any) -> Gave:
    for _, row in session.rows(STATE):
        yield from session.lock(STATE, topic, row["partition"])
        fresh = session.row(STATE, topic, row["partition"])
        assert fresh is not None
        session.write(STATE, topic, row["partition"], row=fresh | {"owner": owner})
    return (yield from plumbing.advance(session, topic, owner, *rest))


def without_recorded_answers(city: City) -> None:
    """Nobody looks whether a command was answered before."""
    city.slots.statements[SLOTS["answered"]] = lambda session, ids: []


def without_the_claims_constraint(city: City) -> None:
    """One claim may have two places, as far as the database is concerned."""
    city.slots.without.add("one_live_place_per_claim")


def without_locks_on_slots(city: City) -> None:
    """Slots are read and not locked; what is written still asks for the version that was read."""
    city.slots.statements[SLOTS["lock_slots"]] = _read_only


def without_any_guard_on_slots(city: City) -> None:
    """Nor is the version asked for, nor does the constraint stand behind it."""
    without_locks_on_slots(city)
    city.slots.without |= {"never_overbooked", "the_version_read"}


def _read_only(session: Session, ids: Sequence[UUID]) -> list[Row]:
    found = []
    for slot_id in sorted(set(ids)):
        slot = session.row("slot", slot_id)
        if slot is not None:
            clinic = session.row("clinic", slot["clinic_id"])
            assert clinic is not None
            found.append(clinic | {"clinic_id": clinic["id"], "clinic_name": clinic["name"]} | slot)
    return found


def without_order_in_what_is_left(city: City) -> None:
    """Who takes a partition over announces what was left behind from the end."""

    def from_the_end(session: Session, topic: str, partition: int) -> list[Row]:
        return plumbing.unannounced(session, topic, partition)[::-1]

    for database in city.databases:
        database.statements[SHARED["unannounced"]] = from_the_end


def without_order_after_a_failure(city: City) -> None:
    """After a failure only what failed is told again, not what came after it."""
    city.relay = _Hasty


class _Hasty(Relay):
    async def _send_again(self) -> None:
        await self._send(self._window[0])


def without_numbers_for_readers(city: City) -> None:
    """Who reads takes whatever comes, told before or not, with or without what came before it."""
    city.sequence = _TakesAll


class _TakesAll(InSequence):
    def take(self, heads: dict[int, Head], items: Iterable[Item]) -> Sequence[Item]:
        taken = list(items)
        for item in taken:
            heads[item.partition].taken_seq = sequence_of(item.record)
        return taken


def with_the_lost_sent_again(city: City) -> None:
    """A message whose sender was lost is put back among those that wait."""
    given_up = city.notify.statements[NOTIFY["give_up_lost"]]

    def put_back(session: Session, *arguments: Any) -> Gave:
        lost = yield from given_up(session, *arguments)
        for row in lost:
            message = session.row("message", row["id"])
            assert message is not None
            again = {"state": "waiting", "settled_at": None}
            session.write("message", row["id"], row=message | again)
        return lost

    city.notify.statements[NOTIFY["give_up_lost"]] = put_back
