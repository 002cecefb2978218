"""How does the stack's own PostgreSQL cluster come to be, start and stop?"""

import os
import shutil
import signal
from pathlib import Path

import asyncpg

from deploy.local import passwords, processes
from deploy.local.parts import HopelessError, NotReadyError, Part, cluster, files
from deploy.local.parts.cluster import Cluster
from deploy.local.spawn import run_once
from deploy.local.stack import DATABASE, ROLES, SUPERUSER, Stack

INSTALLED = Path("/usr/lib/postgresql")
VERSION_LEAST = 15
CONNECT_SECONDS = 3.0


def part(stack: Stack) -> Part:
    """PostgreSQL, with the database, schemas and roles that the services expect."""
    place = cluster.of(stack)
    port = stack.settings.port("TALON_POSTGRES_PORT")
    programs = programs_for(place.data)

    async def prepare() -> None:
        cluster.claim(stack)
        if not (place.data / "PG_VERSION").exists():
            await _make_cluster(stack, place, programs)
        _configure(stack, place)
        _forget_dead_server(place.data)

    return Part(
        name="postgres",
        ports={"sql": port},
        command=(str(programs / "postgres"), "-D", str(place.data)),
        environment={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        folder="/",
        user=place.user,
        prepare=prepare,
        probe=lambda: _probe(stack),
        settle=lambda: settle(stack),
        # "Fast": open transactions are rolled back, everything is written, no recovery at the next
        # start. An orphan has no time for that: "immediate".
        stop_signal=signal.SIGINT,
        orphan_signal=signal.SIGQUIT,
        stop_seconds=30.0,
    )


def configuration(stack: Stack) -> str:
    """What PostgreSQL reads when it starts."""
    values: dict[str, str | int] = {
        "host": stack.settings.text("TALON_HOST"),
        "port": stack.settings.port("TALON_POSTGRES_PORT").number,
    }
    return files.rendered("postgres/postgresql.conf", values)


async def settle(stack: Stack) -> None:
    """The database, then who may do what in it. Harmless to repeat."""
    # A statement that makes a role takes no parameters, so the passwords come as settings.
    secrets = {
        f"talon.{role}_password": passwords.of(role, stack.home / "secrets") for role in ROLES
    }
    try:
        connection = await _connect(stack, DATABASE, secrets)
    except asyncpg.InvalidCatalogNameError:
        await _execute(await _connect(stack, "postgres"), "postgres/database.sql")
        connection = await _connect(stack, DATABASE, secrets)
    await _execute(connection, "postgres/roles.sql", "postgres/schemas.sql")


def programs_for(data: Path) -> Path:
    """The programs of the version that made the data; for new data, of the newest installed."""
    installed = {
        int(folder.name): folder / "bin"
        for folder in INSTALLED.glob("*")
        if folder.name.isdigit() and (folder / "bin" / "postgres").exists()
    }
    if (data / "PG_VERSION").exists():
        version = int((data / "PG_VERSION").read_text(encoding="ascii"))
        if version not in installed:
            raise HopelessError(
                f"the data are PostgreSQL {version}'s, which is no longer installed"
            )
        return installed[version]
    if not installed or max(installed) < VERSION_LEAST:
        raise HopelessError(
            f"no PostgreSQL {VERSION_LEAST} or newer in {INSTALLED}; run: make setup"
        )
    return installed[max(installed)]


async def _make_cluster(stack: Stack, place: Cluster, programs: Path) -> None:
    """Made aside and renamed, so that a kill on the way leaves no half of a cluster."""
    part = place.folder / "data.part"
    shutil.rmtree(part, ignore_errors=True)
    secret = place.folder / "superuser"
    secret.write_text(passwords.of(SUPERUSER, stack.home / "secrets"), encoding="ascii")
    place.give(secret)
    command = (str(programs / "initdb"), "-D", str(part), f"--username={SUPERUSER}")
    options = (
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--lc-collate=C",
        "--lc-ctype=C.UTF-8",
        "--no-instructions",
    )
    log = stack.logs / "postgres.log"
    try:
        await run_once((*command, *options), log, user=place.user, folder="/")
    finally:
        secret.unlink()
    part.rename(place.data)


def _configure(stack: Stack, place: Cluster) -> None:
    path = place.data / "postgresql.conf"
    files.write(path, configuration(stack))
    place.give(path)


def _forget_dead_server(data: Path) -> None:
    """A lock file whose number now belongs to a stranger would stop PostgreSQL for ever."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    first = lock.read_text(encoding="utf-8").partition("\n")[0]
    # A server works in its data directory; only one that really does so is left to its own check.
    if not first.isdigit() or processes.folder_of(int(first)) != data:
        lock.unlink()


async def _probe(stack: Stack) -> None:
    await (await _connect(stack, "postgres")).close(timeout=CONNECT_SECONDS)


async def _connect(
    stack: Stack, database: str, session: dict[str, str] | None = None
) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(
            stack.dsn(SUPERUSER, database),
            timeout=CONNECT_SECONDS,
            command_timeout=CONNECT_SECONDS,
            server_settings=session,
        )
    except asyncpg.InvalidPasswordError as reason:
        raise HopelessError(
            f"the data were made with another password than {stack.home}/secrets holds;"
            f" start afresh with: make reset STACK={stack.name}"
        ) from reason
    except asyncpg.InvalidCatalogNameError:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
        raise NotReadyError(str(reason)) from reason


async def _execute(connection: asyncpg.Connection, *paths: str) -> None:
    try:
        for path in paths:
            await connection.execute(files.source(path))
    finally:
        await connection.close(timeout=CONNECT_SECONDS)
