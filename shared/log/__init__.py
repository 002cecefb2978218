"""How does a service write to and read from Kafka so that nothing is lost and nothing hangs?

What aiokafka does when left to its defaults, and what was measured, is in `docs/kafka.md`.
"""

from shared.log.appender import Appender
from shared.log.outgoing import LogAwayError, Outgoing
from shared.log.reader import Reader

__all__ = ["Appender", "LogAwayError", "Outgoing", "Reader"]
