"""What do the pages say? The catalogues in web/texts, read as they are."""

import re
from functools import cache
from pathlib import Path

from deploy.local.settings import CHECKOUT

WEB = CHECKOUT / "web"
LANGUAGES = ("ru", "en")
ENTRY = re.compile(r"^  '([\w.-]+)': (?:'([^'\n]*)'|\{(.*?)\}),$", re.M | re.S)
FORM = re.compile(r"(zero|one|two|few|many|other): '([^'\n]*)'")

Text = str | dict[str, str]


@cache
def catalogue(language: str) -> dict[str, Text]:
    """Every text by its name; one with plural forms is a dictionary of them."""
    said = "".join(path.read_text(encoding="utf-8") for path in paths_of(language))
    return {
        name: plain if not forms else dict(FORM.findall(forms))
        for name, plain, forms in ENTRY.findall(said)
    }


def paths_of(language: str) -> list[Path]:
    """The catalogue's files."""
    return sorted((WEB / "texts").glob(f"{language}*.js"))


def text(language: str, name: str, form: str = "one", **facts: str | int) -> str:
    """The text of this name, its gaps filled."""
    found = catalogue(language)[name]
    said = found if isinstance(found, str) else found[form]
    return said.format(**facts)
