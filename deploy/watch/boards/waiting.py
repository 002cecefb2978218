"""Who waits for a campaign, and how fast do they come in?"""

from deploy.watch.questions import Board, Line, Panel

BOARD = Board(
    "waiting",
    "Who waits for a campaign, and how fast do they come in?",
    (
        Panel(
            "Waiting",
            "number",
            (Line("max by (campaign) (booking_line_people)", by=("campaign",)),),
            "Who has a place in line and has not come in. Growing: more come than go in.",
        ),
        Panel(
            "Let in so far",
            "number",
            (Line("max by (campaign) (booking_line_serving)", by=("campaign",)),),
            "Standing still while people wait: the database is away, or the speed is too low.",
        ),
        Panel(
            "Speed, and what is allowed",
            "per_second",
            (
                Line("max by (campaign) (booking_line_people_per_second)", by=("campaign",)),
                Line(
                    "max by (campaign, end) (booking_line_limit_people_per_second)",
                    by=("campaign", "end"),
                ),
            ),
            "At its least: those inside wait too long. At its most: an operator may allow more.",
        ),
        Panel(
            "Waits that came true",
            "share",
            (
                Line(
                    'sum(rate(booking_line_promises_total{came="inside"}[5m]))'
                    " / sum(rate(booking_line_promises_total[5m]))",
                    "of those that were told",
                ),
            ),
            "Under 90 %: the speed changes more than in the minutes before.",
        ),
        Panel(
            "Tickets and passes",
            "per_second",
            (
                Line(
                    "sum by (route, status) (rate(booking_requests_total"
                    '{route=~".+/waiting-room/(tickets|passes)"}[1m]))',
                    by=("route", "status"),
                ),
            ),
            "503: too many come to be written down at once; they are asked to come again.",
        ),
    ),
)
