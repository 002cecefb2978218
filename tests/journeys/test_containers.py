"""Do PostgreSQL and Kafka start from what `prepare` writes, and does `settle` make them ready?

They start as in their containers, by the commands of docker-compose.yml, but for the folders: a
volume is a folder here. Both are real, and so is what services need of them.
"""

import asyncio
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.docker import prepare
from deploy.docker.settle import settle
from deploy.local.parts import postgres
from deploy.local.parts.cluster import ROOTS_STAND_IN
from deploy.local.settings import Settings
from deploy.local.stack import AUDITOR, HOMES, SERVICES, SETUP, SUPERUSER, Stack
from shared.topics import TOPICS
from tests.containers import containers, environment_of

DISTANCE = 900
STOP_SECONDS_MAX = 20.0
KAFKAS_JARS = HOMES / "kafka" / containers()["kafka"]["image"].partition(":")[2]


class Volumes:
    """The folders that stand for the volumes, and the stack that is prepared in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.given = folder / "given"
        self.secrets = folder / "secrets"
        hosts = {name: "127.0.0.1" for name in environment_of("settle") if name.endswith("_HOST")}
        values = environment_of("settle") | hosts | {"TALON_START_SECONDS": "30"}
        inside = Settings(stack="containers", values=values, distance=DISTANCE)
        self.stack = Stack(settings=inside, home=folder / "home")

    def here(self, text: str) -> str:
        """What a container is told, said of these folders."""
        places = {
            str(prepare.GIVEN): str(self.given),
            str(prepare.KAFKA_DATA): str(self.folder / "kafka-data"),
            str(prepare.SEEN): str(self.secrets / "kafka"),
            "/var/run/postgresql": str(self.folder),
        }
        for inside, outside in places.items():
            text = text.replace(inside, outside)
        return text


@pytest.fixture(scope="module")
def volumes() -> Iterator[Volumes]:
    """Prepared once. The folder is one that PostgreSQL's account may enter, and has a short name,
    since a Unix socket lies in it."""
    folder = Path(tempfile.mkdtemp(prefix="talon-"))
    folder.chmod(0o755)
    try:
        made = Volumes(folder)
        prepare.prepare(made.stack, prepare.Folders(given=made.given, secrets=made.secrets))
        for path in (made.given / "kafka").iterdir():
            path.write_text(made.here(path.read_text("utf-8")), "utf-8")
        yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def stores(volumes: Volumes) -> Iterator[Stack]:
    """PostgreSQL and Kafka as in their containers, settled."""
    processes = [_postgres(volumes), _kafka(volumes)]
    try:
        asyncio.run(settle(volumes.stack))
        yield volumes.stack
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(STOP_SECONDS_MAX)


def _postgres(volumes: Volumes) -> subprocess.Popen[bytes]:
    told = containers()["postgres"]
    data = volumes.folder / "postgres-data"
    data.mkdir()
    password = volumes.secrets / "postgres" / "password"
    if os.geteuid() == 0:
        shutil.chown(data, ROOTS_STAND_IN)
        shutil.chown(volumes.folder, ROOTS_STAND_IN)
    programs = postgres.programs_for(data)
    making = shlex.split(told["environment"]["POSTGRES_INITDB_ARGS"])
    # As the image does it: the cluster by these words, then a line that lets others in.
    first = (f"--username={SUPERUSER}", f"--pwfile={password}", f"--pgdata={data}")
    initdb = [*_account(), str(programs / "initdb"), *first, *making]
    subprocess.run(initdb, cwd="/", stdout=subprocess.DEVNULL, check=True)
    with (data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write("\nhost all all all scram-sha-256\n")
    program, *words = told["command"]
    command = [str(programs / program), *(volumes.here(word) for word in words), "-D", str(data)]
    return subprocess.Popen([*_account(), *command], cwd="/", stderr=subprocess.DEVNULL)


def _kafka(volumes: Volumes) -> subprocess.Popen[bytes]:
    (volumes.folder / "kafka-data").mkdir()
    command = [volumes.here(word) for word in containers()["kafka"]["entrypoint"]]
    environ = os.environ | {"KAFKA_LIBRARIES": str(KAFKAS_JARS)}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, env=environ, stdout=quiet, stderr=quiet)


def _account() -> list[str]:
    """PostgreSQL refuses root, here as in its image."""
    account = f"--reuid={ROOTS_STAND_IN}", f"--regid={ROOTS_STAND_IN}", "--init-groups"
    return ["setpriv", *account, "--"] if os.geteuid() == 0 else []


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_is_let_in_by_its_secret_and_sees_its_own_schema(
    stores: Stack, volumes: Volumes, service: str
) -> None:
    secret = (volumes.secrets / service / "database").read_text("ascii")

    connection = await asyncpg.connect(secret)

    try:
        assert await connection.fetchval("SELECT current_schema") == service
        for other in set(SERVICES) - {service}:
            seen = "SELECT has_schema_privilege($1, 'USAGE')"
            assert not await connection.fetchval(seen, other)
    finally:
        await connection.close()


async def test_the_auditor_may_look_and_not_touch(stores: Stack) -> None:
    connection = await asyncpg.connect(stores.dsn(AUDITOR))

    try:
        assert await connection.fetchval("SHOW default_transaction_read_only") == "on"
    finally:
        await connection.close()


async def test_the_cluster_is_the_one_of_the_stack_on_one_machine(stores: Stack) -> None:
    connection = await asyncpg.connect(stores.dsn(SUPERUSER))

    try:
        for name, text in (
            ("data_checksums", "on"),
            ("fsync", "on"),
            ("password_encryption", "scram-sha-256"),
            ("log_parameter_max_length", "0"),
        ):
            assert await connection.fetchval("SELECT current_setting($1)", name) == text
        collation = "SELECT datcollate FROM pg_database WHERE datname = 'talon'"
        assert await connection.fetchval(collation) == "C"
    finally:
        await connection.close()


async def test_every_topic_is_there_and_no_other_comes_by_itself(stores: Stack) -> None:
    admin = AIOKafkaAdminClient(**stores.broker(SETUP).words)
    await admin.start()

    try:
        told = {one["topic"]: len(one["partitions"]) for one in await admin.describe_topics()}
    finally:
        await admin.close()

    assert {name: told.get(name) for name in (topic.name for topic in TOPICS)} == {
        topic.name: topic.partitions for topic in TOPICS
    }
    assert set(told) == {topic.name for topic in TOPICS}


async def test_who_settles_again_changes_nothing(stores: Stack, volumes: Volumes) -> None:
    await settle(stores)

    secret = (volumes.secrets / "slots" / "database").read_text("ascii")
    await (await asyncpg.connect(secret)).close()
