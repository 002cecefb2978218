"""What do docker-compose.yml and the Dockerfile say, read as Docker would read them?"""

import json
import re
import shlex
import shutil
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from deploy.local.settings import CHECKOUT, FILE, read_file

Container = dict[str, Any]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its lines joined."""

    word: str
    said: str

    @property
    def words(self) -> list[str]:
        """What is said, divided as a shell or, in brackets, as JSON would."""
        if self.said.startswith("["):
            words: list[str] = json.loads(self.said)
            return words
        return shlex.split(self.said)


@cache
def compose() -> dict[str, Any]:
    """The whole file; anchors and merges are resolved."""
    told: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
    return told


def containers() -> dict[str, Container]:
    """Every container by its name."""
    told: dict[str, Container] = compose()["services"]
    return told


def environment_of(name: str) -> dict[str, str]:
    """What a container's program finds in its environment: its file's lines, then its own."""
    told = containers()[name]
    lines = read_file(CHECKOUT / told["env_file"]) if "env_file" in told else {}
    return lines | told.get("environment", {})


def mounts_of(name: str) -> dict[str, str]:
    """What a container sees: by the path inside, the volume's name or the folder outside."""
    pairs = [text.split(":") for text in containers()[name].get("volumes", [])]
    return {pair[1]: pair[0] for pair in pairs}


def settings() -> dict[str, str]:
    """The one file of settings."""
    return read_file(FILE)


@cache
def stages() -> list[list[Instruction]]:
    """The Dockerfile's stages; each begins with its FROM."""
    text = (CHECKOUT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, said = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, said.strip()))
    return found


def build_tree(folder: Path) -> None:
    """Lay the last stage's files out in a folder, as COPY lines and .dockerignore say."""
    for instruction in stages()[-1]:
        words = instruction.words if instruction.word == "COPY" else []
        if not words or words[0].startswith("--from"):
            continue
        *sources, target = words
        for source in sources:
            assert (CHECKOUT / source).exists(), f"COPY {source}: there is no such thing"
            _copy(source, folder / target)


def _copy(source: str, target: Path) -> None:
    path = CHECKOUT / source
    if path.is_file():
        assert is_sent(source)
        shutil.copy(path, target / source if target.is_dir() else target)
        return
    for inner in path.rglob("*"):
        if inner.is_file() and is_sent(str(inner.relative_to(CHECKOUT))):
            place = target / inner.relative_to(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(inner, place)


def is_sent(path: str) -> bool:
    """Does .dockerignore let a file through? The last line that fits it or its folder decides."""
    sent = True
    for line in (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            shape = _shape(pattern.removeprefix("!"))
            if any(shape.fullmatch(part) for part in _and_its_folders(path)):
                sent = pattern.startswith("!")
    return sent


def _shape(pattern: str) -> re.Pattern[str]:
    whole = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(whole)


def _and_its_folders(path: str) -> list[str]:
    return [path, *(str(folder) for folder in Path(path).parents if str(folder) != ".")]
