"""Do the broker's topics agree with `shared/topics.py`?"""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from deploy.local.parts import HopelessError, NotReadyError
from shared.topics import TOPICS, Topic

_DAY_MS = 24 * 60 * 60 * 1000


async def ensure(admin: AIOKafkaAdminClient) -> None:
    """Create what is missing; refuse to go on when a live topic has other partitions."""
    live = {
        topic["topic"]: len(topic["partitions"])
        for topic in await admin.describe_topics()
        if topic["error_code"] == 0
    }
    missing = [topic for topic in TOPICS if topic.name not in live]
    if missing:
        await _create(admin, missing)
    for topic in TOPICS:
        if live.get(topic.name, topic.partitions) != topic.partitions:
            raise HopelessError(
                f"topic {topic.name} has {live[topic.name]} partitions, shared/topics.py says"
                f" {topic.partitions}; a live keyed topic is never divided anew: make reset"
            )


async def _create(admin: AIOKafkaAdminClient, topics: list[Topic]) -> None:
    answer = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=1,
                topic_configs={"retention.ms": str(topic.kept_days * _DAY_MS)},
            )
            for topic in topics
        ]
    )
    for name, code, message in answer.topic_errors:
        if code and for_code(code) is not TopicAlreadyExistsError:
            raise NotReadyError(
                f"topic {name} cannot be made: {message or for_code(code).__name__}"
            )
