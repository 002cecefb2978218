"""Which secrets is each process handed, and in which files does it find them?

A file is read by nobody but its owner's account. An environment and a command line are seen by
whoever looks at the list of processes, at a container or at a core dump.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local import passwords
from deploy.local.stack import AUDITOR, BROKER, PEOPLES, SETUP, Stack, owner_of, person_of
from shared.broker import MECHANISM

OWNERS = 0o600

SETTINGS = {
    "database": "TALON_DATABASE_FILE",
    "database_owner": "TALON_DATABASE_OWNER_FILE",
    "database_person": "TALON_DATABASE_PERSON_FILE",
    "kafka": "TALON_KAFKA_PASSWORD_FILE",
}
"""By which setting a service is told of each of its files."""


def to_service(stack: Stack, service: str) -> dict[str, str]:
    """What a service is told in secret, by the name of the file."""
    told = {
        "database": stack.dsn_for_service(service),
        "database_owner": stack.dsn_for_service(owner_of(service)),
        "kafka": stack.broker_for_service(service).password,
    }
    if service in PEOPLES:
        told["database_person"] = stack.dsn_for_service(person_of(service))
    return told


def to_broker(stack: Stack) -> dict[str, str]:
    """The passwords that Kafka must know before anybody can tell it one."""
    folder = stack.home / "secrets"
    return {user: passwords.of(f"kafka.{user}", folder) for user in (BROKER, SETUP)}


def to_kafkas_tools(stack: Stack) -> dict[str, str]:
    """What Kafka's own programs are told (--command-config) by who looks as the auditor."""
    way = stack.broker(AUDITOR)
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    lines = (
        "security.protocol=SASL_PLAINTEXT",
        f"sasl.mechanism={MECHANISM}",
        f'sasl.jaas.config={module} required username="{way.user}" password="{way.password}";',
    )
    return {"kafka.properties": "\n".join(lines) + "\n"}


def folder_of(stack: Stack, reader: str) -> Path:
    """Where a process of the stack on one machine finds its files."""
    return stack.home / "handed" / reader


def give(folder: Path, secrets: Mapping[str, str], mode: int = OWNERS) -> None:
    """Write each secret into a file of its own; one that is there is replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700 if mode == OWNERS else 0o755)
    for name, text in secrets.items():
        part = folder / f"{name}.{os.getpid()}"
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        # Whatever is masked out of the modes of new files here, the reader is to have this one.
        os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        # Whoever reads it just now reads the old or the new one, never half.
        part.replace(folder / name)
