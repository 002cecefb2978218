"""Brings a whole city up, plays its busiest morning, and audits it; leaves nothing running."""

import argparse
import os
import signal
import sys
import time

import uvloop
from rich.console import Console

import deploy.local.__main__ as local
from deploy.local.stack import SERVICES, Stack
from talon.audit.sabotage import sabotage
from talon.city import home
from talon.city.plan import CLINICS, PATIENTS, TIME_ZONE
from talon.mistakes import MistakeError
from talon.progress import console
from talon.verbs import audit, city, import_, rush

STOPPED = 130

GUESTS = 6
RISE = 70.0
"""PrepMod's arrivals rose so many times within minutes; here it is seconds."""

READS = 50
"""The least that others report: pages read for each booking."""

RATE = 100.0
"""People a second at the peak, with all that is read meanwhile on the same cores."""


def add_options(words: argparse.ArgumentParser) -> None:
    """The verbs it plays take theirs from here."""
    rush.add_options(words)
    audit.add_options(words)
    words.set_defaults(
        clinics=CLINICS, patients=PATIENTS, guests=GUESTS, rise=RISE, reads=READS, rate=RATE
    )


def run(stack: Stack, options: argparse.Namespace) -> int:
    """The exit code is the audit's."""
    out = console()
    began = time.monotonic()
    code = STOPPED
    keeps = bool(os.environ.get("KEEP"))
    try:
        code = _play(stack, options, out)
    finally:
        if keeps and code != STOPPED:
            _tell_addresses(stack, out)
        else:
            _leave_nothing(stack)
    out.print(f"demo: {time.monotonic() - began:.0f} s in all, exit code {code}")
    return code


def _play(stack: Stack, options: argparse.Namespace, out: Console) -> int:
    _stop_as_if_by_ctrl_c()
    _ask_stack("reset", stack)
    _ask_stack("up", stack)
    _stop_as_if_by_ctrl_c()  # again, since the stack has signals of its own while it comes up
    out.rule("the city", align="left")
    city.run(stack, options)
    out.rule("the import", align="left")
    _bring_guests_in(stack)
    out.rule("the rush", align="left")
    rush.run(stack, options)
    if os.environ.get("SABOTAGE"):
        out.rule("sabotage", align="left")
        out.print(
            f"taken away: {uvloop.run(sabotage(stack))}; the audit must see it", soft_wrap=True
        )
    out.rule("the audit", align="left")
    return audit.run(stack, options)


def _bring_guests_in(stack: Stack) -> None:
    """Whatever somebody else publishes, as anybody would take it in."""
    words = argparse.ArgumentParser()
    import_.add_options(words)
    folder = str(home.publication_in(stack))
    code = import_.run(stack, words.parse_args(["smart", folder, "--time-zone", TIME_ZONE]))
    if code != 0:
        raise MistakeError(f"the import ended with {code}")


def _ask_stack(verb: str, stack: Stack) -> None:
    code = local.main([verb, "--stack", stack.name])
    if code == STOPPED:
        raise KeyboardInterrupt
    if code != 0:
        raise MistakeError(f"the stack did not do what it was asked: {verb} ended with {code}")


def _leave_nothing(stack: Stack) -> None:
    """Whoever presses Ctrl-C again is patient for once: half a stop would leave processes."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdout.flush()
    local.main(["down", "--stack", stack.name])


def _tell_addresses(stack: Stack, out: Console) -> None:
    token = home.load(stack).tokens[-1]
    rows = {
        "the page": f"{stack.edge}/",
        "the page, signed in": f"{stack.edge}/#token={token}",
        "the API": f"{stack.edge}/api/v1, described at {stack.edge}/api/",
        **{f"metrics of {service}": f"{stack.ops(service)}/metrics" for service in SERVICES},
        "a token": f"python -m talon token --patient 0 --stack {stack.name}",
        "end it with": f"make down STACK={stack.name}",
    }
    for name, said in rows.items():
        out.print(f"  {name}: {said}", soft_wrap=True, highlight=False)


def _stop_as_if_by_ctrl_c() -> None:
    """A closed terminal and a plain kill end the demo as Ctrl-C does, wherever it is."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
