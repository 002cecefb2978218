"""What may a campaign give: how many doses, how far apart, to people of which age, in whose slots?

Clinics open slots for a product under a service of its own, so a slot says which product it is.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from services.booking.rules.admission import Age, Code, Who, Words, of_age
from services.booking.rules.eligibility import (
    DAYS_MAX,
    Campaign,
    SlotFacts,
    Wanted,
    well_apart,
)
from shared.messages import DOSE_FIRST, Dose, Text

PRODUCTS_MAX = 16
NO_PRODUCT = "campaign"
"""The id of what a campaign without products gives."""

ProductRule = Literal["service", "product", "age", "dose", "interval"]
Days = Annotated[int, Meta(ge=0, le=DAYS_MAX)]


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the things that a campaign gives; clinics open slots for it under its service."""

    id: Code
    title: Words
    service: Text
    doses: Dose
    min_days: Days = 0
    max_days: Days = DAYS_MAX
    age_min: Age | None = None
    age_max: Age | None = None


Products = Annotated[tuple[Product, ...], Meta(max_length=PRODUCTS_MAX)]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A place that is wanted, and what there is for its person at its clinic.

    `is_kept`: they have this dose of this service already, and move it.
    """

    place: Wanted
    slot: SlotFacts
    offered: Products
    born_month: date | None = None
    is_kept: bool = False

    @property
    def product(self) -> Product | None:
        """Which product the slot is for."""
        return product_of(self.offered, self.slot.service)


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """Which rule a place breaks, whose, and of which product where there is one."""

    rule: ProductRule
    asked: Asked
    product: Product | None = None


def wrong_with(products: Sequence[Product]) -> str | None:
    """What to do about products that cannot be meant; None where they can."""
    for what in ("id", "service"):
        if len({getattr(product, what) for product in products}) < len(products):
            return f"No two products have the same {what}."
    for product in products:
        if product.min_days > product.max_days:
            return f"min_days of the product {product.id} is at most its max_days."
        low, high = product.age_min, product.age_max
        if low is not None and high is not None and low > high:
            return f"age_min of the product {product.id} is at most its age_max."
    return None


def own_product(campaign: Campaign) -> Product:
    """What a campaign gives where its rules name no products."""
    return Product(
        id=NO_PRODUCT,
        title=Words(ru=campaign.name, en=campaign.name),
        service=campaign.service,
        doses=campaign.doses,
        min_days=campaign.min_days,
        max_days=campaign.max_days,
    )


def product_of(products: Iterable[Product], service: str) -> Product | None:
    """The one for which slots of this service are opened."""
    return next((product for product in products if product.service == service), None)


def broken_by(asked: Sequence[Asked], later: Container[str] = ()) -> Broken | None:
    """The first rule that these places of one booking break; `later` ones are not looked at here.

    All are of one product; whoever has a dose keeps it, by whatever products there are now.
    """
    for one in asked:
        if not one.is_kept and one.product is None:
            return Broken(rule="service", asked=one)
        if one.slot.service != asked[0].slot.service:
            return Broken(rule="product", asked=one, product=one.product)
    for one in asked:
        if one.product is not None and not one.is_kept and not _is_of_age(one, one.product):
            return Broken(rule="age", asked=one, product=one.product)
    return _of_a_series(asked, later)


def _of_a_series(asked: Sequence[Asked], later: Container[str]) -> Broken | None:
    series: Mapping[UUID, dict[int, Asked]] = defaultdict(dict)
    for one in asked:
        dose, mine = one.place.dose or DOSE_FIRST, series[one.place.patient_id]
        most = one.product.doses if one.product is not None and not one.is_kept else dose
        if "dose" not in later and (dose > most or dose in mine):
            return Broken(rule="dose", asked=one, product=one.product)
        mine[dose] = one
    if "interval" in later:
        return None
    for mine in series.values():
        for dose, one in mine.items():
            product, after = one.product, mine.get(dose + 1)
            if product is None or after is None:
                continue
            starts = (one.slot.starts_at, after.slot.starts_at)
            if not well_apart(*starts, product.min_days, product.max_days):
                return Broken(rule="interval", asked=after, product=product)
    return None


def _is_of_age(asked: Asked, product: Product) -> bool:
    """By the age on the day of the visit; who asks for an age must know it."""
    who = Who(age_min=product.age_min, age_max=product.age_max)
    if who.age_min is None and who.age_max is None:
        return True
    at: datetime = asked.slot.starts_at
    return asked.born_month is not None and of_age(who, asked.born_month, at)
