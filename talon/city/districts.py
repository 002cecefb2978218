"""Which districts has Moscow, where about are they, and how many people live there?"""

from importlib.resources import files

import msgspec


class District(msgspec.Struct, frozen=True):
    """One district. The file's own note says what of this is real and what is approximate."""

    name: str
    okrug: str
    latitude: float
    longitude: float
    population: int


class Okrug(msgspec.Struct, frozen=True):
    """One administrative okrug."""

    code: str
    name: str


class Atlas(msgspec.Struct, frozen=True):
    """The whole file."""

    note: dict[str, str]
    okrugs: tuple[Okrug, ...]
    districts: tuple[District, ...]


def load() -> Atlas:
    """The file beside this one."""
    text = files("talon.city").joinpath("districts.json").read_bytes()
    return msgspec.json.decode(text, type=Atlas)


def share_out(districts: tuple[District, ...], seats: int) -> list[int]:
    """How many of `seats` clinics each district gets by its population (Sainte-Laguë's method)."""
    given = [0] * len(districts)
    for _ in range(seats):
        neediest = max(
            range(len(districts)), key=lambda n: districts[n].population / (2 * given[n] + 1)
        )
        given[neediest] += 1
    return given
