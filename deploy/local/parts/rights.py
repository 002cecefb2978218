"""Who may do what with which topic? What `shared/topics.py` says, and not a thing more.

A producer of aiokafka needs no right but to write, and a reader that keeps its positions in
PostgreSQL none but to read: there are no consumer groups, and so nobody may have one.
"""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from deploy.local.stack import AUDITOR
from shared.topics import TOPICS, Topic

Deed = Literal["read", "write"]


class Right(NamedTuple):
    """One user may do one thing with one topic. Who may do either may also see that it is there."""

    user: str
    deed: Deed
    topic: str


def rights(topics: Iterable[Topic] = TOPICS) -> frozenset[Right]:
    """Every right there is. The auditor reads all topics, dead letters as well, and writes none."""
    return frozenset(right for topic in topics for right in _rights_in(topic))


def _rights_in(topic: Topic) -> Iterator[Right]:
    for service in topic.written_by:
        yield Right(service, "write", topic.name)
    for service in (*topic.read_by, AUDITOR):
        yield Right(service, "read", topic.name)
