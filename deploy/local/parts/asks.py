"""What is asked of Kafka that aiokafka's own admin client does not know how to ask?

The wire formats are Kafka's, in its versions that every broker from 2.7 to 4.x understands.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiokafka.protocol.admin import CreateAclsRequest_v1, DeleteAclsRequest_v1
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

ANY = 1
TOPIC = 2
LITERAL = 3
EVERYWHERE = "*"
ALLOW = 3
"""Kafka's words: of any kind; a topic; by its whole name; from every host; allowed."""

SCRAM_SHA_512 = 2
ITERATIONS = 4096
"""The least that Kafka takes. A password is 192 random bits: nobody guesses it, however quickly."""

SALT_BYTES = 32


class Entry(NamedTuple):
    """One line of an access list, in the order in which Kafka takes it."""

    kind: int
    name: str
    pattern: int
    principal: str
    host: str
    operation: int
    permission: int


class AllowAll(Request[CreateAclsRequest_v1]):  # type: ignore[misc]  # aiokafka has no types
    """Adds lines to the access list; those that are there stay."""

    API_KEY = CreateAclsRequest_v1.API_KEY

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[CreateAclsRequest_v1]) -> CreateAclsRequest_v1:
        """The request, whatever version was agreed on."""
        return request_struct_class([tuple(entry) for entry in self._entries])


class ForgetAll(Request[DeleteAclsRequest_v1]):  # type: ignore[misc]  # aiokafka has no types
    """Takes lines out of the access list."""

    API_KEY = DeleteAclsRequest_v1.API_KEY

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def build(self, request_struct_class: type[DeleteAclsRequest_v1]) -> DeleteAclsRequest_v1:
        """The request, whatever version was agreed on."""
        return request_struct_class([tuple(entry) for entry in self._entries])


class AlterUserScramCredentialsResponse_v0(Response):  # type: ignore[misc]  # noqa: N801
    """Kafka's answer, user by user."""

    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class AlterUserScramCredentialsRequest_v0(RequestStruct):  # type: ignore[misc]  # noqa: N801
    """Passwords that go and passwords that come."""

    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = AlterUserScramCredentialsResponse_v0
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(
                ("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)
            ),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class KnowAll(Request[AlterUserScramCredentialsRequest_v0]):  # type: ignore[misc]  # no types
    """Lets Kafka know users, each by a password that it is told salted and stretched only."""

    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def build(
        self, request_struct_class: type[AlterUserScramCredentialsRequest_v0]
    ) -> AlterUserScramCredentialsRequest_v0:
        """The request, whatever version was agreed on."""
        told: list[tuple[object, ...]] = []
        for user, password in self._passwords.items():
            salt = os.urandom(SALT_BYTES)
            salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
            told.append((user, SCRAM_SHA_512, ITERATIONS, salt, salted, {}))
        return request_struct_class([], told, {})
