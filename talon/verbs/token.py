"""Prints a bearer token for one person, signed as the stack's issuer would."""

import argparse
from uuid import UUID, uuid4

from deploy.local.stack import Stack
from talon.city.plan import SEED, patient_id
from talon.mistakes import MistakeError
from talon.tokens import Signer

ROLES = ("patient", "staff", "operator", "auditor")
HOURS = 12.0


def add_options(words: argparse.ArgumentParser) -> None:
    """Whom it speaks for, in which role, for how long."""
    who = words.add_mutually_exclusive_group()
    who.add_argument("--sub", help="the person's id; a new one when nothing is said")
    who.add_argument("--patient", type=int, help="the city's patient of this number")
    words.add_argument("--seed", type=int, default=SEED, help="of the city whose patient is meant")
    words.add_argument("--role", choices=ROLES, default="patient")
    words.add_argument("--hours", type=float, default=HOURS)


def run(stack: Stack, options: argparse.Namespace) -> int:
    """The token alone on standard output, so that a shell can take it."""
    print(Signer(stack).sign(_subject(options), [options.role], hours=options.hours))
    return 0


def _subject(options: argparse.Namespace) -> UUID:
    if options.patient is not None:
        return patient_id(options.seed, options.patient)
    if options.sub is None:
        return uuid4()
    try:
        return UUID(options.sub)
    except ValueError:
        raise MistakeError(f"--sub {options.sub} is not a UUID") from None
