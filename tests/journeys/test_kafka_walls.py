"""May each do with Kafka what docs/least-privilege.md says, and no more? Tried on a real one."""

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import ClusterAuthorizationFailedError, KafkaError, for_code

from deploy.local import processes
from deploy.local.parts.asks import AllowAll
from deploy.local.parts.kafka import jars
from deploy.local.parts.rights import Right, rights
from deploy.local.parts.users import entry_of, listed
from deploy.local.stack import AUDITOR, BROKER, SERVICES, SETUP, Stack
from shared.broker import Broker
from shared.topics import BOOKING_EVENTS, SLOTS_COMMANDS, TOPICS
from tests.trial import Trial, a_trial

USERS = (*SERVICES, AUDITOR)
WAIT_SECONDS = 1.5
"""A reader that is refused is told nothing: so long it waits for a record that lies there."""
REQUEST_MS = 3_000


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    """Kafka alone."""
    with a_trial() as made:
        made.up("kafka")
        yield made


@pytest.fixture(scope="module")
def stack(trial: Trial) -> Stack:
    """Its addresses and passwords, and a record in each topic."""
    asyncio.run(_write_everywhere(trial.stack))
    return trial.stack


async def test_every_user_is_tried_on_every_topic_and_may_what_is_written(stack: Stack) -> None:
    tried = list(product(USERS, TOPICS))

    wrote = await asyncio.gather(*(_may_write(stack.broker(u), t.name) for u, t in tried))
    read = await asyncio.gather(*(_may_read(stack.broker(u), t.name) for u, t in tried))

    may = {Right(u, "write", t.name) for (u, t), yes in zip(tried, wrote, strict=True) if yes}
    may |= {Right(u, "read", t.name) for (u, t), yes in zip(tried, read, strict=True) if yes}
    assert may == rights()


async def test_the_access_list_holds_those_rights_and_no_other_line(stack: Stack) -> None:
    assert sorted(await _listed(stack)) == sorted(entry_of(right) for right in rights())


async def test_a_right_too_many_is_gone_after_the_next_start(trial: Trial, stack: Stack) -> None:
    extra = entry_of(Right("notify", "read", SLOTS_COMMANDS.name))
    await _ask(stack.broker(SETUP), AllowAll([extra]))
    assert extra in await _listed(stack)

    await asyncio.to_thread(trial.ask, "down")
    await asyncio.to_thread(trial.up, "kafka")

    assert extra not in await _listed(stack)


@pytest.mark.parametrize("user", USERS)
async def test_nobody_but_the_set_up_makes_topics_or_rights(stack: Stack, user: str) -> None:
    admin = AIOKafkaAdminClient(**stack.broker(user).words, request_timeout_ms=REQUEST_MS)
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic("somebody.s", 1, 1)])
        gone = await admin.delete_topics([BOOKING_EVENTS.name])
    finally:
        await admin.close()
    answer = await _ask(
        stack.broker(user), AllowAll([entry_of(Right(user, "write", "somebody.s"))])
    )

    assert all(code != 0 for _, code, *_ in made.topic_errors)
    assert all(code != 0 for _, code in gone.topic_error_codes)
    ((code, _),) = answer.creation_responses
    assert for_code(code) is ClusterAuthorizationFailedError


@pytest.mark.parametrize("port", ["TALON_KAFKA_PORT", "TALON_KAFKA_CONTROLLER_PORT"])
async def test_nobody_is_let_in_without_a_name_or_with_a_wrong_password(
    stack: Stack, port: str
) -> None:
    there = f"127.0.0.1:{stack.settings.port(port).number}"
    nameless = AIOKafkaClient(bootstrap_servers=there, request_timeout_ms=REQUEST_MS)
    wrong = AIOKafkaClient(**Broker(there, "slots", "guessed").words, request_timeout_ms=REQUEST_MS)

    for client in (nameless, wrong):
        with pytest.raises(KafkaError):
            await client.bootstrap()
        await client.close()


def test_no_password_is_in_a_command_line_an_environment_or_a_log(
    trial: Trial, stack: Stack
) -> None:
    users = (*USERS, BROKER, SETUP)
    passwords = {(stack.home / "secrets" / f"kafka.{user}").read_text("ascii") for user in users}
    pid = trial.part("kafka")["pid"]
    seen = [
        processes.command_of(pid),
        Path(f"/proc/{pid}/environ").read_text("utf-8", errors="replace"),
        (stack.home / "kafka" / "server.properties").read_text("utf-8"),
        *(path.read_text("utf-8", errors="replace") for path in stack.logs.iterdir()),
    ]

    assert not [text for text in seen if any(password in text for password in passwords)]
    # The words by which the data were made are gone, and nobody else may read what is kept.
    kept = [path for path in (stack.home / "handed").rglob("*") if path.is_file()]
    assert {path.name for path in kept} == {BROKER, SETUP, "kafka.properties"}
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def test_the_auditor_reads_dead_letters_with_kafka_s_own_tool_as_the_runbook_says(
    trial: Trial, stack: Stack
) -> None:
    command = ("java", "-cp", f"{jars()}/*", "org.apache.kafka.tools.consumer.ConsoleConsumer")
    there = ("--bootstrap-server", stack.kafka, "--topic", BOOKING_EVENTS.dead)
    told = stack.home / "handed" / AUDITOR / "kafka.properties"
    how = ("--partition", "0", "--offset", "earliest", "--timeout-ms", "5000")
    done = subprocess.run(
        [*command, *there, *how, "--command-config", str(told), "--max-messages", "1"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.stdout == "there\n", done.stderr


def test_a_stack_from_before_there_were_passwords_says_what_to_do(trial: Trial) -> None:
    stack = trial.stack
    trial.ask("down")
    handed = stack.home / "handed" / BROKER
    aside = handed.with_suffix(".aside")
    handed.rename(aside)

    asked = trial.ask("up", "--only=kafka")

    aside.rename(handed)
    assert asked.returncode == 1
    assert "from before Kafka asked for a name" in asked.stdout
    assert f"make reset STACK={stack.name}" in asked.stdout


# ---- how it is tried -----------------------------------------------------------------------------


async def _write_everywhere(stack: Stack) -> None:
    async with AIOKafkaProducer(**stack.broker(SETUP).words) as producer:
        for topic in TOPICS:
            await producer.send_and_wait(topic.name, b"there", partition=0)


async def _may_write(broker: Broker, topic: str) -> bool:
    producer = AIOKafkaProducer(**broker.words, request_timeout_ms=REQUEST_MS)
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"mine", partition=0)
        return True
    except KafkaError:
        return False
    finally:
        await producer.stop()


async def _may_read(broker: Broker, topic: str) -> bool:
    consumer = AIOKafkaConsumer(**broker.words, request_timeout_ms=REQUEST_MS)
    await consumer.start()
    try:
        there = TopicPartition(topic, 0)
        consumer.assign([there])
        consumer.seek(there, 0)
        with suppress(KafkaError):
            return bool(await consumer.getmany(timeout_ms=int(WAIT_SECONDS * 1000)))
        return False
    finally:
        await consumer.stop()


async def _listed(stack: Stack) -> list[tuple[object, ...]]:
    client = AIOKafkaClient(**stack.broker(SETUP).words, request_timeout_ms=REQUEST_MS)
    await client.bootstrap()
    try:
        return [tuple(entry) for entry in await listed(client)]
    finally:
        await client.close()


async def _ask(broker: Broker, request: AllowAll) -> Any:
    client = AIOKafkaClient(**broker.words, request_timeout_ms=REQUEST_MS)
    await client.bootstrap()
    try:
        return await client.send(client.get_random_node(), request)
    finally:
        await client.close()
