"""Are patients served?"""

from deploy.watch.questions import Board, Line, Panel, quantiles

WISHES = '{method!~"GET|HEAD"}'

BOARD = Board(
    "served",
    "Are patients served?",
    (
        Panel(
            "Wishes answered",
            "per_second",
            (Line(f"sum by (status) (rate(booking_requests_total{WISHES}[1m]))", by=("status",)),),
            "201 booked, 409 refused. 202: answers are late. 503: too many, or a part is away.",
        ),
        Panel(
            "Wishes without an answer",
            "share",
            (
                Line("booking:unanswered:ratio5m", "5 minutes"),
                Line("booking:unanswered:ratio1h", "an hour"),
            ),
            "Of 1,000 wishes 999 are to be answered. At 1.4 % somebody is woken.",
        ),
        Panel(
            "Time until a wish is answered",
            "seconds",
            quantiles("booking_request_seconds_bucket", WISHES),
            "After 2 s people are told that it is not decided yet.",
        ),
        Panel(
            "Who waits for an answer",
            "number",
            (
                Line("sum(booking_seats_taken)", "at the door"),
                Line("max(booking_commands_pending)", "were told to look again"),
            ),
            "The first falls with the load; the second has to fall to 0 by itself.",
        ),
        Panel(
            "Age of what people choose from",
            "seconds",
            (Line("max by (instance) (slots_availability_age_seconds)", by=("instance",)),),
            "How long ago each copy was certainly true. Over 5 s somebody is woken.",
        ),
        Panel(
            "Reads that came to the referee",
            "per_second",
            (
                Line(
                    'sum by (route) (rate(slots_requests_total{method="GET"}[1m]))',
                    by=("route",),
                ),
            ),
            "What the edge did not remember. Close to what people ask: it remembers nothing.",
        ),
        Panel(
            "Connections at the edge",
            "number",
            (Line("sum by (state) (edge_connections)", by=("state",)),),
            "Writing includes whoever waits for an answer, and open pages.",
        ),
        Panel(
            "Open pages",
            "number",
            (Line("sum(notify_live_streams)", "streams"),),
            "Who is told of changes while they happen.",
        ),
    ),
)
