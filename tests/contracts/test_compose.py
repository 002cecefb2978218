"""Is docker-compose.yml a Compose file and the same stack, and is nobody given more than needed?"""

import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from deploy.docker import prepare
from deploy.local.parts import edge, kafka, postgres, services, sink
from deploy.local.settings import CHECKOUT, Settings, load
from deploy.local.stack import SERVICES, SUPERUSER, Stack
from services.booking.config import Config as Booking
from services.notify.config import Config as Notify
from services.slots.config import Config as Slots
from shared import config
from shared.config import IN_A_FILE
from tests.containers import compose, containers, environment_of, mounts_of, settings

SCHEMA = Path(__file__).parent / "compose" / "compose-spec.json"
CONFIGS: dict[str, type[msgspec.Struct]] = {"slots": Slots, "booking": Booking, "notify": Notify}
JOBS = {"prepare", "settle", "talon"}
LASTING = sorted(set(containers()) - JOBS)
OURS = {name for name, told in containers().items() if told["image"].startswith("talon:")}

MAY_DIFFER = {
    "TALON_HOST": "a container is asked from outside itself",
    "TALON_DATABASE": "the file is in a volume",
    "TALON_DATABASE_OWNER": "the file is in a volume",
    "TALON_DATABASE_PERSON": "the file is in a volume",
    "TALON_KAFKA": "Kafka is on another host",
    "TALON_KAFKA_PASSWORD": "the file is in a volume",
    "TALON_SMTP": "the mail sink is on another host",
    "TALON_JWKS": "the file is in a volume",
    "TALON_VAULT": "the file is in a volume, of its one reader",
    "TALON_LINK_PAGE": "the edge's port on this machine may be another",
    "TALON_LINK_KEYS": "the file is in a volume that nobody else has",
    "TALON_PUSH_KEY": "the file is in a volume, of its one reader",
}
"""The only settings of a service that may differ from the stack on one machine, and why."""

GRACE = {
    "edge": edge.STOP_SECONDS + 5.0,
    "postgres": 30.0,
    "kafka": 30.0,
}
"""How long the stack on one machine waits for those parts; for the others see their parts."""


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """The stack on one machine, with the file's settings alone."""
    for name in [name for name in os.environ if name.startswith("TALON_")]:
        monkeypatch.delenv(name)
    return Stack(settings=load("local", {}), home=tmp_path)


@pytest.fixture
def contained(tmp_path: Path) -> Stack:
    """The stack as the jobs and the command line see it, from inside."""
    inside = Settings(stack="local", values=environment_of("talon"), distance=0)
    return Stack(settings=inside, home=tmp_path)


def _every(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names)


def _settings(environment: dict[str, str]) -> dict[str, str]:
    """By its own name also what is in a file."""
    told = {key: text for key, text in environment.items() if key.startswith("TALON_")}
    return {key.removesuffix(IN_A_FILE): text for key, text in told.items()}


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


# ---- is it a Compose file?


def test_the_file_is_one_by_the_specification() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))

    errors = Draft202012Validator(schema).iter_errors(compose())

    assert [f"{error.json_path}: {error.message}" for error in errors] == []


def test_a_word_that_compose_does_not_know_would_be_found() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    wrong = compose() | {"services": {"slots": {"image": "talon", "read_onyl": True}}}

    assert list(Draft202012Validator(schema).iter_errors(wrong)) != []


def test_volumes_and_networks_are_those_that_are_used() -> None:
    volumes = {source for name in containers() for source in mounts_of(name).values()}
    networks = {net for told in containers().values() for net in told.get("networks", [])}

    assert {source for source in volumes if not source.startswith("./")} == set(
        compose()["volumes"]
    )
    assert networks == set(compose()["networks"])


@_every(sorted(containers()))
def test_who_is_waited_for_can_be_waited_for(name: str) -> None:
    for needed, how in containers()[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert needed in LASTING
            assert "test" in containers()[needed]["healthcheck"]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert needed in JOBS


# ---- is it the same stack?


@_every(list(SERVICES))
def test_a_service_is_told_the_same_as_on_one_machine(name: str, local: Stack) -> None:
    environment = services.part(local, name, 0).environment
    there = _settings(environment)

    here = _settings(environment_of(name))

    assert set(here) == set(there)
    assert {key for key in here if here[key] != there[key]} == set(MAY_DIFFER) & set(here)


@_every(list(SERVICES))
def test_a_service_can_read_what_it_is_told(name: str, tmp_path: Path) -> None:
    told = environment_of(name)
    secret = tmp_path / "database"
    secret.write_text(f"postgresql://{name}@postgres/talon\n", "utf-8")

    files = {key: str(secret) for key in told if key.endswith(IN_A_FILE)}
    links = tmp_path / "links"
    links.write_text("", "utf-8")
    if "TALON_LINK_KEYS_FILE" in told:
        files["TALON_LINK_KEYS_FILE"] = str(links)
    read: Any = config.load(CONFIGS[name], told | files)

    assert read.database == f"postgresql://{name}@postgres/talon"
    assert read.kafka_user == name
    assert (read.port, read.ops_port) == (int(told["TALON_PORT"]), int(told["TALON_OPS_PORT"]))


@_every(sorted(OURS))
def test_all_of_ours_read_the_one_file_of_settings(name: str) -> None:
    assert containers()[name]["env_file"] == "deploy/settings.env"


def test_those_who_speak_with_many_find_each_where_it_is(contained: Stack) -> None:
    for service in SERVICES:
        told = environment_of(service)
        assert contained.api(service) == f"http://{service}:{told['TALON_PORT']}"
        assert contained.ops(service) == f"http://{service}:{told['TALON_OPS_PORT']}"
        assert contained.kafka == told["TALON_KAFKA"]
        assert contained.smtp == told["TALON_SMTP"]
    assert f"@postgres:{settings()['TALON_POSTGRES_PORT']}/" in contained.dsn(SUPERUSER)
    assert contained.edge == f"http://edge:{settings()['TALON_EDGE_PORT']}"


@_every(sorted(OURS - set(SERVICES)))
def test_hosts_are_all_that_the_jobs_are_told_besides(name: str) -> None:
    added = set(environment_of(name)) - set(settings())

    parts = {"POSTGRES", "KAFKA", "SMTP", "SLOTS", "BOOKING", "NOTIFY", "EDGE", "PROMETHEUS"}
    assert added == {f"TALON_{part}_HOST" for part in parts} | {"TALON_EDGE_RESOLVER"}
    changed = {key for key, text in settings().items() if environment_of(name)[key] != text}
    assert changed == {"TALON_HOST"}


def test_ports_that_are_written_here_are_the_settings() -> None:
    number = settings()
    tests = {
        name: " ".join(told["healthcheck"].get("test", [])) for name, told in containers().items()
    }

    assert f"--port={number['TALON_POSTGRES_PORT']}" in tests["postgres"]
    assert tests["kafka"].endswith(f" kafka {number['TALON_KAFKA_PORT']}")
    assert f"127.0.0.1:{number['TALON_EDGE_PORT']}/" in tests["edge"]
    for service in SERVICES:
        told = environment_of(service)
        assert told["TALON_PORT"] == number[f"TALON_{service.upper()}_PORT"]
        assert told["TALON_OPS_PORT"] == number[f"TALON_{service.upper()}_OPS_PORT"]
    (door,) = containers()["edge"]["ports"]
    assert door.endswith(f":-{number['TALON_EDGE_PORT']}}}:{number['TALON_EDGE_PORT']}")


def test_prometheus_keeps_as_much_as_on_one_machine() -> None:
    told = containers()["prometheus"]["command"]

    assert f"--storage.tsdb.retention.time={settings()['TALON_PROMETHEUS_KEPT_DAYS']}d" in told
    assert f"--storage.tsdb.retention.size={settings()['TALON_PROMETHEUS_KEPT_MB']}MB" in told
    assert f"--config.file={prepare.GIVEN}/prometheus/prometheus.yml" in told
    (door,) = containers()["prometheus"]["ports"]
    assert door.endswith(f":{settings()['TALON_PROMETHEUS_PORT']}")


def test_kafka_is_the_version_of_the_stack_on_one_machine() -> None:
    pom = (CHECKOUT / "deploy" / "kafka" / "pom.xml").read_text("utf-8")
    version = re.search(r"<kafka\.version>(.+)</kafka\.version>", pom)

    assert version is not None
    assert containers()["kafka"]["image"] == f"apache/kafka:{version[1]}"


@_every(LASTING)
def test_who_is_stopped_has_longer_than_its_own_stop_takes(name: str, local: Stack) -> None:
    seconds = GRACE.get(name, 0.0)
    if name in SERVICES:
        seconds = services.part(local, name, 0).stop_seconds
    elif name == "mail":
        seconds = sink.part(local).stop_seconds

    assert _seconds(containers()[name]["stop_grace_period"]) > seconds


# ---- do the containers and those who fill their volumes mean the same places?


def test_what_is_given_is_where_its_readers_look() -> None:
    readers = [name for name in containers() if "given" in mounts_of(name).values()]

    assert set(readers) == {*SERVICES, "prepare", "postgres", "kafka", "edge", "prometheus"}
    for name in readers:
        assert mounts_of(name)[str(prepare.GIVEN)] == "given"


def test_the_edge_writes_into_memory_of_its_own() -> None:
    told = containers()["edge"]
    (memory,) = told["tmpfs"]

    assert memory.startswith(f"{prepare.EDGE_HOME}:")
    assert told["command"][:2] == ["-p", str(prepare.EDGE_HOME)]
    assert told["command"][3] == f"{prepare.GIVEN}/edge/conf/nginx.conf"
    # What it remembers of reads has to fit beside everything else that it writes there.
    size = re.search(r"size=(\d+)m", memory)
    assert size is not None
    assert int(size[1]) > int(settings()["TALON_EDGE_CACHE_MB"])


def test_kafka_and_postgres_start_from_what_is_prepared_and_keep_their_data() -> None:
    assert mounts_of("kafka")[str(prepare.KAFKA_DATA)] == "kafka-data"
    assert containers()["kafka"]["entrypoint"] == ["sh", f"{prepare.GIVEN}/kafka/start.sh"]
    assert mounts_of("postgres")["/var/lib/postgresql/data"] == "postgres-data"
    assert f"config_file={prepare.GIVEN}/postgresql.conf" in containers()["postgres"]["command"]


def test_kafka_s_heap_leaves_room_in_its_memory() -> None:
    limit = containers()["kafka"]["deploy"]["resources"]["limits"]["memory"]

    assert int(limit.removesuffix("m")) >= 2 * int(settings()["TALON_KAFKA_HEAP_MB"])


# ---- is nobody given more than needed?


@_every(sorted(containers()))
def test_everybody_is_held_in(name: str) -> None:
    told = containers()[name]

    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert "cap_add" not in told
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert not told.get("privileged", False)
    assert set(told["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert told["logging"]["options"].keys() == {"max-size", "max-file"}
    assert told["restart"] == ("no" if name in JOBS else "unless-stopped")
    assert all(":size=" in place for place in told.get("tmpfs", []))


@_every(sorted(containers()))
def test_nobody_is_root(name: str) -> None:
    told = containers()[name]

    # Ours says so in its Dockerfile, Kafka's in its own: appuser.
    assert name in OURS | {"kafka"} or re.fullmatch(r"[1-9]\d*:\d+", told["user"])


@_every(sorted(containers()))
def test_every_image_is_pinned(name: str) -> None:
    image = containers()[name]["image"]

    if name in OURS:
        assert containers()[name]["pull_policy"] in ("never", "build")
    else:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)?$", image), image


def test_only_three_doors_lead_in_and_only_from_this_machine() -> None:
    published = {name: told["ports"] for name, told in containers().items() if "ports" in told}

    assert published.keys() == {"edge", "prometheus", "grafana"}
    assert all(door.startswith("127.0.0.1:") for doors in published.values() for door in doors)


def test_databases_and_mail_are_on_networks_that_lead_nowhere() -> None:
    internal = {name for name, told in compose()["networks"].items() if told.get("internal")}

    assert internal == {"doors", "data", "post", "watch"}
    for name in ("postgres", "kafka", "mail", "settle", *SERVICES):
        assert set(containers()[name]["networks"]) <= internal


def test_only_those_who_need_the_data_can_reach_them() -> None:
    near = {name for name, told in containers().items() if "data" in told.get("networks", [])}

    assert near == {"postgres", "kafka", "settle", "talon", *SERVICES}


def test_a_secret_is_seen_by_one_reader_and_by_who_made_it() -> None:
    seen = {
        volume: {name for name in containers() if volume in mounts_of(name).values()}
        for volume in compose()["volumes"]
    }

    for reader in (*SERVICES, "postgres", "kafka", "grafana"):
        assert seen[f"{reader}-secret"] == {reader, "prepare"}
        assert mounts_of(reader)["/run/secrets"] == f"{reader}-secret"
        assert mounts_of("prepare")[f"{prepare.SECRETS}/{reader}"] == f"{reader}-secret"
    assert seen["home"] == {"prepare", "settle", "talon"}


@_every(sorted(containers()))
def test_no_password_is_in_an_environment(name: str) -> None:
    for key, text in environment_of(name).items() if name in OURS else []:
        assert not re.search("://[^/]*@", text), f"{key} may hold a password"
    for key in containers()[name].get("environment", {}):
        assert "PASSWORD" not in key or key.endswith("_FILE")


@_every(sorted(compose()["volumes"]))
def test_one_writes_a_volume_and_the_others_only_read_it(name: str) -> None:
    modes = {
        container: text.endswith(":ro")
        for container, told in containers().items()
        for text in told.get("volumes", [])
        if text.startswith(f"{name}:")
    }

    writers = {container for container, only_reads in modes.items() if not only_reads}
    if name == "home":
        assert writers == {"prepare", "talon"}, "the command line keeps its cities and journals"
    elif name == "given" or name.endswith("-secret"):
        assert writers == {"prepare"}
    else:
        assert writers == {name.removesuffix("-data")}


def test_postgres_and_kafka_listen_to_others_and_say_where_they_are(contained: Stack) -> None:
    broker = kafka.configuration(contained, prepare.KAFKA_DATA, prepare.SEEN)
    database = postgres.configuration(contained)

    assert f"listeners=CLIENTS://0.0.0.0:{settings()['TALON_KAFKA_PORT']}" in broker
    assert f"advertised.listeners=CLIENTS://{contained.kafka}," in broker
    assert "listen_addresses = '0.0.0.0'" in database
    assert f"port = {settings()['TALON_POSTGRES_PORT']}" in database
