"""Is the log behind?"""

from deploy.watch.questions import Board, Line, Panel, of_each, quantiles

BOARD = Board(
    "log",
    "Is the log behind?",
    (
        Panel(
            "From a wish on the log to its decision",
            "seconds",
            quantiles("slots_queue_delay_seconds_bucket"),
            "What patients feel of the referee. Rising: add a process, up to one a partition.",
        ),
        Panel(
            "Decided",
            "per_second",
            (
                Line("sum(rate(slots_decisions_total[1m]))", "for the first time"),
                Line("sum(rate(slots_repeated_answers_total[1m]))", "answered from the record"),
            ),
            "Many from the record: people ask again, since answers are late.",
        ),
        Panel(
            "Commands in one transaction",
            "number",
            (
                Line(
                    "sum(rate(slots_batch_commands_sum[1m]))"
                    " / sum(rate(slots_batch_commands_count[1m]))",
                    "on average",
                ),
            ),
            "1 in a quiet hour, more when many come. Always 128: work is piling up.",
        ),
        Panel(
            "Age of what was not handled yet",
            "seconds",
            (Line("talon:lag_seconds:max", by=("job",)),),
            "slots: who waits. booking: how late changes by others show. notify: how late mail is.",
        ),
        Panel(
            "Records not handled yet",
            "number",
            (Line(f"sum by (job) ({of_each('lag_records')})", by=("job",)),),
            "May rise at the peak for booking and notify, visibly; for slots it may not.",
        ),
        Panel(
            "Age of what was decided and not told",
            "seconds",
            (Line("talon:outbox_age_seconds:max", by=("job",)),),
            "Rises when Kafka does not take it. Nothing is lost.",
        ),
        Panel(
            "Batches done again",
            "per_second",
            (
                Line(
                    f"sum by (job, why) (rate({of_each('batches_again_total')}[1m]))",
                    by=("job", "why"),
                ),
            ),
            "outage: only during one.",
        ),
        Panel(
            "Parts that make no progress",
            "number",
            (
                Line(
                    "count by (job) (talon:part_ready:min == 0) or 0 * count by (job) (up)",
                    by=("job",),
                ),
            ),
            "Ask /readyz of that service which, and why.",
        ),
        Panel(
            "Waiting for a connection to PostgreSQL",
            "seconds",
            (Line("talon:pool_wait_seconds:p99", by=("job",)),),
            "99 of 100 waited so long at most.",
        ),
        Panel(
            "Cores in use",
            "cores",
            (Line("rate(process_cpu_seconds_total[1m])", by=("instance",)),),
            "A service's process has one core at most: near 1 it is the limit.",
        ),
        Panel(
            "Memory",
            "bytes",
            (Line("process_resident_memory_bytes", by=("instance",)),),
            "slots holds every upcoming slot.",
        ),
        Panel(
            "Started again",
            "number",
            (Line("increase(supervisor_part_restarts_total[15m])", by=("part",)),),
            "In the last 15 minutes, on one machine without Docker.",
        ),
    ),
)
