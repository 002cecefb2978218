"""What is being said?"""

from deploy.watch.questions import Board, Line, Panel, of_each, quantiles

BOARD = Board(
    "said",
    "What is being said?",
    (
        Panel(
            "Messages by their fate",
            "per_second",
            (Line("sum by (fate) (rate(notify_settled_messages_total[1m]))", by=("fate",)),),
            "unknown: perhaps sent, never sent again by itself. failed: the server said no.",
        ),
        Panel(
            "Messages that are not settled",
            "number",
            (Line("max by (state) (notify_messages)", by=("state",)),),
            "waiting falls after the peak. unknown stays until somebody has told those people.",
        ),
        Panel(
            "Age of the oldest message that waits",
            "seconds",
            (Line("max(notify_oldest_waiting_seconds)", "waits"),),
            "Over two minutes people act on old news.",
        ),
        Panel(
            "From written down to handed over",
            "seconds",
            quantiles("notify_delay_seconds_bucket"),
            "What people feel of the mail.",
        ),
        Panel(
            "Attempts",
            "per_second",
            (Line("sum by (outcome) (rate(notify_attempts_total[1m]))", by=("outcome",)),),
            "NotHandedOver and Refused are the mail server's doing.",
        ),
        Panel(
            "Lines to those who take messages",
            "number",
            (Line("sum by (provider) (notify_provider_lines)", by=("provider",)),),
            "0 with messages waiting: it is away.",
        ),
        Panel(
            "Rests of providers in trouble",
            "per_second",
            (Line("sum by (provider) (rate(notify_provider_rests_total[1m]))", by=("provider",)),),
            "How often one is left alone for a while; meanwhile the channel's second one speaks.",
        ),
        Panel(
            "Told anew by the next channel",
            "per_second",
            (Line("sum by (channel) (rate(notify_fallen_over_total[1m]))", by=("channel",)),),
            "What the one before it has certainly not told.",
        ),
        Panel(
            "Text messages that the guard kept back",
            "per_second",
            (Line("sum by (why) (rate(notify_sms_guarded_total[1m]))", by=("why",)),),
            "Many of one prefix or country: somebody may be paid for messages to it.",
        ),
        Panel(
            "What people write back",
            "per_second",
            (Line("sum by (became) (rate(notify_sms_replies_total[1m]))", by=("became",)),),
            "Many not_understood: read the reminder as its readers do. nobody: unknown numbers.",
        ),
        Panel(
            "Told on open pages",
            "per_second",
            (Line("sum by (when) (rate(notify_live_told_total[1m]))", by=("when",)),),
            "missed: told to somebody who came back.",
        ),
        Panel(
            "Events announced",
            "per_second",
            (Line(f"sum by (job) (rate({of_each('announced_records_total')}[1m]))", by=("job",)),),
            "Stands still while decisions move: Kafka does not take them.",
        ),
        Panel(
            "Set aside as unreadable",
            "number",
            (Line("talon:set_aside:increase15m", by=("job",)),),
            "In the last 15 minutes. Any: read the letter.",
        ),
    ),
)
