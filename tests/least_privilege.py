"""What does docs/least-privilege.md say? Read, so that tests may hold it to what is so."""

import re

from deploy.local.settings import CHECKOUT

PAGE = CHECKOUT / "docs" / "least-privilege.md"

Table = dict[str, dict[str, set[str]]]


def table(heading: str) -> Table:
    """The first table under a heading: by row and column, what its cells list."""
    _, _, text = PAGE.read_text("utf-8").partition(f"# {heading}\n")
    rows: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    columns = [cell.strip("`") for cell in rows[0][1:]]
    return {
        first.strip("`"): {
            column: set(filter(None, re.split(r",\s*", cell)))
            for column, cell in zip(columns, cells, strict=True)
        }
        for first, *cells in rows[2:]
    }
