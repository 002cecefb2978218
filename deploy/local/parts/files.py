"""How is a template of deploy/ filled in for one stack?"""

from collections.abc import Mapping
from pathlib import Path
from string import Template

from deploy.local.settings import CHECKOUT


def rendered(template: str, values: Mapping[str, str | int]) -> str:
    """The template's text with every ${name} filled in; a name without a value is a mistake."""
    return Template(source(template)).substitute(values)


def source(path: str) -> str:
    """The text of a file below deploy/."""
    return (CHECKOUT / "deploy" / path).read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    """Write a file into a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
