"""Of what would people be told? One event of each kind, and of each that is told in other words.

The people are numbers, the clinic is none, and the links in them open nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec

from services.notify.rules import (
    Told,
    link_to_cancel,
    link_to_confirm,
    link_to_move,
    links_to_visits,
)
from services.notify.rules.messages import Announced, ReplyAnswer
from services.notify.rules.preferences import link_to_decline
from services.notify.rules.reminders import Habits, reminder_of, visits_of
from shared.messages import (
    AnnouncementText,
    AnnouncementWords,
    BookedPlace,
    BookingConfirmed,
    BookingMissed,
    BookingReinstated,
    BookingRescheduled,
    BookingRevoked,
    VisitAdmitted,
    VisitByPhone,
    VisitMissed,
)

PAGE = "https://talon.example/#/link/"
ONE_CLICK = "https://talon.example/api/v1/unsubscribe/"
MADE_UP = UUID("7a1e0000-0000-4000-8000-000000000000")
BOOKING = uuid5(MADE_UP, "booking")
PATIENT, CHILD = uuid5(MADE_UP, "patient 1"), uuid5(MADE_UP, "patient 2")
NOW = datetime(2026, 9, 1, 6, 0, tzinfo=UTC)
MONDAY = datetime(2026, 9, 21, 7, 30, tzinfo=UTC)
WORDS = AnnouncementWords(
    en=AnnouncementText(
        subject="The entrance is closed on Monday",
        text="The main entrance is closed on Monday.\n\nPlease come by the yard:\nthe second door.",
        short="On Monday please come by the yard, the second door.",
    ),
    ru=AnnouncementText(
        subject="В понедельник вход закрыт",
        text="В понедельник главный вход закрыт.\n\nВходите со двора:\nвторая дверь.",
        short="В понедельник входите со двора, вторая дверь.",
    ),
)
WORDS_OF_CARE = AnnouncementWords(
    en=msgspec.structs.replace(WORDS.en, short="The vaccination point has moved."),
    ru=msgspec.structs.replace(WORDS.ru, short="Пункт вакцинации переехал."),
)
CLINIC = ("Поликлиника № 12", "Москва, ул. Тверская, 1", "Europe/Moscow")


class Example(msgspec.Struct, frozen=True):
    """An event, and all that goes into its message beside it."""

    name: str
    event: Told
    perhaps_again: bool = False

    @property
    def confirm_at(self) -> str:
        """Where it may be said that one comes, where its message asks."""
        return _address("coming") if link_to_confirm(self.event) else ""

    @property
    def move_at(self) -> str:
        """Where another time may be taken, where its message says so."""
        return _address("time") if link_to_move(self.event) else ""

    @property
    def cancel_at(self) -> str:
        """Where it may be cancelled, where its message says so."""
        return _address("cancel") if link_to_cancel(self.event) else ""

    @property
    def unsubscribe_at(self) -> str:
        """Where its reader stops such messages, if they may."""
        return f"{ONE_CLICK}example" if link_to_decline(self.event) else ""

    @property
    def join_at(self) -> tuple[str, ...]:
        """Where each person comes to a visit from afar."""
        count = len(links_to_visits(self.event))
        return tuple(_address(f"visit/{number}") for number in range(1, count + 1))


def examples() -> list[Example]:
    """Each by its kind's name, and by what is particular about it."""
    here, later = _place(0), _place(1, MONDAY + timedelta(days=2))
    child = msgspec.structs.replace(_place(2), patient_id=CHILD)
    afar, afar_child = _from_afar(here), _from_afar(child)
    night = _place(3, datetime(2026, 9, 21, 20, 45, tzinfo=UTC))
    revoked = _about(BookingRevoked, reason="clinic", freed=(here,))
    return [
        Example("BookingConfirmed", _about(BookingConfirmed, places=(here,))),
        Example("BookingConfirmed-clinic", _about(BookingConfirmed, places=(here,), by="clinic")),
        Example("BookingConfirmed-family", _about(BookingConfirmed, places=(here, child, later))),
        Example("BookingConfirmed-afar", _about(BookingConfirmed, places=(afar,))),
        Example("BookingConfirmed-afar-two", _about(BookingConfirmed, places=(afar, afar_child))),
        Example("BookingConfirmed-midnight", _about(BookingConfirmed, places=(night,))),
        Example("BookingRescheduled", _about(BookingRescheduled, places=(later,), freed=(here,))),
        Example("BookingRevoked", _about(BookingRevoked, reason="patient", freed=(here,))),
        Example("BookingRevoked-clinic", revoked),
        Example("BookingRevoked-perhaps-again", revoked, perhaps_again=True),
        Example("BookingMissed", _about(BookingMissed, freed=(here,))),
        Example("BookingReinstated", _about(BookingReinstated, places=(here,))),
        Example("Announced", _about(Announced, words=WORDS)),
        Example("Announced-care", _about(Announced, words=WORDS_OF_CARE)),
        Example("VisitReminder", _reminder(here)),
        Example("ReplyAnswer", _about(ReplyAnswer, says="other_time", places=(here,), offer="all")),
        Example("ReplyAnswer-ambiguous", _about(ReplyAnswer, says="ambiguous")),
        Example("ReplyAnswer-not-understood", _about(ReplyAnswer, says="not_understood")),
        Example("ReplyAnswer-not-by-reply", _about(ReplyAnswer, says="not_by_reply")),
        Example("ReplyAnswer-nothing", _about(ReplyAnswer, says="nothing")),
        Example("VisitAdmitted", _about(VisitAdmitted, step=3, place=afar)),
        Example("VisitByPhone", _about(VisitByPhone, step=3, place=afar)),
        Example("VisitMissed", _about(VisitMissed, step=3, place=afar, noshow_by="patient")),
        Example(
            "VisitMissed-practitioner",
            _about(VisitMissed, step=3, place=afar, noshow_by="practitioner"),
        ),
    ]


def _about(kind: type[Any], **about: object) -> Any:
    return kind(
        id=uuid5(MADE_UP, kind.__name__),
        cause=uuid5(MADE_UP, "cause"),
        at=NOW,
        booking_id=BOOKING,
        version=2,
        owner_id=PATIENT,
        **about,
    )


def _reminder(place: BookedPlace) -> Told:
    [visit] = visits_of([place])
    before = Habits.parse("P1D", "21:00-08:00").befores[0]
    return reminder_of(visit, before, booking_id=BOOKING, owner_id=PATIENT, version=2, now=NOW)


def _place(number: int, starts_at: datetime = MONDAY) -> BookedPlace:
    name, address, time_zone = CLINIC
    return BookedPlace(
        id=uuid5(MADE_UP, f"place {number}"),
        slot_id=uuid5(MADE_UP, f"slot {starts_at}"),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
        clinic_id=uuid5(MADE_UP, "clinic"),
        clinic_name=name,
        clinic_address=address,
        time_zone=time_zone,
        patient_id=PATIENT,
    )


def _from_afar(place: BookedPlace) -> BookedPlace:
    return msgspec.structs.replace(place, modality="virtual")


def _address(what: str) -> str:
    return f"{PAGE}{what}/example"
