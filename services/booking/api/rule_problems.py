"""What may go wrong with a campaign's rules: for who is judged by them, and for who makes them?"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from services.booking.rules.admission import Fact, Why, Words
from services.booking.rules.limits import Limit
from shared.openapi import ProblemKind


class RuleBroken(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the campaign's rules said no: service, product, age, dose, interval, or a phase by
    its id. `product` is the one whose rule it is.

    Of a phase: to whom of those who were to get a place, of which version of the rules, and in
    words; `facts` are those that keep the person out, or that are not known.
    """

    rule: str | UnsetType = UNSET
    product: str | UnsetType = UNSET
    why: Why | UnsetType = UNSET
    rules_version: int | UnsetType = UNSET
    patient_id: UUID | UnsetType = UNSET
    rule_title: Words | UnsetType = UNSET
    what_to_do: Words | UnsetType = UNSET
    opens_at: datetime | UnsetType = UNSET
    closed_at: datetime | UnsetType = UNSET
    facts: tuple[Fact, ...] | UnsetType = UNSET


class CampaignNeeded(msgspec.Struct, frozen=True, kw_only=True):
    """Through which campaigns places of this service are had."""

    service: str | UnsetType = UNSET
    campaign_ids: tuple[UUID, ...] | UnsetType = UNSET


class LimitReached(msgspec.Struct, frozen=True, kw_only=True):
    """Which limit of which service, for whom, and from when on a visit keeps it."""

    limit: Limit | UnsetType = UNSET
    service: str | UnsetType = UNSET
    patient_id: UUID | UnsetType = UNSET
    until: datetime | UnsetType = UNSET


RULES = (
    ProblemKind(
        409,
        "limit_reached",
        "The person has as many visits of this service as there may be, or one too near.",
        "Choose a time from `until` on, or cancel or move the visit that is there.",
        more=LimitReached(
            limit="days_between",
            service="vaccination",
            patient_id=UUID("00000000-0000-4000-8000-000000000001"),
            until=datetime(2099, 3, 1, tzinfo=UTC),
        ),
    ),
    ProblemKind(
        422,
        "campaign_needed",
        "A campaign of this service has rules, so none of its places is had without a campaign.",
        "Ask again with one of `campaign_ids` as `campaign_id`; what has none is booked anew.",
        more=CampaignNeeded(
            service="vaccination",
            campaign_ids=(UUID("00000000-0000-4000-8000-000000000501"),),
        ),
    ),
    ProblemKind(
        422,
        "not_eligible",
        "The campaign does not allow these places; `rule` is the rule of it that said no.",
        "Choose places that keep the rule; of a phase, do what its `what_to_do` says.",
        more=RuleBroken(
            rule="from-65",
            why="later",
            rules_version=2,
            patient_id=UUID("00000000-0000-4000-8000-000000000001"),
            rule_title=Words(ru="С 65 лет", en="From 65 years on"),
            what_to_do=Words(ru="Запишитесь с 1 марта.", en="Book from 1 March on."),
            opens_at=datetime(2099, 3, 1, tzinfo=UTC),
        ),
    ),
    ProblemKind(
        422,
        "too_many_people",
        "One announcement is for at most 200,000 people.",
        "Write several, by districts or by clinics.",
    ),
    ProblemKind(
        409,
        "dry_run_running",
        "Another dry run is not over yet; there is one at a time.",
        "Ask again in a minute, with the same Idempotency-Key.",
    ),
    ProblemKind(
        409,
        "dry_run_unfinished",
        "The dry run is not over yet, so nobody can agree to what it finds.",
        "Look at it until it has ended, then propose again.",
    ),
    ProblemKind(
        409,
        "nothing_to_revert",
        "It is not what was published last of the campaign, or was a step back itself.",
        "Look at what is in force, and name its `publication`.",
    ),
)
