"""What does a SMART Scheduling Links publication offer? Read from a folder, a line at a time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from talon.imports import fhir
from talon.imports.faults import WHOLE_FILE, Fault, LineError, SourceError
from talon.imports.fhir import Offered
from talon.imports.lines import LINE_BYTES_MAX, lines_of
from talon.imports.published import CLINICS_MAX, Assumed, Clinic, Slot

T = TypeVar("T")

MANIFEST = "$bulk-publish"
MANIFEST_BYTES_MAX = 1_000_000
FILES_MAX = 1_000
SCHEDULES_MAX = 100_000
"""Like the clinics they are kept in memory, since every slot refers to one; slots are not."""

KINDS = LOCATION, SCHEDULE, SLOT = "Location", "Schedule", "Slot"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a publication: what is in it, what people call it, where it lies."""

    kind: str
    name: str
    path: Path


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest says, with each of its files found in a folder."""

    source: str
    published: str
    parts: tuple[Part, ...]


def read_manifest(path: Path) -> fhir.Manifest:
    """The manifest of a publication, on this machine."""
    if not path.is_file():
        raise SourceError(f"{path} is missing; a publication begins with its manifest")
    if path.stat().st_size > MANIFEST_BYTES_MAX:
        raise SourceError(f"{path} has more than {MANIFEST_BYTES_MAX:,} bytes")
    try:
        said = fhir.manifest(path.read_bytes())
    except LineError as error:
        raise SourceError(f"{path} is no manifest: {error.reason}") from None
    if len(said.output) > FILES_MAX:
        raise SourceError(f"{path} names more than {FILES_MAX:,} files")
    return said


def in_folder(folder: Path) -> Publication:
    """The publication of a folder: the manifest's addresses are looked up by file name there."""
    said = read_manifest(folder / MANIFEST)
    return Publication(
        source=said.request or folder.resolve().name,
        published=said.transaction_time,
        parts=tuple(
            Part(kind=output.type, name=name_of(output.url), path=folder / name_of(output.url))
            for output in said.output
        ),
    )


def name_of(url: str) -> str:
    """The file name at the end of an address; nothing in it leads out of a folder."""
    try:
        name = PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError:
        name = ""
    return "".join(c for c in name if c.isprintable()) or "unnamed"


class Reader:
    """One pass over a publication, in the order in which its files refer to each other."""

    def __init__(self, publication: Publication, assumed: Assumed) -> None:
        self._publication = publication
        self._assumed = assumed
        self._clinics: dict[str, Clinic] = {}
        self._schedules: dict[str, Offered] = {}
        self._seen: dict[str, str] = {}

    def read(self) -> Iterator[Clinic | Slot | Fault]:
        """Every clinic, then every slot, and what is wrong wherever it is found."""
        yield from self._twice_named()
        yield from self._lines(LOCATION, self._clinic)
        yield from self._lines(SCHEDULE, self._schedule)
        yield from self._lines(SLOT, self._slot)

    def _clinic(self, raw: bytes, file: str, line: int) -> Clinic:
        clinic = fhir.clinic(raw, self._assumed)
        self._once(LOCATION, clinic.key, f"{file}:{line}")
        _limit(self._clinics, CLINICS_MAX, "clinics")
        self._clinics[clinic.key] = clinic
        return clinic

    def _schedule(self, raw: bytes, file: str, line: int) -> None:
        key, offered = fhir.schedule(raw, self._clinics.get, self._assumed)
        self._once(SCHEDULE, key, f"{file}:{line}")
        _limit(self._schedules, SCHEDULES_MAX, "schedules")
        self._schedules[key] = offered

    def _slot(self, raw: bytes, file: str, line: int) -> Slot:
        return fhir.slot(raw, self._schedules.get, file, line)

    def _lines(self, kind: str, take: Callable[[bytes, str, int], T | None]) -> Iterator[T | Fault]:
        parts = {part.path: part for part in self._publication.parts if part.kind == kind}
        for part in parts.values():
            if not part.path.is_file():
                yield _missing(part)
                continue
            for line, raw in lines_of(part.path):
                if raw is not None and not raw.strip():
                    continue
                try:
                    taken = take(_whole(raw), part.name, line)
                except LineError as error:
                    yield _fault(part, line, raw or b"", error)
                else:
                    if taken is not None:
                        yield taken

    def _once(self, kind: str, key: str, where: str) -> None:
        first = self._seen.setdefault(f"{kind}/{key}", where)
        if first != where:
            raise LineError("duplicate", f"{kind} {key!r} is in {first} already")

    def _twice_named(self) -> Iterator[Fault]:
        """Files of one name in different folders of a publisher cannot both lie in one of ours."""
        paths = Counter(part.path for part in self._publication.parts)
        for path, times in paths.items():
            if times > 1:
                yield Fault(
                    file=MANIFEST,
                    line=WHOLE_FILE,
                    code="duplicate",
                    reason=f"{times} of its addresses end with {path.name}; read it from its URL",
                    hides_slot=True,
                )


def _whole(raw: bytes | None) -> bytes:
    if raw is None:
        raise LineError("line_too_long", f"it has more than {LINE_BYTES_MAX:,} bytes")
    return raw


def _fault(part: Part, line: int, raw: bytes, error: LineError) -> Fault:
    named = fhir.name_in(raw) if part.kind == SLOT else ""
    return Fault(
        file=part.name,
        line=line,
        code=error.code,
        reason=error.reason,
        slot=named,
        hides_slot=part.kind == SLOT and not named,
    )


def _missing(part: Part) -> Fault:
    return Fault(
        file=part.name,
        line=WHOLE_FILE,
        code="missing_file",
        reason=f"the manifest names it, and {part.path} is not there",
        hides_slot=part.kind == SLOT,
    )


def _limit(known: Mapping[str, object], limit: int, what: str) -> None:
    if len(known) >= limit:
        raise LineError("too_many", f"a publication may have {limit:,} {what}")
