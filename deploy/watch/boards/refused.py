"""Who is refused, and why?"""

from deploy.watch.questions import Board, Line, Panel, of_each

BOARD = Board(
    "refused",
    "Who is refused, and why?",
    (
        Panel(
            "Refused by the referee",
            "per_second",
            (
                Line(
                    'sum by (outcome) (rate(slots_decisions_total{outcome!="done"}[1m]))',
                    by=("outcome",),
                ),
            ),
            "full is a sold-out morning. expired: the referee is behind. failed: a bug.",
        ),
        Panel(
            "Bookings refused",
            "share",
            (
                Line(
                    'sum(rate(slots_decisions_total{command="BookPlaces",outcome!="done"}[1m]))'
                    ' / sum(rate(slots_decisions_total{command="BookPlaces"}[1m]))',
                    "of those asked for",
                ),
            ),
            "Near 100 %: what is wanted is gone. Open slots, or say so on the page.",
        ),
        Panel(
            "What people heard",
            "per_second",
            (Line("sum by (outcome) (rate(booking_answers_total[1m]))", by=("outcome",)),),
            "Each command's end, as the front desk told it.",
        ),
        Panel(
            "What was decided",
            "per_second",
            (Line("sum by (command) (rate(slots_decisions_total[1m]))", by=("command",)),),
            "By what was asked for.",
        ),
        Panel(
            "Turned away at the door",
            "per_second",
            (
                Line(
                    'sum by (route, status) (rate(booking_requests_total{status=~"4.."}[1m]))',
                    by=("status", "route"),
                ),
            ),
            "401: tokens have run out. 422: not eligible, or not what the route takes.",
        ),
        Panel(
            "Asked to come again",
            "per_second",
            (Line("sum by (kind) (rate(booking_shed_total[1m]))", by=("kind",)),),
            "More come than the front desks can serve. finish: even who gives a place back.",
        ),
        Panel(
            "Held places that ran out",
            "per_second",
            (Line("sum(rate(slots_expired_places_total[1m]))", "places"),),
            "Many: people give up between choosing and confirming.",
        ),
        Panel(
            "Near times offered in refusals",
            "per_second",
            (
                Line("sum(rate(slots_alternatives_searches_total[1m]))", "refusals searched for"),
                Line("sum(rate(slots_alternatives_told_total[1m]))", "times offered"),
            ),
            "Fewer times than refusals: there is little left nearby.",
        ),
        Panel(
            "Tokens checked",
            "per_second",
            (
                Line(
                    f"sum by (job, how) (rate({of_each('token_checks_total')}[1m]))",
                    by=("job", "how"),
                ),
            ),
            "By signature each costs 100 µs and more; who comes again is known.",
        ),
        Panel(
            "Facts the front desk had to ask for",
            "per_second",
            (
                Line(
                    'sum by (kind) (rate(booking_facts_looked_up_total{found="database"}[1m]))',
                    by=("kind",),
                ),
            ),
            "Falls to 0 once each slot was asked for. Steady: TALON_FACTS_MAX is too low.",
        ),
    ),
)
