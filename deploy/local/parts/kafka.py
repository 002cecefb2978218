"""How does the stack's own Kafka come to be, start and stop?"""

import base64
import os
import re
import uuid
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local import handed
from deploy.local.parts import HopelessError, NotReadyError, Part, files, topics, users
from deploy.local.spawn import run_once
from deploy.local.stack import AUDITOR, BROKER, HOMES, SETUP, Stack
from shared.broker import MECHANISM

REQUEST_SECONDS = 5.0
VIA_PORT = "TALON_KAFKA_VIA_PORT"
BEHIND_PORT = "TALON_KAFKA_BEHIND_PORT"
"""Where what stands before the broker listens, and where the broker does for it alone."""


def part(stack: Stack) -> Part:
    """One Kafka node in KRaft mode, with the topics of `shared/topics.py` and who may use them."""
    folder = stack.home / "kafka"
    secrets = handed.folder_of(stack, BROKER)

    async def prepare() -> None:
        data = folder / "data"
        _refuse_open_data(stack, data, secrets)
        handed.give(secrets, handed.to_broker(stack))
        handed.give(handed.folder_of(stack, AUDITOR), handed.to_kafkas_tools(stack))
        files.write(folder / "server.properties", configuration(stack, data, secrets))
        if not (data / "meta.properties").exists():
            await _format(stack, folder)

    return Part(
        name="kafka",
        ports={
            "clients": stack.settings.port("TALON_KAFKA_PORT"),
            "controller": stack.settings.port("TALON_KAFKA_CONTROLLER_PORT"),
        },
        command=(*_java(*machine(stack)), "kafka.Kafka", str(folder / "server.properties")),
        environment=dict(os.environ),
        folder=str(stack.home),
        prepare=prepare,
        probe=lambda: _probe(stack),
        settle=lambda: settle(stack),
        stop_seconds=30.0,
    )


def machine(stack: Stack) -> tuple[str, ...]:
    """With how much memory, and how, Java runs the broker.

    Compiling less (TieredStopAtLevel=1) was measured to save at most a second of the start, so
    every stack runs the broker as production would.
    """
    heap = stack.settings.number("TALON_KAFKA_HEAP_MB")
    return (
        f"-Xms{heap // 2}m",
        f"-Xmx{heap}m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
    )


def configuration(stack: Stack, data: Path, secrets: Path) -> str:
    """What the broker reads when it starts. It keeps its records in `data`, and finds in `secrets`
    the passwords that it must know by itself.
    """
    values: dict[str, str | int] = {
        "listen": stack.settings.text("TALON_HOST"),
        "host": stack.settings.host("KAFKA"),
        "port": stack.settings.port("TALON_KAFKA_PORT").number,
        "controller_port": stack.settings.port("TALON_KAFKA_CONTROLLER_PORT").number,
        "data": str(data),
        "secrets": str(secrets),
        "mechanism": MECHANISM,
        "broker": BROKER,
        "setup": SETUP,
        **_by_another_way(stack),
    }
    return files.rendered("kafka/server.properties", values)


def _by_another_way(stack: Stack) -> dict[str, str]:
    """A listener for those who come through what stands before the broker.

    Clients go to the address that the broker advertises, so it is that of what stands before it.
    """
    if not stack.settings.values.get(VIA_PORT):
        return {"also_listens": "", "also_advertised": ""}
    behind = stack.settings.port(BEHIND_PORT).number
    before = stack.settings.port(VIA_PORT).number
    return {
        "also_listens": f",VIA://{stack.settings.text('TALON_HOST')}:{behind}",
        "also_advertised": f",VIA://{stack.settings.host('KAFKA')}:{before}",
    }


async def settle(stack: Stack) -> None:
    """The topics of `shared/topics.py`, and who may do what with them. Harmless to repeat."""
    admin = await _admin(stack)
    try:
        await topics.ensure(admin)
    except KafkaError as reason:
        raise NotReadyError(str(reason)) from reason
    finally:
        await admin.close()
    await users.ensure(stack)


def first_users(stack: Stack) -> tuple[str, ...]:
    """The words by which a new node is told of those whom nobody could tell it of later."""
    told = handed.to_broker(stack).items()
    return tuple(
        f"--add-scram={MECHANISM}=[name={user},password={password}]" for user, password in told
    )


def _refuse_open_data(stack: Stack, data: Path, secrets: Path) -> None:
    """A node from when Kafka let everybody in knows nobody, and nobody can tell it of anybody."""
    if (data / "meta.properties").exists() and not secrets.exists():
        raise HopelessError(
            "these data are from before Kafka asked for a name and a password, and cannot be given"
            f" any; start afresh with: make reset STACK={stack.name}"
        )


def _java(*options: str) -> tuple[str, ...]:
    logging = (
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    )
    return ("java", *options, *logging, "-cp", f"{jars()}/*")


def jars() -> Path:
    """Where `make setup` puts the jars: one folder for each version, named in the pom."""
    found = re.search(r"<kafka\.version>(.+)</kafka\.version>", files.source("kafka/pom.xml"))
    if found is None:
        raise HopelessError("deploy/kafka/pom.xml names no kafka.version")
    folder = HOMES / "kafka" / found[1]
    if not (folder / ".complete").exists():
        raise HopelessError(f"Kafka's jars are not in {folder}; run: make setup")
    return folder


async def _format(stack: Stack, folder: Path) -> None:
    """Kafka starts only from a folder that was given the cluster's id."""
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    properties = str(folder / "server.properties")
    # With "=", since an id may begin with a hyphen.
    named = (f"--cluster-id={cluster_id}", f"--config={properties}")
    options = ("--standalone", "--ignore-formatted", *named, *first_users(stack))
    # Java reads the rest of its command line from a file: everybody sees what it is started with.
    words = handed.folder_of(stack, BROKER)
    told = map(_quoted, ("kafka.tools.StorageTool", "format", *options))
    handed.give(words, {"format": "\n".join(told)})
    command = (*_java("-XX:TieredStopAtLevel=1"), f"@{words / 'format'}")
    log = stack.logs / "kafka.log"
    try:
        await run_once(command, log, user=None, folder=str(folder))
    finally:
        (words / "format").unlink()


def _quoted(word: str) -> str:
    """As Java reads it from a file: a checkout may lie in a folder with a space in its name."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


async def _probe(stack: Stack) -> None:
    """Ready is when an admin client gets an answer."""
    await (await _admin(stack)).close()


async def _admin(stack: Stack) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(
        **stack.broker(SETUP).words, request_timeout_ms=int(REQUEST_SECONDS * 1000)
    )
    try:
        await admin.start()
    except KafkaError as reason:
        await admin.close()
        raise NotReadyError("it does not answer yet") from reason
    return admin
