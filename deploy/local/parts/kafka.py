"""How does the stack's own Kafka come to be, start and stop?"""

import base64
import os
import re
import uuid
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.parts import HopelessError, NotReadyError, Part, files, topics
from deploy.local.spawn import run_once
from deploy.local.stack import HOMES, Stack

REQUEST_SECONDS = 5.0
VIA_PORT = "TALON_KAFKA_VIA_PORT"
BEHIND_PORT = "TALON_KAFKA_BEHIND_PORT"
"""Where what stands before the broker listens, and where the broker does for it alone."""


def part(stack: Stack) -> Part:
    """One Kafka node in KRaft mode, with the topics of `shared/topics.py`."""
    folder = stack.home / "kafka"

    async def prepare() -> None:
        data = folder / "data"
        files.write(folder / "server.properties", configuration(stack, data))
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


def configuration(stack: Stack, data: Path) -> str:
    """What the broker reads when it starts. It keeps its records in `data`."""
    values: dict[str, str | int] = {
        "listen": stack.settings.text("TALON_HOST"),
        "host": stack.settings.host("KAFKA"),
        "port": stack.settings.port("TALON_KAFKA_PORT").number,
        "controller_port": stack.settings.port("TALON_KAFKA_CONTROLLER_PORT").number,
        "data": str(data),
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
    """The topics of `shared/topics.py`. Harmless to repeat."""
    admin = await _admin(stack)
    try:
        await topics.ensure(admin)
    except KafkaError as reason:
        raise NotReadyError(str(reason)) from reason
    finally:
        await admin.close()


def _java(*options: str) -> tuple[str, ...]:
    logging = (
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    )
    return ("java", *options, *logging, "-cp", f"{_jars()}/*")


def _jars() -> Path:
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
    command = (*_java("-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", "format")
    # With "=", since an id may begin with a hyphen.
    named = (f"--cluster-id={cluster_id}", f"--config={properties}")
    options = ("--standalone", "--ignore-formatted", *named)
    log = stack.logs / "kafka.log"
    await run_once((*command, *options), log, user=None, folder=str(folder))


async def _probe(stack: Stack) -> None:
    """Ready is when an admin client gets an answer."""
    await (await _admin(stack)).close()


async def _admin(stack: Stack) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=stack.kafka, request_timeout_ms=int(REQUEST_SECONDS * 1000)
    )
    try:
        await admin.start()
    except KafkaError as reason:
        await admin.close()
        raise NotReadyError("it does not answer yet") from reason
    return admin
