"""What is each setting, after the file, the environment and the stack have had their say?"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "deploy" / "settings.env"

PORT_DISTANCE = {"local": 0, "demo": 100, "test": 200, "bench": 300}
"""How far a stack's ports are from those in the file."""

DISTANCE_SETTING = "TALON_PORT_DISTANCE"
"""Gives a stack with a name of its own its distance."""

INSTANCE_DISTANCE = 10
"""How far one process's ports are from those of the process before it in the same service."""


class SettingError(Exception):
    """A setting is missing or makes no sense; the message names it."""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port, and the setting that moves it elsewhere."""

    number: int
    setting: str


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every TALON_* setting by name, for one stack."""

    stack: str
    values: dict[str, str]
    distance: int

    def text(self, name: str) -> str:
        """The setting's value; asking for one that the file does not know is a mistake."""
        try:
            return self.values[name]
        except KeyError:
            raise SettingError(f"{name} is not in deploy/settings.env") from None

    def number(self, name: str) -> int:
        """The setting's value as a whole number above zero."""
        text = self.text(name)
        if not text.isascii() or not text.isdigit() or int(text) == 0:
            raise SettingError(f"{name} must be a whole number above 0, not {text!r}")
        return int(text)

    def host(self, part: str) -> str:
        """Where a part is looked for: TALON_<PART>_HOST where each has a machine of its own."""
        return self.values.get(f"TALON_{part}_HOST") or self.text("TALON_HOST")

    def port(self, name: str, instance: int = 0) -> Port:
        """The port that this stack uses for the setting."""
        number = self.number(name) + self.distance + instance * INSTANCE_DISTANCE
        if number > 65535:
            raise SettingError(f"{name} leads to port {number}; the highest is 65535")
        return Port(number=number, setting=name)


def load(stack: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of one stack: the file's lines, each overridden by the environment."""
    values = read_file(FILE)
    values.update({name: text for name, text in environ.items() if name.startswith("TALON_")})
    return Settings(stack=stack, values=values, distance=_distance_of(stack, environ))


def read_file(path: Path) -> dict[str, str]:
    """The NAME=value lines of a settings file."""
    values: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.partition("=")
        if not separator or not name.startswith("TALON_"):
            raise SettingError(f"{path.name}:{number} is not TALON_NAME=value: {line}")
        values[name] = value
    return values


def _distance_of(stack: str, environ: Mapping[str, str]) -> int:
    if not stack.isascii() or not stack.replace("-", "").isalnum():
        raise SettingError(f"STACK={stack}: a stack's name is letters, digits and hyphens")
    if stack in PORT_DISTANCE:
        return PORT_DISTANCE[stack]
    text = environ.get(DISTANCE_SETTING, "")
    if not text.isascii() or not text.isdigit():
        known = ", ".join(PORT_DISTANCE)
        raise SettingError(
            f"STACK={stack} is none of {known}; give it ports of its own: {DISTANCE_SETTING}=400"
        )
    return int(text)
