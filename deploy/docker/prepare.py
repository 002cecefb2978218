"""What does each container find in its volumes when it starts?

Texts come from the same templates, by the same functions, as on one machine. A secret lies in a
volume that nobody but its one reader has; everything else lies in one that all may read.
"""

import shutil
from pathlib import Path

import msgspec

from deploy.local import handed, keys, link_keys, passwords, push_key, vaults
from deploy.local.parts import edge, files, kafka, postgres, prometheus
from deploy.local.parts.services import PUSHES, WITH_LINKS
from deploy.local.progress import say
from deploy.local.settings import CHECKOUT
from deploy.local.stack import AUDITOR, BROKER, SERVICES, SUPERUSER, Stack
from shared.broker import MECHANISM
from talon.verbs.openapi import of_all

GIVEN = Path("/etc/talon")
"""What all may read."""

SECRETS = Path("/secrets")
"""A folder for each container that has a secret; it sees that one alone, as /run/secrets."""

EDGE_HOME = Path("/run/edge")
"""In the edge's own memory: what nginx writes."""

SEEN = Path("/run/secrets")
"""Where a container sees the folder that is its own."""

KAFKA_DATA = Path("/var/lib/kafka/data")
"""Where the image of Kafka has its volume."""

BY_ADDRESS = ("edge", "prometheus")
"""Whom Prometheus asks as on one machine. Services have names, and there is no supervisor."""

GRAFANA = "grafana"
"""The name of Grafana's first account's password among the others."""

READABLE = 0o444
"""Each reader has an account of its own, so the volume is what keeps others out, not the mode."""


class Folders(msgspec.Struct, frozen=True, kw_only=True):
    """Where the volumes are mounted."""

    given: Path = GIVEN
    secrets: Path = SECRETS


def prepare(stack: Stack, folders: Folders) -> None:
    """Write everything; what was made up once (keys, passwords) stays what it is."""
    keys.make_once(stack.issuer_key, stack.jwks)
    link_keys.make_once(stack.link_keys)
    push_key.make_once(stack.push_key)
    _give_secrets(stack, folders.secrets)
    given = folders.given
    files.write(given / "jwks.json", stack.jwks.read_text(encoding="utf-8"))
    files.write(given / "postgresql.conf", postgres.configuration(stack))
    _give_kafka(stack, given / "kafka")
    _give_prometheus(stack, given / "prometheus")
    _give_edge(stack, given)
    say("prepare", f"what the containers read is in {given} and {folders.secrets}")


def _give_secrets(stack: Stack, folder: Path) -> None:
    known = stack.home / "secrets"
    # Only the command line speaks for the auditor; `settle`, which makes it known, writes nothing.
    passwords.of(AUDITOR, known)
    stack.broker(AUDITOR)
    secrets = {
        "postgres": {"password": passwords.of(SUPERUSER, known)},
        "grafana": {"password": passwords.of(GRAFANA, known)},
        BROKER: handed.to_broker(stack),
        **{
            service: handed.to_service(stack, service) | _keys_of(stack, service)
            for service in SERVICES
        },
    }
    for reader, texts in secrets.items():
        handed.give(folder / reader, texts, READABLE)


def _keys_of(stack: Stack, service: str) -> dict[str, str]:
    """With which a service seals and signs; in a container it reads them where its secrets are."""
    told = {}
    if service in vaults.SERVICES:
        told["vault"] = stack.vault(service).read_text(encoding="ascii")
    if service in WITH_LINKS:
        told["links"] = stack.link_keys.read_text(encoding="ascii")
    if service == PUSHES:
        told["push"] = stack.push_key.read_text(encoding="ascii")
    return told


def _give_kafka(stack: Stack, folder: Path) -> None:
    files.write(folder / "server.properties", kafka.configuration(stack, KAFKA_DATA, SEEN))
    values = {
        "machine": " ".join(kafka.machine(stack)),
        "folder": str(folder),
        "secrets": str(SEEN),
        "mechanism": MECHANISM,
        "first_users": " ".join(handed.to_broker(stack)),
    }
    files.write(folder / "start.sh", files.braced("docker/kafka.sh", values))


def _give_edge(stack: Stack, given: Path) -> None:
    place = edge.Place(given=given / "edge", home=EDGE_HOME, web=given / "web")
    edge.configure(stack, place, counts={})
    (place.given / "openapi.json").write_bytes(of_all())
    _replace(place.web, CHECKOUT / "web")


def _give_prometheus(stack: Stack, folder: Path) -> None:
    """What it reads on one machine, but that services are found by their names."""
    asked = [one for one in prometheus.targets(stack, {}) if one.labels["job"] in BY_ADDRESS]
    prometheus.configure(folder, asked)
    values: dict[str, str | int] = {}
    for service in SERVICES:
        values[f"{service}_host"] = stack.settings.host(service.upper())
        values[f"{service}_port"] = stack.settings.port(f"TALON_{service.upper()}_OPS_PORT").number
    with (folder / "prometheus.yml").open("a", encoding="utf-8") as told:
        told.write(files.rendered("docker/scrape.yml", values))
    _replace(folder / "consoles", prometheus.SOURCES / "consoles")


def _replace(folder: Path, source: Path) -> None:
    """What is being shown is replaced at once, not file by file."""
    part = folder.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part)
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
