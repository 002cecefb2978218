"""Do the small modules of the pages say what they should? Those that need no page around them."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.page_visitor import Visitor
from tests.pages.conftest import Visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANSWER = {"status": 200, "code": "", "retryAfter": 0}


@pytest_asyncio.fixture(loop_scope="session")
async def page(visit: Visit) -> Visitor:
    """Any page of ours, since a module comes from where the page comes from."""
    return await (await visit()).goes_to("#/nowhere")


async def _result(page: Visitor, module: str, expression: str, *facts: Any) -> Any:
    """What an expression gives that may use the module's names and the given facts."""
    script = f"async (facts) => {{ const it = await import('/{module}'); return {expression}; }}"
    return await page.evaluate(script, facts)


async def test_a_stream_is_read_wherever_it_is_cut(page: Visitor) -> None:
    said = ': still here\n\nid: 7\nevent: BookingConfirmed\ndata: {"a":\ndata: 1}\n\nid: 8\n\n'

    read = """(async () => {
        const bytes = new TextEncoder().encode(facts[0]);
        const body = new ReadableStream({ start(controller) {
            for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
            controller.close();
        } });
        return Array.fromAsync(it.eventsOf(body));
    })()"""
    comment, confirmed, bare = await _result(page, "talk/stream.js", read, said)

    assert comment["data"] == ""
    assert confirmed == {"id": "7", "event": "BookingConfirmed", "data": '{"a":\n1}'}
    assert (bare["id"], bare["data"]) == ("8", "")


async def test_a_place_is_had_through_the_first_campaign_that_lets_one_in(page: Visitor) -> None:
    asked = """(async () => {
        const asked = [];
        const answer = await it.throughCampaigns({ places: 1 }, async (body) => {
            asked.push(body.campaign_id ?? null);
            return facts[0][body.campaign_id ?? ''];
        });
        return [asked, answer.code];
    })()"""
    needed = {"code": "campaign_needed", "body": {"campaign_ids": ["a", "b", "c"]}}
    no, full, yes = ({"code": code} for code in ("not_eligible", "slot_full", ""))

    async def told(**answers: Any) -> Any:
        said = {"": needed} | answers
        return await _result(page, "talk/through.js", asked, said)

    assert await told(a=no, b=yes) == [[None, "a", "b"], ""]
    assert await told(a=full) == [[None, "a"], "slot_full"]
    assert await told(a=no, b=no, c=no) == [[None, "a", "b", "c"], "not_eligible"]
    plain = await _result(page, "talk/through.js", asked, {"": full})
    assert plain == [[None], "slot_full"]


async def test_each_answer_has_its_next_step(page: Visitor) -> None:
    table = [
        ({"status": 201}, 1, "done"),
        ({"status": 202}, 1, "follow"),
        ({"status": 202}, 31, "stuck"),
        ({"status": 409, "code": "slot_full"}, 1, "refused"),
        ({"status": 409, "code": "expired"}, 1, "again"),
        ({"status": 422, "code": "not_eligible"}, 1, "refused"),
        ({"status": 401, "code": "token_expired"}, 1, "sign_in"),
        ({"status": 429}, 1, "again"),
        ({"status": 503, "code": "unavailable"}, 5, "again"),
        ({"status": 503, "code": "unavailable"}, 6, "stuck"),
        ({"status": 504, "code": "outcome_unknown"}, 1, "again"),
        ({"status": 504, "code": "outcome_unknown"}, 9, "stuck"),
        ({"status": 0, "code": "offline"}, 9, "again"),
        ({"status": 500, "code": "internal_error"}, 1, "stuck"),
        ({"status": 500, "code": "decision_failed"}, 1, "refused"),
    ]
    asked = [[ANSWER | answer, nth] for answer, nth, _ in table]

    steps = await _result(
        page, "talk/policy.js", "facts.map(([answer, nth]) => it.next(answer, nth).then)", *asked
    )

    assert steps == [step for _, _, step in table]


async def test_newer_messages_come_before_what_is_known_and_a_gap_is_no_list(page: Visitor) -> None:
    rows = [{"event_id": str(nth), "channel": "email"} for nth in range(9)]
    table = [
        ([], rows[:2], "cursor", None),
        (rows[1:6], rows[:3], "cursor", rows[3:6]),
        (rows[1:3], rows[1:3], "cursor", []),
        (rows[5:], rows[:3], "cursor", None),
        (rows[1:6], rows[:3], None, None),
    ]
    asked = [[newest, cursor, known] for known, newest, cursor, _ in table]

    rests = await _result(
        page, "talk/messages.js", "facts.map((each) => it.restAfter(...each))", *asked
    )

    assert rests == [rest for *_, rest in table]


async def test_pauses_grow_up_to_a_limit_and_are_scattered(page: Visitor) -> None:

    pauses = await _result(
        page,
        "talk/pauses.js",
        "[1, 2, 3, 9, 999].map(n => it.backoff(n, { firstMs: 1000, mostMs: 8000 }))",
    )

    for pause, longest in zip(pauses, [1000, 2000, 4000, 8000, 8000], strict=True):
        assert longest * 0.6 <= pause <= longest


async def test_a_retry_after_is_kept_to(page: Visitor) -> None:

    step = await _result(
        page, "talk/policy.js", "it.next(facts[0], 1)", ANSWER | {"status": 429, "retryAfter": 7}
    )

    assert step["ms"] == 7_000


async def test_russian_counts_as_russian_does(page: Visitor) -> None:
    await page.page.get_by_role("button", name="Русский").click()
    await expect(page.page.locator("html")).to_have_attribute("lang", "ru")

    said = await _result(
        page, "words/language.js", "[1, 2, 5, 21, 1000].map(n => it.t('slot.free', { n }))"
    )

    assert said == ["1 место", "2 места", "5 мест", "21 место", "1\u00a0000 мест"]


async def test_distances_are_as_on_the_ground_and_as_people_say_them(page: Visitor) -> None:
    red_square = {"latitude": 55.7539, "longitude": 37.6208}
    sokolniki = {"latitude": 55.7888, "longitude": 37.6796}

    said = await _result(
        page,
        "words/distance.js",
        "[it.kilometres(...facts), ...[0.01, 0.33, 4.25, 12.6].map(it.sayDistance)]",
        red_square,
        sokolniki,
    )

    assert said[0] == pytest.approx(5.36, abs=0.05)
    assert said[1:] == ["50 m", "350 m", "4.3 km", "13 km"]
