"""What may the front desk's callers be told went wrong, when, and what then?"""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from services.booking.api.incomplete import VISIT_KINDS
from services.booking.api.problems_of_lines import WAITING
from services.booking.api.rule_problems import RULES
from services.booking.api.unusable import UNUSABLE
from services.booking.api.visit_problems import VISITS
from services.booking.rules.offers import Offered
from shared.openapi import ProblemKind, by_code

REFEREE = ("expired", "decision_failed", "outcome_unknown")
"""Whatever is asked of the referee may end so."""

SLOT = (
    "slot_unknown",
    "slot_full",
    "slot_closed",
    "slot_started",
    "slot_cut_off",
    "slot_for_other_dose",
)
"""What stands in the way of a place."""

JUDGED = ("campaign_unknown", "campaign_needed", "not_eligible", "patient_unknown")
"""Why somebody is not let have a place, before the referee is asked for it."""

PERSON = (*JUDGED, "already_booked", "campaign_not_open", "limit_reached")
"""What stands in the way of a place for somebody."""

VISIT = tuple(kind.code for kind in VISIT_KINDS)
"""Why places are no visit."""

BOOKING = (
    "booking_pending",
    "booking_refused",
    "booking_expired",
    "booking_cancelled",
    "booking_changed",
    "booking_unknown",
)
"""Why a booking cannot be changed."""

CROWD = ("too_many_wishes",)
"""What one person is told who asks more often than people do."""

HELD_ENOUGH = ("too_many_held",)
"""Why nothing more can be held."""

RENEWED = ("hold_renewed_before",)
"""Why a hold cannot be kept longer still."""

HOLD = ("hold_gone", "hold_pending")
"""Why a hold cannot be used."""


class SlotInTheWay(msgspec.Struct, frozen=True, kw_only=True):
    """Which slot said no, where one did, and up to three that are near and have places.

    `until`: when it last took bookings, where it takes none any more. An alternative with a
    `hold_id` is kept for whoever was refused: `POST /bookings` with that books it.
    """

    slot_id: UUID | UnsetType = UNSET
    until: datetime | UnsetType = UNSET
    alternatives: tuple[Offered, ...] | UnsetType = UNSET


FULL = SlotInTheWay(
    slot_id=UUID("00000000-0000-4000-8000-000000000201"),
    alternatives=(
        Offered(
            slot_id=UUID("00000000-0000-4000-8000-000000000203"),
            clinic_id=UUID("00000000-0000-4000-8000-000000000101"),
            starts_at=datetime(2099, 3, 12, 7, 15, tzinfo=UTC),
            ends_at=datetime(2099, 3, 12, 7, 30, tzinfo=UTC),
            free=2,
            hold_id=UUID("00000000-0000-4000-8000-000000000402"),
            expires_at=datetime(2099, 3, 1, 6, 0, 58, 123456, tzinfo=UTC),
        ),
    ),
)
OF_A_SLOT = SlotInTheWay(slot_id=UUID("00000000-0000-4000-8000-000000000201"))


PROBLEMS = by_code(
    [
        ProblemKind(
            409,
            "slot_full",
            "There is no free place in one of the slots.",
            "Choose another slot: `alternatives` are near, and held where there is a `hold_id`.",
            more=FULL,
        ),
        ProblemKind(
            409,
            "slot_closed",
            "One of the slots is closed.",
            "Choose another slot: `alternatives` are near, and held where there is a `hold_id`.",
            more=FULL,
        ),
        ProblemKind(
            409,
            "slot_started",
            "One of the slots has begun already.",
            "Choose a later slot.",
            more=OF_A_SLOT,
        ),
        ProblemKind(
            409,
            "slot_cut_off",
            "One of the slots takes no more bookings; `until` says since when.",
            "Choose a later slot, some are in `alternatives`; for this one ask the clinic.",
            more=replace(FULL, until=datetime(2099, 3, 12, 4, 0, tzinfo=UTC)),
        ),
        ProblemKind(
            409,
            "visit_not_over",
            "One of the visits of the booking is not over, so nobody missed it.",
            "Ask again after it has ended; what is to come is the patient's to cancel.",
            more=OF_A_SLOT,
        ),
        ProblemKind(
            409,
            "booking_not_missed",
            "Nobody said of the booking that it was missed, or that was taken back.",
            "Look at the booking again.",
        ),
        ProblemKind(
            409,
            "slot_unknown",
            "One of the slots does not exist.",
            "Look for slots again, and choose one of those.",
            more=OF_A_SLOT,
        ),
        ProblemKind(
            409,
            "already_booked",
            "One of the persons has this dose or this slot booked already.",
            "Look at one's bookings; cancel the one that is there, or move it.",
            more=OF_A_SLOT,
        ),
        ProblemKind(
            409,
            "slot_for_other_dose",
            "One of the slots is for another dose; who names no dose comes for the first.",
            "Name the dose that the slot has, if it is meant, or choose a slot for the other.",
            more=OF_A_SLOT,
        ),
        ProblemKind(
            409,
            "interval_broken",
            "A dose would come too soon or too late after the one before it.",
            "Choose one of `alternatives` instead of `slot_id`, and ask again with its `hold_id`.",
            more=FULL,
        ),
        ProblemKind(
            409,
            "campaign_not_open",
            "The campaign has not opened yet.",
            "Ask again from its `opens_at` on, under a new Idempotency-Key.",
        ),
        ProblemKind(
            422,
            "campaign_unknown",
            "There is no such campaign.",
            "Look for campaigns again, and name one of those.",
        ),
        *VISIT_KINDS,
        ProblemKind(
            404,
            "patient_unknown",
            "There is no such patient, or it is not a dependant of whoever asks.",
            "Book for oneself, or for somebody in the list of one's dependants.",
        ),
        ProblemKind(
            409,
            "campaign_exists",
            "There is a campaign with this id already.",
            "Choose another id, or none: the campaign then gets one.",
        ),
        ProblemKind(
            409,
            "too_many_dependants",
            "There are as many dependants as one account may have.",
            "Use one of those that are there.",
        ),
        ProblemKind(
            409,
            "relation_exists",
            "Whoever asks acts for this adult already, has asked them, or was declined by them.",
            "Wait for their answer; after no, only they can say yes.",
        ),
        ProblemKind(
            409,
            "relation_ended",
            "What is to be agreed to was taken back, by the one or the other.",
            "Whoever is to act for somebody proposes it anew.",
        ),
        ProblemKind(
            422,
            "not_of_age",
            "Only somebody who is known to be an adult can agree that another acts for them.",
            "Say when one was born; for a child its guardian acts.",
        ),
        ProblemKind(
            422,
            "witness_needed",
            "Whoever notes a consent on paper is one of the two whom it is about.",
            "Let somebody else at the clinic note it.",
        ),
        ProblemKind(
            409,
            "bookings_ahead",
            "Whoever wants to be erased has bookings that are undecided or to come.",
            "Cancel them, then ask again, under the same Idempotency-Key if one likes.",
        ),
        ProblemKind(
            422,
            "consent_outdated",
            "The words that were agreed to are not those in force; `newest` says which are.",
            "Show the words in force, and agree to those or to none.",
        ),
        ProblemKind(
            422,
            "merge_impossible",
            "The two are one id, or the one books for the other, so they are two persons.",
            "Name two ids that are one person's.",
        ),
        ProblemKind(
            409,
            "patient_merged",
            "One of the two was merged with somebody already.",
            "Look at both again; who was merged leads to whom they are now.",
        ),
        *UNUSABLE,
        *WAITING,
        *VISITS,
        *RULES,
    ]
)
