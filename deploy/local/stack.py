"""Where does a stack live, and under which addresses do its parts answer?"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from deploy.local import passwords, settings, vaults
from deploy.local.settings import CHECKOUT, Settings
from shared.broker import Broker

HOMES = CHECKOUT / ".talon"
DATABASE = "talon"
SERVICES = ("slots", "booking", "notify")
SUPERUSER = "postgres"
PEOPLES = ("booking", "notify")
"""The services with rows that are somebody's: they come to those as one person, too."""

AUDITOR = "auditor"
"""Who reads everything, in PostgreSQL and in Kafka, and changes nothing."""

BROKER = "kafka"
"""As whom Kafka's own node comes to itself."""

SETUP = "setup"
"""Who makes Kafka's topics and users, and may do everything there. No service is it."""


def owner_of(service: str) -> str:
    """The role that makes and changes a service's tables."""
    return f"{service}_owner"


def person_of(service: str) -> str:
    """The role in which a service sees the rows of one person alone."""
    return f"{service}_person"


ROLES = (*SERVICES, *map(owner_of, SERVICES), *map(person_of, PEOPLES), AUDITOR)
"""Every account in PostgreSQL but the superuser's."""


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """One stack: its settings, the folder that holds all it has, its addresses."""

    settings: Settings
    home: Path

    @property
    def name(self) -> str:
        """What the stack is called, for people."""
        return self.settings.stack

    @property
    def logs(self) -> Path:
        """One file for each part, and the supervisor's own."""
        return self.home / "logs"

    @property
    def jwks(self) -> Path:
        """The public keys by which services verify tokens."""
        return self.home / "keys" / "jwks.json"

    @property
    def issuer_key(self) -> Path:
        """The private key that signs development tokens."""
        return self.home / "keys" / "issuer.pem"

    def vault(self, service: str) -> Path:
        """The keys by which a service seals what it knows of persons."""
        return vaults.of(service, self.home / "secrets")

    @property
    def link_keys(self) -> Path:
        """The secrets by which the messenger signs links, and the front desk knows them."""
        return self.home / "keys" / "links.json"

    @property
    def push_key(self) -> Path:
        """The secret by which the messenger says to push services who it is."""
        return self.home / "keys" / "push.key"

    @property
    def inbox(self) -> Path:
        """Every message the mail sink took, one JSON line each."""
        return self.home / "mail" / "inbox.ndjson"

    @property
    def kafka(self) -> str:
        """The broker's address."""
        return self._at("TALON_KAFKA_PORT")

    @property
    def smtp(self) -> str:
        """The mail sink's address."""
        return self._at("TALON_SMTP_PORT")

    @property
    def kafka_for_services(self) -> str:
        """The broker as the services reach it: where something stands before it, by that."""
        return self._at(self._way_to("TALON_KAFKA_PORT"))

    def broker(self, user: str) -> Broker:
        """How `user` connects to Kafka."""
        return Broker(self.kafka, user, self._kafka_password(user))

    def broker_for_service(self, service: str) -> Broker:
        """The same for a service: where something stands before Kafka, by that."""
        return Broker(self.kafka_for_services, service, self._kafka_password(service))

    @property
    def smtp_for_services(self) -> str:
        """The mail sink as the services reach it."""
        return self._at(self._way_to("TALON_SMTP_PORT"))

    @property
    def edge(self) -> str:
        """The one origin for people and programs: pages and every service's API."""
        return f"http://{self._at('TALON_EDGE_PORT')}"

    @property
    def edge_ops(self) -> str:
        """Where the edge tells its counts."""
        return f"http://{self._at('TALON_EDGE_OPS_PORT')}"

    @property
    def supervisor(self) -> str:
        """Where the supervisor tells its counts."""
        return f"http://{self._at('TALON_SUPERVISOR_PORT')}"

    @property
    def prometheus(self) -> str:
        """What is counted everywhere, over time."""
        return f"http://{self._at('TALON_PROMETHEUS_PORT')}"

    def api(self, service: str, instance: int = 0) -> str:
        """The address of one process's API."""
        return f"http://{self._at(f'TALON_{service.upper()}_PORT', instance)}"

    def ops(self, service: str, instance: int = 0) -> str:
        """The address of one process's /healthz, /readyz and /metrics."""
        return f"http://{self._at(f'TALON_{service.upper()}_OPS_PORT', instance)}"

    def dsn(self, role: str, database: str = DATABASE) -> str:
        """How `role` connects to PostgreSQL."""
        return self._dsn(role, database, "TALON_POSTGRES_PORT")

    def dsn_for_service(self, role: str) -> str:
        """The same for a service: where something stands before PostgreSQL, by that."""
        return self._dsn(role, DATABASE, self._way_to("TALON_POSTGRES_PORT"))

    def _kafka_password(self, user: str) -> str:
        return passwords.of(f"kafka.{user}", self.home / "secrets")

    def _dsn(self, role: str, database: str, port: str) -> str:
        password = passwords.of(role, self.home / "secrets")
        return f"postgresql://{role}:{password}@{self._at(port)}/{database}"

    def _way_to(self, port: str) -> str:
        """The setting of the port that services are told of."""
        via = port.replace("_PORT", "_VIA_PORT")
        return via if self.settings.values.get(via) else port

    def _at(self, setting: str, instance: int = 0) -> str:
        part = setting.removeprefix("TALON_").partition("_")[0]
        return f"{self.settings.host(part)}:{self.settings.port(setting, instance).number}"


def named(name: str, environ: Mapping[str, str] | None = None) -> Stack:
    """The stack of this name in this checkout, whether it runs or not."""
    loaded = settings.load(name) if environ is None else settings.load(name, environ)
    return Stack(settings=loaded, home=HOMES / name)
