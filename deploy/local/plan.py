"""Which parts does this stack consist of?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from deploy.local.parts import Part, edge, kafka, postgres, prometheus, services, sink
from deploy.local.settings import SettingError
from deploy.local.stack import SERVICES, Stack

FOUNDATIONS = {"postgres": postgres.part, "kafka": kafka.part, "sink": sink.part}
AROUND = {"edge": edge.part, "prometheus": prometheus.part}
"""Parts that must know how many processes each service has."""

OTHERS = (*FOUNDATIONS, *AROUND)
PARTS = (*FOUNDATIONS, *SERVICES, *AROUND)
PROCESSES_MAX = 9
"""With more of one service its ports would run into the next stack's."""


def plan(stack: Stack, only: Sequence[str], counts: Mapping[str, int]) -> tuple[Part, ...]:
    """The parts in the order of their names' list; all of them unless `only` says which.

    Who stands around the services reads `counts` again whenever that is written down.
    """
    check(only, counts)
    wanted = only or PARTS
    parts = [make(stack) for name, make in FOUNDATIONS.items() if name in wanted]
    for service in SERVICES:
        if service in wanted:
            parts += [services.part(stack, service, nth) for nth in range(counts[service])]
    parts += [make_around(stack, counts) for name, make_around in AROUND.items() if name in wanted]
    return tuple(parts)


def check(only: Sequence[str], counts: Mapping[str, int]) -> None:
    """Raises `SettingError` where there is no such part, or not so many of it."""
    unknown = sorted((set(only) - set(PARTS)) | (set(counts) - set(SERVICES)))
    if unknown:
        raise SettingError(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if any(not 1 <= count <= PROCESSES_MAX for count in counts.values()):
        raise SettingError(f"a service has 1 to {PROCESSES_MAX} processes")


def one_each(counts: Mapping[str, int]) -> dict[str, int]:
    """As many processes of each service as was said, and one where nothing was."""
    return dict.fromkeys(SERVICES, 1) | dict(counts)


def counts_of(names: Iterable[str]) -> dict[str, int]:
    """How many processes each service has where the parts have these names."""
    return dict(Counter(name.partition("-")[0] for name in names if name not in OTHERS))
