"""Who comes with children? Patients whom the front desk gave dependants of their own."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import msgspec

from bench.rush.shapes import FAMILY
from bench.waiting.crowd import ask_all, request_of
from talon.mistakes import MistakeError

PATH = "/me/dependants"
CONNECTIONS = 32
MADE = 201
HEAD_END = b"\r\n\r\n"


class Dependant(msgspec.Struct, frozen=True):
    """What is looked at of one."""

    id: UUID


async def register(door: str, tokens: Sequence[str]) -> list[str]:
    """A line for each of these patients: the token, and their children's ids."""
    wishes = [_wish(door, token) for token in tokens for _ in range(FAMILY - 1)]
    answers = await ask_all(door, wishes, connections=CONNECTIONS)
    other = next((one for one in answers if one.status != MADE), None)
    if other is not None:
        raise MistakeError(f"POST {PATH} answered {other.status}: {other.body!r}")
    children = [str(msgspec.json.decode(one.body, type=Dependant).id) for one in answers]
    each = FAMILY - 1
    return [
        " ".join((token, *children[nth * each : (nth + 1) * each]))
        for nth, token in enumerate(tokens)
    ]


def _wish(door: str, token: str) -> bytes:
    head, _, body = request_of(door, PATH, token=token).partition(HEAD_END)
    key = f"\r\nIdempotency-Key: {uuid4()}".encode("ascii")
    return head + key + HEAD_END + body
