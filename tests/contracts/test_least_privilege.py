"""Does docs/least-privilege.md say what the declarations say?"""

from deploy.local.parts.rights import Right, rights
from tests.least_privilege import table


def test_what_is_written_of_kafka_is_what_the_topics_say() -> None:
    written = {
        Right(user, deed, topic)  # type: ignore[arg-type]
        for topic, users in table("Kafka").items()
        for user, deeds in users.items()
        for deed in deeds
    }

    assert written == rights()
