"""What does an SMSC that others wrote get from us, and what do we make of what it says?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from services.notify.channels import AwayError, Dispatch
from services.notify.channels.sms.smpp import Account, Settings, SmppProvider
from services.notify.rules import Accepted, NotHandedOver, Refused, SlowDown, Unanswered, Unwritable
from services.notify.rules.texting import Reply, Report
from tests.certificates import a_certificate
from tests.notify_bookings import confirmed
from tests.notify_smsc import Smsc, an_smsc

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = "+79161234567"
NOW = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
CYRILLIC = "Вы записаны: 1 июля в 12:00. Отменить: https://talon.example/x 😀"
LONG = "Поликлиника ждёт вас. " * 8


class Desk:
    """Keeps what comes back, or says that it cannot."""

    def __init__(self) -> None:
        self.joined: list[Sequence[str]] = []
        self.reports: list[Report] = []
        self.replies: list[Reply] = []
        self.keeps = True
        self.breaks = False

    async def taken(self, key: UUID, provider: str, references: Sequence[str]) -> None:
        self.joined.append(references)

    async def take(
        self, provider: str, reports: Sequence[Report], replies: Sequence[Reply]
    ) -> bool:
        assert not self.breaks
        if self.keeps:
            self.reports += reports
            self.replies += replies
        return self.keeps


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[Smsc]:
    async with an_smsc() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def smsc(peer: Smsc) -> Smsc:
    await peer.begin_anew()
    return peer


def a_provider(
    port: int,
    desk: Desk,
    *,
    text: str = "Hello",
    password: str = "secret",
    send_seconds: float = 0.6,
    enquire_seconds: float = 30.0,
    window: int = 8,
    tls: bool = False,
) -> SmppProvider:
    account = Account(
        host="127.0.0.1",
        port=port,
        user="talon",
        password=password,
        system_type="",
        answer_seconds=0.6,
        enquire_seconds=enquire_seconds,
        tls=tls,
    )
    settings = Settings(
        sender="Talon",
        send_seconds=send_seconds,
        valid_seconds_max=86_400.0,
        binds=1,
        window=window,
    )
    return SmppProvider(account, settings, desk, lambda dispatch: text)


@asynccontextmanager
async def bound(provider: SmppProvider) -> AsyncIterator[SmppProvider]:
    line = provider.line()
    await line.open()
    try:
        yield provider
    finally:
        await line.close()


def a_dispatch(key: int = 1, minutes: int = 90) -> Dispatch:
    event = confirmed()
    return Dispatch(
        event=event,
        key=UUID(int=key),
        recipient=PHONE,
        at=NOW,
        expires_at=NOW + timedelta(minutes=minutes),
    )


# ---- what it gets -------------------------------------------------------------------------------


async def test_a_latin_text_is_one_message_that_asks_for_a_receipt_and_expires(smsc: Smsc) -> None:
    async with bound(a_provider(smsc.port, Desk(), text="Visit on 1 July, 12:00 {€5}")) as provider:
        said = await provider.line().send(a_dispatch())

    (sent,) = await smsc.so_far("submit")
    assert said == Accepted(sent["submit"])
    assert sent["text"] == "Visit on 1 July, 12:00 {€5}"
    assert (sent["coding"], sent["udh"], sent["receipt"]) == (0, None, 1)
    assert (sent["to"], sent["ton"], sent["from"], sent["from_ton"]) == (PHONE[1:], 1, "Talon", 5)
    assert sent["valid"] is not None


async def test_other_letters_go_as_ucs2(smsc: Smsc) -> None:
    async with bound(a_provider(smsc.port, Desk(), text=CYRILLIC)) as provider:
        await provider.line().send(a_dispatch())

    (sent,) = await smsc.so_far("submit")
    assert (sent["text"], sent["coding"]) == (CYRILLIC, 8)


async def test_a_long_text_is_put_together_from_its_parts(smsc: Smsc) -> None:
    desk = Desk()

    async with bound(a_provider(smsc.port, desk, text=LONG)) as provider:
        said = await provider.line().send(a_dispatch(key=0x1234))

    sent = await smsc.so_far("submit")
    assert "".join(part["text"] for part in sent) == LONG
    assert [part["udh"] for part in sent] == [[[0, 3, 0x34, 3, nth]] for nth in (1, 2, 3)]
    assert desk.joined == [[part["submit"] for part in sent]]
    assert said == Accepted(sent[0]["submit"])


async def test_as_many_wait_for_an_answer_as_the_window_has_seats(smsc: Smsc) -> None:
    async with bound(a_provider(smsc.port, Desk(), window=8)) as provider:
        lines = [provider.line() for _ in range(provider.lines_max)]
        said = await asyncio.gather(*(line.send(a_dispatch(n)) for n, line in enumerate(lines)))

    assert len({outcome.reference for outcome in said if isinstance(outcome, Accepted)}) == 8
    assert len(await smsc.so_far("bind")) == 1


# ---- what it refuses ----------------------------------------------------------------------------


REFUSALS = {
    "throttled": SlowDown(2.0),
    "queue_full": SlowDown(2.0),
    "no_such_number": Refused(554, "submit_sm, status 0x0000000b"),
    "system_error": Refused(451, "submit_sm, status 0x00000008"),
    "vendor": Refused(451, "submit_sm, status 0x00000410"),
    "nack": Refused(554, "submit_sm, status 0x00000002"),
}


async def test_what_is_certainly_not_taken_says_whether_to_come_again(smsc: Smsc) -> None:
    await smsc.tell(next=list(REFUSALS))
    async with bound(a_provider(smsc.port, Desk())) as provider:
        line = provider.line()
        said = [await line.send(a_dispatch()) for _ in REFUSALS]
        after = await line.send(a_dispatch())

    assert said == list(REFUSALS.values())
    assert isinstance(after, Accepted)


async def test_a_part_that_is_slowed_down_behind_others_is_asked_again_and_fits(smsc: Smsc) -> None:
    await smsc.tell(next=["ok", "throttled"])
    async with bound(a_provider(smsc.port, Desk(), text=LONG, send_seconds=3.0)) as provider:
        said = await provider.line().send(a_dispatch())

    sent = await smsc.so_far("submit")
    assert isinstance(said, Accepted)
    assert [(part["udh"][0][4], part["how"]) for part in sent] == [
        (1, "ok"),
        (2, "throttled"),
        (2, "ok"),
        (3, "ok"),
    ]


async def test_a_text_that_was_taken_in_part_is_unknown_and_one_that_was_not_begun_is_not(
    smsc: Smsc,
) -> None:
    async with bound(a_provider(smsc.port, Desk(), text=LONG)) as provider:
        await smsc.tell(next=["no_such_number"])
        first = await provider.line().send(a_dispatch())
        await smsc.tell(next=["ok", "no_such_number"])
        second = await provider.line().send(a_dispatch())

    assert isinstance(first, Refused)
    assert second == Unanswered()


async def test_a_text_longer_than_anybody_reads_is_not_begun(smsc: Smsc) -> None:
    async with bound(a_provider(smsc.port, Desk(), text=LONG * 10)) as provider:
        said = await provider.line().send(a_dispatch())

    assert said == Unwritable("ValueError")
    assert await smsc.so_far("submit") == []


async def test_whom_it_does_not_know_is_away_and_nothing_is_begun(smsc: Smsc) -> None:
    with pytest.raises(AwayError, match="0xe"):
        await a_provider(smsc.port, Desk(), password="wrong").line().open()


# ---- what it does not say -----------------------------------------------------------------------


async def test_taken_and_then_silent_is_unknown_and_the_next_are_not_risked(smsc: Smsc) -> None:
    await smsc.tell(next=["hang"])
    async with bound(a_provider(smsc.port, Desk())) as provider:
        line = provider.line()
        said = await line.send(a_dispatch())
        doubted = await line.send(a_dispatch())
        await line.open()
        after = await line.send(a_dispatch())

    assert (said, doubted) == (Unanswered(), NotHandedOver("submit_sm"))
    assert isinstance(after, Accepted)
    assert len(await smsc.so_far("enquired")) == 1
    assert len(await smsc.so_far("bind")) == 1


async def test_one_that_is_silent_about_everything_is_hung_up_on(smsc: Smsc) -> None:
    await smsc.tell(next=["hang"], enquire=False)
    async with bound(a_provider(smsc.port, Desk())) as provider:
        line = provider.line()
        await line.send(a_dispatch())
        await line.open()

        assert line.is_open

    assert len(await smsc.so_far("bind")) == 2


async def test_taken_and_then_reset_is_unknown_for_all_that_were_under_way(smsc: Smsc) -> None:
    await smsc.tell(next=["hang", "hang", "reset"])
    async with bound(a_provider(smsc.port, Desk(), send_seconds=5.0)) as provider:
        lines = [provider.line() for _ in range(3)]
        said = await asyncio.gather(*(line.send(a_dispatch(n)) for n, line in enumerate(lines)))
        closed = await lines[0].send(a_dispatch())
        await lines[0].open()
        after = await lines[1].send(a_dispatch())

    assert said == [Unanswered()] * 3
    assert closed == NotHandedOver("submit_sm")
    assert isinstance(after, Accepted)


async def test_killed_in_the_middle_is_unknown_and_away_until_it_is_back() -> None:
    async with (
        an_smsc() as smsc,
        bound(a_provider(smsc.port, Desk(), send_seconds=5.0)) as provider,
    ):
        await smsc.tell(next=["hang"])
        sending = asyncio.create_task(provider.line().send(a_dispatch()))
        await smsc.until("submit")
        smsc.process.kill()

        assert await sending == Unanswered()
        with pytest.raises(AwayError):
            await provider.line().open()
        async with an_smsc(smsc.port):
            line = provider.line()
            await line.open()
            assert isinstance(await line.send(a_dispatch()), Accepted)


async def test_silence_is_asked_after_and_a_dead_line_is_found_without_sending(smsc: Smsc) -> None:
    provider = a_provider(smsc.port, Desk(), enquire_seconds=0.1)
    async with bound(provider):
        await smsc.until("enquired", 3)
        assert provider.sessions_open == 1
        await smsc.tell(enquire=False)
        async with asyncio.timeout(3):
            while provider.sessions_open:  # noqa: ASYNC110 - only the session knows
                await asyncio.sleep(0.02)


# ---- what it brings -----------------------------------------------------------------------------


async def test_receipts_may_come_first_late_twice_and_in_any_form(smsc: Smsc) -> None:
    await smsc.tell(next=["receipt_first"])
    desk = Desk()
    async with bound(a_provider(smsc.port, desk)) as provider:
        said = await provider.line().send(a_dispatch())
        text = "id:m7 sub:001 dlvrd:000 submit date:2601010900 done date:2601010901 stat:{} err:{}"
        undelivered = {"short_message": text.format("UNDELIV", "0A1") + " text:"}
        for fields in (undelivered, undelivered, {"short_message": text.format("ENROUTE", "000")}):
            await smsc.tell(receipt=fields)
        await smsc.tell(receipt={"short_message": text.format("DELIVRD", "000")})
        await smsc.tell(receipt={"receipted_message_id": "m9", "message_state": 3})
        answers = await smsc.until("answered", 6)

    assert said == Accepted("m1")
    assert [answer["answered"] for answer in answers] == [0] * 6
    assert desk.reports == [
        Report("m1", delivered=True),
        Report("m7", delivered=False),
        Report("m7", delivered=False),
        Report("m7", delivered=True),
        Report("m9", delivered=False),
    ]


async def test_a_receipt_that_cannot_be_kept_is_asked_for_again(smsc: Smsc) -> None:
    desk = Desk()
    desk.keeps = False
    async with bound(a_provider(smsc.port, desk)):
        await smsc.tell(receipt={"receipted_message_id": "m1", "message_state": 2})
        first = await smsc.until("answered")
        desk.keeps = True
        await smsc.tell(receipt={"receipted_message_id": "m1", "message_state": 2})
        both = await smsc.until("answered", 2)

    assert first[0]["answered"] == 0x64
    assert both[1]["answered"] == 0
    assert desk.reports == [Report("m1", delivered=True)]


async def test_what_a_person_writes_back_is_read_in_their_letters(smsc: Smsc) -> None:
    desk = Desk()
    async with bound(a_provider(smsc.port, desk)):
        await smsc.tell(text={"source_addr": "79161234567", "short_message": "Да"})
        await smsc.tell(text={"source_addr": "79161234567", "short_message": "YES [1]"})
        await smsc.until("answered", 2)

    assert desk.replies == [Reply(PHONE, "Да"), Reply(PHONE, "YES [1]")]
    assert desk.reports == []


async def test_a_part_of_a_longer_text_is_known_as_one(smsc: Smsc) -> None:
    desk = Desk()
    part = {"sar_msg_ref_num": 7, "sar_total_segments": 2, "sar_segment_seqnum": 2}
    async with bound(a_provider(smsc.port, desk)):
        await smsc.tell(text={"source_addr": "79161234567", "short_message": "2"} | part)
        await smsc.tell(text={"source_addr": "79161234567", "short_message": "2"})
        await smsc.until("answered", 2)

    assert [(reply.text, reply.is_whole) for reply in desk.replies] == [("2", False), ("2", True)]


async def test_what_cannot_be_read_or_kept_ends_no_line(smsc: Smsc) -> None:
    desk = Desk()
    async with bound(a_provider(smsc.port, desk)) as provider:
        await smsc.tell(raw="0000001400000005000000000000006300ffffff")
        await smsc.tell(receipt={"receipted_message_id": "a\0b", "message_state": 2})
        desk.breaks = True
        await smsc.tell(receipt={"receipted_message_id": "m1", "message_state": 2})
        answers = await smsc.until("answered", 2)
        desk.breaks = False

        assert isinstance(await provider.line().send(a_dispatch()), Accepted)

    assert [answer["answered"] for answer in answers] == [0, 0x64]
    assert len(await smsc.so_far("bind")) == 1
    assert desk.reports == []


async def test_a_line_is_as_secret_as_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = a_certificate()
    (tmp_path / "trusted.pem").write_text(certificate)
    async with an_smsc(SMSC_KEY=key, SMSC_CERT=certificate) as smsc:
        with pytest.raises(AwayError, match="CERTIFICATE_VERIFY_FAILED"):
            await a_provider(smsc.port, Desk(), tls=True).line().open()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
        async with bound(a_provider(smsc.port, Desk(), tls=True)) as provider:
            assert isinstance(await provider.line().send(a_dispatch()), Accepted)


async def test_it_is_bound_for_receipts_though_nothing_is_sent(smsc: Smsc) -> None:
    provider = a_provider(smsc.port, Desk())
    keeping = asyncio.create_task(provider.keep(pause_seconds=0.02))
    await smsc.until("bind")
    await smsc.tell(hang_up=True)
    await smsc.until("bind", 2)
    keeping.cancel()
    await provider.line().close()
