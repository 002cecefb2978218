"""How is the stack, for a person and for a program?"""

from datetime import datetime

import msgspec

from deploy.local import state
from deploy.local.stack import Stack
from deploy.local.state import PartState, StackState

_ROW = "{:<11} {:<11} {:>8}  {:<30} {:<9} {:>8}  {}"


def show(stack: Stack, *, as_json: bool) -> int:
    """A table, or one JSON object with the same facts."""
    live = state.read_live(stack.home)
    if as_json:
        print(_as_json(stack, live))
    elif live is None:
        print(f"stack {stack.name} is down; start it with: make up STACK={stack.name}")
    else:
        _print_table(stack, live)
    return 0


def _as_json(stack: Stack, live: StackState | None) -> str:
    said: dict[str, object] = {"stack": stack.name, "state": "down", "home": str(stack.home)}
    if live is not None:
        said |= {
            "state": live.state,
            "supervisor": live.supervisor.pid,
            "since": live.since,
            "ready_seconds": live.ready_seconds,
        }
    said["parts"] = [_fields(part) for part in live.parts] if live is not None else []
    return msgspec.json.format(msgspec.json.encode(said), indent=2).decode()


def _fields(part: PartState) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(part)
    del fields["process"]
    return fields | {"pid": part.process.pid if part.process else None}


def _print_table(stack: Stack, live: StackState) -> None:
    print(f"stack {stack.name} is {live.state}, up since {_clock(live.since)}, in {stack.home}")
    print(_ROW.format("part", "state", "process", "ports", "since", "restarts", "").rstrip())
    for part in live.parts:
        doors = " ".join(f"{use}:{number}" for use, number in part.ports.items())
        pid = part.process.pid if part.process else "-"
        since = _clock(part.since) if part.process else "-"
        row = (part.name, part.state, pid, doors, since, part.restarts, part.note)
        print(_ROW.format(*row).rstrip())


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S")
