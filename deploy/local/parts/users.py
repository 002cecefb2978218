"""Does Kafka know everybody who may come, and does each have exactly the rights it should have?"""

from collections.abc import Iterator
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeAclsRequest

from deploy.local.parts import NotReadyError
from deploy.local.parts.asks import (
    ALLOW,
    ANY,
    EVERYWHERE,
    LITERAL,
    TOPIC,
    AllowAll,
    Entry,
    ForgetAll,
    KnowAll,
)
from deploy.local.parts.rights import Right, rights
from deploy.local.stack import AUDITOR, SERVICES, SETUP, Stack

REQUEST_MS = 5_000
OPERATIONS = {"read": 3, "write": 4}
"""Kafka's numbers for what is done."""


async def ensure(stack: Stack) -> None:
    """Let Kafka know every password, and make its access list exactly what it should be."""
    client = AIOKafkaClient(**stack.broker(SETUP).words, request_timeout_ms=REQUEST_MS)
    try:
        await client.bootstrap()
        await _know(client, stack)
        await _allow(client)
    except KafkaError as reason:
        raise NotReadyError(str(reason)) from reason
    finally:
        await client.close()


def entry_of(right: Right) -> Entry:
    """A right as a line of the access list."""
    return Entry(
        kind=TOPIC,
        name=right.topic,
        pattern=LITERAL,
        principal=f"User:{right.user}",
        host=EVERYWHERE,
        operation=OPERATIONS[right.deed],
        permission=ALLOW,
    )


async def _know(client: AIOKafkaClient, stack: Stack) -> None:
    known = {user: stack.broker(user).password for user in (*SERVICES, AUDITOR)}
    answer = await _ask(client, KnowAll(known))
    for user, code, message, _ in answer.results:
        _check(code, f"{user} cannot be made known: {message}")


async def _allow(client: AIOKafkaClient) -> None:
    """What is too much goes as well: who lost a right in shared/topics.py has lost it here."""
    wanted = {entry_of(right) for right in rights()}
    there = set(await listed(client))
    if wanted - there:
        made = await _ask(client, AllowAll(sorted(wanted - there)))
        for code, message in made.creation_responses:
            _check(code, f"a right cannot be given: {message}")
    if there - wanted:
        gone = await _ask(client, ForgetAll(sorted(there - wanted)))
        for code, message, _ in gone.filter_responses:
            _check(code, f"a right cannot be taken: {message}")


async def listed(client: AIOKafkaClient) -> list[Entry]:
    """The whole access list as Kafka has it."""
    asked = DescribeAclsRequest(ANY, None, ANY, None, None, ANY, ANY)
    answer = await _ask(client, asked)
    _check(answer.error_code, f"the access list cannot be read: {answer.error_message}")
    return list(_entries(answer.resources))


def _entries(resources: list[tuple[Any, ...]]) -> Iterator[Entry]:
    for kind, name, pattern, lines in resources:
        for principal, host, operation, permission in lines:
            yield Entry(kind, name, pattern, principal, host, operation, permission)


async def _ask(client: AIOKafkaClient, request: Any) -> Any:
    return await client.send(client.get_random_node(), request)


def _check(code: int, complaint: str) -> None:
    if code:
        raise NotReadyError(f"{complaint} ({for_code(code).__name__})")
