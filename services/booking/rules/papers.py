"""Does a person have the paper that a slot asks for, and which of theirs is it?"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from services.booking.rules.eligibility import SlotFacts

Wrong = Literal["none", "elsewhere", "over", "used", "campaign"]
"""What is wrong with what there is: `campaign` is that one for one visit is not for a campaign."""


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody is sent to a service, by a time; to one clinic or to any, once or as often.

    `used_by` is the booking that uses it up, in the slot `used_in`.
    """

    id: UUID
    service: str
    clinic_id: UUID | None
    valid_until: datetime
    once: bool
    used_by: UUID | None = None
    used_in: UUID | None = None


def not_attached(slot: SlotFacts, clinic_ids: Collection[UUID]) -> Wrong | None:
    """What is wrong, where somebody is attached to these clinics."""
    if slot.clinic_id in clinic_ids:
        return None
    return "elsewhere" if clinic_ids else "none"


def referral_for(
    slot: SlotFacts,
    referrals: Sequence[Referral],
    *,
    booking_id: UUID | None = None,
    gone: Collection[UUID] = (),
    in_campaign: bool = False,
) -> Referral | Wrong:
    """The one that this visit is based on: what need not be used up first, then what ends first.

    What this very booking uses it may go on using. `gone` are used up by its other places.
    """
    fit = [one for one in referrals if one.service == slot.service]
    here = [one for one in fit if one.clinic_id in (None, slot.clinic_id)]
    in_time = [one for one in here if slot.starts_at <= one.valid_until]
    allowed = [one for one in in_time if not (one.once and in_campaign)]
    free = [one for one in allowed if _is_free(one, slot, booking_id) and one.id not in gone]
    if free:
        return min(free, key=lambda one: (one.once, one.valid_until, one.id.int))
    reasons: list[tuple[Sequence[Referral], Wrong]] = [
        (allowed, "used"),
        (in_time, "campaign"),
        (here, "over"),
        (fit, "elsewhere"),
    ]
    return next((why for some, why in reasons if some), "none")


def _is_free(one: Referral, slot: SlotFacts, booking_id: UUID | None) -> bool:
    """The same slot again is the same wish again: of two that are not, the referee takes one."""
    return not one.once or one.used_by in (None, booking_id) or one.used_in == slot.id
