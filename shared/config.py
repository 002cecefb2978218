"""How does a service learn its settings? From the environment, into one frozen Struct."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

PREFIX = "TALON_"
IN_A_FILE = "_FILE"


class SettingError(Exception):
    """A setting is missing or wrong; the message names it as it is spelled outside."""


def load(config_type: type[T], environ: Mapping[str, str]) -> T:
    """Read every field of `config_type` from `TALON_<FIELD>`; a default makes it optional.

    What is secret may be in a file instead, named by `TALON_<FIELD>_FILE`: an environment is seen
    by everyone who may look at a container.
    """
    given: dict[str, str] = {}
    for field in msgspec.structs.fields(config_type):
        name = PREFIX + field.name.upper()
        if text := _said(name, environ):
            given[field.name] = text
        elif field.required:
            raise SettingError(f"{name} is not set; see docs/configuration.md")
    try:
        return msgspec.convert(given, config_type, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"a {PREFIX}* setting is wrong: {error}") from error


def _said(name: str, environ: Mapping[str, str]) -> str:
    path = environ.get(name + IN_A_FILE)
    if not path:
        return environ.get(name, "")
    if environ.get(name):
        raise SettingError(f"{name} and {name}{IN_A_FILE} are both set; set one of them")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}{IN_A_FILE} cannot be read: {error}") from error
