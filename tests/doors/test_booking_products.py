"""What of a campaign's products does somebody get, and what does its rule say to them?"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.booking.api.desk import DESK
from services.booking.rules.admission import Facts, Words
from services.booking.rules.products import Product, Products
from shared.messages import MovePlaces
from tests.booking_doors import Door, a_door, problem
from tests.booking_stories import ALICE, BORIS
from tests.doors.test_booking_admission import CAMPAIGN, a_phase, know, publish
from tests.stories import an_id

WORDS = Words(ru="Вакцина", en="A vaccine")
PAIR = Product(id="pair", title=WORDS, service="pair", doses=2, min_days=21, max_days=28)
ONE = Product(id="one", title=WORDS, service="one shot", doses=1, age_min=60)


@pytest.fixture
async def door(booking_dsn: str, tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(booking_dsn, tmp_path) as opened:
        now = datetime.now(UTC)
        for service in ("pair", "one shot", "vaccination"):
            for day in (1, 10, 22, 29, 40):
                starts = now + timedelta(days=day)
                await opened.open_slot(f"{service} {day}", 9, service=service, starts_at=starts)
        yield opened


@pytest.fixture
async def campaign(door: Door) -> str:
    made = await door.ask("POST", "/campaigns", CAMPAIGN, roles=["operator"])
    made_id = str((await made.json())["id"])
    await offer(door, made_id, PAIR, ONE)
    return made_id


async def offer(door: Door, campaign: str, *products: Product) -> None:
    """A book with these products comes into force for everybody, and everybody is admitted."""
    desk = door.client.app[DESK]
    make = desk.books.make

    async def with_products(*about: Any, products: Products = products, **more: Any) -> Any:
        return await make(*about, products=products, **more)

    desk.books.make = with_products  # type: ignore[method-assign]
    await publish(door, campaign, a_phase("all"))
    desk.books.make = make  # type: ignore[method-assign]


def doses(*slots: str, **person: str) -> list[dict[str, Any]]:
    return [
        {"slot_id": str(an_id(slot)), "dose": nth} | person for nth, slot in enumerate(slots, 1)
    ]


async def asks(door: Door, campaign: str, *places: dict[str, Any], **said: Any) -> Any:
    body = {"places": places, "campaign_id": campaign}
    return await door.ask("POST", "/bookings", body, **said)


async def test_both_doses_are_of_one_product_and_as_far_apart_as_it_says(
    door: Door, campaign: str
) -> None:
    near = await asks(door, campaign, *doses("pair 1", "pair 10"))
    mixed = await asks(door, campaign, *doses("pair 1", "one shot 22"))
    nobody_s = await asks(door, campaign, *doses("vaccination 1"))
    third = await asks(door, campaign, *doses("pair 1", "pair 22", "pair 29"))
    pair = await asks(door, campaign, *doses("pair 1", "pair 22"))

    said = [await each.json() for each in (near, mixed, nobody_s, third)]
    assert {(one["status"], one["code"]) for one in said} == {(422, "not_eligible")}
    assert [one["rule"] for one in said] == ["interval", "product", "service", "dose"]
    assert said[0]["product"] == "pair"
    assert said[0]["rule_title"] == {"ru": "Вакцина", "en": "A vaccine"}
    assert pair.status == 201


async def test_who_is_too_young_for_a_product_is_told_by_which_rule(
    door: Door, campaign: str
) -> None:
    unknown = await (await asks(door, campaign, *doses("one shot 1"))).json()
    await know(door, ALICE, Facts(born_month=date(2000, 1, 1)))
    young = await (await asks(door, campaign, *doses("one shot 1"))).json()
    held = await door.ask(
        "POST", "/holds", {"places": doses("one shot 1"), "campaign_id": campaign}
    )
    taken = list(door.referee.taken)
    await know(door, ALICE, Facts(born_month=date(1940, 1, 1)))
    old = await asks(door, campaign, *doses("one shot 1"))

    assert (unknown["rule"], unknown["why"], unknown["facts"]) == ("age", "unknown", ["age"])
    assert (young["rule"], young["why"], young["product"]) == ("age", "other", "one")
    assert await problem(held) == (422, "not_eligible")
    assert taken == []
    assert old.status == 201


async def test_places_of_a_product_are_only_had_through_the_campaign(
    door: Door, campaign: str
) -> None:
    plain = await door.book(an_id("pair 1"))
    elsewhere = await door.book(an_id("vaccination 1"))

    assert await problem(plain) == (422, "campaign_needed")
    assert elsewhere.status == 201, "its products are given under services of their own"


async def test_a_pair_is_moved_within_what_its_product_says_though_there_are_others_by_now(
    door: Door, campaign: str
) -> None:
    made = await (await asks(door, campaign, *doses("pair 1", "pair 22"))).json()
    path = f"/bookings/{made['id']}/reschedule"
    moved = await door.ask("POST", path, {"places": doses("pair 10", "pair 40")})
    moves = [command for command, _ in door.referee.taken if isinstance(command, MovePlaces)]
    back = await door.ask("POST", path, {"places": doses("pair 1", "pair 29")})
    await offer(door, campaign, ONE)

    kept = await door.ask("POST", path, {"places": doses("pair 1", "pair 22")})
    changed = await door.ask("POST", path, {"places": doses("one shot 1")})
    anew = await asks(door, campaign, *doses("pair 1", "pair 22"), who=BORIS)

    assert moves[0].apart is not None
    assert (moves[0].apart.min_days, moves[0].apart.max_days) == (21, 28)
    assert await problem(moved) == (409, "interval_broken")
    assert (back.status, kept.status) == (200, 200)
    assert await problem(changed) == (422, "not_eligible"), "another product is judged anew"
    assert await problem(anew) == (422, "not_eligible")


async def test_asked_again_it_has_its_answer_though_the_product_is_gone(
    door: Door, campaign: str
) -> None:
    first = await asks(door, campaign, *doses("pair 1", "pair 22"), key="one")
    await offer(door, campaign, ONE)

    again = await asks(door, campaign, *doses("pair 1", "pair 22"), key="one")

    assert (first.status, again.status) == (201, 201)
    assert await again.json() == await first.json()


@pytest.mark.parametrize(
    "wrong",
    [
        [{"id": "a"}, {"id": "a", "service": "other"}],
        [{"id": "a"}, {"id": "b"}],
        [{"min_days": 5, "max_days": 4}],
        [{"age_min": 5, "age_max": 4}],
        [{"doses": 9}],
        [{"unknown": 1}],
    ],
)
async def test_products_that_cannot_be_meant_are_not_drafted(
    door: Door, campaign: str, wrong: list[dict[str, Any]]
) -> None:
    whole = {"id": "a", "title": {"ru": "А", "en": "A"}, "service": "pair", "doses": 2}
    phase = {
        "id": "all",
        "title": {"ru": "Все", "en": "All"},
        "what_to_do": {"ru": "Приходите.", "en": "Come."},
        "opens_at": "2026-01-01T00:00:00Z",
    }
    body = {"phases": [phase], "products": [whole | one for one in wrong]}
    path = f"/campaigns/{campaign}/rules"

    said = await door.ask("POST", path, body, roles=["operator"])
    good = await door.ask("POST", path, body | {"products": [whole]}, roles=["operator"])

    assert (await problem(said))[0] == 422
    assert good.status == 201
    assert await door.pool.fetchval("SELECT max(number) FROM rule_book") == 2
