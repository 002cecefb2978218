"""Is the half second that comes next always the one that will be now?

The patterns are nginx's, read from its template and tried by Python, which names groups otherwise.
"""

import re
from collections.abc import Callable

import pytest

from deploy.local.parts.files import source

MAPS = source("nginx/reads.conf")
ROW_OF_DIGITS = " 0123456789"
SECONDS = [1_790_000_000, 1_790_000_009, 1_790_000_099, 1_790_000_123, 1_999_999_999]


def _map(name: str) -> Callable[[str], str]:
    """The map that gives this variable, as a function."""
    found = re.search(rf"^map [^{{]+ \${name} {{\n(.*?)^}}", MAPS, re.DOTALL | re.MULTILINE)
    assert found is not None
    lines = re.findall(r'^ +"~(.+)" (\S+);$', found[1], re.MULTILINE)
    rules = [(_in_python(pattern), value) for pattern, value in lines]

    def look_up(text: str) -> str:
        for pattern, value in rules:
            if hit := re.search(pattern, text):
                return re.sub(r"\$\{?(\w+)\}?", lambda named: hit[named[1]], value)
        return "default"

    return look_up


def _in_python(pattern: str) -> str:
    return re.sub(r"\\k<(\w+)>", r"(?P=\1)", pattern.replace("(?<", "(?P<"))


this_half, next_half, looks_ahead = _map("this_half"), _map("next_half"), _map("looks_ahead")


@pytest.mark.parametrize("second", SECONDS)
def test_the_first_half_of_a_second_is_followed_by_its_second_half(second: int) -> None:
    for moment in (f"{second}.000", f"{second}.499"):
        assert this_half(moment) == f"{second}.0"
        assert next_half(moment + ROW_OF_DIGITS) == f"{second}.5"


def test_the_second_half_of_a_second_is_followed_by_the_next_second() -> None:
    for second in range(1_790_000_000, 1_790_002_000):
        follows = next_half(f"{second}.987{ROW_OF_DIGITS}")

        # Three places are carried over; at the thousandth second nobody looks ahead.
        assert follows == ("default" if second % 1000 == 999 else this_half(f"{second + 1}.000"))


def test_the_nearer_the_end_of_a_half_second_the_more_look_ahead() -> None:
    ids = [f"{number:032x}" for number in range(1024)]

    def share(moment: str) -> float:
        return sum(looks_ahead(f"{moment} {each}") == "1" for each in ids) / len(ids)

    for half in (0, 5):
        shares = [
            share(f"1790000000.{half + tenth}{rest}")
            for tenth, rest in ((0, "00"), (2, "99"), (3, "00"), (3, "50"), (4, "49"), (4, "99"))
        ]
        assert shares == [0, 0, 4 / 256, 1 / 16, 3 / 16, 1 / 2]
