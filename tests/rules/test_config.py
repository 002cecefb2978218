"""How does a service learn what nobody else may see?"""

from pathlib import Path

import msgspec
import pytest

from shared import config
from shared.config import SettingError


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Two settings, as a service has many."""

    database: str
    port: int = 8101


def test_a_secret_comes_from_the_file_that_is_named(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql://slots:secret@postgres/talon\n", "utf-8")

    read = config.load(Config, {"TALON_DATABASE_FILE": str(secret)})

    assert read == Config(database="postgresql://slots:secret@postgres/talon")


def test_a_file_that_is_not_there_is_a_mistake_that_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="TALON_DATABASE_FILE cannot be read"):
        config.load(Config, {"TALON_DATABASE_FILE": str(tmp_path / "missing")})


def test_an_empty_file_is_a_setting_that_is_not_set(tmp_path: Path) -> None:
    empty = tmp_path / "database"
    empty.touch()

    with pytest.raises(SettingError, match="TALON_DATABASE is not set"):
        config.load(Config, {"TALON_DATABASE_FILE": str(empty)})


def test_who_says_it_twice_is_asked_which_is_meant(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql://slots@postgres/talon", "utf-8")
    said = {"TALON_DATABASE": "postgresql://slots@elsewhere/talon"}

    with pytest.raises(SettingError, match="TALON_DATABASE and TALON_DATABASE_FILE are both set"):
        config.load(Config, said | {"TALON_DATABASE_FILE": str(secret)})


def test_a_wrong_text_in_a_file_is_not_told_to_the_log(tmp_path: Path) -> None:
    secret = tmp_path / "port"
    secret.write_text("not-a-number-but-perhaps-a-password", "utf-8")

    with pytest.raises(SettingError) as told:
        config.load(Config, {"TALON_DATABASE": "x", "TALON_PORT_FILE": str(secret)})

    assert "password" not in str(told.value)
