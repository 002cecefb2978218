"""Which mornings are played, what was published of each, and what is made up between?"""

import msgspec

from bench.drills.curve import Point


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Who published what."""

    says: str
    address: str


class Morning(msgspec.Struct, frozen=True, kw_only=True):
    """One published morning. Minutes count from midnight of its day, on its own clock."""

    name: str
    title: str
    points: tuple[Point, ...]
    opens_minute: float
    """When the campaign opens: whoever came before is drawn for."""
    places_share: float
    """Places, as a share of the people who come."""
    around_share: float = 0.0
    """Who first tries to get past the waiting room."""
    sources: tuple[Source, ...]
    made_up: tuple[str, ...]


DOCTOLIB = Morning(
    name="doctolib",
    title="Doctolib, 12 July 2021",
    points=(
        Point(1195, 0.25),
        Point(1205, 0.25),
        Point(1220, 4.0),
        Point(1250, 4.0),
        Point(1320, 1.0),
    ),
    opens_minute=1196,
    places_share=1.2,
    sources=(
        Source(
            says="up to 20,000 bookings a minute (333 a second) around 21:00; hard to reach from"
            " 20:20 to 20:50; 7.5 million connections",
            address="https://linformaticien.com/magazine/tendances/58201-38doctolib-sature-apres-l-allocution-d-emmanuel-macron.html",
        ),
        Source(
            says="14 million requests a minute (233,000 a second), 500,000 to 900,000 visitors a"
            " minute",
            address="https://www.bfmtv.com/sante/allocution-d-emmanuel-macron-entre-600-a-700-000-rendez-vous-pris-sur-doctolib-ce-lundi-soir_AN-202107120514.html",
        ),
        Source(
            says="a speech on television that nobody at Doctolib knew the contents of; servers are"
            " added within minutes, which was too slow",
            address="https://medium.com/doctolib/monday-july-12-at-doctolib-a-retrospective-9ac15c46ac19",
        ),
    ),
    made_up=(
        "the slope: a quarter of what can be let in until 20:05, four times as many by 20:20,"
        " falling evenly from 20:50 until 22:00",
        "that four times as many came as could be let in: only that the site was not to be reached"
        " is published",
        "that the campaign opens as the evening begins; then it had been open for months",
        "that there are places for everybody who comes",
    ),
)

HOTLINE_116117 = Morning(
    name="116117",
    title="116117, North Rhine-Westphalia, 25 January 2021",
    points=(
        Point(470, 0.5),
        Point(479, 2.0),
        Point(480, 4.0),
        Point(960, 4.0),
    ),
    opens_minute=480,
    places_share=0.3,
    sources=(
        Source(
            says="online from 07:50, about 700 requests a second from 08:00, 20 million in eight"
            " hours, four times what it could bear; 280,000 calls from 8 to 9; from 10 to 12 the"
            " agents on the telephone could not book either",
            address="https://www.westfalen-blatt.de/OWL/Kreis-Paderborn/Altenbeken/4353308-Chef-der-Bezirksstelle-Paderborn-der-Kassenaerztlichen-Vereinigung-meldet-sich-zu-Wort-Entschuldigung-fuer-Impfchaos",
        ),
        Source(
            says="people had pressed since midnight; bookings were to open at 8",
            address="https://www.businessinsider.de/politik/deutschland/landes-gesundheitsminister-wurde-vor-impfaufruf-gewarnt-nrw-legt-bundesweite-impftermin-website-lahm/",
        ),
    ),
    made_up=(
        "that it went on evenly for the eight hours: 20 million in eight hours are 694 a second, as"
        " many as at the start",
        "the ten minutes before 8",
        "that there is a place for three of ten",
    ),
)

PREPMOD = Morning(
    name="prepmod",
    title="PrepMod, Massachusetts, 18 February 2021",
    points=(
        Point(470, 0.2),
        Point(480, 0.2),
        Point(482, 14.0),
        Point(542, 0.2),
    ),
    opens_minute=480,
    places_share=0.1,
    sources=(
        Source(
            says="usually 1,000 visits a minute, that morning 70,000; about two million within an"
            " hour",
            address="https://www.boston25news.com/news/25-investigates/25-investigates-2-million-hits-crashed-states-vaccine-website-ceo-says/MET3OSN7UZEBPAMP3IZULBXW3M/",
        ),
        Source(
            says="down for about two hours; it did not scale fast enough",
            address="https://www.boston.com/news/coronavirus/2021/02/19/massachusetts-vaccine-website-crash-explanation/",
        ),
        Source(
            says="60,000 appointments that day, for a million people who had just become eligible",
            address="https://boston.cbslocal.com/2021/02/19/prep-mod-massachusetts-covid-vaccine-website-appointments-vaxfinder-ma-gov/",
        ),
    ),
    made_up=(
        "two minutes for the rise, and that it fell evenly within an hour: that makes 2.1 million",
        "the time of day, of which only the morning is published",
        "that a usual minute takes a fifth of what can be let in",
        "a place for one of ten people, not for one of seventeen",
    ),
)

KOREA = Morning(
    name="korea",
    title="Korea, people of 53 and 54 years, 19 July 2021",
    points=(
        Point(1170, 0.5),
        Point(1195, 5.0),
        Point(1199, 20.0),
        Point(1200, 33.0),
        Point(1205, 12.0),
        Point(1230, 4.0),
        Point(1320, 1.0),
    ),
    opens_minute=1200,
    places_share=0.8,
    around_share=0.05,
    sources=(
        Source(
            says="opened at 20:00 and broke at once; taken up again at 22:00 with more servers",
            address="https://m.koreatimes.co.kr/pages/article.asp?newsIdx=312466",
        ),
        Source(
            says="up to ten million at once, on a system for 300,000; whoever asked was told of"
            " 401,032 people ahead and 111 hours",
            address="https://www.mcall.com/2021/07/28/want-a-vaccine-reservation-in-south-korea-try-waiting-111-hours/",
        ),
        Source(
            says="by an address that went around, some came past the line and booked before 20:00",
            address="https://news.kbs.co.kr/news/view.do?ncd=5235181",
        ),
    ),
    made_up=(
        "the whole course but for its height: 10 million to 300,000 is 33 times",
        "that one of twenty tries to come past the line first",
        "that there is a place for four of five",
    ),
)

MORNINGS = {morning.name: morning for morning in (DOCTOLIB, HOTLINE_116117, PREPMOD, KOREA)}
