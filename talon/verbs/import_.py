"""Brings in clinics and slots that others publish: a CSV table, a SMART Scheduling Links source."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import uvloop
from rich.console import Console

from deploy.local.stack import Stack
from talon.doors import open_doors
from talon.imports import practitioners, screen, sheet, smart
from talon.imports.course import Course, Wishes
from talon.imports.desk import Desk, OutageError
from talon.imports.faults import Fault, Faults, LineError, SourceError
from talon.imports.fetch import fetch
from talon.imports.identity import Identity
from talon.imports.moving import DAYS_AHEAD_MAX
from talon.imports.published import Assumed, Clinic, Slot, zone_of
from talon.imports.spool import open_spool
from talon.imports.taken import Taken, settle, take_in
from talon.mistakes import MistakeError
from talon.progress import console, steps
from talon.tokens import Signer

OPERATOR = UUID("5d0c2f0e-3b57-5b5c-9a0e-7a104709090f")
TOKEN_HOURS = 12.0
SHOWN_MAX = 3
GOOD, NOTHING_DONE, SOME_BAD = 0, 1, 3
TABLES = {"csv": sheet.template, "practitioners": practitioners.template}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def add_options(words: argparse.ArgumentParser) -> None:
    """From where, and what is to be made of it."""
    kinds = words.add_subparsers(dest="kind", required=True)
    table = kinds.add_parser("csv", help="a table with a row for each slot")
    table.add_argument("place", metavar="FILE", nargs="?")
    table.add_argument("--template", action="store_true", help="print a table to be filled in")
    table.add_argument("--delimiter", choices=DELIMITERS, help="found by itself if not given")
    links = kinds.add_parser("smart", help="a SMART Scheduling Links publication")
    links.add_argument("place", metavar="FOLDER_OR_URL")
    people = kinds.add_parser("practitioners", help="a table with a row for each practitioner")
    people.add_argument("place", metavar="FILE", nargs="?")
    people.add_argument("--template", action="store_true", help="print a table to be filled in")
    people.add_argument("--delimiter", choices=DELIMITERS, help="found by itself if not given")
    people.add_argument("--stack", default=argparse.SUPPRESS)
    _add_common(people)
    for kind in (table, links):
        kind.add_argument("--stack", default=argparse.SUPPRESS)
        _add_common(kind)
        kind.add_argument("--time-zone", default="", help="of clinics that do not say theirs")
        kind.add_argument("--service", default="", help="of all slots, whatever the source says")
        kind.add_argument("--shift-to", type=_day, metavar="DATE", help="day of the first slot")
        kind.add_argument("--close-missing", action="store_true", help="close what is gone")


def _add_common(kind: argparse.ArgumentParser) -> None:
    kind.add_argument("--source", help="the name by which things are known again")
    kind.add_argument("--dry-run", action="store_true", help="show the difference, change nothing")
    kind.add_argument("--report", type=Path, metavar="FILE", help="every bad line, as NDJSON")
    kind.add_argument("--show", type=int, default=SHOWN_MAX, help="so many bad lines of each kind")


def run(stack: Stack, options: argparse.Namespace) -> int:
    """0 when every line was good, 3 when some were not, 1 when nothing could be done."""
    if options.kind in TABLES and options.template:
        print(TABLES[options.kind](), end="")
        return GOOD
    _check(options)
    try:
        if options.kind == "practitioners":
            return _practitioners(stack, options, console())
        return _import(stack, options, console())
    except (SourceError, OutageError) as reason:
        return _explain(reason)
    except ExceptionGroup as group:
        known = group.subgroup((SourceError, OutageError))
        if known is None:
            raise
        return _explain(_first(known))
    except KeyboardInterrupt:
        print("talon import: stopped; the same again does the rest", file=sys.stderr)
        raise


def _import(stack: Stack, options: argparse.Namespace, out: Console) -> int:
    signer = Signer(stack)
    with open_spool() as spool, _faults(options) as faults:
        began = time.monotonic()
        with out.status("reads the source"), _source(options) as source:
            clinics = take_in(source.items, spool, faults)
            taken = settle(
                source.name,
                clinics,
                spool=spool,
                faults=faults,
                shift_to=options.shift_to,
                now=datetime.now(UTC),
            )
        screen.show_source(out, source.place, taken, time.monotonic() - began)
        if options.kind == "smart" and not options.time_zone:
            out.print("  no --time-zone was given: the clinics' days are taken to be those of UTC")
        if not clinics:
            screen.show_faults(out, faults)
            raise SourceError(f"nothing in {options.place} could be taken")
        token = signer.sign(OPERATOR, ["operator"], hours=TOKEN_HOURS)
        wishes = Wishes(dry_run=options.dry_run, close_missing=options.close_missing)
        course = uvloop.run(_ask(stack, token, taken, wishes, out))
        screen.show_difference(out, taken, course)
        out.print(screen.verdict(wishes, taken, course, time.monotonic() - began))
        return SOME_BAD if faults.total else GOOD


def _practitioners(stack: Stack, options: argparse.Namespace, out: Console) -> int:
    """The same of people: read, compared, said."""
    path = Path(options.place)
    identity = Identity(source=options.source or path.name)
    token = Signer(stack).sign(OPERATOR, ["operator"], hours=TOKEN_HOURS)
    with _faults(options) as faults:
        entries = []
        for item in practitioners.read(path, identity, DELIMITERS.get(options.delimiter, "")):
            if isinstance(item, Fault):
                faults.note(item)
            else:
                entries.append(item)
        tally = uvloop.run(_say(stack, token, entries, faults, dry_run=options.dry_run))
        screen.show_faults(out, faults)
        did = "would be said" if options.dry_run else "said"
        out.print(
            f"import: practitioners at {tally.clinics:,} clinics: {tally.new:,} new and"
            f" {tally.changed:,} changed {did}, {tally.same:,} as they should be;"
            f" {faults.total or 'no'} bad line{'' if faults.total in (0, 1) else 's'}"
        )
        return SOME_BAD if faults.total else GOOD


async def _say(
    stack: Stack, token: str, entries: list[practitioners.Entry], faults: Faults, *, dry_run: bool
) -> practitioners.Tally:
    async with open_doors(stack) as doors:
        desk = Desk(doors, token)
        await desk.greet()
        return await practitioners.take_in(desk, entries, faults, dry_run=dry_run)


async def _ask(stack: Stack, token: str, taken: Taken, wishes: Wishes, out: Console) -> Course:
    async with open_doors(stack) as doors:
        desk = Desk(doors, token)
        await desk.greet()
        with (
            steps(out) as under_way,
            under_way.step("clinics", len(taken.clinics)) as clinics,
            under_way.step("slots", taken.spool.slots) as slots,
        ):
            course = Course(desk, taken, wishes, slots.count)
            await course.run(clinics.count)
        return course


# ---- what was asked for ------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> None:
    if options.place is None:
        raise MistakeError("name a FILE, or print an empty table with --template")
    if options.kind in TABLES and not Path(options.place).is_file():
        raise MistakeError(f"{options.place} is no file")
    if options.kind == "smart" and not _is_url(options.place) and not Path(options.place).is_dir():
        raise MistakeError(f"{options.place} is neither a folder nor an http address")
    if options.kind == "practitioners":
        return
    if options.shift_to and options.shift_to > date.today() + timedelta(days=DAYS_AHEAD_MAX):
        raise MistakeError(f"--shift-to {options.shift_to} is over {DAYS_AHEAD_MAX} days ahead")
    if options.time_zone:
        try:
            zone_of(options.time_zone)
        except LineError as error:
            raise MistakeError(f"--time-zone: {error.reason}") from None


@contextmanager
def _faults(options: argparse.Namespace) -> Iterator[Faults]:
    try:
        faults = Faults(options.show, options.report)
    except OSError as error:
        raise MistakeError(f"--report {options.report}: {error.strerror}") from None
    with closing(faults):
        yield faults


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """By which name a source is known, where it is, and all that is in it."""

    name: str
    place: str
    items: Iterator[Clinic | Slot | Fault]


@contextmanager
def _source(options: argparse.Namespace) -> Iterator[Source]:
    """What was asked for, while the block runs."""
    assumed = Assumed(time_zone=options.time_zone, service=options.service)
    if options.kind == "csv":
        path = Path(options.place)
        delimiter = DELIMITERS.get(options.delimiter, "")
        items = sheet.Reader(path, assumed, delimiter).read()
        yield Source(name=options.source or path.name, place=options.place, items=items)
        return
    with tempfile.TemporaryDirectory(prefix="talon-import-") as folder:
        if _is_url(options.place):
            publication = uvloop.run(fetch(options.place, Path(folder)))
        else:
            publication = smart.in_folder(Path(options.place))
        if not assumed.time_zone:
            assumed = msgspec.structs.replace(assumed, time_zone="UTC")
        yield Source(
            name=options.source or publication.source,
            place=f"{options.place}, published {publication.published}",
            items=smart.Reader(publication, assumed).read(),
        )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2030-05-14") from None


def _is_url(place: str) -> bool:
    return "://" in place


def _explain(reason: BaseException) -> int:
    print(f"talon import: {reason}", file=sys.stderr)
    return NOTHING_DONE


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    reason = group.exceptions[0]
    return _first(reason) if isinstance(reason, BaseExceptionGroup) else reason
