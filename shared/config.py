"""How does a service learn its settings? From the environment, into one frozen Struct."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

PREFIX = "TALON_"


class SettingError(Exception):
    """A setting is missing or wrong; the message names it as it is spelled outside."""


def load(config_type: type[T], environ: Mapping[str, str]) -> T:
    """Read every field of `config_type` from `TALON_<FIELD>`; a default makes it optional."""
    given: dict[str, str] = {}
    for field in msgspec.structs.fields(config_type):
        name = PREFIX + field.name.upper()
        if environ.get(name):
            given[field.name] = environ[name]
        elif field.required:
            raise SettingError(f"{name} is not set; see docs/configuration.md")
    try:
        return msgspec.convert(given, config_type, strict=False)
    except msgspec.ValidationError as error:
        raise SettingError(f"a {PREFIX}* setting is wrong: {error}") from error
