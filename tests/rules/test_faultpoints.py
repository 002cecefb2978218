"""Where may a process be ended by a fault point, and where never?"""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from services.booking.config import Config
from shared import faultpoints
from shared.config import SettingError

REACH = """
from shared import faultpoints
faultpoints.set_up("slots", {"TALON_FAULT_POINTS": %r})
faultpoints.reach(faultpoints.COMMITTED)
"""


def reached(folder: Path) -> int:
    """How a process of its own ends that comes by the point."""
    return subprocess.run([sys.executable, "-c", REACH % str(folder)], check=False).returncode


def test_a_point_that_is_not_armed_is_passed(tmp_path: Path):
    assert reached(tmp_path) == 0


def test_whoever_reaches_an_armed_point_is_gone_and_the_next_passes(tmp_path: Path):
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots" / faultpoints.COMMITTED).touch()

    assert [reached(tmp_path), reached(tmp_path)] == [-9, 0]


def test_another_service_s_point_is_passed(tmp_path: Path):
    (tmp_path / "notify").mkdir()
    (tmp_path / "notify" / faultpoints.COMMITTED).touch()

    assert reached(tmp_path) == 0


def test_in_production_they_are_refused(tmp_path: Path):
    environ = {"TALON_FAULT_POINTS": str(tmp_path), "TALON_ENV": "production"}

    with pytest.raises(SettingError, match="TALON_FAULT_POINTS"):
        faultpoints.set_up("slots", environ)


def test_a_service_that_is_told_of_them_in_production_does_not_start(tmp_path: Path):
    environ = os.environ | {
        "TALON_FAULT_POINTS": str(tmp_path),
        "TALON_ENV": "production",
        **{
            f"TALON_{field.name.upper()}": "x"
            for field in msgspec.structs.fields(Config)
            if field.required
        },
    }

    done = subprocess.run(
        [sys.executable, "-m", "services.booking"], env=environ, capture_output=True, check=False
    )

    assert done.returncode != 0
    assert b"TALON_FAULT_POINTS is set, and TALON_ENV says production" in done.stderr
