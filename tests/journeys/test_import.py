"""What becomes of a publication on the whole stack: the first time, again, in part, interrupted?"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local.settings import CHECKOUT
from talon.imports.identity import Identity
from talon.imports.sheet import template
from talon.tokens import Signer
from tests.publications import NINE, a_slot_line, publish
from tests.town import Town

GOOD, SOME_BAD, STOPPED = 0, 3, 130
SECONDS_MAX = 60.0
SLOT = timedelta(minutes=30)


class Importer:
    """Somebody with a publication of their own, which begins in three days."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.folder = folder
        self.source = f"https://clinics.example/{uuid4()}"
        self.first_day: date = datetime.now(UTC).date() + timedelta(days=3)
        self.identity = Identity(source=self.source, days=(self.first_day - NINE.date()).days)

    def words(self, *words: str, place: Path | None = None, kind: str = "smart") -> list[str]:
        """The command line of an import."""
        options = ["--source", self.source, "--shift-to", str(self.first_day), *words]
        at = str(place or self.folder)
        zone = [] if kind == "csv" else ["--time-zone", "Europe/Moscow"]
        return ["import", kind, at, *options, *zone]

    def run(self, *words: str, place: Path | None = None, kind: str = "smart") -> tuple[int, str]:
        """Its exit code, and what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "talon", *self.words(*words, place=place, kind=kind)],
            cwd=CHECKOUT,
            env=os.environ | {"STACK": self.town.stack.name},
            text=True,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def slots(self, clinic: int = 1, kind: str = "clinic-") -> list[dict[str, Any]]:
        """What patients see of a clinic on the first day."""
        clinic_id = self.identity.clinic(f"{kind}{clinic}")
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            path = f"/slots?clinic={clinic_id}&date={self.first_day}&cursor={cursor}"
            status, said = self.ask("GET", path)
            if status == 404 and not found:
                return []  # not known yet: it is opened a moment ago, or not at all
            assert status == 200, said
            found += said["slots"]
            cursor = said["cursor"]
        return found

    def slot(self, key: str) -> dict[str, Any]:
        """One slot, as patients see it."""
        status, said = self.ask("GET", f"/slots/{self.identity.slot(key)}")
        assert status == 200, said
        return dict(said)

    def ask(
        self, method: str, path: str, body: object = None, *, who: UUID | None = None
    ) -> tuple[int, Any]:
        """Ask the edge as a patient, whose reads are nobody else's."""
        token = Signer(self.town.stack).sign(who or uuid4(), ["patient"], hours=1)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = str(uuid4())
        request = urllib.request.Request(
            f"{self.town.stack.edge}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def book(self, key: str) -> str:
        """Book a place, as soon as the front desk has heard of the slot; the booking's id."""
        who = uuid4()
        until = time.monotonic() + SECONDS_MAX
        while True:
            body = {"places": [{"slot_id": str(self.identity.slot(key))}]}
            status, said = self.ask("POST", "/bookings", body, who=who)
            if status == 201:
                return str(said["id"])
            assert time.monotonic() < until, said
            time.sleep(0.2)


@pytest.fixture
def importer(town: Town, tmp_path: Path) -> Importer:
    """One whose source nobody else has."""
    return Importer(town, tmp_path / "feed")


def half_hours(count: int, **more: Any) -> list[dict[str, Any]]:
    """So many slots, one after the other."""
    return [
        a_slot_line(f"slot-{n}", starts_at=NINE + n * timedelta(minutes=1), **more)
        for n in range(count)
    ]


def test_a_publication_comes_in_once_and_can_be_booked(importer: Importer) -> None:
    busy = a_slot_line("busy", starts_at=NINE + SLOT, capacity=4, status="busy")
    publish(importer.folder, [a_slot_line("free"), busy])

    first = importer.run()
    importer.book("free")
    second = importer.run()

    assert first[0] == GOOD, first[1]
    assert "clinics: 1 new, 0 changed; slots: 2 new, 0 changed" in first[1]
    assert second[0] == GOOD, second[1]
    assert "nothing to change" in second[1]
    free, closed = importer.slot("free"), importer.slot("busy")
    assert (free["capacity"], free["booked"], free["status"]) == (2, 1, "free")
    assert (free["service"], free["product"], free["dose"]) == ("vaccination", "208", 1)
    assert (closed["capacity"], closed["status"]) == (4, "busy-unavailable")


def test_bad_lines_are_written_down_and_the_good_ones_come_in(
    importer: Importer, tmp_path: Path
) -> None:
    wrong = ["{", a_slot_line("nowhere", clinic=9), a_slot_line("huge", capacity=1_000_000)]
    publish(importer.folder, [a_slot_line("good"), *wrong])
    report = tmp_path / "bad.ndjson"

    code, said = importer.run("--report", str(report))

    assert code == SOME_BAD, said
    assert importer.slot("good")["free"] == 2
    told = [json.loads(line) for line in report.read_text("utf-8").splitlines()]
    assert [(bad["file"], bad["line"], bad["code"]) for bad in told] == [
        ("slots.ndjson", 2, "malformed_json"),
        ("slots.ndjson", 3, "unknown_schedule"),
        ("slots.ndjson", 4, "bad_capacity"),
    ]


def test_a_dry_run_shows_what_an_import_would_do_and_does_nothing(importer: Importer) -> None:
    publish(importer.folder, half_hours(3))

    code, said = importer.run("--dry-run")

    assert code == GOOD, said
    assert "nothing was changed" in said
    status, _ = importer.ask("GET", f"/clinics/{importer.identity.clinic('clinic-1')}")
    assert status == 404


def test_what_was_published_otherwise_is_changed_and_changed_back(importer: Importer) -> None:
    publish(importer.folder, half_hours(2, capacity=2))
    importer.run()
    publish(importer.folder, half_hours(2, capacity=5, status="busy"))
    shut = importer.run()
    states = [(slot["capacity"], slot["status"]) for slot in importer.slots()]
    publish(importer.folder, half_hours(2, capacity=2))
    back = importer.run()

    assert "slots: 0 new, 2 changed" in shut[1]
    assert states == [(5, "busy-unavailable")] * 2
    assert "slots: 0 new, 2 changed" in back[1]
    assert [(slot["capacity"], slot["status"]) for slot in importer.slots()] == [(2, "free")] * 2


def test_nobody_is_thrown_out_by_a_smaller_capacity(importer: Importer) -> None:
    publish(importer.folder, [a_slot_line("slot", capacity=2)])
    importer.run()
    importer.book("slot")
    importer.book("slot")
    publish(importer.folder, [a_slot_line("slot", capacity=1)])

    code, said = importer.run()

    assert code == SOME_BAD, said
    assert "slots.ndjson:1" in said
    assert "slot_in_use" in said
    assert importer.slot("slot")["booked"] == 2


def test_what_is_gone_from_the_source_is_closed_only_when_that_is_wanted(
    importer: Importer,
) -> None:
    publish(importer.folder, half_hours(3))
    importer.run()
    publish(importer.folder, [*half_hours(1), *half_hours(3)[2:]])

    shown = importer.run()
    still_open = importer.slot("slot-1")["status"]
    publish(importer.folder, [*half_hours(1), *half_hours(3)[2:], "{"])
    unsure = importer.run("--close-missing")
    open_while_unsure = importer.slot("slot-1")["status"]
    publish(importer.folder, [*half_hours(1), *half_hours(3)[2:]])
    closed = importer.run("--close-missing")

    assert "--close-missing closes it" in shown[1]
    assert still_open == "free"
    assert "nothing was closed" in unsure[1]
    assert open_while_unsure == "free"
    assert "1 closed" in closed[1]
    assert importer.slot("slot-1")["status"] == "busy-unavailable"
    assert importer.slot("slot-2")["status"] == "free"


def test_an_import_that_was_stopped_is_finished_by_the_next(importer: Importer) -> None:
    publish(importer.folder, half_hours(2_000, status="busy"))
    stopped = importer.town.start(*importer.words())
    until = time.monotonic() + SECONDS_MAX
    while not importer.slots():
        assert time.monotonic() < until
        time.sleep(0.05)

    stopped.send_signal(signal.SIGINT)
    said, _ = stopped.communicate(timeout=SECONDS_MAX)
    finished = importer.run()

    assert stopped.returncode == STOPPED, said
    assert "the same again does the rest" in said
    assert finished[0] == GOOD, finished[1]
    assert "nothing to change" not in finished[1]
    assert "nothing to change" in importer.run()[1]


def test_a_table_comes_in_like_a_publication(importer: Importer, tmp_path: Path) -> None:
    table = tmp_path / "slots.csv"
    table.write_text(template(), encoding="utf-8")

    first = importer.run(place=table, kind="csv")
    second = importer.run(place=table, kind="csv")

    assert first[0] == GOOD, first[1]
    assert "clinics: 2 new, 0 changed; slots: 3 new, 0 changed" in first[1]
    assert "nothing to change" in second[1]
    assert [slot["status"] for slot in importer.slots(1, kind="")] == ["free", "busy-unavailable"]
