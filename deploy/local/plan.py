"""Which parts does this stack consist of?"""

from collections.abc import Mapping, Sequence

from deploy.local.parts import Part, edge, kafka, postgres, prometheus, services, sink
from deploy.local.settings import SettingError
from deploy.local.stack import SERVICES, Stack

FOUNDATIONS = {"postgres": postgres.part, "kafka": kafka.part, "sink": sink.part}
AROUND = {"edge": edge.part, "prometheus": prometheus.part}
"""Parts that must know how many processes each service has."""

PARTS = (*FOUNDATIONS, *SERVICES, *AROUND)
PROCESSES_MAX = 9
"""With more of one service its ports would run into the next stack's."""


def plan(stack: Stack, only: Sequence[str], scale: Mapping[str, int]) -> tuple[Part, ...]:
    """The parts in the order of their names' list; all of them unless `only` says which."""
    unknown = sorted((set(only) - set(PARTS)) | (set(scale) - set(SERVICES)))
    if unknown:
        raise SettingError(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if any(not 1 <= count <= PROCESSES_MAX for count in scale.values()):
        raise SettingError(f"a service has 1 to {PROCESSES_MAX} processes")
    wanted = only or PARTS
    parts = [make(stack) for name, make in FOUNDATIONS.items() if name in wanted]
    for service in SERVICES:
        if service in wanted:
            count = scale.get(service, 1)
            parts += [services.part(stack, service, instance) for instance in range(count)]
    parts += [make_around(stack, scale) for name, make_around in AROUND.items() if name in wanted]
    return tuple(parts)
