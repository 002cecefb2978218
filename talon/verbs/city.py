"""Makes the city: clinics, two weeks of slots, a campaign, patients with tokens and families."""

import argparse
import asyncio
import time
from uuid import UUID

import msgspec
import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.city import home, plan
from talon.city.build import Builder
from talon.city.doctors import DOCTORS
from talon.city.home import Kept
from talon.city.plan import Plan, operator_id, patient_id
from talon.city.publication import publish
from talon.doors import open_doors
from talon.mistakes import MistakeError
from talon.progress import Steps, console, steps
from talon.tokens import Signer

TOKEN_HOURS = 24.0


def add_options(words: argparse.ArgumentParser) -> None:
    """How large, and from which seed."""
    words.add_argument("--seed", type=int, default=plan.SEED)
    words.add_argument("--clinics", type=int, default=plan.CLINICS)
    words.add_argument("--patients", type=int, default=plan.PATIENTS)
    words.add_argument(
        "--guests", type=int, default=0, help="clinics only published, for `talon import smart`"
    )


def run(stack: Stack, options: argparse.Namespace) -> int:
    """Set the city up; a second time it changes nothing and signs new tokens."""
    out = console()
    kept = _kept(stack, options)
    city = home.plan_of(kept)
    uvloop.run(_build(stack, city, kept, out))
    if options.guests:
        folder = publish(city, home.publication_in(stack))
        out.print(f"  {options.guests} clinics more are published in {folder}")
    return 0


def _kept(stack: Stack, options: argparse.Namespace) -> Kept:
    """What was set up before, or a city from tomorrow on; one stack has one city."""
    asked = (options.seed, options.clinics, options.patients, options.guests)
    kept = home.read_kept(stack)
    if kept is None:
        return Kept(
            seed=options.seed,
            first_day=plan.tomorrow(),
            clinics=options.clinics,
            patients=options.patients,
            guests=options.guests,
        )
    if asked != (kept.seed, kept.clinics, kept.patients, kept.guests):
        raise MistakeError(
            f"stack {stack.name} has another city (seed {kept.seed}, {kept.clinics} clinics,"
            f" {kept.patients} patients, {kept.guests} guests);"
            f" start afresh with: make reset STACK={stack.name}"
        )
    return kept


async def _build(stack: Stack, city: Plan, kept: Kept, out: Console) -> None:
    began = time.monotonic()
    signer = Signer(stack)
    tokens = _tokens(signer, city, out)
    operator = signer.sign(operator_id(city.seed), ["operator"], hours=TOKEN_HOURS)
    async with open_doors(stack) as doors:
        builder = Builder(doors, city, operator=operator, tokens=tokens)
        with steps(out) as under_way:
            families = await _ask_for_all(builder, city, under_way)
        await builder.until_known()
    home.keep(stack, msgspec.structs.replace(kept, families=families), tokens)
    out.print(
        f"city: {len(city.clinics)} clinics, {len(city.slots):,} slots with {city.places:,} places"
        f" from {city.first_day}, {city.patients:,} patients, {time.monotonic() - began:.1f} s"
    )


def _tokens(signer: Signer, city: Plan, out: Console) -> list[str]:
    began = time.monotonic()
    tokens = [
        signer.sign(patient_id(city.seed, n), ["patient"], hours=TOKEN_HOURS)
        for n in range(city.patients)
    ]
    out.print(f"  {len(tokens):,} tokens signed in {time.monotonic() - began:.1f} s")
    return tokens


async def _ask_for_all(
    builder: Builder, city: Plan, under_way: Steps
) -> dict[int, tuple[UUID, ...]]:
    """Clinics come before their slots; the people come at the same time."""
    children = sum(city.dependants().values())
    with (
        under_way.step("clinics", len(city.own_clinics)) as clinics,
        under_way.step("lists of slots", len(city.own_clinics)) as slots,
        under_way.step("practitioners", min(DOCTORS, len(city.own_clinics))) as practices,
        under_way.step("campaigns", 1) as campaigns,
        under_way.step("contacts", city.patients) as contacts,
        under_way.step("dependants", children) as dependants,
    ):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(builder.contacts(contacts.count))
            families = tasks.create_task(builder.families(dependants.count))
            await builder.clinics(clinics.count)
            await builder.slots(slots.count)
            await builder.doctors(practices.count)
            await builder.campaign(campaigns.count)
    return families.result()
