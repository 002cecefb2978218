"""Does whoever watches a morning see it, and are they told of what goes wrong in it?"""

import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Iterator

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.stack import SETUP, SUPERUSER
from deploy.watch.boards import BOARDS
from shared.topics import SLOTS_COMMANDS
from tests.prometheus import Prometheus, hurried
from tests.town import DESKS, Town

RUSH = ("rush", "--rate", "40", "--reads", "3")
RECOVERY_SECONDS_MAX = 60.0
SEEN_SECONDS_MAX = 20.0
"""Four times as long as it takes until everybody has been asked again."""

LINE = "waiting"
"""The board that has nothing to show until somebody waits before a campaign."""

PERSONAL = {
    "an e-mail address": r"[\w.+-]+@[\w-]+\.\w+",
    "a token": r"eyJ[\w-]{10}|[Bb]earer \S",
    "the body of a request": r'"(places|patient_id|body_hash)"|Idempotency-Key',
}
UUID_TEXT = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
OUR_OWN_ADDRESS = "no-reply@talon.example"


@pytest.fixture(scope="module")
def quick(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Tells of what is wrong within seconds, by the stack's own rules."""
    counts = {"slots": 2, "booking": 2}
    with hurried(town.stack, counts, tmp_path_factory.mktemp("prometheus")) as made:
        yield made


def test_every_picture_has_something_to_show_while_people_book(town: Town) -> None:
    prometheus = Prometheus(town.stack.prometheus)

    town.talon(*RUSH, "--seconds", "6")

    _until(lambda: _blank(prometheus) == [], f"nothing to show: {_blank(prometheus)}")


def test_the_page_without_grafana_has_every_question_and_its_figures(town: Town) -> None:
    page = Prometheus(town.stack.prometheus).text("/consoles/morning.html")

    assert [board.question for board in BOARDS if board.question not in page] == []
    assert page.count("<figure") == sum(len(board.panels) for board in BOARDS)
    assert re.search(r"<li><b>[\d.]+/s</b> <span>201</span></li>", page)
    assert "{{" not in page


async def test_a_record_that_nobody_can_read_is_told_to_somebody(
    town: Town, quick: Prometheus
) -> None:
    async with AIOKafkaProducer(**town.stack.broker(SETUP).words) as writer:
        await writer.send_and_wait(SLOTS_COMMANDS.name, b"\xc1", partition=2)

    quick.until("DeadLetters")
    quick.until("DeadLetters", fires=False)


def test_frozen_referees_are_told_to_somebody_until_they_are_back(
    town: Town, quick: Prometheus
) -> None:
    with town.frozen("slots", "slots-1"):
        quick.until("RefereeStuck")
        quick.until("ProcessGone")

    quick.until("RefereeStuck", fires=False)
    quick.until("ProcessGone", fires=False)


def test_frozen_front_desks_are_told_to_somebody(town: Town, quick: Prometheus) -> None:
    with town.frozen(*DESKS):
        quick.until("ProjectionBehind")

    quick.until("ProjectionBehind", fires=False)


def test_a_frozen_kafka_is_told_as_what_people_feel_and_as_what_is_away(
    town: Town, quick: Prometheus
) -> None:
    rush = town.start(*RUSH, "--seconds", "12")
    quick.until("BookingsNotAnswered", fires=False)
    time.sleep(3)

    with town.frozen("kafka"):
        quick.until("LogAway")
        quick.until("BookingsNotAnswered")

    told, _ = rush.communicate(timeout=120)
    assert rush.returncode == 0, told
    _until_ready(town)
    quick.until("LogAway", fires=False)


def test_a_frozen_postgres_is_told_as_old_reads_and_as_what_is_away(
    town: Town, quick: Prometheus
) -> None:
    with town.frozen("postgres"):
        quick.until("DatabaseAway")
        quick.until("AvailabilityStale")

    _until_ready(town)
    quick.until("DatabaseAway", fires=False)


def test_a_part_that_dies_again_and_again_is_told_to_somebody(
    town: Town, quick: Prometheus
) -> None:
    deadline, pid = time.monotonic() + RECOVERY_SECONDS_MAX, 0
    while "Restarting" not in quick.firing():
        assert time.monotonic() < deadline, quick.firing()
        pid = _ready_part(town, "sink", after=pid)
        os.kill(pid, signal.SIGKILL)

    _until_ready(town)


def test_after_all_that_the_audit_is_clean_and_no_log_says_anything_of_a_person(
    town: Town,
) -> None:
    report = town.talon("audit")

    assert "audit: clean" in report, report
    logs = {path.name: path.read_text("utf-8", "replace") for path in town.stack.logs.glob("*.log")}
    assert {"slots.log", "booking.log", "notify.log", "kafka.log"} <= set(logs)
    people, bookings = asyncio.run(_known(town))
    said = {name: set(re.findall(UUID_TEXT, text)) for name, text in logs.items()}
    assert [found for name, text in logs.items() for found in _personal(name, text)] == []
    assert {name: ids & people for name, ids in said.items() if ids & people} == {}
    assert len(people) > 100
    assert said["slots.log"] & bookings, "ids would be found"


def test_one_command_can_be_followed_through_every_log_from_the_door_to_the_mail(
    town: Town,
) -> None:
    said: dict[str, dict[str, dict[str, str]]] = {}
    for line in _lines(town, *DESKS, "slots", "slots-1", "notify"):
        # The messenger knows events, and the front desk says which command each came from.
        key = "event" if line["says"] == "sent" else "command"
        if line["says"] in ("answered", "decided", "tells", "sent"):
            said.setdefault(line["says"], {})[line[key]] = line

    whole = [
        said["answered"][command]
        for command, tale in said["tells"].items()
        if command in said["answered"].keys() & said["decided"] and tale["event"] in said["sent"]
    ]

    assert {"BookPlaces", "CancelBooking"} <= {line["asks"] for line in whole}
    assert all(re.fullmatch("[0-9a-f]{32}", line["request"]) for line in whole)


def test_what_is_asked_of_a_line_can_be_asked_though_nobody_waits(town: Town) -> None:
    prometheus = Prometheus(town.stack.prometheus)

    for board in BOARDS:
        for query in (line.query for panel in board.panels for line in panel.lines):
            if board.slug == LINE:
                prometheus.query(query)


def _blank(prometheus: Prometheus) -> list[str]:
    return [
        f"{board.slug}: {panel.title}: {line.query}"
        for board in BOARDS
        if board.slug != LINE
        for panel in board.panels
        for line in panel.lines
        if not any(sample["value"][1] != "NaN" for sample in prometheus.query(line.query))
    ]


def _until(condition, complaint: str = "it did not happen in time") -> None:
    deadline = time.monotonic() + SEEN_SECONDS_MAX
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.5)


def _ready_part(town: Town, name: str, *, after: int) -> int:
    """The process of a part that is ready, once it is another one than before."""
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while (part := town.part(name))["state"] != "ready" or part["pid"] == after:
        assert time.monotonic() < deadline, part
        time.sleep(0.1)
    pid: int = part["pid"]
    return pid


def _until_ready(town: Town) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    while (said := json.loads(town.stack_verb("status", "--json")))["state"] != "ready":
        assert time.monotonic() < deadline, said
        time.sleep(0.5)


def _personal(name: str, text: str) -> Iterator[str]:
    for line in text.splitlines():
        said = line.replace(OUR_OWN_ADDRESS, "")
        for what, pattern in PERSONAL.items():
            if re.search(pattern, said):
                yield f"{name} says {what}: {line[:300]}"


async def _known(town: Town) -> tuple[set[str], set[str]]:
    """The ids of everybody who booked or may be written to, and those of their bookings."""
    connection = await asyncpg.connect(town.stack.dsn(SUPERUSER))
    try:
        people = await connection.fetch(
            """SELECT id FROM booking.patient UNION SELECT owner_id FROM booking.booking
                UNION SELECT person_id FROM notify.contact"""
        )
        bookings = await connection.fetch("SELECT id FROM booking.booking")
    finally:
        await connection.close()
    return {str(row[0]) for row in people}, {str(row[0]) for row in bookings}


def _lines(town: Town, *parts: str) -> Iterator[dict[str, str]]:
    for part in parts:
        for line in (town.stack.logs / f"{part}.log").read_text("utf-8").splitlines():
            if line.startswith("{"):
                yield json.loads(line)
