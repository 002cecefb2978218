"""Which commands are spoken of, and what does a line say of the request behind it?"""

import json
import logging
from uuid import UUID, uuid5

from shared.logs import HEADERS, SLOW_LINES_PER_SECOND_MAX, SLOW_SECONDS, JsonFormatter, Lines
from shared.messages import booking_of
from tests import stories

IDS = [uuid5(UUID(int=0), str(nth)) for nth in range(20_000)]


def test_about_one_in_a_hundred_is_spoken_of_and_every_service_picks_the_same():
    door, referee = Lines(100), Lines(100)

    spoken_of = [booking_id for booking_id in IDS if door.wants(booking_id, 0.0)]

    assert 140 <= len(spoken_of) <= 260
    assert all(referee.wants(booking_id, 0.0) for booking_id in spoken_of)


def test_when_everything_is_slow_only_a_few_are_spoken_of():
    lines = Lines(10**9)

    said = sum(lines.wants(booking_id, SLOW_SECONDS + 1) for booking_id in IDS)

    # The clock may have gone on to another second meanwhile.
    assert SLOW_LINES_PER_SECOND_MAX <= said <= 3 * SLOW_LINES_PER_SECOND_MAX


def test_a_cancellation_belongs_to_the_story_of_its_booking():
    booking = stories.book(stories.an_id("slot"))
    cancellation = stories.cancel(booking.id)

    assert booking_of(cancellation) == booking_of(booking) == booking.id


def test_a_line_names_the_request_on_whose_behalf_something_is_done():
    record = logging.makeLogRecord({"msg": "answered", "command": stories.an_id("wish")})
    token = HEADERS.set({"X-Request-Id": "a1b2", "Authorization": "Bearer some"})
    try:
        line = json.loads(JsonFormatter("booking").format(record))
    finally:
        HEADERS.reset(token)

    assert (line["request"], line["command"]) == ("a1b2", str(stories.an_id("wish")))
    assert "Bearer" not in json.dumps(line)
    assert "request" not in json.loads(JsonFormatter("booking").format(record))
