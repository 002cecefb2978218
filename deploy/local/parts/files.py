"""How is a template of deploy/ filled in for one stack?"""

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from deploy.local.settings import CHECKOUT


def rendered(template: str, values: Mapping[str, str | int]) -> str:
    """The template's text with every ${name} filled in; a name without a value is a mistake."""
    return Template(source(template)).substitute(values)


def braced(template: str, values: Mapping[str, str | int]) -> str:
    """The same with {{name}}, for a language in which $ already means something."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(values[found[1]]), source(template))


def source(path: str) -> str:
    """The text of a file below deploy/."""
    return (CHECKOUT / "deploy" / path).read_text(encoding="utf-8")


def write(path: Path, text: str) -> None:
    """Write a file into a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
