"""Is what others made here as they made it, with its licence and its sum?"""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "web" / "api" / "vendor"
SCHEMA = ROOT / "tests" / "contracts" / "compose"
ROW = re.compile(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", re.MULTILINE)


@pytest.mark.parametrize("vendor", [VENDOR, SCHEMA], ids=lambda path: path.name)
def test_every_vendored_file_is_the_one_that_is_written_down_and_there_is_no_other(vendor: Path):
    told = dict(ROW.findall((vendor / "README.md").read_text("utf-8")))

    kept = {
        str(path.relative_to(vendor)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "README.md"
    }
    assert kept == told


def test_every_vendored_package_has_its_version_and_licence():
    said = (VENDOR / "README.md").read_text("utf-8")

    assert re.search(r"^Version: \d+\.\d+\.\d+$", said, re.MULTILINE)
    assert all((folder / "LICENSE").is_file() for folder in VENDOR.iterdir() if folder.is_dir())


def test_the_page_of_the_api_asks_nobody_else_and_has_nothing_inline():
    page = (VENDOR.parent / "index.html").read_text("utf-8")
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert [address for address in asked if "//" in address] == []
    assert re.findall(r"<style|style=|<script>|\son\w+=", page) == []
