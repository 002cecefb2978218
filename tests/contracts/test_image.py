"""Is everything in the image that is run from it, and nothing that is not?

No container is built here: the tree that the COPY lines make is laid out in a folder, and what the
image runs is run in it, by the interpreter of the tests.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.docker.prepare import EDGE_HOME
from deploy.local import vaults
from deploy.local.parts.edge import DEBIANS_NGINX
from deploy.local.parts.services import PUSHES, WITH_LINKS
from deploy.local.settings import CHECKOUT
from deploy.local.stack import SERVICES
from tests.containers import build_tree, containers, environment_of, is_sent, stages

RUN_SECONDS_MAX = 60
PACKAGES = ("shared", "services", "talon", "deploy")
CONTAINERS_OF_OURS = sorted(
    name for name, told in containers().items() if told["image"].startswith("talon:")
)

IMPORT_ALL = """
import importlib, json, pkgutil, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    for module in pkgutil.walk_packages(importlib.import_module(name).__path__, f"{name}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the image has in its /app."""
    folder = tmp_path_factory.mktemp("image") / "app"
    folder.mkdir()
    build_tree(folder)
    return folder


def _run(tree: Path, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
    """Run something as the image would: in its folder, with no setting but those that are told."""
    bare = {key: text for key, text in os.environ.items() if not key.startswith("TALON_")}
    return subprocess.run(
        [sys.executable, *words],
        cwd=tree,
        env=bare | {"PYTHONDONTWRITEBYTECODE": "1", "STACK": "local"} | told,
        text=True,
        capture_output=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
    )


# ---- what the Dockerfile says


def test_the_image_is_made_in_two_stages_from_one_pinned_python() -> None:
    bases = [stage[0].said.partition(" ")[0] for stage in stages()]

    assert len(bases) == 2
    assert bases[0] == bases[1]
    assert bases[0].startswith("python:3.11.")
    assert bases[0].endswith("-slim-bookworm")


def test_whoever_runs_it_is_not_root() -> None:
    words = [instruction.word for instruction in stages()[-1]]
    last = len(words) - 1 - words[::-1].index("USER")
    user = stages()[-1][last].said

    assert all(part.isdigit() and int(part) > 0 for part in user.split(":"))
    assert not set(words[last:]) & {"RUN", "COPY", "ADD"}


def test_every_package_is_checked_against_its_hash_and_none_is_compiled() -> None:
    (installing,) = [one.said for one in stages()[0] if one.word == "RUN"]

    assert "--require-hashes" in installing
    assert "--only-binary=:all:" in installing
    assert "--requirement requirements.lock" in installing
    assert "--no-index" in installing


def test_what_runs_has_no_way_to_install_anything() -> None:
    commands = " ".join(one.said for one in stages()[-1] if one.word == "RUN")

    assert "pip install" not in commands
    assert "apt-get" not in commands
    assert "pip uninstall --yes" in commands


def test_it_starts_without_a_shell_and_says_how_it_is() -> None:
    said = {one.word: one.said for one in stages()[-1]}

    assert json.loads(said["ENTRYPOINT"]) == ["python", "-m"]
    check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    assert check == containers()["slots"]["healthcheck"]["test"][1:]


def test_volumes_are_mounted_on_folders_that_belong_to_the_account() -> None:
    commands = " ".join(one.said for one in stages()[-1] if one.word == "RUN")
    made = set(commands.partition("install --directory ")[2].split())

    assert {"--owner=10001", "--group=10001"} <= made
    for name in CONTAINERS_OF_OURS:
        written = [text for text in containers()[name].get("volumes", []) if text[-3:] != ":ro"]
        assert {text.split(":")[1] for text in written} <= made


# ---- what is in it


def test_tests_and_what_only_a_developer_needs_stay_out(tree: Path) -> None:
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}

    assert {path.partition("/")[0] for path in files} == {*PACKAGES, "web", "LICENSE"}
    assert [path for path in files if "__pycache__" in path or path.endswith("setup.sh")] == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("shared/config.py", True),
        ("requirements.lock", True),
        ("shared/__pycache__/config.cpython-311.pyc", False),
        (".talon/local/secrets/slots", False),
        (".git/config", False),
        ("tests/containers.py", False),
        ("deploy/local/setup.sh", False),
    ],
)
def test_what_is_sent_to_the_builder_is_what_is_named(path: str, sent: bool) -> None:
    assert is_sent(path) == sent


def test_everything_that_is_imported_is_installed_in_it(tree: Path) -> None:
    done = _run(tree, "-c", IMPORT_ALL, *PACKAGES)
    assert done.returncode == 0, done.stderr
    imported = set(json.loads(done.stdout))

    owners = packages_distributions()
    needed = {canonicalize_name(owners[name][0]) for name in imported if name in owners}

    assert needed <= _installed()
    assert {"pytest", "hypothesis", "mypy"} & _installed() == set()


def _installed() -> set[str]:
    """What pip installs for pyproject.toml's dependencies: they, and what they need in turn."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    found: set[str] = set()
    waiting = [Requirement(text) for text in project["dependencies"]]
    while waiting:
        one = waiting.pop()
        extras = one.extras or {""}
        name = canonicalize_name(one.name)
        if name in found or (one.marker and not one.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        inner = [Requirement(text) for text in requires(name) or []]
        waiting += [
            Requirement(f"{i.name}{i.specifier}")
            for i in inner
            if not i.marker or any(i.marker.evaluate({"extra": extra}) for extra in extras)
        ]
    return found


# ---- what runs from it


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_as_far_as_asking_for_its_settings(tree: Path, service: str) -> None:
    done = _run(tree, "-m", f"services.{service}")

    assert done.returncode != 0
    assert done.stderr == f"{service}: TALON_DATABASE is not set; see docs/configuration.md\n"


@pytest.mark.parametrize("name", sorted(set(CONTAINERS_OF_OURS) - set(SERVICES)))
def test_whatever_else_a_container_runs_is_there(tree: Path, name: str) -> None:
    told = containers()[name]
    words = told.get("entrypoint", ["python", "-m"])[1:] + told.get("command", [])

    done = _run(tree, *words, "--help")

    assert done.returncode == 0, done.stderr


def test_the_command_line_explains_itself(tree: Path) -> None:
    said = next(one for one in stages()[-1] if one.word == "CMD")

    done = _run(tree, "-m", *json.loads(said.said))

    assert done.returncode == 0, done.stderr
    assert "token" in done.stdout


class Prepared(NamedTuple):
    """What `prepare` wrote, running from the image's tree."""

    given: Path
    secrets: Path


@pytest.fixture
def prepare(tree: Path, tmp_path: Path) -> Callable[..., Prepared]:
    """Runs it as its container does, but for where it writes and what else it is told."""
    written = Prepared(given=tmp_path / "given", secrets=tmp_path / "secrets")
    folders = ("--given", str(written.given), "--secrets", str(written.secrets))

    def run(**told: str) -> Prepared:
        done = _run(tree, "-m", "deploy.docker", "prepare", *folders, **told)
        assert done.returncode == 0, done.stdout + done.stderr
        return written

    return run


def test_it_prepares_all_that_the_other_containers_read(prepare: Callable[..., Prepared]) -> None:
    given, secrets = prepare(**environment_of("prepare"))

    assert (given / "edge" / "openapi.json").stat().st_size > 0
    assert (given / "web" / "api" / "index.html").is_file()
    (key,) = json.loads((given / "jwks.json").read_text("utf-8"))["keys"]
    assert key["alg"] == "ES256"
    assert "d" not in key, "the private half of the issuer's key is nobody's to read"
    for reader in (*SERVICES, "postgres", "kafka", "grafana"):
        kept = {path.name: path.read_text("ascii") for path in (secrets / reader).iterdir()}
        assert kept
        assert ("links" in kept) == (reader in WITH_LINKS)
        assert ("push" in kept) == (reader == PUSHES)
        assert ("vault" in kept) == (reader in vaults.SERVICES)
        assert all(text.strip() for text in kept.values())


def test_who_prepares_again_makes_nothing_up_anew(prepare: Callable[..., Prepared]) -> None:
    given, secrets = prepare(**environment_of("prepare"))
    kept = [given / "jwks.json", *(path for path in secrets.rglob("*") if path.is_file())]
    before = [path.read_text("ascii") for path in kept]

    prepare(**environment_of("prepare"))

    assert [path.read_text("ascii") for path in kept] == before


def test_nginx_takes_what_was_prepared(prepare: Callable[..., Prepared], tmp_path: Path) -> None:
    # Debian 12's nginx knows neither these names nor how to ask for them again and again.
    near = {f"TALON_{service.upper()}_HOST": "127.0.0.1" for service in SERVICES}
    conf = (
        prepare(**environment_of("prepare") | near | {"TALON_EDGE_RESOLVER": ""}).given
        / "edge/conf"
    )
    home = tmp_path / "home"
    home.mkdir()
    for path in conf.iterdir():
        path.write_text(path.read_text("utf-8").replace(str(EDGE_HOME), str(home)), "utf-8")

    nginx = shutil.which("nginx") or DEBIANS_NGINX
    command = (nginx, "-t", "-p", str(home), "-e", "stderr", "-c", str(conf / "nginx.conf"))
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_the_edge_asks_again_and_again_where_a_service_is(prepare: Callable[..., Prepared]) -> None:
    conf = prepare(**environment_of("prepare")).given / "edge" / "conf"

    said = (conf / "upstreams.conf").read_text("utf-8")

    assert said.startswith("resolver 127.0.0.11 valid=1s")
    for service in SERVICES:
        port = environment_of(service)["TALON_PORT"]
        assert f"server {service}:{port} fail_timeout=2s resolve" in said


def test_prometheus_asks_every_service_at_its_own_door(prepare: Callable[..., Prepared]) -> None:
    folder = prepare(**environment_of("prepare")).given / "prometheus"

    told = yaml.safe_load((folder / "prometheus.yml").read_text("utf-8"))
    named = [job["dns_sd_configs"][0] for job in told["scrape_configs"] if "dns_sd_configs" in job]
    asked = json.loads((folder / "targets" / "stack.json").read_text("utf-8"))

    assert {(one["names"][0], one["port"]) for one in named} == {
        (name, int(environment_of(name)["TALON_OPS_PORT"])) for name in SERVICES
    }
    assert {one["targets"][0].partition(":")[0] for one in asked} == {"edge", "prometheus"}
    assert list((folder / "rules").glob("*.yml")) != []


def test_prometheus_takes_what_was_prepared(prepare: Callable[..., Prepared]) -> None:
    told = prepare(**environment_of("prepare")).given / "prometheus" / "prometheus.yml"

    command = ("promtool", "check", "config", str(told))
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
