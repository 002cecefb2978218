"""Which provider of text messages is plugged in, and what does its message say?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notify.channels import Dispatch, Line
from services.notify.channels.sms import plugged, words
from services.notify.channels.sms.guarding import Guarded
from services.notify.rules import Accepted, NotHandedOver, Outcome, Refused, Unanswered
from services.notify.rules.pumping import Why, is_due
from services.notify.rules.reminders import VisitReminder
from services.notify.rules.segments import segments
from services.notify.rules.texting import Reply, Report
from tests.notify_bookings import a_place, cancelled, confirmed, moved
from tests.notify_doors import a_config
from tests.rules.test_notify_replies import a_reminder

SMPP = {"sms_provider": "smpp", "smpp": "smsc:2775", "smpp_user": "talon", "sms_from": "Talon"}
TWILIO = {"sms_provider": "twilio", "twilio_account": "AC1", "twilio_token": "t", "sms_from": "123"}
PAGE = "https://talon.example/#/link/x"
LINK_KEYS = '{"signs": 1, "keys": {"1": "' + "A" * 43 + '="}}'


class Desk:
    """Lets one number through until it is told otherwise, and remembers what it is asked."""

    def __init__(self, why: Why | None = None) -> None:
        self.why = why
        self.asked: list[tuple[str, bool]] = []
        self.given_back: list[UUID] = []
        self.reminders: list[VisitReminder | None] = []
        self.is_away = False

    async def ask(
        self, key: UUID, phone: str, *, due: bool, reminder: VisitReminder | None = None
    ) -> Why | None:
        if self.is_away:
            raise ConnectionRefusedError
        self.asked.append((phone, due))
        self.reminders.append(reminder)
        return self.why

    async def give_back(self, key: UUID) -> None:
        self.given_back.append(key)

    async def taken(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        raise AssertionError("nothing is sent here")

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        raise AssertionError("nothing comes back here")


class Sending:
    """A provider whose every answer is this one."""

    channel: Any = "sms"
    name = "test"
    keyed = False
    lines_max = 1

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.sent = 0

    def line(self) -> Line:
        return self  # type: ignore[return-value]

    async def send(self, dispatch: Dispatch) -> Outcome:
        self.sent += 1
        return self.outcome


def a_dispatch(event: Any = None, **more: Any) -> Dispatch:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Dispatch(
        event=event or confirmed(),
        key=UUID(int=7),
        recipient="+79161234567",
        at=at,
        expires_at=at + timedelta(hours=1),
        **more,
    )


# ---- which one ----------------------------------------------------------------------------------


def test_none_is_plugged_in_unless_it_is_set():
    assert plugged(a_config("none"), Desk()) == ([], [])


@pytest.mark.parametrize(
    ("settings", "name", "lines", "kept"), [(SMPP, "smpp", 8, 1), (TWILIO, "twilio", 4, 0)]
)
def test_the_one_that_is_set_is_behind_the_guard(
    settings: dict[str, str], name: str, lines: int, kept: int
):
    found = plugged(a_config("none", **settings), Desk())

    assert [(each.name, each.channel, each.lines_max) for each in found.providers] == [
        (name, "sms", lines)
    ]
    assert isinstance(found.providers[0], Guarded)
    assert len(found.keeping) == kept


@pytest.mark.parametrize(("settings", "missing"), [(SMPP, "smpp_user"), (TWILIO, "twilio_token")])
def test_what_it_cannot_do_without_is_named_at_the_start(settings: dict[str, str], missing: str):
    with pytest.raises(ValueError, match=missing.upper()):
        a_config("none", **settings | {missing: ""})


def test_only_a_number_can_be_replied_to_and_only_with_keys_is_a_reply_a_link():
    replies: dict[str, Any] = SMPP | {"sms_replies": True, "link_keys": LINK_KEYS}

    assert a_config("none", **replies | {"sms_from": "+79160000000"}).sms_replies
    for wrong in ({"sms_from": "Talon"}, {"sms_from": "+79160000000", "link_keys": ""}):
        with pytest.raises(ValueError, match="SMS_REPLIES"):
            a_config("none", **replies | wrong)


# ---- what it says -------------------------------------------------------------------------------


def test_it_has_one_address_that_tells_the_rest_and_says_when_it_may_be_the_second():
    plain = words(a_dispatch(cancel_at=PAGE, confirm_at=f"{PAGE}?confirm"))
    again = words(a_dispatch(cancel_at=PAGE, language="ru", perhaps_again=True))

    assert plain.count("https://") == 1
    assert plain.endswith("?confirm")
    assert again.endswith(PAGE)
    assert len(again) > len(words(a_dispatch(cancel_at=PAGE, language="ru")))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_without_links_it_is_one_part_and_with_one_three_but_a_visit_from_afar_is_joined(
    language: str,
):
    page = f"https://talon.example/#/link/{'A' * 98}"
    linked = a_dispatch(language=language, cancel_at=page)
    virtual = a_dispatch(language=language, cancel_at=page, join_at=(f"{page}?join",))

    assert segments(words(linked)) == 3
    assert segments(words(linked, links=False)) == 1
    assert words(virtual, links=False).endswith("?join")


# ---- the guard before it ------------------------------------------------------------------------


async def test_whoever_is_over_a_limit_has_certainly_not_been_told_and_why_is_noted():
    provider, desk = Sending(Accepted("1")), Desk("prefix")

    said = await Guarded(provider, desk).line().send(a_dispatch())

    assert said == Refused(554, "the guard against pumping: prefix")
    assert provider.sent == 0


@pytest.mark.parametrize(
    ("outcome", "given_back"),
    [
        (Accepted("1"), 0),
        (Unanswered(), 0),
        (Refused(554, "no such number"), 1),
        (NotHandedOver("connect"), 1),
    ],
)
async def test_only_what_may_have_been_sent_goes_on_counting(outcome: Outcome, given_back: int):
    desk = Desk()

    said = await Guarded(Sending(outcome), desk).line().send(a_dispatch())

    assert said == outcome
    assert desk.given_back == [UUID(int=7)] * given_back


async def test_of_a_reminder_the_guard_says_which_it_is_for_it_may_be_answered():
    desk, reminder = Desk(), a_reminder()
    line = Guarded(Sending(Accepted("1")), desk).line()

    for event in (reminder, confirmed(), a_reminder(part="own")):
        await line.send(a_dispatch(event=event))

    assert desk.reminders == [reminder, None, None]


async def test_while_nobody_can_count_nothing_is_sent_and_it_is_tried_again():
    provider, desk = Sending(Accepted("1")), Desk()
    desk.is_away = True

    assert await Guarded(provider, desk).line().send(a_dispatch()) == NotHandedOver("guard")
    assert provider.sent == 0


def test_what_the_clinic_changes_is_due_and_what_one_does_oneself_is_not():
    place = a_place()

    assert is_due(moved(to=[a_place()], away_from=[place]))
    assert is_due(cancelled(place, reason="clinic"))
    assert not is_due(cancelled(place, reason="patient"))
    assert not is_due(confirmed(place))
