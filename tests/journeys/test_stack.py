"""Does the stack keep its word: start once, come back, name who is in the way, leave nothing?"""

import json
import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local import state
from deploy.local.settings import CHECKOUT
from deploy.local.stack import AUDITOR, SETUP, Stack, owner_of
from tests.trial import VERB_SECONDS_MAX, Trial, a_trial

RETURN_SECONDS_MAX = 10
TOPIC = "booking.events.dead"


@pytest.fixture
def trial() -> Iterator[Trial]:
    """A stack for this test alone."""
    with a_trial() as made:
        yield made


def test_a_second_up_changes_nothing_and_says_so(trial: Trial) -> None:
    trial.up("postgres,sink")
    before = trial.status()

    again = trial.ask("up", "--only=postgres,sink")

    assert again.returncode == 0
    assert "nothing to do" in again.stdout
    assert trial.status() == before


def test_a_part_that_is_killed_comes_back_and_is_counted(trial: Trial) -> None:
    trial.up("postgres,sink")
    for name in ("sink", "postgres"):
        killed = trial.part(name)["pid"]

        os.kill(killed, signal.SIGKILL)

        _until(partial(_is_another, trial, name, killed))
        assert trial.part(name)["restarts"] == 1
    assert trial.status()["state"] == "ready"


def test_a_taken_port_is_an_error_that_names_who_holds_it_and_the_setting(trial: Trial) -> None:
    port = trial.stack.settings.port("TALON_SMTP_PORT").number
    with socket.create_server(("127.0.0.1", port)):
        asked = trial.ask("up", "--only=postgres,sink")

    assert asked.returncode == 1
    assert f"port {port} is held by process {os.getpid()} (" in asked.stdout
    assert "TALON_SMTP_PORT" in asked.stdout
    # The error comes before anything is started.
    assert "starting: process" not in asked.stdout
    assert trial.status()["state"] == "down"


def test_down_leaves_no_process(trial: Trial) -> None:
    trial.up("postgres,sink")
    pids = trial.pids()
    assert all(_lives(pid) for pid in pids)

    assert trial.ask("down").returncode == 0

    assert not any(_lives(pid) for pid in pids)
    assert trial.status()["state"] == "down"


def test_a_supervisor_that_is_killed_takes_its_parts_along_and_up_works_again(trial: Trial) -> None:
    trial.up("postgres,sink,edge")
    supervisor, *parts = trial.pids()

    os.kill(supervisor, signal.SIGKILL)

    _until(lambda: not any(_lives(pid) for pid in parts))
    assert trial.status()["state"] == "down"
    trial.up("postgres,sink,edge")


def test_ctrl_c_while_it_starts_leaves_no_process(trial: Trial) -> None:
    # Who is started in the background ignores Ctrl-C, and so would its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    starting = subprocess.Popen(
        [sys.executable, "-m", "deploy.local", "up", "--only=postgres,kafka,sink"],
        cwd=CHECKOUT,
        env=trial.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    _until(lambda: len(_started(trial)) == 3)
    pids = _started(trial)

    starting.send_signal(signal.SIGINT)
    said, _ = starting.communicate(timeout=VERB_SECONDS_MAX)

    assert starting.returncode == 130, said
    assert not any(_lives(pid) for pid in pids)


async def test_rows_records_and_mail_survive_down_and_up(trial: Trial) -> None:
    trial.up("postgres,kafka,sink")
    await _write_a_row(trial.stack)
    await _write_a_record(trial.stack)
    _send_a_mail(trial.stack)

    assert trial.ask("down").returncode == 0
    trial.up("postgres,kafka,sink")

    assert await _read_the_row(trial.stack, "auditor") == "kept"
    assert await _read_the_record(trial.stack) == b"kept"
    mail = json.loads(trial.stack.inbox.read_text(encoding="utf-8"))
    assert (mail["message_id"], mail["rcpt_to"]) == ("<kept@talon.example>", ["one@example.org"])


async def test_a_service_is_refused_at_anothers_schema_and_the_auditor_may_only_read(
    trial: Trial,
) -> None:
    trial.up("postgres")
    await _write_a_row(trial.stack)

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _read_the_row(trial.stack, "booking")
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
        await _run(trial.stack, "auditor", "DELETE FROM slots.trial")
    assert await _read_the_row(trial.stack, "auditor") == "kept"
    secrets = trial.stack.home / "secrets"
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o600}


def _is_another(trial: Trial, name: str, pid: int) -> bool:
    part = trial.part(name)
    return part["state"] == "ready" and part["pid"] not in (None, pid)


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def _started(trial: Trial) -> list[int]:
    """Read from the file itself: a verb takes so long to ask that the stack could be ready."""
    live = state.read_live(trial.stack.home)
    parts = [] if live is None else live.parts
    return [part.process.pid for part in parts if part.process is not None]


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RETURN_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


async def _write_a_row(stack: Stack) -> None:
    await _run(stack, owner_of("slots"), "CREATE TABLE trial AS SELECT 'kept' AS word")
    await _run(stack, owner_of("slots"), "GRANT SELECT ON trial TO auditor")


async def _read_the_row(stack: Stack, role: str) -> Any:
    return await _run(stack, role, "SELECT word FROM slots.trial")


async def _run(stack: Stack, role: str, statement: str) -> Any:
    connection = await asyncpg.connect(stack.dsn(role))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _write_a_record(stack: Stack) -> None:
    async with AIOKafkaProducer(**stack.broker(SETUP).words, acks="all") as producer:
        await producer.send_and_wait(TOPIC, b"kept", partition=0)


async def _read_the_record(stack: Stack) -> bytes | None:
    async with AIOKafkaConsumer(**stack.broker(AUDITOR).words) as consumer:
        partition = TopicPartition(TOPIC, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        value: bytes | None = (await consumer.getone()).value
        return value


def _send_a_mail(stack: Stack) -> None:
    host, _, port = stack.smtp.rpartition(":")
    message = "Message-ID: <kept@talon.example>\r\nSubject: kept\r\n\r\nkept"
    with smtplib.SMTP(host, int(port)) as door:
        door.sendmail("no-reply@talon.example", ["one@example.org"], message)
