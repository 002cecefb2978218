"""Where is Kafka, and as whom does a program come to it?

Nobody is let in without a name: there is no way to Kafka here that has none.
"""

from typing import Literal, Protocol, TypedDict

import msgspec

MECHANISM: Literal["SCRAM-SHA-512"] = "SCRAM-SHA-512"
"""The password itself never travels; both sides prove that they know it."""


class Words(TypedDict):
    """What every client of aiokafka is told alike."""

    bootstrap_servers: str
    security_protocol: Literal["SASL_PLAINTEXT"]
    sasl_mechanism: Literal["SCRAM-SHA-512"]
    sasl_plain_username: str
    sasl_plain_password: str


class Settings(Protocol):
    """What a service's configuration says of Kafka."""

    @property
    def kafka(self) -> str:
        """The brokers to begin with."""

    @property
    def kafka_user(self) -> str:
        """The service's own name there."""

    @property
    def kafka_password(self) -> str:
        """By which it proves to be who it says."""


class Broker(msgspec.Struct, frozen=True):
    """Where Kafka is, and a name there with its password."""

    servers: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password: what is printed ends up in a log one day."""
        return f"Broker({self.servers!r}, {self.user!r})"

    @property
    def words(self) -> Words:
        """How a client of aiokafka is to connect."""
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": MECHANISM,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }


def told(config: Settings) -> Broker:
    """The way to Kafka that a service is told of."""
    return Broker(config.kafka, config.kafka_user, config.kafka_password)
