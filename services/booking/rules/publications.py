"""Which rule book of a campaign is in force for whom: the new one for some, then for all?"""

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from services.booking.rules.admission import CODES_MAX, Code, Phases
from services.booking.rules.products import Product, Products, product_of

PERCENT_ALL = 100
CLINICS_MAX = 200

Percent = Annotated[int, Meta(ge=0, le=PERCENT_ALL)]
Clinics = Annotated[tuple[UUID, ...], Meta(max_length=CLINICS_MAX)]


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For whom a rule book is published: a share of all persons, and whoever else is named.

    The share is by a hash of the person, so whoever is in a small share is in every larger one.
    """

    percent: Percent = PERCENT_ALL
    clinics: Clinics = ()
    districts: Annotated[tuple[Code, ...], Meta(max_length=CODES_MAX)] = ()

    @property
    def is_all(self) -> bool:
        """It is for everybody."""
        return self.percent == PERCENT_ALL

    @property
    def is_nobody(self) -> bool:
        """It is for no one at all."""
        return self.percent == 0 and not self.clinics and not self.districts


class RuleBook(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a campaign's rules. It is never changed: another version is another book.

    Without products the campaign's own doses and days are meant.
    """

    id: UUID
    campaign_id: UUID
    number: int
    phases: Phases
    products: Products = ()


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force of a campaign: `book` within `scope`, and `before` for the rest.

    Where there is no book everybody is admitted, as in a campaign without rules.
    """

    campaign_id: UUID
    service: str
    number: int
    scope: Scope
    book: RuleBook | None
    before: RuleBook | None = None
    reverts: bool = False

    def book_for(
        self, person_id: UUID, *, district: str | None, clinic_id: UUID
    ) -> RuleBook | None:
        """By which book this person is judged at this clinic."""
        scope = self.scope
        is_in = (
            share_of(self.campaign_id, person_id) < scope.percent
            or clinic_id in scope.clinics
            or district in scope.districts
        )
        return self.book if is_in else self.before

    @property
    def books(self) -> tuple[RuleBook, ...]:
        """All by which somebody is judged."""
        return tuple(book for book in (self.book, self.before) if book is not None)

    @property
    def services(self) -> set[str]:
        """Of which services places are had through it by its rules."""
        return {
            service
            for book in self.books
            for service in [product.service for product in book.products] or [self.service]
        }

    @property
    def has_products(self) -> bool:
        """Whether somebody is offered products."""
        return any(book.products for book in self.books)

    @property
    def products(self) -> Products:
        """What it gives by any of its books, the newest word on each."""
        found = {one.service: one for book in reversed(self.books) for one in book.products}
        return tuple(found.values())

    def product_of(self, service: str) -> Product | None:
        """For which product slots of this service are opened, by any of its books."""
        return product_of(self.products, service)

    @property
    def base(self) -> RuleBook | None:
        """What is in force for everybody: what the next one replaces, and a step back restores."""
        return self.book if self.scope.is_all else self.before


def ruled_services(published: Iterable[Published]) -> Mapping[str, tuple[UUID, ...]]:
    """The services of which somebody is judged by a book, each with the campaigns that have one.

    A place of them is only had through a campaign: else nobody would have to name one.
    """
    ruled: dict[str, tuple[UUID, ...]] = {}
    for one in sorted(published, key=lambda one: one.campaign_id):
        for service in one.services:
            ruled[service] = (*ruled.get(service, ()), one.campaign_id)
    return ruled


def beyond_what_they_had(
    wanted: Iterable[tuple[UUID, str]], had: Iterable[tuple[UUID, str]], ruled: Container[str]
) -> str | None:
    """The first ruled service of which somebody would have more places than they had; else None.

    Persons and services of places; who had one before its service had rules may move it.
    """
    more = Counter(wanted)
    more.subtract(Counter(had))
    return next((service for (_, service), n in more.items() if n > 0 and service in ruled), None)


def share_of(campaign_id: UUID, person_id: UUID) -> int:
    """Below which percentage a person is among the first, of 0 to 99; another in each campaign."""
    first, second, *_ = sha256(campaign_id.bytes + person_id.bytes).digest()
    return (first * 256 + second) % PERCENT_ALL
