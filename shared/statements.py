"""Which SQL statement has which name? Reads `-- name:` blocks from the packages' sql folders."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def load(package: str) -> dict[str, str]:
    """All named statements in `<package>/sql/*.sql`, by name."""
    statements: dict[str, str] = {}
    folder = files(package).joinpath("sql")
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".sql"):
            for name, text in _split(entry.read_text(encoding="utf-8")):
                if name in statements:
                    raise ValueError(f"two statements in {package} are named {name}")
                statements[name] = text
    return statements


def _split(text: str) -> list[tuple[str, str]]:
    parts = _NAME.split(text)
    return [(parts[i], parts[i + 1].strip()) for i in range(1, len(parts), 2)]
